import { EventEmitter } from 'node:events';
import type { AccountKeeperError } from '../errors.js';
import { callback, requireOneOf } from '../shared/option-checks.js';
import type { AccountHead, DriverWarning } from '../persistence-driver.js';
import type { RestoreResult } from '../restore/restore-options.js';
import { describeThrown } from '../shared/thrown.js';

/** Every event of the store, with what its listeners get. All durations are in milliseconds. */
export interface StoreEventMap {
  /** Something became pending, after nothing was. */
  pending: [event: { readonly accountId: string }];
  /** A commit was acknowledged. */
  flushed: [
    event: {
      readonly accountId: string;
      readonly revision: number;
      readonly records: readonly string[];
      readonly durationMs: number;
    },
  ];
  /** An attempt failed. The records stay pending; the next attempt follows in `retryInMs`. */
  'flush-failed': [
    event: {
      readonly accountId: string;
      readonly error: AccountKeeperError;
      readonly consecutiveFailures: number;
      readonly retryInMs: number;
    },
  ];
  /** A commit was acknowledged after `failures` that failed in a row. */
  recovered: [event: { readonly accountId: string; readonly failures: number }];
  /** Something has been pending for longer than `flush.maxPendingAgeMs`. Once, until it has caught up. */
  lagging: [event: { readonly accountId: string; readonly oldestPendingMs: number }];
  /** The account was loaded and taken over. */
  restored: [event: { readonly accountId: string } & RestoreResult];
  /** A changed record cannot be written. It is set aside until it changes again. */
  'record-rejected': [
    event: { readonly accountId: string; readonly recordKey: string; readonly error: AccountKeeperError },
  ];
  /**
   * Another writer took the account over; this store never writes again. `by` is the stored head.
   * `unacknowledged` holds the value in memory of each record with a change that was not acknowledged (`undefined`: it
   * was deleted); with `outcome: 'unknown'`, the last attempt may have landed before the take-over.
   */
  fenced: [
    event: {
      readonly accountId: string;
      readonly by: AccountHead | undefined;
      readonly outcome: 'not-applied' | 'unknown';
      /** It went on from an older state of the backend, without what this store had been acknowledged. */
      readonly rolledBack: boolean;
      readonly unacknowledged: ReadonlyMap<string, unknown>;
      readonly error: AccountKeeperError;
    },
  ];
  /** With `ownership: 'wait'`: another writer owns the account, and restore waits for it. Once for each owner. */
  waiting: [event: { readonly accountId: string; readonly owner: AccountHead }];
  /** What could not be persisted was written to a local file. */
  spilled: [event: { readonly accountId: string; readonly file: string; readonly records: readonly string[] }];
  /** What could not be persisted could not be written to a local file either, or a file could not be removed. */
  'spill-failed': [event: { readonly accountId: string; readonly error: AccountKeeperError }];
  /** What the backend acknowledged could not be remembered in the high-water file. Once, until it can again. */
  'high-water-failed': [event: { readonly accountId: string; readonly error: AccountKeeperError }];
  /** The store was closed. `unpersisted`: the records that could not be saved. */
  closed: [event: { readonly accountId: string; readonly unpersisted: readonly string[] }];
  /** A setting of the backend weakens a promise. */
  'driver-warning': [event: { readonly accountId: string } & DriverWarning];
}

/** The name of an event. */
export type StoreEventName = keyof StoreEventMap;

/** A listener of one event. */
export type StoreListener<Name extends StoreEventName> = (...event: StoreEventMap[Name]) => void;

/** Tells an event of the account to whoever listens. */
export type Emit = <Name extends StoreEventName>(name: Name, about: Omit<StoreEventMap[Name][0], 'accountId'>) => void;

/** What a process warning says when nobody listens. Once for each store and key. */
interface Unheard {
  readonly code: string;
  readonly key?: string;
  readonly says: string;
}

const nothing = (): undefined => undefined;

/** For each event, what nobody may miss of it. It names records, and holds no value of them. */
const UNHEARD: { readonly [Name in StoreEventName]: (event: StoreEventMap[Name][0]) => Unheard | undefined } = {
  pending: nothing,
  flushed: nothing,
  'flush-failed': nothing,
  recovered: nothing,
  lagging: nothing,
  restored: ({ quarantined }) => {
    if (quarantined.length === 0) return undefined;
    const says = `it was restored without ${named(quarantined.map(({ recordKey }) => recordKey))}`;
    return { code: 'QUARANTINED', says };
  },
  'record-rejected': ({ recordKey, error }) => {
    return { code: 'RECORD_REJECTED', says: `the backend cannot hold ${named([recordKey])} (${error.code})` };
  },
  fenced: ({ unacknowledged }) => {
    return {
      code: 'FENCED',
      says: `another writer took it over; not acknowledged: ${named([...unacknowledged.keys()])}`,
    };
  },
  waiting: nothing,
  spilled: nothing,
  'spill-failed': nothing,
  'high-water-failed': nothing,
  closed: nothing,
  'driver-warning': ({ code, message }) => ({ code: 'DRIVER_WARNING', key: code, says: `${message} (${code})` }),
};

const EVENT_NAMES = Object.keys(UNHEARD) as StoreEventName[];

const requireListener = callback<never>();

/** Registers listeners and calls them. One that fails stops neither the others nor the store: Node.js warns of it. */
export class StoreEvents {
  readonly #emitter = new EventEmitter<StoreEventMap>().setMaxListeners(0);
  readonly #said = new Set<string>();
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  /** @throws `CONFIG` */
  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.on(requireOneOf('on', name, EVENT_NAMES), requireListener('on', listener));
  }

  /** @throws `CONFIG` */
  once<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.once(requireOneOf('once', name, EVENT_NAMES), requireListener('once', listener));
  }

  /** @throws `CONFIG` */
  off<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.off(requireOneOf('off', name, EVENT_NAMES), requireListener('off', listener));
  }

  readonly emit: Emit = (name, about) => {
    const event = { accountId: this.#accountId, ...about } as StoreEventMap[typeof name][0];
    const listeners = this.#emitter.rawListeners(name);
    if (listeners.length === 0) this.#sayUnheard(name, event);
    const failed = (thrown: unknown): void => {
      warn('LISTENER_FAILED', `a listener of '${name}' failed: ${describeThrown(thrown)}`);
    };
    for (const listener of listeners) {
      try {
        const returned: unknown = Reflect.apply(listener, this.#emitter, [event]);
        // Any thenable: what it rejects with must not go unheard.
        if (typeof returned === 'object' && returned !== null) Promise.resolve(returned).catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
    }
  };

  #sayUnheard<Name extends StoreEventName>(name: Name, event: StoreEventMap[Name][0]): void {
    const { code, key = code, says } = UNHEARD[name](event) ?? {};
    if (code === undefined || key === undefined || this.#said.has(key)) return;
    this.#said.add(key);
    warn(code, `account ${JSON.stringify(event.accountId)}: ${says}; nobody listens to '${name}'`);
  }
}

/** How many records, and the first of them. */
function named(recordKeys: readonly string[]): string {
  const first = recordKeys.slice(0, 10).map((recordKey) => JSON.stringify(recordKey));
  return [`${recordKeys.length} record(s)`, ...first, ...(recordKeys.length > 10 ? ['…'] : [])].join(' ');
}

/** Says what no listener and no error can. */
export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'AccountKeeperWarning', code });
}
