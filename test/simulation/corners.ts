/** What a history can come to that is worth coming to together with something else. */
export const CORNERS = [
  'rollback',
  'emptied',
  'newer again',
  'grown over',
  'spill',
  'replay',
  'high-water',
  'lost file',
  'foreign file',
  'word: backend',
  'word: local',
  'stale word',
  'restart after a word',
  'persistAll',
  'quarantine',
  'contested',
  'corrupt',
  'refused',
  'oversized',
  'in parts',
  'transaction',
  'unencodable',
  'crash',
  'lock',
  'deaf driver',
  'wait',
  'lease lost',
  'fenced',
] as const;

/** One of {@link CORNERS}. */
export type Corner = (typeof CORNERS)[number];

/** How many histories came to both of two corners: `one + other`, in the order of {@link CORNERS}. */
export type PairCounts = Readonly<Record<string, number>>;

/** All pairs of corners. */
export function allPairs(): readonly (readonly [Corner, Corner])[] {
  return CORNERS.flatMap((one, index) => CORNERS.slice(index + 1).map((other) => [one, other] as const));
}

/** The name of a pair. */
export function pairName([one, other]: readonly [Corner, Corner]): string {
  return `${one} + ${other}`;
}

/** Adds one history. */
export function countPairs(counts: Record<string, number>, reached: ReadonlySet<Corner>): void {
  for (const pair of allPairs()) {
    if (!pair.every((corner) => reached.has(corner))) continue;
    const name = pairName(pair);
    counts[name] = (counts[name] ?? 0) + 1;
  }
}

/** The sum of several counts. */
export function summedPairs(all: readonly PairCounts[]): PairCounts {
  const sums = allPairs().map((pair) => {
    const name = pairName(pair);
    return [name, all.reduce((sum, counts) => sum + (counts[name] ?? 0), 0)] as const;
  });
  return Object.fromEntries(sums);
}
