import { setTimeout as delay } from 'node:timers/promises';
import { AccountStateStore, createDriver } from 'accountkeeper';
import { numbers } from '../crash/history.js';
import type { RestartBackend } from './backends.js';
import { type Cursor, Load } from './load.js';
import { acknowledgedBeyond, RECOVERY_LIMIT_MS, untilItAnswers } from './patience.js';
import { storedStep } from './stored-step.js';

/** How to run. */
export interface RestartRunOptions {
  readonly backend: RestartBackend;
  readonly restarts: number;
  readonly changesPerSecond: number;
  readonly seed: number;
  /** Frees what can be freed, so that the heap can be compared; without it nothing is measured. */
  readonly collectGarbage?: () => void;
  readonly onRestart?: (restart: number, load: Load) => void;
}

/** What a run has shown. */
export interface RestartResult {
  readonly steps: number;
  /** Restarts after which an acknowledged step was not there, or only a part of one. */
  readonly lost: number;
  /** Errors that reached nobody. */
  readonly unhandled: readonly unknown[];
  /** What a flush rejected with that no retry would have mended. */
  readonly refusal: unknown;
  /** Bytes of heap in use after each restart. */
  readonly heapUsed: readonly number[];
}

/**
 * Restarts a backend again and again under one store and one driver, which have to go on by themselves. Every second
 * time it is SIGKILLed. After each restart another driver compares what is stored with what had been acknowledged.
 */
export async function restartRun(options: RestartRunOptions): Promise<RestartResult> {
  const { backend, restarts, changesPerSecond, seed, collectGarbage, onRestart } = options;
  const random = numbers(seed);
  const unhandled: unknown[] = [];
  const note = (error: unknown): number => unhandled.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  const accountId = `restarts-${seed}`;
  const driver = createDriver({ url: backend.url, operationTimeoutMs: 3000 });
  const reader = createDriver({ url: backend.url, operationTimeoutMs: 3000 });
  const store = new AccountStateStore<Cursor, Cursor>({ accountId, driver, flush: { debounceMs: 5, maxWaitMs: 20 } });
  const heapUsed: number[] = [];
  const load = new Load(store, changesPerSecond);
  let lost = 0;
  try {
    await store.restore({ timeoutMs: RECOVERY_LIMIT_MS });
    load.start();
    for (let restart = 1; restart <= restarts; restart += 1) {
      await acknowledgedBeyond(load, load.step);
      await delay(random.next().value % 100);
      await (restart % 2 === 0 ? backend.kill() : backend.stop());
      const acknowledged = load.acknowledged;
      await delay(random.next().value % 300);
      await backend.start();
      const stored = await untilItAnswers(() => storedStep(reader, accountId));
      if (stored.step < acknowledged || !stored.whole) lost += 1;
      collectGarbage?.();
      heapUsed.push(process.memoryUsage().heapUsed);
      onRestart?.(restart, load);
    }
    await acknowledgedBeyond(load, load.step);
    load.stop();
    await store.flush({ timeoutMs: RECOVERY_LIMIT_MS });
    const last = await storedStep(reader, accountId);
    if (last.step !== load.step || !last.whole) lost += 1;
    return { steps: load.step, lost, unhandled, refusal: load.refusal, heapUsed };
  } finally {
    load.stop();
    await Promise.allSettled([store.close({ timeoutMs: 5000 })]);
    await Promise.allSettled([driver.close({ timeoutMs: 2000 }), reader.close({ timeoutMs: 2000 })]);
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
  }
}
