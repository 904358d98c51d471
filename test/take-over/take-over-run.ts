import { setTimeout as delay } from 'node:timers/promises';
import { createDriver, type PersistenceDriver } from '../../src/index.js';
import { untilItAnswers } from '../restarts/patience.js';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TakeOverBackend } from './backends.js';
import { disturb } from './disturb.js';
import { type Finding, KnownHistory } from './known-history.js';
import type { Reports } from './protocol.js';
import { type Disturbance, isOwnerStopped, planRound, type RoundPlan } from './round-plan.js';
import { storedView } from './stored-view.js';
import { WorkerProcess } from './worker-process.js';

/** A take-over that takes longer than this may be waiting for a lock of the stopped owner. */
const LET_GO_AFTER_MS = 1_500;
/** How often what is stored is read while the former owner finds out, in milliseconds. */
const READ_EVERY_MS = 5;

/** How to run. */
export interface TakeOverRunOptions {
  readonly backend: TakeOverBackend;
  readonly rounds: number;
  readonly changesPerSecond: number;
  readonly seed: number;
  readonly onRound?: (round: number, result: TakeOverResult) => void;
}

/** What a run has shown. */
export interface TakeOverResult {
  /** Steps that were acknowledged, of all owners. */
  readonly acknowledged: number;
  /** Former owners that were told that they are. */
  readonly fencedOwners: number;
  /** How often each thing happened. */
  readonly disturbances: Readonly<Partial<Record<Disturbance, number>>>;
  /** Stopped owners that were let go for a moment, because they may have held a lock of the backend. */
  readonly letGo: number;
  /** Rounds in which the backend was sent something by a stopped owner after another one had taken over. */
  readonly lateArrivals: number;
  readonly findings: readonly RoundFinding[];
}

/** One thing that is wrong, and how to see it again. */
export interface RoundFinding extends Finding {
  readonly round: number;
  readonly seed: number;
  readonly disturbance: Disturbance;
}

/** One of the two seats from which the account is owned in turn. */
interface Seat {
  readonly proxy: FaultProxy | undefined;
  worker: WorkerProcess;
  /** The name of its present ownership. */
  by: string;
}

/** Has two processes take one account from each other, again and again, and compares all that is seen with what must be. */
export async function takeOverRun(options: TakeOverRunOptions): Promise<TakeOverResult> {
  const run = new TakeOverRun(options);
  try {
    await run.start();
    for (let round = 1; round <= options.rounds; round += 1) {
      const goesOn = await run.round(round);
      options.onRound?.(round, run.result);
      if (!goesOn) return run.result;
    }
    await run.finish();
    return run.result;
  } finally {
    await run.dispose();
  }
}

class TakeOverRun {
  readonly #options: TakeOverRunOptions;
  readonly #accountId: string;
  readonly #reader: PersistenceDriver;
  readonly #history = new KnownHistory();
  readonly #findings: RoundFinding[] = [];
  readonly #disturbances: Partial<Record<Disturbance, number>> = {};
  #seats: readonly Seat[] = [];
  #acknowledged = 0;
  #fencedOwners = 0;
  #letGo = 0;
  #lateArrivals = 0;

  constructor(options: TakeOverRunOptions) {
    this.#options = options;
    this.#accountId = `take-over-${options.seed}`;
    this.#reader = createDriver({ url: options.backend.url, operationTimeoutMs: 2_000 });
  }

  get result(): TakeOverResult {
    return {
      acknowledged: this.#acknowledged,
      fencedOwners: this.#fencedOwners,
      disturbances: this.#disturbances,
      letGo: this.#letGo,
      lateArrivals: this.#lateArrivals,
      findings: this.#findings,
    };
  }

