import { isAccountKeeperError } from '../../../src/core/errors.js';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { accountsOf, deputyOf, homeOf, slotsOf } from '../../support/slots.js';
import { SimulatedDriver } from '../world/driver.js';
import { FAIR, type Weather } from '../world/network.js';
import { SimulatedProcess } from '../world/time.js';
import { accountIdOf, type FleetValue, type FleetWorld, STORM } from './fleet-world.js';

const LEASE_MS = 3_000;
const DEPUTY_MS = 2 * LEASE_MS;
const SIDE_BY_SIDE = 64;
const LIMITS = { keyBytes: 1_000, valueBytes: 1_000_000, batchBytes: 10_000_000, batchRecords: 100_000 };

/** One ownership of a slot. */
interface Tenure {
  readonly by: string;
  /** Of the accounts of the slot. */
  readonly numbers: readonly number[];
  /** Those that are open. */
  readonly accounts: Map<number, AccountStateStore<FleetValue>>;
  isOver: boolean;
  readonly end: () => void;
}

/** A place of a fleet: one process after the other, which waits for its slots and changes their accounts. */
export class FleetSeat {
  readonly #world: FleetWorld;
  readonly #worker: number;
  readonly #weather: Weather = { ...FAIR };
  #process: SimulatedProcess;
  #driver: SimulatedDriver;
  #tenures = new Set<Tenure>();
  #lives = 0;

