import { setTimeout as delay } from 'node:timers/promises';
import { createDriver, type PersistenceDriver } from 'accountkeeper';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TestServer } from '../support/servers/test-server.js';
import type { Backend } from './harness/backends.js';
import { cutAgainAndAgain, type Fault, fault, killed, late, lost, paused, refused } from './harness/faults.js';
import { untilItAnswers } from './harness/patience.js';
import type { Counts, Find, Run } from './harness/run.js';
import { storedView } from './harness/stored.js';
import { WorkerProcess } from './harness/worker-process.js';
import { type FindingKind, KnownHistory } from './known-history.js';
import { isOwnerStopped, planRound, type RoundPlan } from './take-over-plan.js';
import type { TakeOverCommand, TakeOverReports } from './take-over-worker.js';

type Worker = WorkerProcess<TakeOverCommand, TakeOverReports>;

const WORKER = new URL('./take-over-worker.ts', import.meta.url);
/** A take-over that takes longer than this may be waiting for a lock of the stopped owner. */
const LET_GO_AFTER_MS = 1_500;
/** How often what is stored is read while the former owner finds out, in milliseconds. */
const READ_EVERY_MS = 5;
/** How often the connections of an owner whose network is cut are reset, in milliseconds. */
const CUT_EVERY_MS = 15;
/** So long an owner sends on before it is stopped, in milliseconds: several commits. */
const SENDS_ON_MS = 15;

/** Two processes take one account from each other, again and again; all that is seen is compared with what must be. */
export const takeOver: Run<'rounds' | 'rate'> = {
  name: 'take-over',
  drivers: ['sqlite', 'redis', 'postgres'],
  options: { rounds: 200, rate: 1000 },
  make: async ({ backend, find, options, print, seed }) => {
    const { rate, rounds } = options;
    const { name } = backend;
    print(`${rounds} take-overs on ${name} under ${rate} changes/s, seed ${seed}`);
    const run = new TakeOverRun({ backend, changesPerSecond: rate, seed, find });
    try {
      await run.start();
      for (let round = 1; round <= rounds; round += 1) {
        if (!(await run.round(round))) return run.counts;
        if (round % 20 === 0) print(`  ${round} rounds, ${run.acknowledged} changes acknowledged`);
      }
      await run.finish(rounds);
      return run.counts;
    } finally {
      await run.dispose();
      const { acknowledged, faults, fencedOwners, found, lateArrivals, letGo } = run;
      const happened = Object.entries(faults).map(([what, times]) => `${what} ${times}`);
      print(
        `  ${happened.join(', ')}; packets of a stopped owner that arrived after the take-over: in ${lateArrivals} rounds; ` +
          `stopped owners that may have held a lock, and were let go for a moment: ${letGo}`,
      );
      print(
        `${name}: ${rounds} rounds: acknowledged changes ${acknowledged}, lost ${found.lost}, torn ${found.torn}, ` +
          `writes by a fenced writer ${found['fenced-write']}, fenced owners ${fencedOwners}, other findings ${found.other}`,
      );
    }
  },
};

/** What the run is made with. */
interface TakeOverOptions {
  readonly backend: Backend;
  readonly changesPerSecond: number;
  readonly seed: number;
  readonly find: Find;
}

/** One of the two seats from which the account is owned in turn. */
interface Seat {
  readonly proxy: FaultProxy | undefined;
  worker: Worker;
  /** The name of its present ownership. */
  by: string;
}

class TakeOverRun {
  /** Steps that were acknowledged, of all owners. */
  acknowledged = 0;
  /** Former owners that were told that they are. */
  fencedOwners = 0;
  /** Stopped owners that were let go for a moment, because they may have held a lock of the backend. */
  letGo = 0;
  /** Rounds in which the backend was sent something by a stopped owner after another one had taken over. */
  lateArrivals = 0;
  /** How often each fault was injected. */
  readonly faults: Record<string, number> = {};
  /** How often each kind of thing was found. */
  readonly found: Record<FindingKind, number> = { lost: 0, torn: 0, 'fenced-write': 0, other: 0 };
  readonly #options: TakeOverOptions;
  readonly #accountId: string;
  readonly #reader: PersistenceDriver;
  readonly #history = new KnownHistory();
  #seats: readonly Seat[] = [];

  constructor(options: TakeOverOptions) {
    this.#options = options;
    this.#accountId = `take-over-${options.seed}`;
    this.#reader = createDriver({ url: options.backend.url, operationTimeoutMs: 2_000 });
  }

  get counts(): Counts {
    return { ...this.faults, acknowledged: this.acknowledged, 'fenced owners': this.fencedOwners };
  }

