import { setTimeout as delay } from 'node:timers/promises';
import { AccountStateStore, createDriver } from 'accountkeeper';
import { Random } from '../contract/random.js';
import type { CrashCommand, CrashReports } from './crash-worker.js';
import { killed } from './harness/faults.js';
import type { Run } from './harness/run.js';
import { WorkerProcess } from './harness/worker-process.js';
import { advance, lastStepOf, type RunStore, type State, shows, viewOf } from './harness/workload.js';

/** The script of the worker. */
export const CRASH_WORKER = new URL('./crash-worker.ts', import.meta.url);

const MAX_LIFE_MS = 150;

/**
 * SIGKILLs a process that writes many accounts side by side, and in every second run the backend too, reopens what it wrote, and
 * compares it with what had been acknowledged.
 */
export const crash: Run<'runs' | 'accounts'> = {
  name: 'crash',
  drivers: ['sqlite', 'redis', 'postgres'],
  defaultDriver: 'sqlite',
  options: { runs: 200, accounts: 50 },
  make: async ({ backend, find, options, print, seed }) => {
    const { accounts, runs } = options;
    const { name, network, url } = backend;
    const also = network === undefined ? '' : ', the backend too in every second run';
    print(`${runs} runs on ${name}, ${accounts} accounts each, SIGKILL within ${MAX_LIFE_MS} ms${also}, seed ${seed}`);
    const random = new Random(seed, 'crash');
    const accountIds = Array.from({ length: accounts }, (_, account) => `crash-${account}`);
    const known = new KnownStates();
    let passed = 0;
    let acknowledged = 0;
    let backendKills = 0;
    for (let run = 1; run <= runs; run += 1) {
      const worker = new WorkerProcess<CrashCommand, CrashReports>({ script: CRASH_WORKER, url });
      try {
        worker.tell({ accountIds, seed: seed + run });
        await worker.report('ready');
        const isDead = delay(random.below(MAX_LIFE_MS)).then(() => worker.kill());
        if (network !== undefined && run % 2 === 0) {
          backendKills += 1;
          await delay(random.below(MAX_LIFE_MS));
          const undo = await killed(network.server).inject();
          await isDead;
          await undo();
        }
        await isDead;
      } finally {
        await worker.kill();
      }
      const wrong = [...worker.failures, ...(await verify(url, accountIds, worker, known))];
      for (const what of wrong) find(`run ${run}: ${what}`);
      if (wrong.length === 0) passed += 1;
      acknowledged = Math.max(acknowledged, sum(accountIds.map((accountId) => worker.acknowledged(accountId))));
      if (run % 20 === 0)
        print(`${run} runs, ${backendKills} kills of the backend, ${acknowledged} steps acknowledged`);
    }
    print(`${passed} of ${runs} runs: every acknowledged change was there, and no batch was half there`);
    return { acknowledged, 'kills of the backend': backendKills };
  },
};

/** What is wrong after a reopening. */
async function verify(
  url: string,
  accountIds: readonly string[],
  worker: WorkerProcess<CrashCommand, CrashReports>,
  known: KnownStates,
): Promise<readonly string[]> {
  const driver = createDriver(url);
  const wrong: string[] = [];
  const check = async (account: number, accountId: string): Promise<void> => {
    const store: RunStore = new AccountStateStore({ accountId, driver });
    await store.restore();
    const step = lastStepOf(store);
    const lost = worker.acknowledged(accountId) - step;
    if (lost > 0) wrong.push(`${lost} acknowledged step(s) of ${accountId} lost`);
    if (!shows(viewOf(store), known.after(step, account))) wrong.push(`${accountId} is torn`);
    await store.close();
  };
  await Promise.all(accountIds.map((accountId, account) => check(account, accountId)));
  await driver.close();
  return wrong;
}

/** What accounts hold after a step, made of what they held after the step that was asked for before. */
class KnownStates {
  readonly #states = new Map<number, { readonly step: number; readonly state: Map<string, number> }>();

  after(step: number, account: number): State {
    const before = this.#states.get(account);
    const from = before !== undefined && before.step <= step ? before : { step: 0, state: new Map<string, number>() };
    advance(from.state, from.step, step, account);
    this.#states.set(account, { step, state: from.state });
    return from.state;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
