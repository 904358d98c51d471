import type { FlushOptions } from '../../src/core/flush/flush-options.js';
import { Account } from './account.js';
import { type DriverMutant, SimulatedBackend } from './backend.js';
import { Bot, type BotOptions } from './bot.js';
import type { Weather } from './driver.js';
import { Host } from './host.js';
import { Ledger } from './ledger.js';
import { Random } from './random.js';
import { type SimulatedProcess, SimulatedTime } from './time.js';

/** One simulated world: a backend, a network, some bots, and what has happened so far. */
export class World {
  readonly random: Random;
  readonly time = new SimulatedTime();
  readonly mutant: DriverMutant | undefined;
  readonly backend: SimulatedBackend;
  readonly ledger: Ledger;
  readonly weather: Weather = { backend: 'up', loss: 0, duplicates: 0, delays: 0, cuts: 0 };
  readonly accounts: readonly Account[];
  readonly bots: Bot[] = [];
  readonly trace: string[] = [];
  /** How the stores of this world write behind. */
  readonly flush: FlushOptions;
  /** All who open an account wait for its owner, and nothing keeps that one from showing that it lives. */
  isCalm = false;
  /** A rollback is on its way, or was there. There is one in a history at most. */
  isRollingBack = false;
  wasRolledBack = false;
  #ids = 0;
  #values = 0;
  #failure: unknown;

  constructor(seed: number, accounts: number, mutant: DriverMutant | undefined) {
    this.random = new Random(seed);
    this.mutant = mutant;
    this.backend = new SimulatedBackend(mutant);
    this.ledger = new Ledger(this.backend);
    this.accounts = Array.from({ length: accounts }, (_, index) => new Account(`account-${index}`, this.backend));
    this.backend.onApplied = (accountId, { head }) => {
      if (this.#isKnown(accountId)) this.tell(`  applied: ${head.writeId}, revision ${head.revision}`);
    };
    this.flush = {
      retryMaxMs: 5_000,
      commitTimeoutMs: this.random.pick([200, 2_000, 2_000]),
      debounceMs: this.random.pick([0, 50, 50]),
      maxWaitMs: this.random.pick([50, 250]),
    };
  }

  /** A host with a bot for each account. */
  addHost(name: string, options: BotOptions): readonly Bot[] {
    const host = new Host(name, this);
    this.bots.push(...this.accounts.map((account) => new Bot(this, host, account, options)));
    return host.bots;
  }

  createId(of: string): string {
    this.#ids += 1;
    return `${of}-${this.#ids}`;
  }

  /** Differs from all before. */
  nextValue(): number {
    this.#values += 1;
    return this.#values;
  }

  tell(line: string): void {
    this.trace.push(`${String(Math.round(this.time.nowMs)).padStart(8)} ms  ${line}`);
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
    // What was written comes first: it says more than what somebody makes of it.
    for (const { id } of this.accounts) this.ledger.check(id);
    if (this.#failure !== undefined) throw this.#failure;
    for (const account of this.accounts) account.check();
  }

  rollBack(to: ReturnType<SimulatedBackend['snapshot']>): void {
    this.tell('the backend comes back older');
    this.wasRolledBack = true;
    this.ledger.rolledBack();
    this.backend.rollBack(to);
  }

  /** All faults are over, and everybody had the time to notice. */
  async heal(): Promise<void> {
    Object.assign(this.weather, { backend: 'up', loss: 0, duplicates: 0, delays: 0, cuts: 0 });
    this.tell('all is well again');
    for (const bot of this.bots) bot.process.resume();
    await this.pass(60_000);
  }

  #isKnown(accountId: string): boolean {
    return this.accounts.some(({ id }) => id === accountId);
  }
}