  async start(): Promise<void> {
    const { connect } = this.#options.backend;
    const seats: Seat[] = [];
    for (const name of ['A', 'B']) {
      const proxy = await connect?.();
      seats.push({ proxy, worker: this.#startWorker(proxy), by: `${name}0` });
    }
    this.#seats = seats;
    const [first] = seats;
    if (first === undefined) return;
    const { revision, view } = await first.worker.own(first.by);
    this.#history.owned(first.by, revision, view);
  }

  /** Returns whether there can be another one. */
  async round(round: number): Promise<boolean> {
    const { backend, seed } = this.#options;
    const plan = planRound(seed + round, backend.connect !== undefined);
    try {
      await this.#round(round, plan);
      return true;
    } catch (error) {
      this.#note(round, plan.disturbance, error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.#collect(round, plan.disturbance);
    }
  }

  async #round(round: number, plan: RoundPlan): Promise<void> {
    const { backend } = this.#options;
    const [former, next] = round % 2 === 1 ? this.#seats : this.#seats.toReversed();
    if (former === undefined || next === undefined) throw new Error('the run was not started');
    const { disturbance } = plan;
    this.#disturbances[disturbance] = (this.#disturbances[disturbance] ?? 0) + 1;
    await delay(plan.before);
    if (former.worker.has('fenced')) this.#note(round, disturbance, `${former.by} was fenced by nobody`);
    const { worker, proxy } = former;
    const undo = await disturb(plan, { worker, proxy, server: backend.server });
    await delay(plan.during);
    next.by = `${next === this.#seats[0] ? 'A' : 'B'}${round}`;
    const { revision, view } = await this.#takeOver(former, next, isOwnerStopped(plan) && backend.holdsLocks);
    this.#history.owned(next.by, revision, view);
    const sentBefore = proxy?.bytesToServer ?? 0;
    await this.#read();
    await delay(plan.after);
    await this.#read();
    if (isOwnerStopped(plan) && proxy !== undefined && proxy.bytesToServer > sentBefore) this.#lateArrivals += 1;
    await undo();
    await this.#leave(former, disturbance === 'killed');
    await this.#read();
  }

  /** Ends the last owner, whose very last step must be there. */
  async finish(): Promise<void> {
    const owner = this.#seats[this.#options.rounds % 2];
    const { error, lastStep } = (await owner?.worker.end()) ?? { error: 'no owner', lastStep: 0 };
    await this.#read();
    if (error !== undefined) this.#note(this.#options.rounds, 'live', `the last owner could not close: ${error}`);
    if (this.#history.step !== lastStep) {
      const what = `closed at step ${lastStep}, stored is step ${this.#history.step}`;
      this.#findings.push({
        kind: 'lost',
        what,
        round: this.#options.rounds,
        seed: this.#options.seed,
        disturbance: 'live',
      });
    }
    this.#acknowledged += owner === undefined ? 0 : this.#history.ownSteps(owner.by, lastStep);
    this.#collect(this.#options.rounds, 'live');
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#seats.map(({ worker }) => worker.kill()));
    await Promise.allSettled([this.#reader.close({ timeoutMs: 2_000 })]);
  }

  #startWorker(proxy: FaultProxy | undefined): WorkerProcess {
    const { backend, changesPerSecond } = this.#options;
    const url = proxy?.urlFor(backend.url) ?? backend.url;
    return new WorkerProcess({ url, accountId: this.#accountId, changesPerSecond });
  }

  /** An owner that was stopped between the beginning and the end of a transaction keeps everybody out until it goes on. */
  async #takeOver(former: Seat, next: Seat, mayHoldLock: boolean): Promise<Reports['owned']> {
    const owned = next.worker.own(next.by);
    let waiting = true;
    const settled = owned.finally(() => {
      waiting = false;
    });
    settled.catch(() => undefined);
    for (let attempt = 0; mayHoldLock && waiting; attempt += 1) {
      await Promise.race([settled, delay(LET_GO_AFTER_MS)]);
      if (!waiting) break;
      if (attempt === 0) this.#letGo += 1;
      former.worker.signal('SIGCONT');
      await delay(2);
      former.worker.signal('SIGSTOP');
    }
    return owned;
  }

  /** The former owner must notice by itself that it is one. */
  async #leave(former: Seat, wasKilled: boolean): Promise<void> {
    const { by, worker } = former;
    if (wasKilled) {
      this.#acknowledged += this.#history.acknowledged(by, worker.acknowledged);
      former.worker = this.#startWorker(former.proxy);
      return;
    }
    const fenced = worker.report('fenced');
    await this.#readUntil(fenced);
    const report = await fenced;
    this.#fencedOwners += 1;
    this.#acknowledged += this.#history.acknowledged(by, worker.acknowledged);
    this.#history.fenced(by, worker.acknowledged, report);
    const { error } = await worker.report('closed');
    if (error !== undefined && error !== 'UNPERSISTED') worker.failures.push(`close() of ${by} rejected ${error}`);
  }

  /** Watches what is stored until this has settled. */
  async #readUntil(settled: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const done = settled.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    while (!isSettled) {
      await this.#read();
      await Promise.race([done, delay(READ_EVERY_MS)]);
    }
  }

  async #read(): Promise<void> {
    const stored = await untilItAnswers(() => this.#reader.load(this.#accountId));
    if (stored === undefined) throw new Error('the account is gone');
    this.#history.read(stored.head, storedView(stored));
  }

  #note(round: number, disturbance: Disturbance, what: string): void {
    this.#findings.push({ kind: 'other', what, round, seed: this.#options.seed, disturbance });
  }

  #collect(round: number, disturbance: Disturbance): void {
    const { seed } = this.#options;
    for (const finding of this.#history.findings.splice(0))
      this.#findings.push({ ...finding, round, seed, disturbance });
    for (const { worker } of this.#seats) {
      for (const failure of worker.failures.splice(0)) this.#note(round, disturbance, failure);
    }
  }
}
