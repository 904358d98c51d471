import { setTimeout as delay } from 'node:timers/promises';
import { createDriver } from 'accountkeeper';
import { Random } from '../contract/random.js';
import { type Fleet, range } from '../support/slots.js';
import { FleetHistory } from './fleet-history.js';
import { accountIdOf, type FleetCommand, type FleetReports } from './fleet-worker.js';
import { untilItAnswers } from './harness/patience.js';
import type { Counts, Run, RunParts } from './harness/run.js';
import { storedView } from './harness/stored.js';
import { WorkerProcess } from './harness/worker-process.js';

type Option = 'faults' | 'accounts' | 'workers' | 'rate' | 'every' | 'lease' | 'measure';

const SCALE_OUT_WORKER = new URL('./scale-out-worker.ts', import.meta.url);
const SLOTS_PER_WORKER = 4;
/** More than can be acknowledged: what is measured is how much that is. */
const AS_MUCH_AS_POSSIBLE = 1_000_000;
/** How long a supervisor takes to start a process anew, in milliseconds. */
const RESTART_MS = 500;
/** How much longer than its lease a process is stopped, so that it is taken for dead. */
const STOPPED_MS = 2_500;
const OWNED_LIMIT_MS = 900_000;
/** The same, where a worker has failed: what it held may stay without an owner. */
const FAILED_LIMIT_MS = 20_000;
const READERS = 32;

/**
 * Processes share accounts on one server, by slots that they own by lease. Every few seconds one of them is killed, or
 * stopped until others have taken its slots over. What each of them had acknowledged is compared with what the next one
 * finds, and with what is stored at the end.
 */
export const scaleOut: Run<Option> = scaleOutWith(SCALE_OUT_WORKER);

/** The run, with other workers. */
export function scaleOutWith(worker: URL): Run<Option> {
  return {
    name: 'scale-out',
    drivers: ['sqlite', 'redis', 'redis-masters', 'postgres', 'postgres-partitioned'],
    defaultDriver: 'postgres',
    options: { faults: 8, accounts: 20_000, workers: 4, rate: 1_000, every: 8_000, lease: 3_000, measure: 8_000 },
    make: async (parts) => {
      const run = new ScaleOutRun(parts, worker);
      try {
        return await run.make();
      } finally {
        await run.dispose();
      }
    },
  };
}

/** A place in which one process after the other runs. */
interface Seat {
  readonly worker: number;
  lives: number;
  process: WorkerProcess<FleetCommand, FleetReports>;
  isStopped: boolean;
}

/** Why an account has no owner. */
type Gap = 'start' | 'killed' | 'stopped' | 'moved';

class ScaleOutRun {
  readonly #parts: RunParts<Option>;
  readonly #script: URL;
  readonly #fleet: Fleet;
  readonly #history = new FleetHistory();
  readonly #random: Random;
  readonly #seats: Seat[] = [];
  readonly #owners = new Map<number, Seat>();
  readonly #without = new Map<number, { readonly sinceMs: number; readonly why: Gap }>();
  readonly #gaps: Record<Gap, number[]> = { start: [], killed: [], stopped: [], moved: [] };
  readonly #undone: Promise<unknown>[] = [];
  #tookMs: number[] = [];
  #fenced = 0;
  #usage: FleetReports['usage'][] = [];

  constructor(parts: RunParts<Option>, script: URL) {
    const { accounts, workers } = parts.options;
    this.#parts = parts;
    this.#script = script;
    this.#fleet = { accounts, workers, slots: workers * SLOTS_PER_WORKER };
    this.#random = new Random(parts.seed, 'scale-out');
  }

