import type { AccountKeeperError } from '../errors.js';

/** What the persistence of a store is doing. */
export type PersistenceState =
  /** There is no driver: the store is in memory only. */
  | 'detached'
  /** There was no successful `restore()` yet. */
  | 'unrestored'
  /** Everything is durable. */
  | 'idle'
  /** Something changed and will be written. */
  | 'pending'
  /** A commit is in flight. */
  | 'flushing'
  /** The last attempt failed; the next one follows. */
  | 'retrying'
  /** Another writer owns the account; this store never writes again. */
  | 'fenced'
  | 'closing'
  | 'closed';

/** Who may write the account, as far as this store knows. */
export type Ownership =
  /** There is no driver, or no successful `restore()` yet. */
  | 'none'
  /** With `ownership: 'wait'`: restore waits for the owner. */
  | 'waiting'
  | 'owner'
  | 'read-only'
  /** Another writer took the account over. */
  | 'fenced'
  /** Closed, with everything persisted, and given free. */
  | 'released';

/** A snapshot of what is durable and what is not. */
export interface PersistenceStatus {
  readonly state: PersistenceState;
  readonly ownership: Ownership;
  /** Records with a change that is not acknowledged: waiting, in flight, or set aside. */
  readonly pendingRecords: number;
  /** Age in milliseconds of the oldest such change; 0 when there is none. */
  readonly oldestPendingMs: number;
  /** The newest acknowledged revision; `undefined` before a restore. */
  readonly revision: number | undefined;
  /** When the last commit was acknowledged, in milliseconds since the Unix epoch. */
  readonly lastFlushedAt: number | undefined;
  readonly consecutiveFailures: number;
  /** Why the last attempt failed; `undefined` after one that succeeded. */
  readonly lastError: AccountKeeperError | undefined;
  /** The records that cannot be written, until they change again. */
  readonly rejected: readonly string[];
  /** When the next attempt follows, in milliseconds since the Unix epoch; `undefined` unless `retrying`. */
  readonly nextRetryAt: number | undefined;
}

/** What is to be written, and how that goes. */
export type FlushStatus = Omit<PersistenceStatus, 'state' | 'ownership' | 'revision'>;

export const NOTHING_TO_FLUSH: FlushStatus = Object.freeze({
  pendingRecords: 0,
  oldestPendingMs: 0,
  lastFlushedAt: undefined,
  consecutiveFailures: 0,
  lastError: undefined,
  rejected: [],
  nextRetryAt: undefined,
});
