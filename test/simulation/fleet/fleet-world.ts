import { accountsOf, type Fleet, range } from '../../support/slots.js';
import { payloadOf } from '../ledger.js';
import { Random } from '../random.js';
import { must, Violation } from '../violation.js';
import type { AppliedCommit } from '../world/applied-commit.js';
import { type DriverMutant, SimulatedBackend } from '../world/backend.js';
import { FAIR } from '../world/network.js';
import { SimulatedTime } from '../world/time.js';
import { FleetSeat } from './fleet-seat.js';

/** What is simulated. */
export interface FleetOptions extends Fleet {
  readonly seed: number;
  /** How often something happens to a process. */
  readonly faults: number;
  readonly mutant?: DriverMutant | undefined;
}

/** What came of it. */
export interface FleetResult {
  readonly commits: number;
  readonly acknowledged: number;
  readonly takeOvers: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly simulatedSeconds: number;
  /** The longest time, in milliseconds, that an account had no owner that could write. */
  readonly longestWithoutOwnerMs: number;
  readonly heapMiB: number;
  readonly violation: string | undefined;
}

/** The value of the two records of each account. */
export interface FleetValue {
  readonly step: number;
  readonly by: string;
}

/** What is known of an account. */
interface Known {
  /** The newest step that was acknowledged. */
  acknowledged: number;
  /** The step that is stored. */
  step: number;
  /** Who wrote the last commit. */
  writerId: string;
  readonly formerWriters: Set<string>;
  /** The newest step of each owner that was stored. */
  readonly stored: Map<string, number>;
  /** Who opened it last, unless it cannot write any more. */
  owner: string | undefined;
  /** Since when there is no owner, if there is none. */
  withoutSinceMs: number;
}

const STEP_MS = 50;
const BETWEEN_FAULTS_MS = 1_500;
/** A fleet of processes that nothing happens to owns all accounts after that time. */
const SETTLED_AFTER_MS = 120_000;

/** Many processes that share many accounts of one backend, and what has become of the accounts so far. */
export class FleetWorld {
  readonly options: FleetOptions;
  readonly random: Random;
  readonly time = new SimulatedTime();
  readonly backend: SimulatedBackend;
  readonly #accounts: readonly Known[];
  readonly #seats: readonly FleetSeat[];
  readonly #faults: Record<string, number> = {};
  #commits = 0;
  #acknowledged = 0;
  #takeOvers = 0;
  #longestWithoutOwnerMs = 0;
  #ids = 0;
  #failure: unknown;