  async make(): Promise<Counts> {
    const { options, print, seed } = this.#parts;
    const { accounts, every, faults, measure, rate, workers } = options;
    const { name } = this.#parts.backend;
    print(
      `${workers} processes share ${accounts} accounts on ${name}, ${faults} faults, ${rate} changes/s, seed ${seed}`,
    );
    for (const account of range(accounts)) this.#loses(account, 'start');
    for (const worker of range(workers)) this.#seats.push(this.#seat(worker));
    const startMs = await this.#allOwned();
    const perSecond = await this.#measure(measure);
    print(`  all accounts owned after ${(startMs / 1000).toFixed(1)} s; ${perSecond.commits} commits/s at most`);
    const before = this.#history.acknowledged;
    this.#change(rate);
    const changing = performance.now();
    for (let fault = 1; fault <= faults; fault += 1) {
      await delay(every / 2 + this.#random.below(every));
      await this.#fault();
      print(`  ${fault} faults, ${this.#history.acknowledged} changes acknowledged`);
    }
    await Promise.all(this.#undone);
    await this.#allOwned();
    const rateHeld = Math.round(((this.#history.acknowledged - before) * 1000) / (performance.now() - changing));
    await this.#finish();
    return this.#counts({ startMs, rateHeld, ...perSecond });
  }

  async dispose(): Promise<void> {
    this.#collect();
    await Promise.allSettled(this.#seats.map((seat) => seat.process.kill()));
  }

  #seat(worker: number): Seat {
    const seat: Seat = { worker, lives: 0, isStopped: false, process: this.#process(() => seat) };
    this.#start(seat);
    return seat;
  }

  #process(seat: () => Seat): Seat['process'] {
    const hear = (kind: string, report: unknown): void => this.#hear(seat(), kind, report);
    return new WorkerProcess({ script: this.#script, url: this.#parts.backend.url, hear });
  }

  #start(seat: Seat): void {
    const { lease } = this.#parts.options;
    seat.lives += 1;
    const by = `${seat.worker}.${seat.lives}`;
    seat.process.tell({ do: 'work', fleet: this.#fleet, worker: seat.worker, by, leaseMs: lease });
  }

  #change(changesPerSecond: number): void {
    for (const { process } of this.#seats) {
      process.tell({ do: 'change', changesPerSecond: changesPerSecond / this.#fleet.workers });
    }
  }

  /** Resolves with the time that it took. */
  async #allOwned(): Promise<number> {
    const startedMs = performance.now();
    const hasFailed = (): boolean => this.#seats.some(({ process }) => process.failures.length > 0);
    while (this.#without.size > 0) {
      const limitMs = hasFailed() ? FAILED_LIMIT_MS : OWNED_LIMIT_MS;
      if (performance.now() - startedMs > limitMs) throw new Error(`${this.#without.size} accounts have no owner`);
      await delay(20);
    }
    return performance.now() - startedMs;
  }

  /** How much can be acknowledged per second, and what it costs. */
  async #measure(ms: number): Promise<{ readonly commits: number; readonly latenciesMs: readonly number[] }> {
    this.#change(AS_MUCH_AS_POSSIBLE);
    await delay(ms / 4);
    this.#tookMs = [];
    const before = this.#history.acknowledged;
    const startedMs = performance.now();
    await delay(ms);
    const commits = Math.round(((this.#history.acknowledged - before) * 1000) / (performance.now() - startedMs));
    const latenciesMs = this.#tookMs;
    this.#tookMs = [];
    return { commits, latenciesMs };
  }

  /** Kills a process that owns something, or stops it until others own what it had. */
  async #fault(): Promise<void> {
    const running = this.#seats.filter((seat) => !seat.isStopped && [...this.#owners.values()].includes(seat));
    const seat = running[this.#random.below(Math.max(1, running.length))];
    if (seat === undefined) return;
    const { backend, options } = this.#parts;
    // A stopped process may hold the lock of the file, which keeps everybody out.
    const isStop = backend.network !== undefined && this.#fleet.workers > 1 && this.#random.below(3) === 0;
    if (!isStop) {
      this.#losesAll(seat, 'killed');
      await seat.process.kill();
      this.#collect();
      await delay(RESTART_MS);
      seat.process = this.#process(() => seat);
      this.#start(seat);
      seat.process.tell({ do: 'change', changesPerSecond: options.rate / this.#fleet.workers });
      return;
    }
    this.#losesAll(seat, 'stopped');
    seat.isStopped = true;
    seat.process.signal('SIGSTOP');
    const goOn = async (): Promise<void> => {
      await delay(options.lease + STOPPED_MS);
      seat.process.signal('SIGCONT');
      seat.isStopped = false;
    };
    this.#undone.push(goOn());
  }

  #losesAll(seat: Seat, why: Gap): void {
    for (const [account, owner] of this.#owners) if (owner === seat) this.#loses(account, why);
  }

  #loses(account: number, why: Gap): void {
    this.#owners.delete(account);
    this.#without.set(account, { sinceMs: performance.now(), why });
  }

  #hear(seat: Seat, kind: string, report: unknown): void {
    if (kind === 'usage') this.#usage.push(report as FleetReports['usage']);
    if (kind === 'fenced') this.#fenced += (report as FleetReports['fenced']).length;
    if (kind === 'leaving') {
      for (const account of report as FleetReports['leaving']) {
        if (this.#owners.get(account) === seat) this.#loses(account, 'moved');
      }
    }
    if (kind === 'owned') {
      for (const [account, by, step] of report as FleetReports['owned']) {
        const { sinceMs, why } = this.#without.get(account) ?? {};
        if (sinceMs !== undefined && why !== undefined) this.#gaps[why].push(performance.now() - sinceMs);
        this.#without.delete(account);
        this.#owners.set(account, seat);
        this.#history.owned(account, by, step);
      }
    }
    if (kind === 'written') {
      for (const [account, by, step, tookMs] of report as FleetReports['written']) {
        this.#tookMs.push(tookMs);
        // It goes on, and nobody has taken its slot over meanwhile.
        if (!seat.isStopped && this.#without.get(account)?.why === 'stopped') {
          this.#without.delete(account);
          this.#owners.set(account, seat);
        }
        this.#history.acknowledges(account, by, step);
      }
    }
  }

  async #finish(): Promise<void> {
    for (const { process } of this.#seats) process.tellToEnd({ do: 'end' });
    await Promise.all(this.#seats.map(({ process }) => process.ended()));
    const driver = createDriver({ url: this.#parts.backend.url, operationTimeoutMs: 10_000 });
    const left = range(this.#fleet.accounts)[Symbol.iterator]();
    const read = async (): Promise<void> => {
      for (const account of left) {
        const stored = await untilItAnswers(() => driver.load(accountIdOf(account)));
        this.#history.stored(account, storedView(stored));
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
    await driver.close();
    this.#collect();
  }

  #collect(): void {
    const { find } = this.#parts;
    for (const { process, worker } of this.#seats) {
      for (const failure of process.failures.splice(0)) find(`worker ${worker}: ${failure}`);
    }
    for (const finding of this.#history.findings.splice(0)) find(finding);
  }

  #counts(measured: {
    readonly startMs: number;
    readonly rateHeld: number;
    readonly commits: number;
    readonly latenciesMs: readonly number[];
  }): Counts {
    const { accounts, workers } = this.#fleet;
    const { acknowledged, takeOvers } = this.#history;
    const counts: Record<string, number> = {
      acknowledged,
      'take-overs': takeOvers,
      fenced: this.#fenced,
      'accounts opened per second': Math.round((accounts * 1000) / measured.startMs),
      'commits per second': measured.commits,
      'acknowledged after ms, p50': percentile(measured.latenciesMs, 0.5),
      'acknowledged after ms, p99': percentile(measured.latenciesMs, 0.99),
      'changes per second during faults': measured.rateHeld,
      'acknowledged after ms during faults, p50': percentile(this.#tookMs, 0.5),
      'acknowledged after ms during faults, p99': percentile(this.#tookMs, 0.99),
      'MiB per worker': Math.round(
        sum(this.#usage.slice(0, workers).map(({ rssBytes }) => rssBytes)) / workers / 2 ** 20,
      ),
    };
    for (const why of ['killed', 'stopped', 'moved'] as const) {
      counts[`${why}: accounts without an owner`] = this.#gaps[why].length;
      counts[`${why}: ms without an owner, p50`] = percentile(this.#gaps[why], 0.5);
      counts[`${why}: ms without an owner, most`] = percentile(this.#gaps[why], 1);
    }
    for (const [what, count] of Object.entries(counts)) this.#parts.print(`  ${what}: ${count}`);
    return counts;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The value below which a part of all values lies; 0 where there are none. */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}
