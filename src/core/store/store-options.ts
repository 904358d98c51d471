import type { AccountOptions } from '../account/account-state.js';
import type { TableName } from '../account/tables/table-context.js';
import type { HighWaterOptions, SpillOptions } from '../local-files/local-file-options.js';
import type { OwnershipMode, OwnershipOptions } from '../ownership/ownership-options.js';
import type { PersistenceDriver } from '../persistence-driver.js';
import type { RecordFormatOptions } from '../restore/record-format.js';
import type { Clock } from '../shared/clock.js';
import type { FlushOptions } from '../write-behind/flush-options.js';

/** The options of a store that do not depend on where it is persisted. */
export interface StoreOptions<T extends object> extends RecordFormatOptions<T>, AccountOptions {
  /** When changes are written behind. */
  readonly flush?: FlushOptions;
  /**
   * The kinds of records that the store persists. `metadata` is the metadata of symbols and of the account. The others are for a warm start:
   * after a restore they are marked stale until the exchange has reported their state.
   * @default ['metadata']
   */
  readonly persist?: readonly TableName[];
  /**
   * Whether the store ignores positions, orders and balances that are older, by exchange time, than what it holds
   * (`timestampMs`, `updatedAtMs`, `asOfMs`). What comes without a time is never older.
   * @default true
   */
  readonly rejectStale?: boolean;
  /**
   * How the account is owned. `take-over`: restore takes it over, whoever has it. `wait`: restore waits until the owner
   * has closed, or has not given a sign of life for `leaseMs`; for processes that a supervisor restarts, which would
   * otherwise fence each other for ever. `read-only`: the account is read, by `restore()` and `refresh()`, and never
   * written; with `follow: true`, it is read whenever it has changed.
   * @default 'take-over'
   */
  readonly ownership?: OwnershipMode | OwnershipOptions;
  /** Writes to local files what the store could not save when it was closed or the process exited. */
  readonly spill?: SpillOptions;
  /** Notes in a local file what the backend acknowledged, to notice when the backend comes back older or empty. */
  readonly highWater?: HighWaterOptions;
  /** Where time comes from. */
  readonly clock?: Clock;
  /** Draws evenly from [0, 1), for the jitter of retries. @default Math.random */
  readonly random?: () => number;
  /** Makes writer and write ids. They must never repeat. @default UUIDs of version 7, which tell when they were made */
  readonly createId?: () => string;
}

/** Options of `new AccountStateStore()`. Without a driver the store is in memory only. */
export interface AccountStateStoreOptions<T extends object> extends StoreOptions<T> {
  /** Required with a driver. */
  readonly accountId?: string;
  readonly driver?: PersistenceDriver;
  /**
   * Whether `close()` closes the driver as well.
   * @default false
   */
  readonly closeDriver?: boolean;
}

/** Options of `flush()`. */
export interface FlushCallOptions {
  /** Rejects `TIMEOUT` after so many milliseconds; the records stay pending. */
  readonly timeoutMs?: number;
  /** Rejects `ABORTED` when aborted; the records stay pending. */
  readonly signal?: AbortSignal;
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * Milliseconds for the last flush and for closing the driver.
   * @default 10000
   */
  readonly timeoutMs?: number;
  /** @deprecated The former name of `timeoutMs`. */
  readonly deadlineMs?: number;
}

/** Options of `requireDurable()`. */
export interface RequireDurableOptions {
  /**
   * How long, in milliseconds, the oldest change may have been pending.
   * @default flush.maxPendingAgeMs
   */
  readonly maxAgeMs?: number;
}
