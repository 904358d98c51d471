/** One entry of a message's `data`. */
export type Row = Readonly<Record<string, unknown>>;

/** The fields in the order in which OKX sends them: by character code. */
export function sorted(row: object): Row {
  return Object.fromEntries(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** OKX sends times as strings, and `''` where there is none. */
export function time(ms: number): string {
  return ms === 0 ? '' : String(ms);
}

/** `''` in the place of none. */
export function orBlank(amount: string): string {
  return amount === '0' ? '' : amount;
}
