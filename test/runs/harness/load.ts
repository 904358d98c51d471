import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AccountStateStore, isAccountKeeperError, type PersistenceDriver } from 'accountkeeper';
import { type AgeSeries, SAMPLE_MS } from '../../../scripts/images/age-plot-svg.js';
import type { Fault } from './faults.js';
import { RECOVERY_LIMIT_MS, untilItAnswers } from './patience.js';
import type { AccountView } from './protocol.js';
import type { Find } from './run.js';
import { lastStepOf, type RunStore, StepWriter, shows, stateAfter } from './workload.js';

const FLUSH_EVERY_MS = 100;

/** Changes one account steadily, and takes note of the last step that a flush acknowledged. */
export class Load {
  readonly #store: RunStore;
  readonly #writer: StepWriter;
  readonly #timer: NodeJS.Timeout;
  #acknowledged = 0;
  #lastError: unknown;
  #refusal: unknown;

  constructor(store: RunStore, changesPerSecond: number) {
    this.#store = store;
    this.#writer = new StepWriter({ store, by: 'load', changesPerSecond });
    this.#timer = setInterval(() => void this.#flush(), FLUSH_EVERY_MS);
  }

  /** The last step that is known to be durable. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** What a flush rejected with that the store does not get over by itself. */
  get refusal(): unknown {
    return this.#refusal;
  }

  stop(): void {
    this.#writer.stop();
    clearInterval(this.#timer);
  }

  /** Resolves when all that has been changed so far, and a step more, is durable. */
  async goesOn(): Promise<void> {
    const { step } = this.#writer;
    const giveUpAt = performance.now() + RECOVERY_LIMIT_MS;
    while (this.#acknowledged <= step) {
      if (this.#refusal !== undefined) throw new Error('the store gave up', { cause: this.#refusal });
      if (performance.now() > giveUpAt) {
        throw new Error(`nothing was acknowledged for ${RECOVERY_LIMIT_MS} ms`, { cause: this.#lastError });
      }
      await delay(5);
    }
  }

  async #flush(): Promise<void> {
    const { step } = this.#writer;
    try {
      await this.#store.flush();
      this.#acknowledged = Math.max(this.#acknowledged, step);
    } catch (error) {
      this.#lastError = error;
      if (!isAccountKeeperError(error) || !error.retryable) this.#refusal ??= error;
    }
  }
}

/** What is disturbed under load, and how. */
export interface LoadRun {
  readonly accountId: string;
  /** The writer's way to the backend. */
  readonly driver: PersistenceDriver;
  readonly changesPerSecond: number;
  readonly times: number;
  /** What is injected at each time. */
  fault(time: number): Fault;
  /** What is stored, read past the store. */
  read(): Promise<AccountView>;
  /** Called after each time. */
  onTime(time: number, acknowledged: number): void;
  readonly find: Find;
}

/** What happened under load. */
export interface LoadResult {
  /** Steps that were made. */
  readonly steps: number;
  /** Times after which an acknowledged step was not there, or only a part of one. */
  readonly lost: number;
  /** Errors that nobody handled. */
  readonly unhandled: number;
  readonly series: AgeSeries;
}

/**
 * Disturbs a backend again and again under one store and one driver, which have to go on by themselves. After each time,
 * what is stored is compared with what had been acknowledged.
 */
export async function runUnderLoad(run: LoadRun): Promise<LoadResult> {
  const { accountId, changesPerSecond, driver, find, times } = run;
  let unhandled = 0;
  const note = (error: unknown): void => {
    unhandled += 1;
    find(`nobody handled ${inspect(error)}`);
  };
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  const store: RunStore = new AccountStateStore({ accountId, driver, flush: { debounceMs: 5, maxWaitMs: 20 } });
  const ageMs: number[] = [];
  const restartsAt: number[] = [];
  const sample = (): void => void ageMs.push(Math.round(store.persistenceStatus().oldestPendingMs));
  const sampler = setInterval(sample, SAMPLE_MS);
  let load: Load | undefined;
  let lost = 0;
  const check = async (when: string, least: number, most: number): Promise<void> => {
    const view = await untilItAnswers(() => run.read());
    const step = view.last?.step ?? 0;
    const isWhole = shows(view, stateAfter(step));
    if (step >= least && step <= most && isWhole) return;
    lost += 1;
    find(`${when}: step ${least} was acknowledged, stored is step ${step}${isWhole ? '' : ', by halves'}`);
  };
  try {
    await store.restore({ timeoutMs: RECOVERY_LIMIT_MS });
    load = new Load(store, changesPerSecond);
    for (let time = 1; time <= times; time += 1) {
      await load.goesOn();
      const undo = await run.fault(time).inject();
      restartsAt.push(ageMs.length);
      const { acknowledged } = load;
      await undo();
      await check(`time ${time}`, acknowledged, Number.POSITIVE_INFINITY);
      run.onTime(time, load.acknowledged);
    }
    await load.goesOn();
    load.stop();
    await store.flush({ timeoutMs: RECOVERY_LIMIT_MS });
    if (load.refusal !== undefined) find(`a flush was refused: ${inspect(load.refusal)}`);
    const steps = lastStepOf(store);
    await check('at the end', steps, steps);
    return { steps, lost, unhandled, series: { ageMs, restartsAt } };
  } finally {
    clearInterval(sampler);
    load?.stop();
    await Promise.allSettled([store.close({ timeoutMs: 5_000 })]);
    await Promise.allSettled([driver.close({ timeoutMs: 2_000 })]);
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
  }
}