  constructor(options: FleetOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.backend = new SimulatedBackend(options.mutant, 'forgotten');
    this.backend.onApplied = (accountId, commit) => this.guard(() => this.#applied(accountId, commit));
    this.#accounts = range(options.accounts).map(() => {
      const formerWriters = new Set<string>();
      const stored = new Map<string, number>();
      return { acknowledged: 0, step: 0, writerId: '', formerWriters, stored, owner: undefined, withoutSinceMs: 0 };
    });
    this.#seats = range(options.workers).map((worker) => new FleetSeat(this, worker));
  }

  createId(of: string): string {
    this.#ids += 1;
    return `${of}-${this.#ids}`;
  }

  /** The newest step that was acknowledged so far. */
  acknowledgedOf(account: number): number {
    return this.#known(account).acknowledged;
  }

  /** Runs a check; the first failure ends the history. */
  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** A process has opened an account, and found this step. */
  opened(account: number, by: string, step: number, acknowledgedBefore: number): void {
    const known = this.#known(account);
    must(step >= acknowledgedBefore, 'what was acknowledged is restored', () => {
      return `account ${account}: ${by} found ${step}, acknowledged was ${acknowledgedBefore}`;
    });
    // The first time, nobody has missed it.
    if (known.owner === undefined && known.step > 0) {
      this.#longestWithoutOwnerMs = Math.max(this.#longestWithoutOwnerMs, this.time.nowMs - known.withoutSinceMs);
    }
    known.owner = by;
  }

  /** An owner cannot write these accounts any more. Others may have opened them before it has noticed. */
  left(accounts: Iterable<number>, by: string): void {
    for (const account of accounts) {
      const known = this.#known(account);
      if (known.owner !== by) continue;
      known.owner = undefined;
      known.withoutSinceMs = this.time.nowMs;
    }
  }

  /** A store has acknowledged a step. */
  acknowledges(account: number, { by, step }: FleetValue): void {
    const known = this.#known(account);
    must((known.stored.get(by) ?? 0) >= step, 'what is acknowledged was written by who is told so', () => {
      return `account ${account}: step ${step} of ${by}`;
    });
    must(known.step >= step, 'what is acknowledged is stored', () => `account ${account}: step ${step} of ${by}`);
    known.acknowledged = Math.max(known.acknowledged, step);
    this.#acknowledged += 1;
  }

  async run(): Promise<FleetResult> {
    let violation: string | undefined;
    try {
      await this.#run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error.message;
    }
    return {
      commits: this.#commits,
      acknowledged: this.#acknowledged,
      takeOvers: this.#takeOvers,
      faults: this.#faults,
      simulatedSeconds: Math.round(this.time.nowMs / 1000),
      longestWithoutOwnerMs: this.#longestWithoutOwnerMs,
      heapMiB: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
      violation,
    };
  }

  async #run(): Promise<void> {
    await this.#settle();
    for (let fault = 0; fault < this.options.faults; fault += 1) {
      const seat = this.random.pick(this.#seats);
      const what = seat.suffer();
      this.#faults[what] = (this.#faults[what] ?? 0) + 1;
      await this.#work(this.random.below(2 * BETWEEN_FAULTS_MS));
    }
    for (const seat of this.#seats) seat.recover();
    await this.#settle();
    await this.#work(5_000);
    for (const seat of this.#seats) seat.flushAll();
    await this.#pass(10_000);
    this.#requireStored();
  }

  /** Until every account has an owner that can write. */
  async #settle(): Promise<void> {
    const endMs = this.time.nowMs + SETTLED_AFTER_MS;
    const isOwned = ({ owner }: Known): boolean => owner !== undefined;
    while (!this.#accounts.every(isOwned)) {
      must(this.time.nowMs < endMs, 'a fleet that is well owns all accounts', () => {
        return `${this.#accounts.filter((known) => !isOwned(known)).length} have no owner`;
      });
      await this.#work(1_000);
    }
  }

  /** Lets time pass in which all accounts are changed. */
  async #work(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms;
    while (this.time.nowMs < endMs) {
      for (const seat of this.#seats) seat.change();
      await this.#pass(STEP_MS);
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.time.advance(ms);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Checks what holds at every commit: one writer after the other, whole transactions, and no step before the last one. */
  #applied(accountId: string, { after, head }: AppliedCommit): void {
    const account = Number(/^account-(\d+)$/.exec(accountId)?.[1] ?? Number.NaN);
    if (Number.isNaN(account)) return;
    const known = this.#known(account);
    this.#commits += 1;
    if (known.writerId !== head.writerId) {
      if (known.writerId !== '') this.#takeOvers += 1;
      known.formerWriters.add(known.writerId);
      known.writerId = head.writerId;
      must(!known.formerWriters.has(head.writerId), 'a fenced writer never writes', () => {
        return `${accountId}: ${head.writeId} of ${head.writerId}`;
      });
    }
    const [a, b] = ['metadata/A', 'metadata/B'].map((recordKey) => after.get(recordKey));
    if (a === undefined && b === undefined && known.step === 0) return;
    must(a === b && a !== undefined, 'a transaction is stored wholly or not at all', () => `${accountId}: ${a}, ${b}`);
    const { by, step }: FleetValue = JSON.parse(payloadOf(a));
    must(step >= known.step, 'nothing older is stored than was before', () => {
      return `${accountId}: step ${step} of ${by} after ${known.step}`;
    });
    known.step = step;
    known.stored.set(by, step);
  }

  #requireStored(): void {
    for (const seat of this.#seats) {
      for (const [account, value] of seat.held()) {
        const records = this.backend.records(accountIdOf(account));
        const stored: FleetValue | undefined = JSON.parse(payloadOf(records.get('metadata/A') ?? 'null'));
        must(stored?.step === value?.step && stored?.by === value?.by, 'what was flushed is stored', () => {
          return `account ${account}: ${JSON.stringify(value)}, stored ${JSON.stringify(stored)}`;
        });
      }
    }
    for (const slot of range(this.options.slots)) {
      for (const account of accountsOf(slot, this.options)) {
        const { acknowledged, step } = this.#known(account);
        must(step >= acknowledged, 'what was acknowledged is stored', () => `account ${account}: ${acknowledged}`);
      }
    }
  }

  #known(account: number): Known {
    const known = this.#accounts[account];
    if (known === undefined) throw new Error(`there is no account ${account}`);
    return known;
  }
}

/** The id of an account. */
export function accountIdOf(account: number): string {
  return `account-${account}`;
}

/** The weather of a process that is far from well. */
export const STORM = { ...FAIR, loss: 0.1, duplicates: 0.1, delays: 0.02, cuts: 0.05 } as const;
