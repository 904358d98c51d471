/** Bounds of the wait between two attempts, in milliseconds. */
export interface BackoffOptions {
  /** The bound after the first failure; it doubles with each further one. */
  readonly initialMs: number;
  /** The bound never exceeds this. */
  readonly maxMs: number;
}

/**
 * Capped exponential backoff with full jitter: a wait drawn evenly from zero to the bound, so that many accounts that
 * failed together do not come back together.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param failures how many attempts in a row have failed, from 1.
 * @param random draws evenly from [0, 1). Where it does not do what it should, the wait is the longest.
 */
export function backoffMs(failures: number, options: BackoffOptions, random: () => number): number {
  const bound = Math.min(options.maxMs, options.initialMs * 2 ** (failures - 1));
  try {
    const drawnMs = random() * bound;
    return drawnMs >= 0 && drawnMs <= options.maxMs ? drawnMs : options.maxMs;
  } catch {
    return options.maxMs;
  }
}
