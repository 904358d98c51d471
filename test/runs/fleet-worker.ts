import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AccountStateStore,
  createDriver,
  isAccountKeeperError,
  type OpenAccountOptions,
  openAccount,
  type PersistenceDriver,
} from 'accountkeeper';
import { accountsOf, type Fleet, homeOf, slotsOf } from '../support/slots.js';
import type { CommonReports, Entry, Say } from './harness/protocol.js';
import { serve } from './harness/worker.js';
import { lastStepOf, makeStep, type RunStore } from './harness/workload.js';

/** So many accounts are opened, or closed, side by side. */
const SIDE_BY_SIDE = 128;
/** So many changes wait for their acknowledgement at most. */
const MOST_IN_FLIGHT = 256;
const TICK_MS = 10;
/** How many times the lease a deputy lets the home come first, and how many times it keeps a slot before it gives it back. */
const DEPUTY_LEASES = 2;

/** What the worker is told. */
export type FleetCommand =
  /** Wait for the slots of this worker, and change their accounts. */
  | {
      readonly do: 'work';
      readonly fleet: Fleet;
      readonly worker: number;
      readonly by: string;
      readonly leaseMs: number;
    }
  /** Change so much from now on, and report how much was used so far. */
  | { readonly do: 'change'; readonly changesPerSecond: number }
  /** Change nothing more, close everything, and end. */
  | { readonly do: 'end' };

/** What the worker reports. Accounts are numbers. */
export interface FleetReports extends CommonReports {
  readonly owned: readonly (readonly [account: number, by: string, step: number])[];
  readonly written: readonly (readonly [account: number, by: string, step: number, tookMs: number])[];
  /** These are closed next, so that another one can have them. */
  readonly leaving: readonly number[];
  /** Accounts that somebody else has taken over. */
  readonly fenced: readonly number[];
  readonly usage: { readonly rssBytes: number; readonly cpuMs: number };
}

/** The id of an account that a run of many accounts works with. */
export function accountIdOf(account: number): string {
  return `account-${account}`;
}

/** Makes this process a worker of a fleet. */
export function serveFleet(wrapped: (driver: PersistenceDriver) => PersistenceDriver): void {
  serve<FleetCommand, FleetReports>((url, say) => {
    const driver = wrapped(createDriver({ url, operationTimeoutMs: 10_000 }));
    // Of its own: what says that this process lives must not queue behind the commits of its accounts.
    const slotDriver = createDriver(url);
    let worker: FleetWorker | undefined;
    return async (command) => {
      if (command.do === 'work') worker = new FleetWorker({ ...command, driver, slotDriver, say });
      if (command.do === 'change') {
        const { user, system } = process.cpuUsage();
        say('usage', { rssBytes: process.memoryUsage().rss, cpuMs: (user + system) / 1_000 });
        worker?.change(command.changesPerSecond);
      }
      if (command.do !== 'end') return;
      await worker?.end();
      await Promise.all([driver, slotDriver].map((each) => each.close({ timeoutMs: 2_000 })));
      process.exit(0);
    };
  });
}

interface FleetWorkerOptions {
  readonly fleet: Fleet;
  readonly worker: number;
  /** Used by no other process. */
  readonly by: string;
  readonly leaseMs: number;
  readonly driver: PersistenceDriver;
  readonly slotDriver: PersistenceDriver;
  readonly say: Say<FleetReports>;
}

/** One ownership of a slot. */
interface Tenure {
  readonly by: string;
  readonly held: Held[];
  readonly over: AbortController;
}

/** An account that is open. */
interface Held {
  readonly account: number;
  readonly store: RunStore;
  readonly tenure: Tenure;
}

/** Owns slots, and changes their accounts in turns. */
class FleetWorker {
  readonly #options: FleetWorkerOptions;
  readonly #end = new AbortController();
  readonly #slots: Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  /** Open accounts whose changes are acknowledged; the one that was changed the longest ago comes first. */
  #idle: Held[] = [];
  #next = 0;
  #inFlight = 0;
  #made = 0;
  #changesPerSecond = 0;
  #sinceMs = performance.now();
  #tenures = 0;
  #owned: FleetReports['owned'][number][] = [];
  #written: FleetReports['written'][number][] = [];