  constructor(world: FleetWorld, worker: number) {
    this.#world = world;
    this.#worker = worker;
    [this.#process, this.#driver] = this.#live();
  }

  /** Something happens to it. Returns what. */
  suffer(): string {
    const { random, time } = this.#world;
    const what = random.pick(['killed', 'killed', 'paused', 'paused', 'cut off', 'storm'] as const);
    const ms = 1_000 + random.below(12_000);
    const process = this.#process;
    if (what === 'killed') {
      process.end();
      for (const tenure of this.#tenures) this.#lost(tenure);
      this.#tenures = new Set();
      time.after(ms / 4, () => {
        if (process === this.#process) [this.#process, this.#driver] = this.#live();
      });
    } else if (what === 'paused') {
      process.pause();
      time.after(ms, () => process.resume());
    } else {
      Object.assign(this.#weather, what === 'storm' ? STORM : { backend: 'down' });
      time.after(ms, () => Object.assign(this.#weather, FAIR));
    }
    return what;
  }

  recover(): void {
    Object.assign(this.#weather, FAIR);
    this.#process.resume();
  }

  /** Changes one of its accounts, and waits for the acknowledgement. */
  change(): void {
    const { random } = this.#world;
    if (!this.#process.isRunning || this.#tenures.size === 0) return;
    const tenure = random.pick([...this.#tenures]);
    const account = random.pick(tenure.numbers);
    const store = tenure.accounts.get(account);
    if (store === undefined || tenure.isOver || store.persistenceStatus().state === 'fenced') return;
    const value = { step: (store.getSymbolMetadata('A')?.step ?? 0) + 1, by: tenure.by };
    store.transaction(() => {
      store.setSymbolMetadata('A', value);
      store.setSymbolMetadata('B', value);
    });
    if (random.chance(0.7)) this.#flush(account, store, tenure, value);
  }

  flushAll(): void {
    for (const tenure of this.#tenures) {
      for (const [account, store] of tenure.accounts) {
        const value = store.getSymbolMetadata('A');
        if (value !== undefined) this.#flush(account, store, tenure, value);
      }
    }
  }

  /** The accounts that it can write, with what they hold. */
  *held(): Iterable<readonly [account: number, value: FleetValue | undefined]> {
    for (const tenure of this.#tenures) {
      if (tenure.isOver) continue;
      for (const [account, store] of tenure.accounts) {
        if (store.persistenceStatus().state !== 'fenced') yield [account, store.getSymbolMetadata('A')];
      }
    }
  }

  #live(): [SimulatedProcess, SimulatedDriver] {
    const { backend, options, random, time } = this.#world;
    this.#lives += 1;
    const process = new SimulatedProcess(`${this.#worker}.${this.#lives}`, time);
    const driver = new SimulatedDriver({
      backend,
      time,
      process,
      random,
      weather: this.#weather,
      limits: LIMITS,
      recordMs: 0,
      mutant: options.mutant,
      onCommit: () => undefined,
    });
    for (const slot of slotsOf(this.#worker, options)) void this.#keep(slot, process, driver);
    return [process, driver];
  }

  async #keep(slot: number, process: SimulatedProcess, driver: SimulatedDriver): Promise<void> {
    const { options } = this.#world;
    const isDeputy = homeOf(slot, options) !== this.#worker && deputyOf(slot, options) === this.#worker;
    for (;;) {
      if (isDeputy) await pause(process, DEPUTY_MS);
      const key = await this.#open(`slot-${slot}`, 'wait', process, driver);
      await this.#work(slot, isDeputy, process, driver);
      await close(key);
    }
  }

  async #work(slot: number, isDeputy: boolean, process: SimulatedProcess, driver: SimulatedDriver): Promise<void> {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const by = this.#world.createId(`${process.name}/${slot}`);
    const numbers = accountsOf(slot, this.#world.options);
    const tenure: Tenure = { by, numbers, accounts: new Map(), isOver: false, end };
    this.#tenures.add(tenure);
    const left = numbers[Symbol.iterator]();
    const lane = async (): Promise<void> => {
      for (const account of left) if (!tenure.isOver) await this.#take(account, tenure, process, driver);
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
    await Promise.race([ended, isDeputy ? pause(process, DEPUTY_MS) : ended]);
    this.#lost(tenure);
    this.#tenures.delete(tenure);
    await Promise.all(Array.from(tenure.accounts.values(), close));
  }

  async #take(account: number, tenure: Tenure, process: SimulatedProcess, driver: SimulatedDriver): Promise<void> {
    const world = this.#world;
    const before = world.acknowledgedOf(account);
    const store = await this.#open(accountIdOf(account), 'take-over', process, driver);
    store.on('fenced', () => {
      world.left([account], tenure.by);
      tenure.isOver = true;
      tenure.end();
    });
    tenure.accounts.set(account, store);
    const step = store.getSymbolMetadata('A')?.step ?? 0;
    world.guard(() => world.opened(account, tenure.by, step, before));
  }

  /** Tries until it is open. */
  async #open(
    accountId: string,
    mode: 'wait' | 'take-over',
    process: SimulatedProcess,
    driver: SimulatedDriver,
  ): Promise<AccountStateStore<FleetValue>> {
    const { random } = this.#world;
    for (;;) {
      const store = new AccountStateStore<FleetValue>({
        accountId,
        driver,
        clock: process.clock,
        random: () => random.next(),
        createId: () => this.#world.createId(process.name),
        ownership: { mode, leaseMs: LEASE_MS },
        flush: { commitTimeoutMs: 2_000 },
      });
      try {
        await store.restore();
        return store;
      } catch (error) {
        if (!isAccountKeeperError(error) || !(error.retryable || error.code === 'CONFLICT')) throw error;
        await close(store);
        await pause(process, 50);
      }
    }
  }

  #flush(account: number, store: AccountStateStore<FleetValue>, { by }: Tenure, value: FleetValue): void {
    const world = this.#world;
    store.flush().then(
      () => world.guard(() => (value.by === by ? world.acknowledges(account, value) : undefined)),
      (error: unknown) => {
        world.guard(() => {
          if (!isAccountKeeperError(error)) throw error;
        });
      },
    );
  }

  #lost(tenure: Tenure): void {
    tenure.isOver = true;
    this.#world.left(tenure.accounts.keys(), tenure.by);
  }
}

function pause({ clock }: SimulatedProcess, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

/** Closes a store; what it could not save, its successor does not have. */
async function close(store: AccountStateStore<FleetValue>): Promise<void> {
  await store.close().catch(() => undefined);
}
