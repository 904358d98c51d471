import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.js';

/** Milliseconds that a backend and a store may take to work again. */
export const RECOVERY_LIMIT_MS = 60_000;

/** Resolves when a step beyond this one is durable. */
export async function acknowledgedBeyond(load: Load, step: number): Promise<void> {
  const giveUpAt = performance.now() + RECOVERY_LIMIT_MS;
  while (load.acknowledged <= step) {
    if (load.refusal !== undefined) throw new Error('the store gave up', { cause: load.refusal });
    if (performance.now() > giveUpAt) {
      throw new Error(`nothing was acknowledged for ${RECOVERY_LIMIT_MS} ms`, { cause: load.lastError });
    }
    await delay(5);
  }
}

/** Reads until an answer comes. */
export async function untilItAnswers<T>(read: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + RECOVERY_LIMIT_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    await delay(20);
  }
}
