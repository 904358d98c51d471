import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  /** In ms. @default 20000 */
  readonly deadlineMs?: number;
  /** Between two attempts, in ms. @default 15 */
  readonly intervalMs?: number;
  /** Ends the polling early: what it returns is thrown. */
  readonly giveUp?: () => Error | undefined;
}

/**
 * Repeats an attempt until it resolves to something other than `undefined`, and resolves with that. Rejects with the last
 * error, or with what was awaited, once the deadline has passed.
 */
export async function poll<T>(
  awaited: string,
  attempt: () => Promise<T | undefined>,
  { deadlineMs = 20_000, intervalMs = 15, giveUp }: PollOptions = {},
): Promise<T> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const outcome = await settle(attempt);
    if (outcome.value !== undefined) return outcome.value;
    const reason = giveUp?.();
    if (reason !== undefined) throw reason;
    if (performance.now() > endsAt) throw new Error(`waited ${deadlineMs} ms for ${awaited}`, { cause: outcome.error });
    await delay(intervalMs);
  }
}

async function settle<T>(attempt: () => Promise<T | undefined>): Promise<{ value?: T | undefined; error?: unknown }> {
  try {
    return { value: await attempt() };
  } catch (error) {
    return { error };
  }
}
