import type { FlushStatus } from '../write-behind/flush-status.js';

/** The state of a store's persistence. */
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
  /** The last attempt to write, or to follow, failed; the next one follows. */
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
  /** Closed, with everything persisted, and the account released. */
  | 'released';

/** A snapshot of what is durable and what is not. */
export interface PersistenceStatus extends FlushStatus {
  readonly state: PersistenceState;
  readonly ownership: Ownership;
  /** The newest acknowledged revision; `undefined` before a restore. */
  readonly revision: number | undefined;
  /**
   * With `follow`: so many milliseconds ago the store was last known to show the newest state, so everything that was
   * acknowledged before is shown. `undefined` otherwise.
   */
  readonly behindMs?: number | undefined;
}
