/** The metadata of a symbol, as a strategy keeps it: about 200 bytes of JSON. */
export interface Entry {
  readonly leaderId: string;
  readonly entryCountLong: number;
  readonly entryCountShort: number;
  readonly firstOpenedAtMs: number;
  readonly trailing: { readonly state: string; readonly price: number; readonly updatedAtMs: number };
  readonly tags: readonly string[];
}

/** How many records the account of most figures has. */
export const ACCOUNT_RECORDS = 10_000;

let written = 0;

/** The entry of a symbol. No two calls return equal ones, and those that follow each other differ in length. */
export function nextEntry(index: number): Entry {
  written += 1;
  return {
    leaderId: `leader-${index % 7}`,
    entryCountLong: written,
    entryCountShort: 0,
    firstOpenedAtMs: 1_700_000_000_000 + index,
    trailing: { state: 'armed', price: 100 + index + (written % 4) / 4, updatedAtMs: 1_700_000_000_000 + written },
    tags: ['breakout', 'retest'],
  };
}

export function symbolAt(index: number): string {
  return `S${index}USDT`;
}

export function range(count: number, from = 0): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
