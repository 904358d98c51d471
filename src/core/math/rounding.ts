/** The number, or 0 when it is none that can be counted with: NaN or infinite. */
export function finiteOrZero(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** To two decimals; 0 for NaN, ±Infinity and −0. */
export function roundToCents(value: number): number {
  return Number(finiteOrZero(value).toFixed(2)) + 0;
}

/** In percent; 0 when the whole is 0. */
export function percentOf(part: number, whole: number): number {
  return finiteOrZero((part / whole) * 100);
}
