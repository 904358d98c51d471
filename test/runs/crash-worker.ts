import { setTimeout as delay } from 'node:timers/promises';
import { AccountStateStore, createDriver, isAccountKeeperError } from 'accountkeeper';
import { Random } from '../contract/random.js';
import type { CommonReports, Say } from './harness/protocol.js';
import { serve } from './harness/worker.js';
import { lastStepOf, makeStep, type RunStore } from './harness/workload.js';

/** Change these accounts at random until the process is killed, or up to a step. */
export interface CrashCommand {
  readonly accountIds: readonly string[];
  readonly seed: number;
  /** @default none: until the process is killed */
  readonly lastStep?: number;
}

/** What the worker reports. */
export interface CrashReports extends CommonReports {
  /** All accounts are restored. */
  readonly ready: null;
}

serve<CrashCommand, CrashReports>((url, say) => async ({ accountIds, seed, lastStep = Number.POSITIVE_INFINITY }) => {
  const driver = createDriver(url);
  let left = accountIds.length;
  const ready = (): void => {
    left -= 1;
    if (left === 0) say('ready', null);
  };
  await Promise.all(
    accountIds.map(async (accountId, account) => {
      const store: RunStore = new AccountStateStore({ accountId, driver, flush: { debounceMs: 1, maxWaitMs: 4 } });
      await store.restore();
      ready();
      // Those that draw the same numbers commit in the same turn, again and again.
      const random = new Random(seed, account % 2 === 0 ? 'together' : accountId);
      await write({ accountId, account, store, lastStep, random, say });
      await store.close();
    }),
  );
  await driver.close();
  process.exit(0);
});

/** How one account is written. */
interface WriteOptions {
  readonly accountId: string;
  /** Its number. */
  readonly account: number;
  readonly store: RunStore;
  readonly lastStep: number;
  readonly random: Random;
  readonly say: Say<CrashReports>;
}

async function write({ accountId, account, lastStep, random, say, store }: WriteOptions): Promise<void> {
  for (let step = lastStepOf(store) + 1; step <= lastStep; step += 1) {
    makeStep(store, { step, by: accountId }, account);
    const next = random.below(10);
    if (next < 3) {
      if (await isFlushed(store)) say('acknowledged', { accountId, step });
    } else if (next < 6) {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (next < 8) {
      await delay(random.below(6));
    }
  }
}

/** While the backend is away a flush rejects, and the store goes on trying: nothing was acknowledged then. */
async function isFlushed(store: RunStore): Promise<boolean> {
  try {
    await store.flush();
    return true;
  } catch (error) {
    if (!isAccountKeeperError(error) || !error.retryable) throw error;
    await delay(5);
    return false;
  }
}
