import { rmSync } from 'node:fs';
import type { DriverLimits } from '../../src/core/persistence-driver.js';
import type { FlushOptions } from '../../src/core/write-behind/flush-options.js';
import { Bot, type BotOptions } from './bot.js';
import type { Corner } from './corners.js';
import { Promises } from './promises.js';
import { Random } from './random.js';
import { Account } from './world/account.js';
import { type BackendState, type DriverMutant, SimulatedBackend } from './world/backend.js';
import { Host } from './world/host.js';
import { Litter } from './world/litter.js';
import { FAIR, type Weather } from './world/network.js';
import { type SimulatedProcess, SimulatedTime } from './world/time.js';

/** What the worlds of a profile have in common. */
export interface Climate {
  readonly accounts: number;
  /** Few records outgrow a batch. */
  readonly hasSmallBatches: boolean;
  /** A full batch takes longer than a commit may. */
  readonly isSlow: boolean;
}

const WIDE: DriverLimits = { keyBytes: 1_000, valueBytes: 1_000_000, batchBytes: 10_000_000, batchRecords: 100_000 };
const NARROW: DriverLimits = { keyBytes: 100, valueBytes: 700, batchBytes: 4_000, batchRecords: 4 };

/** One simulated world: a backend, a network, some bots, and what has happened so far. */
export class World {
  readonly random: Random;
  readonly time = new SimulatedTime();
  readonly mutant: DriverMutant | undefined;
  readonly backend: SimulatedBackend;
  /** Another backend with accounts of the same names. */
  readonly elsewhere: SimulatedBackend;
  readonly weather: Weather = { ...FAIR };
  readonly accounts: readonly Account[];
  readonly accountsElsewhere: readonly Account[];
  readonly bots: Bot[] = [];
  readonly trace: string[] = [];
  readonly promises: Promises;
  readonly limits: DriverLimits;
  readonly recordMs: number;
  /** How the stores of this world write behind. */
  readonly flush: FlushOptions;
  /** All who open an account wait for its owner, and nothing keeps that one from showing that it lives. */
  isCalm = false;
  /** Some driver has not kept its promise to settle. */
  wasDeaf = false;
  /** Copies that somebody has made of all that was stored. */
  readonly backups: BackendState[] = [];
  /** What was stored when an older state took its place. */
  readonly lost: BackendState[] = [];
  /** High-water files that somebody has spoilt: which are torn, and what they were. */
  readonly spoilt = { torn: new Set<string>(), copies: new Map<string, Buffer>() };
  readonly reached = new Set<Corner>();
  #rollbacks = 0;
  #ids = 0;
  #values = 0;
  #failure: unknown;

  constructor(seed: number, { accounts, hasSmallBatches, isSlow }: Climate, mutant: DriverMutant | undefined) {
    this.random = new Random(seed);
    this.mutant = mutant;
    this.backend = new SimulatedBackend(mutant);
    this.elsewhere = new SimulatedBackend(undefined);
    const ids = Array.from({ length: accounts }, (_, index) => `account-${index}`);
    this.accounts = ids.map((id) => new Account(id, this.backend, new Litter()));
    this.accountsElsewhere = this.accounts.map(({ id, litter }) => new Account(id, this.elsewhere, litter));
    for (const [index, account] of this.accounts.entries()) {
      const namesake = this.accountsElsewhere[index];
      account.namesake = namesake;
      if (namesake !== undefined) namesake.namesake = account;
    }
    this.promises = new Promises(this.time, (process, check) => this.guard(process, check));
    this.#watch(this.backend, this.accounts);
    this.#watch(this.elsewhere, this.accountsElsewhere);
    this.limits = hasSmallBatches ? NARROW : WIDE;
    this.recordMs = isSlow ? 120 : 0;
    this.flush = {
      retryMaxMs: 5_000,
      commitTimeoutMs: this.random.pick(isSlow ? [200] : [200, 2_000, 2_000]),
      debounceMs: this.random.pick([0, 50, 50]),
      maxWaitMs: this.random.pick([50, 250]),
    };
  }

  /** How often another state has taken the place of what was stored. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  get wasRolledBack(): boolean {
    return this.#rollbacks > 0;
  }

  /** A host with a bot for each account. */
  addHost(name: string, options: BotOptions, backend: SimulatedBackend): readonly Bot[] {
    const host = new Host(name, this, backend);
    const accounts = backend === this.backend ? this.accounts : this.accountsElsewhere;
    this.bots.push(...accounts.map((account) => new Bot(this, host, account, options)));
    return host.bots;
  }

  createId(of: string): string {
    this.#ids += 1;
    return `${of}-${this.#ids}`.replaceAll('.', '_');
  }

  /** Differs from all before. */
  nextValue(): number {
    this.#values += 1;
    return this.#values;
  }

  tell(line: string): void {
    this.trace.push(`${String(Math.round(this.time.nowMs)).padStart(8)} ms  ${line}`);
  }

  reach(corner: Corner): void {
    this.reached.add(corner);
  }

  /** Runs a check on behalf of a process that is alive; the first failure ends the history. */
  guard(process: SimulatedProcess, check: () => void): void {
    if (process.hasEnded) return;
    try {
      check();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Lets time pass, and checks what holds at every moment. */
  async pass(ms: number): Promise<void> {
    await this.time.advance(ms);
    const accounts = [...this.accounts, ...this.accountsElsewhere];
    // What was written comes first: it says more than what somebody makes of it.
    for (const { applied, ledger } of accounts) ledger.check(applied, this.wasRolledBack);
    if (this.#failure !== undefined) throw this.#failure;
    for (const account of accounts) account.check();
  }

  /** Another state takes the place of what is stored. */
  replace(state: BackendState): void {
    this.#rollbacks += 1;
    this.lost.push(this.backend.state);
    this.backend.replace(state);
  }

  /** The backends take every record again. */
  takeAll(): void {
    for (const { refused } of [this.backend, this.elsewhere]) refused.clear();
  }

  /** All faults are over, and everybody had the time to notice; what a backend refuses, it still does. */
  async heal(): Promise<void> {
    Object.assign(this.weather, FAIR);
    this.tell('all is well again');
    for (const path of this.spoilt.torn) rmSync(path, { force: true });
    for (const bot of this.bots) bot.process.resume();
    await this.pass(75_000);
  }

  #watch(backend: SimulatedBackend, accounts: readonly Account[]): void {
    backend.onApplied = (accountId, commit) => {
      const account = accounts.find(({ id }) => id === accountId);
      if (account === undefined) return;
      account.link(commit);
      this.tell(`  applied: ${commit.head.writeId}, revision ${commit.head.revision}`);
      if (/"unfinished"/.test(commit.head.meta)) this.reach('in parts');
    };
  }
}