  constructor(options: FleetWorkerOptions) {
    this.#options = options;
    setMaxListeners(0, this.#end.signal);
    this.#timer = setInterval(() => {
      this.#tick();
      this.#report();
    }, TICK_MS);
    const keep = (slot: number): Promise<void> =>
      this.#keep(slot).catch((error: unknown) => options.say('failed', String(error)));
    this.#slots = Promise.all(slotsOf(options.worker, options.fleet).map(keep));
  }

  change(changesPerSecond: number): void {
    this.#changesPerSecond = changesPerSecond;
    this.#made = 0;
    this.#sinceMs = performance.now();
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#slots;
    clearInterval(this.#timer);
    this.#report();
  }

  /** Waits for a slot, works for it, and waits again. */
  async #keep(slot: number): Promise<void> {
    const { fleet, leaseMs, worker } = this.#options;
    const isHome = homeOf(slot, fleet) === worker;
    const deputyMs = isHome ? undefined : DEPUTY_LEASES * leaseMs;
    while (!this.#end.signal.aborted) {
      if (deputyMs !== undefined) await pause(deputyMs, this.#end.signal);
      const waiting = { persistence: this.#options.slotDriver, ownership: { mode: 'wait', leaseMs } } as const;
      const key = await this.#open({ accountId: `slot-${slot}`, ...waiting }, this.#end.signal);
      if (key === undefined) return;
      await this.#work(slot, deputyMs);
      await closed(key);
    }
  }

  /** @param forMs - by default until the slot is lost. */
  async #work(slot: number, forMs: number | undefined): Promise<void> {
    const { by, driver, fleet, say } = this.#options;
    this.#tenures += 1;
    const tenure: Tenure = { by: `${by}.${this.#tenures}`, held: [], over: new AbortController() };
    const end = AbortSignal.any([this.#end.signal, tenure.over.signal]);
    setMaxListeners(0, end);
    await sideBySide(accountsOf(slot, fleet), async (account) => {
      const store = await this.#open({ accountId: accountIdOf(account), persistence: driver }, end);
      if (store === undefined) return;
      const held = { account, store, tenure };
      tenure.held.push(held);
      this.#owned.push([account, tenure.by, lastStepOf(store)]);
      this.#idle.push(held);
    });
    await pause(forMs, end);
    tenure.over.abort();
    say(
      'leaving',
      tenure.held.map(({ account }) => account),
    );
    await sideBySide(tenure.held, ({ store }) => closed(store));
  }

  /** @returns undefined when it is not wanted any more. */
  async #open(options: OpenAccountOptions<Entry>, signal: AbortSignal): Promise<RunStore | undefined> {
    while (!signal.aborted) {
      try {
        const store: RunStore = await openAccount({ ...options, restore: { signal } });
        store.on('fenced', () => undefined);
        if (!signal.aborted) return store;
        await closed(store);
      } catch (error) {
        if (!signal.aborted && !(isAccountKeeperError(error) && error.retryable)) throw error;
        await pause(20, signal);
      }
    }
    return undefined;
  }

  /** Keeps up with the rate, as far as acknowledgements do. */
  #tick(): void {
    const due = ((performance.now() - this.#sinceMs) * this.#changesPerSecond) / 1_000;
    while (this.#made < due && this.#inFlight < MOST_IN_FLIGHT && this.#next < this.#idle.length) {
      const held = this.#idle[this.#next];
      this.#next += 1;
      if (held === undefined || held.tenure.over.signal.aborted) continue;
      this.#made += 1;
      void this.#change(held);
    }
    if (this.#next < this.#idle.length / 2) return;
    this.#idle = this.#idle.slice(this.#next);
    this.#next = 0;
  }

  async #change(held: Held): Promise<void> {
    const { account, store, tenure } = held;
    const step = lastStepOf(store) + 1;
    const startedMs = performance.now();
    this.#inFlight += 1;
    try {
      makeStep(store, { step, by: tenure.by }, account);
      await store.flush();
      this.#written.push([account, tenure.by, step, Math.round(performance.now() - startedMs)]);
    } catch (error) {
      this.#failed(held, error);
    }
    this.#inFlight -= 1;
    this.#idle.push(held);
  }

  #failed({ account, tenure }: Held, error: unknown): void {
    if (!isAccountKeeperError(error)) throw error;
    if (error.code === 'FENCED') {
      this.#options.say('fenced', [account]);
      // Whoever has this one has the slot.
      tenure.over.abort();
    } else if (!error.retryable && !tenure.over.signal.aborted) this.#options.say('failed', error.message);
  }

  #report(): void {
    if (this.#owned.length > 0) this.#options.say('owned', this.#owned);
    if (this.#written.length > 0) this.#options.say('written', this.#written);
    this.#owned = [];
    this.#written = [];
  }
}

/** Closes a store. One that was fenced has nothing to save. */
async function closed(store: Pick<AccountStateStore, 'close'>): Promise<void> {
  try {
    await store.close();
  } catch (error) {
    if (!isAccountKeeperError(error) || error.code !== 'UNPERSISTED') throw error;
  }
}

/** Without a time, waits until the signal is aborted. */
async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  await delay(ms ?? 2 ** 31 - 1, undefined, { signal }).catch(() => undefined);
}

async function sideBySide<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
}
