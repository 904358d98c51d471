import { setTimeout as delay } from 'node:timers/promises';
import { AccountStateStore, createDriver } from 'accountkeeper';
import { numbers } from '../crash/history.js';
import { type Cursor, Load } from '../restarts/load.js';
import { acknowledgedBeyond, untilItAnswers } from '../restarts/patience.js';
import { type StoredStep, storedStep } from '../restarts/stored-step.js';
import type { TestServer } from '../support/servers/test-server.js';

/** Several servers, one of which leads. */
export interface FailoverBackend {
  readonly url: string;
  /** How many replicas follow each leader. Any of them may be the next one, so a commit waits for all of them. */
  readonly replicas: number;
  /** The server that takes the writes to this key now. */
  leader(key: string): Promise<Pick<TestServer, 'port' | 'kill' | 'start'>>;
}

/** How to run. */
export interface FailoverRunOptions {
  readonly backend: FailoverBackend;
  readonly failovers: number;
  readonly changesPerSecond: number;
  readonly seed: number;
  readonly onFailover?: (failover: number, load: Load) => void;
}

/** What a run has shown. */
export interface FailoverResult {
  readonly steps: number;
  /** Failovers after which an acknowledged step was not there, or only a part of one. */
  readonly lost: number;
  /** What a flush rejected with that no retry would have mended: `ROLLED_BACK`, had something been lost. */
  readonly refusal: unknown;
}

/**
 * SIGKILLs the server that takes the account's writes, again and again, under a store that asks for the acknowledgement
 * of all replicas (`durability=replicated`). After each failover another driver compares what the new leader holds with
 * what had been acknowledged; then the killed server joins again, as a replica.
 */
export async function failoverRun(options: FailoverRunOptions): Promise<FailoverResult> {
  const { backend, failovers, changesPerSecond, seed, onFailover } = options;
  const random = numbers(seed);
  const accountId = `failover-${seed}`;
  const headKey = `accountkeeper:{${accountId}}:head`;
  const { url, replicas } = backend;
  const driver = createDriver({ url, durability: 'replicated', replicas, operationTimeoutMs: 3000 });
  const store = new AccountStateStore<Cursor, Cursor>({ accountId, driver, flush: { debounceMs: 5, maxWaitMs: 20 } });
  const load = new Load(store, changesPerSecond);
  let lost = 0;
  try {
    await store.restore();
    load.start();
    for (let failover = 1; failover <= failovers; failover += 1) {
      await acknowledgedBeyond(load, load.step);
      const leader = await backend.leader(headKey);
      await delay(random.next().value % 100);
      await leader.kill();
      const acknowledged = load.acknowledged;
      await untilItAnswers(async () => {
        if ((await backend.leader(headKey)).port === leader.port) throw new Error('no other server leads yet');
      });
      // Before it, the new leader has no replica, and refuses what proves that it leads.
      await leader.start();
      const stored = await untilItAnswers(() => readAnew(url, accountId));
      if (stored.step < acknowledged || !stored.whole) lost += 1;
      onFailover?.(failover, load);
    }
    await acknowledgedBeyond(load, load.step);
    load.stop();
    await store.flush({ timeoutMs: 60_000 });
    const last = await untilItAnswers(() => readAnew(url, accountId));
    if (last.step !== load.step || !last.whole) lost += 1;
    return { steps: load.step, lost, refusal: load.refusal };
  } finally {
    load.stop();
    await Promise.allSettled([store.close({ timeoutMs: 5000 })]);
    await Promise.allSettled([driver.close({ timeoutMs: 2000 })]);
  }
}

/**
 * By a driver of its own each time: one that has read a commit before a replica had it, which a failover may lose as
 * nobody was told that it succeeded, says `ROLLED_BACK` from then on.
 */
async function readAnew(url: string, accountId: string): Promise<StoredStep> {
  const reader = createDriver({ url, operationTimeoutMs: 3000 });
  try {
    return await storedStep(reader, accountId);
  } finally {
    await Promise.allSettled([reader.close({ timeoutMs: 2000 })]);
  }
}
