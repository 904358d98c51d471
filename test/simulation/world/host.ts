import { isAccountKeeperError } from '../../../src/core/errors.js';
import type { Bot } from '../bot.js';
import { must } from '../violation.js';
import type { World } from '../world.js';
import { REFUSED, type SimulatedBackend } from './backend.js';
import { SimulatedDriver } from './driver.js';
import { SimulatedProcess } from './time.js';

/** A place where a program runs: one process after the other, each with one driver that its bots share. */
export class Host {
  readonly bots: Bot[] = [];
  readonly #name: string;
  readonly #world: World;
  readonly #backend: SimulatedBackend;
  #process: SimulatedProcess;
  #driver: SimulatedDriver;
  #lives = 0;

  constructor(name: string, world: World, backend: SimulatedBackend) {
    this.#name = name;
    this.#world = world;
    this.#backend = backend;
    this.#process = new SimulatedProcess(name, world.time);
    this.#driver = this.#connect();
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  get driver(): SimulatedDriver {
    return this.#driver;
  }

  /** Its process ends without a chance to do anything, and a new one starts. */
  crash(): void {
    this.#world.tell(`${this.#process.name} crashes`);
    this.#world.reach('crash');
    this.#process.end();
    this.#lives += 1;
    this.#process = new SimulatedProcess(`${this.#name}.${this.#lives}`, this.#world.time);
    this.#driver = this.#connect();
    for (const bot of this.bots) bot.forget();
  }

  #connect(): SimulatedDriver {
    const world = this.#world;
    const process = this.#process;
    const botOf = (accountId: string): Bot | undefined => this.bots.find(({ account }) => account.id === accountId);
    const driver = new SimulatedDriver({
      backend: this.#backend,
      time: world.time,
      process,
      random: world.random,
      weather: world.weather,
      limits: world.limits,
      recordMs: world.recordMs,
      mutant: world.mutant,
      onCommit: (message) => world.guard(process, () => botOf(message.accountId)?.sent(message)),
    });
    const commit = driver.commit.bind(driver);
    const inFlight = new Map<string, number>();
    const add = (accountId: string, change: number): number => {
      const sum = (inFlight.get(accountId) ?? 0) + change;
      inFlight.set(accountId, sum);
      return sum;
    };
    driver.commit = async (accountId, batch, options) => {
      const sum = add(accountId, 1);
      // What a driver never answers is given up by its caller.
      const isOne = sum === 1 || world.wasDeaf;
      world.guard(process, () => must(isOne, 'one commit is in flight', () => `${process.name}: ${sum}`));
      try {
        return await commit(accountId, batch, options);
      } catch (error) {
        if (!isAccountKeeperError(error) || error.message !== REFUSED) throw error;
        world.reach('refused');
        botOf(accountId)?.refused(error.records ?? [...batch.upserts.keys(), ...batch.deletes]);
        throw error;
      } finally {
        add(accountId, -1);
      }
    };
    return driver;
  }
}
