import { existsSync, readFileSync } from 'node:fs';
import { parseSpill } from '../../src/core/spill/spill-file.js';
import { type DriverMutant, SimulatedBackend } from './backend.js';
import { Bot, type BotOptions, type TrackedSpill } from './bot.js';
import { Acknowledged } from './checks/acknowledged.js';
import { checkReplays } from './checks/replays.js';
import type { Weather } from './driver.js';
import { Ledger } from './ledger.js';
import { Random } from './random.js';
import { type SimulatedProcess, SimulatedTime } from './time.js';
import { must } from './violation.js';

/** One simulated world: a backend, a network, some bots, and what has happened so far. */
export class World {
  readonly accountId = 'simulated';
  readonly random: Random;
  readonly time = new SimulatedTime();
  readonly mutant: DriverMutant | undefined;
  readonly backend: SimulatedBackend;
  readonly ledger: Ledger;
  readonly weather: Weather = { backend: 'up', loss: 0, duplicates: 0, delays: 0, cuts: 0 };
  readonly bots: Bot[] = [];
  readonly spills: TrackedSpill[] = [];
  readonly acknowledged = new Acknowledged();
  readonly trace: string[] = [];
  /** A rollback is on its way, or was there. There is one in a history at most. */
  isRollingBack = false;
  wasRolledBack = false;
  #ids = 0;
  #values = 0;
  #failure: unknown;

  constructor(seed: number, mutant: DriverMutant | undefined) {
    this.random = new Random(seed);
    this.mutant = mutant;
    this.backend = new SimulatedBackend(mutant);
    this.ledger = new Ledger(this.backend);
  }

  addBot(name: string, options: BotOptions): Bot {
    const bot = new Bot(name, this, options);
    this.bots.push(bot);
    return bot;
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
    if (this.#failure !== undefined) throw this.#failure;
    this.ledger.check(this.accountId);
    this.#checkSpills();
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

  /** What holds of the whole history, once it is over. */
  checkHistory(): void {
    const applied = this.backend.applied.get(this.accountId) ?? [];
    if (this.wasRolledBack) return;
    checkReplays(applied, this.spills);
    this.acknowledged.check(applied.at(-1));
  }

  #checkSpills(): void {
    for (const { path, bytes } of this.spills) {
      const spill = parseSpill(bytes);
      const found = [path, `${path}.conflicting`, `${path}.refused`].find((each) => existsSync(each));
      if (found !== undefined) {
        must(readFileSync(found).equals(bytes), 'a spill file is never changed', () => path);
      } else {
        const isSafe = this.ledger.isReplayed(this.accountId, spill.id);
        must(isSafe, 'a spill file is not gone before its content is in the backend', () => path);
      }
    }
  }
}
