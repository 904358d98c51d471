import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that a backend and a store may take to work again. */
export const RECOVERY_LIMIT_MS = 60_000;

/** Tries until an answer comes. */
export async function untilItAnswers<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + RECOVERY_LIMIT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    await delay(20);
  }
}
