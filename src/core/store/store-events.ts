import { EventEmitter } from 'node:events';
import type { AccountKeeperError } from '../errors.js';
import type { AccountHead, DriverWarning } from '../persistence-driver.js';
import type { RestoreResult } from '../restore/restore-options.js';

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

/** Registers listeners and calls them. One that fails stops neither the others nor the store: Node.js warns of it. */
export class StoreEvents {
  readonly #emitter = new EventEmitter<StoreEventMap>().setMaxListeners(0);

  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.on(name, listener as never);
  }

  once<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.once(name, listener as never);
  }

  off<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): void {
    this.#emitter.off(name, listener as never);
  }

  emit<Name extends StoreEventName>(name: Name, ...event: StoreEventMap[Name]): void {
    for (const listener of this.#emitter.rawListeners(name)) {
      try {
        const returned: unknown = Reflect.apply(listener, this.#emitter, event);
        if (returned instanceof Promise) returned.catch((error: unknown) => warn(name, error));
      } catch (error) {
        warn(name, error);
      }
    }
  }
}

function warn(name: string, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  process.emitWarning(`a listener of '${name}' failed: ${detail}`, {
    type: 'AccountKeeperWarning',
    code: 'LISTENER_FAILED',
  });
}
