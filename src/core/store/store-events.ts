import { EventEmitter } from 'node:events';
import type { AccountKeeperError } from '../errors.js';
import type { LocalFileEvents } from '../local-files/local-file-options.js';
import type { AccountHead } from '../persistence-driver.js';
import type { FollowEvents, RestoreEvents, RestoreResult } from '../restore/restore-options.js';
import type { Emitter } from '../shared/emitter.js';
import { callback, requireOneOf } from '../shared/option-checks.js';
import { describeThrown } from '../shared/thrown.js';
import type { FlushEvents } from '../write-behind/flush-status.js';

/** The events of the store's life. */
interface LifeEvents {
  /** The account was loaded and taken over. */
  readonly restored: RestoreResult;
  /**
   * Another writer took the account over; this store never writes again. `by` is the stored head.
   * `unacknowledged` holds the value in memory of each record with a change that was not acknowledged (`undefined`: it
   * was deleted); with `outcome: 'unknown'`, the last attempt may have landed before the take-over.
   */
  readonly fenced: {
    readonly by: AccountHead | undefined;
    readonly outcome: 'not-applied' | 'unknown';
    /** It went on from an older state of the backend, without what this store had been acknowledged. */
    readonly rolledBack: boolean;
    readonly unacknowledged: ReadonlyMap<string, unknown>;
    readonly error: AccountKeeperError;
  };
  /** Changes that could not be persisted were written to a local file. */
  readonly spilled: { readonly file: string; readonly records: readonly string[] };
  /** The store was closed. `unpersisted`: the records that could not be saved. */
  readonly closed: { readonly unpersisted: readonly string[] };
}

/** Every event of an account. All durations are in milliseconds. */
export interface AccountEvents extends LifeEvents, FlushEvents, FollowEvents, RestoreEvents, LocalFileEvents {}

/** Every event of the store, with what its listeners get. */
export type StoreEventMap = {
  [Name in keyof AccountEvents]: [event: { readonly accountId: string } & AccountEvents[Name]];
};

/** The name of an event. */
export type StoreEventName = keyof StoreEventMap;

/** A listener of one event. */
export type StoreListener<Name extends StoreEventName> = (...event: StoreEventMap[Name]) => void;

/** The texts of process warnings when nobody listens. Each is given once for each store and key. */
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
  refreshed: nothing,
  'refresh-failed': ({ error }) => {
    if (error.retryable) return undefined;
    return { code: 'REFRESH_FAILED', key: error.code, says: `it cannot be followed (${error.code})` };
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
export class StoreEvents implements Emitter<AccountEvents> {
  /** Made for the first listener: a process can have thousands of stores, and many have none. */
  #emitter: EventEmitter<StoreEventMap> | undefined;
  #said: Set<string> | undefined;
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  /** @throws `CONFIG` */
  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#listenable().on(requireOneOf('on', name, EVENT_NAMES), requireListener('on', listener));
  }

  /** @throws `CONFIG` */
  once<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#listenable().once(requireOneOf('once', name, EVENT_NAMES), requireListener('once', listener));
  }

  /** @throws `CONFIG` */
  off<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#listenable().off(requireOneOf('off', name, EVENT_NAMES), requireListener('off', listener));
  }

  emit<Name extends StoreEventName>(name: Name, about: AccountEvents[Name]): void {
    const emitter = this.#emitter;
    const listeners = emitter?.rawListeners(name) ?? [];
    if (listeners.length === 0 && UNHEARD[name] === nothing) return;
    const event: StoreEventMap[Name][0] = { accountId: this.#accountId, ...about };
    if (listeners.length === 0) this.#sayUnheard(name, event);
    const failed = (thrown: unknown): void => {
      warn('LISTENER_FAILED', `a listener of '${name}' failed: ${describeThrown(thrown)}`);
    };
    for (const listener of listeners) {
      try {
        const returned: unknown = Reflect.apply(listener, emitter, [event]);
        // Any thenable: what it rejects with must not go unheard.
        if (typeof returned === 'object' && returned !== null) Promise.resolve(returned).catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
    }
  }

  #listenable(): EventEmitter<StoreEventMap> {
    this.#emitter ??= new EventEmitter<StoreEventMap>().setMaxListeners(0);
    return this.#emitter;
  }

  #sayUnheard<Name extends StoreEventName>(name: Name, event: StoreEventMap[Name][0]): void {
    const { code, key = code, says } = UNHEARD[name](event) ?? {};
    if (code === undefined || key === undefined || this.#said?.has(key)) return;
    this.#said ??= new Set();
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
