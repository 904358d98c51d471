const DIGITS = 30;
const ONE = 10n ** BigInt(DIGITS);

/** A decimal number of 30 digits after the point. Sums are exact; products and quotients are cut at the last digit. */
export class Decimal {
  static readonly zero: Decimal = new Decimal(0n);
  readonly #units: bigint;

  private constructor(units: bigint) {
    this.#units = units;
  }

  /** Reads plain decimal notation, such as `-0.5`. */
  static of(text: string | Decimal): Decimal {
    if (text instanceof Decimal) return text;
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (match === null || (match[3] ?? '').length > DIGITS)
      throw new TypeError(`expected a decimal, received '${text}'`);
    const units = BigInt(`${match[2]}${(match[3] ?? '').padEnd(DIGITS, '0')}`);
    return new Decimal(match[1] === '-' ? -units : units);
  }

  static sum(parts: Iterable<Decimal>): Decimal {
    let total = Decimal.zero;
    for (const part of parts) total = total.plus(part);
    return total;
  }

  plus(other: Decimal): Decimal {
    return new Decimal(this.#units + other.#units);
  }

  minus(other: Decimal): Decimal {
    return new Decimal(this.#units - other.#units);
  }

  times(other: Decimal): Decimal {
    return new Decimal((this.#units * other.#units) / ONE);
  }

  dividedBy(other: Decimal): Decimal {
    return new Decimal((this.#units * ONE) / other.#units);
  }

  negated(): Decimal {
    return new Decimal(-this.#units);
  }

  abs(): Decimal {
    return this.#units < 0n ? this.negated() : this;
  }

  /** -1, 0 or 1. */
  get sign(): number {
    return this.#units === 0n ? 0 : this.#units < 0n ? -1 : 1;
  }

  get isZero(): boolean {
    return this.#units === 0n;
  }

  /** Below 0 when this is the smaller one, above 0 when it is the larger one. */
  compare(other: Decimal): number {
    return this.minus(other).sign;
  }

  min(other: Decimal): Decimal {
    return this.compare(other) <= 0 ? this : other;
  }

  max(other: Decimal): Decimal {
    return this.compare(other) >= 0 ? this : other;
  }

  isMultipleOf(step: Decimal): boolean {
    return this.#units % step.#units === 0n;
  }

  /** Rounds to so many digits after the point, halves away from zero. */
  round(digits: number): Decimal {
    const step = 10n ** BigInt(DIGITS - digits);
    const half = this.#units < 0n ? -step / 2n : step / 2n;
    return new Decimal(((this.#units + half) / step) * step);
  }

  /** Plain notation without trailing zeros. */
  toString(): string {
    const text = this.abs()
      .#units.toString()
      .padStart(DIGITS + 1, '0');
    const fraction = text.slice(-DIGITS).replace(/0+$/, '');
    return `${this.#units < 0n ? '-' : ''}${text.slice(0, -DIGITS)}${fraction === '' ? '' : `.${fraction}`}`;
  }
}