  async start(): Promise<void> {
    const seats: Seat[] = [];
    for (const name of ['A', 'B']) {
      const proxy = await this.#options.backend.network?.connect();
      seats.push({ proxy, worker: this.#startWorker(proxy), by: `${name}0` });
    }
    this.#seats = seats;
    const [first] = seats;
    if (first === undefined) return;
    const { revision, view } = await this.#own(first);
    this.#history.owned(first.by, revision, view);
  }

  /** Returns whether there can be another one. */
  async round(round: number): Promise<boolean> {
    const { backend, seed } = this.#options;
    const plan = planRound(seed + round, backend.network !== undefined);
    const when = `round ${round} (${plan.fault})`;
    try {
      await this.#round(round, plan);
      return true;
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.#collect(when);
    }
  }

  async #round(round: number, plan: RoundPlan): Promise<void> {
    const { name, network } = this.#options.backend;
    const [former, next] = round % 2 === 1 ? this.#seats : this.#seats.toReversed();
    if (former === undefined || next === undefined) throw new Error('the run was not started');
    this.faults[plan.fault] = (this.faults[plan.fault] ?? 0) + 1;
    await delay(plan.before);
    if (former.worker.has('fenced')) this.#note(`${former.by} was fenced by nobody`);
    const undo = await faultOf(plan, former, network?.server).inject();
    await delay(plan.during);
    next.by = `${next === this.#seats[0] ? 'A' : 'B'}${round}`;
    // A server is done with a commit, which is sent in one piece, whether or not its sender goes on.
    const mayHoldLock = isOwnerStopped(plan) && name === 'sqlite';
    const { revision, view } = await this.#takeOver(former, next, mayHoldLock);
    this.#history.owned(next.by, revision, view);
    const sentBefore = former.proxy?.bytesToServer ?? 0;
    await this.#read();
    await delay(plan.after);
    await this.#read();
    if (isOwnerStopped(plan) && (former.proxy?.bytesToServer ?? 0) > sentBefore) this.lateArrivals += 1;
    await undo();
    await this.#leave(former, plan.fault === 'killed');
    await this.#read();
  }

  /** Ends the last owner, whose very last step must be there. */
  async finish(rounds: number): Promise<void> {
    const owner = this.#seats[rounds % 2];
    if (owner === undefined) throw new Error('the run was not started');
    owner.worker.tellToEnd({ do: 'end' });
    const { error, lastStep } = await owner.worker.report('closed');
    await owner.worker.ended();
    await this.#read();
    if (error !== undefined) this.#note(`the last owner could not close: ${error}`);
    if (this.#history.step !== lastStep) {
      this.#history.findings.push({
        kind: 'lost',
        what: `closed at step ${lastStep}, stored is step ${this.#history.step}`,
      });
    }
    this.acknowledged += this.#history.ownSteps(owner.by, lastStep);
    this.#collect('at the end');
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#seats.map(({ worker }) => worker.kill()));
    await Promise.allSettled([this.#reader.close({ timeoutMs: 2_000 })]);
  }

  #startWorker(proxy: FaultProxy | undefined): Worker {
    const { url } = this.#options.backend;
    return new WorkerProcess({ script: WORKER, url: proxy?.urlFor(url) ?? url });
  }

  /** Has a worker take the account over. */
  async #own({ by, worker }: Seat): Promise<TakeOverReports['owned']> {
    worker.forgetReports();
    worker.tell({ do: 'own', accountId: this.#accountId, by, changesPerSecond: this.#options.changesPerSecond });
    return worker.report('owned');
  }

  /** An owner that was stopped between the beginning and the end of a transaction keeps everybody out until it goes on. */
  async #takeOver(former: Seat, next: Seat, mayHoldLock: boolean): Promise<TakeOverReports['owned']> {
    const owned = this.#own(next);
    let waiting = true;
    const settled = owned.finally(() => {
      waiting = false;
    });
    settled.catch(() => undefined);
    for (let attempt = 0; mayHoldLock && waiting; attempt += 1) {
      await Promise.race([settled, delay(LET_GO_AFTER_MS)]);
      if (!waiting) break;
      if (attempt === 0) this.letGo += 1;
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
      this.acknowledged += this.#history.acknowledged(by, worker.acknowledged(this.#accountId));
      former.worker = this.#startWorker(former.proxy);
      return;
    }
    const fenced = worker.report('fenced');
    await this.#readUntil(fenced);
    const report = await fenced;
    const acknowledged = worker.acknowledged(this.#accountId);
    this.fencedOwners += 1;
    this.acknowledged += this.#history.acknowledged(by, acknowledged);
    this.#history.fenced(by, acknowledged, report);
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

  #note(what: string): void {
    this.#history.findings.push({ kind: 'other', what });
  }

  #collect(when: string): void {
    for (const { worker } of this.#seats) for (const failure of worker.failures.splice(0)) this.#note(failure);
    for (const { kind, what } of this.#history.findings.splice(0)) {
      this.found[kind] += 1;
      this.#options.find(`${when}: ${kind}: ${what}`);
    }
  }
}

/** What happens to the owner, or to its backend: until the account was taken over, and the new owner has written. */
function faultOf(plan: RoundPlan, { proxy, worker }: Seat, server: TestServer | undefined): Fault {
  const stoppedOwner = fault(
    () => worker.signal('SIGSTOP'),
    () => worker.signal('SIGCONT'),
  );
  if (plan.fault === 'live') return fault(() => undefined);
  if (plan.fault === 'killed') return fault(() => worker.kill());
  if (plan.fault === 'stopped') return stoppedOwner;
  if (proxy === undefined || server === undefined) throw new Error(`${plan.fault} needs a network`);
  switch (plan.fault) {
    case 'stopped-late':
      return {
        inject: async () => {
          const undoLate = await late(proxy, plan.lateMs).inject();
          await delay(SENDS_ON_MS);
          const undoStopped = await stoppedOwner.inject();
          return async () => {
            await undoStopped();
            await undoLate();
          };
        },
      };
    case 'network-late':
      return late(proxy, plan.lateMs);
    case 'network-cut':
      return cutAgainAndAgain(proxy, CUT_EVERY_MS);
    case 'network-refused':
      return refused(proxy);
    case 'network-lost':
      return lost(proxy);
    case 'answers-lost':
      return lost(proxy, 'to-client');
    case 'backend-killed':
    case 'backend-stopped':
      return {
        inject: async () => {
          const undo = await (plan.fault === 'backend-killed' ? killed(server) : paused(server)).inject();
          const undoStopped = plan.stopsOwnerToo ? await stoppedOwner.inject() : async () => undefined;
          await delay(plan.during);
          await undo();
          return undoStopped;
        },
      };
  }
}
