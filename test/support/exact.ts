/** A fraction of integers. Every finite double is one. */
export interface Exact {
  readonly numerator: bigint;
  /** Above 0. */
  readonly denominator: bigint;
}

/** The exact value of a finite double. */
export function exact(value: number): Exact {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n);
  const shift = Math.max(exponent, 1) - 1075;
  const signed = bits >> 63n === 1n ? -magnitude : magnitude;
  return shift >= 0
    ? { numerator: signed << BigInt(shift), denominator: 1n }
    : { numerator: signed, denominator: 1n << BigInt(-shift) };
}

export function times(...factors: readonly Exact[]): Exact {
  return factors.reduce((one, other) => ({
    numerator: one.numerator * other.numerator,
    denominator: one.denominator * other.denominator,
  }));
}

export function minus(one: Exact, other: Exact): Exact {
  return {
    numerator: one.numerator * other.denominator - other.numerator * one.denominator,
    denominator: one.denominator * other.denominator,
  };
}

/** @throws RangeError for 0 */
export function inverseOf({ numerator, denominator }: Exact): Exact {
  if (numerator === 0n) throw new RangeError('0 has no inverse');
  return numerator > 0n
    ? { numerator: denominator, denominator: numerator }
    : { numerator: -denominator, denominator: -numerator };
}

/** Whether a double differs from the exact value by at most one part in `parts`. */
export function isWithin(value: number, expected: Exact, parts: bigint): boolean {
  const { numerator } = minus(exact(value), expected);
  const difference = minus(exact(value), expected);
  const left = (numerator < 0n ? -numerator : numerator) * parts * expected.denominator;
  const size = expected.numerator < 0n ? -expected.numerator : expected.numerator;
  return left <= size * difference.denominator;
}
