/** How many names are remembered: enough for the symbols that bots trade. */
const CAPACITY = 1_024;

const names = new Map<string, string>();

/**
 * The text that was passed first of those that are equal to this one: a name that many accounts use is in memory once.
 * The first {@link CAPACITY} names are remembered, for as long as the process lives.
 */
export function sharedName(name: string): string {
  const shared = names.get(name);
  if (shared !== undefined) return shared;
  if (names.size < CAPACITY) names.set(name, name);
  return name;
}
