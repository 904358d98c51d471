import type { Bot } from './bot.js';
import { SimulatedDriver } from './driver.js';
import { SimulatedProcess } from './time.js';
import { must } from './violation.js';
import type { World } from './world.js';

/** A place where a program runs: one process after the other, each with one driver that its bots share. */
export class Host {
  readonly bots: Bot[] = [];
  readonly #name: string;
  readonly #world: World;
  #process: SimulatedProcess;
  #driver: SimulatedDriver;
  #lives = 0;

  constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
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
    this.#process.end();
    this.#lives += 1;
    this.#process = new SimulatedProcess(`${this.#name}.${this.#lives}`, this.#world.time);
    this.#driver = this.#connect();
    for (const bot of this.bots) bot.forget();
  }

  #connect(): SimulatedDriver {
    const world = this.#world;
    const process = this.#process;
    const driver = new SimulatedDriver({
      backend: world.backend,
      time: world.time,
      process,
      random: world.random,
      weather: world.weather,
      mutant: world.mutant,
      onCommit: (message) =>
        world.guard(process, () => this.bots.find(({ account }) => account.id === message.accountId)?.sent(message)),
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
      world.guard(process, () => must(sum === 1, 'one commit is in flight', () => `${process.name}: ${sum}`));
      try {
        return await commit(accountId, batch, options);
      } finally {
        add(accountId, -1);
      }
    };
    return driver;
  }
}
