import type { QuarantinedRecord } from '../codec/quarantine.js';
import type { AccountKeeperError } from '../errors.js';
import type { RestoredSpills } from '../local-files/local-file-options.js';
import type { AccountHead, DriverWarning, OperationOptions } from '../persistence-driver.js';
import type { RecordFaultEvents } from '../shared/record-faults.js';

/** Options of `restore()`. */
export interface RestoreOptions extends OperationOptions {
  /**
   * Reject `ROLLED_BACK` when the account was never written, or was dropped.
   * @default false
   */
  readonly mustExist?: boolean;
  /** Reject `ROLLED_BACK` when the stored revision is lower. */
  readonly minRevision?: number;
  /** The operator's decision after `ROLLED_BACK`, as its message prints it. */
  readonly onRolledBack?: RollbackChoice;
  /**
   * Milliseconds for the whole restore. With `ownership: 'wait'`, waiting for the owner is not counted unless this is
   * given.
   * @default 30000
   */
  readonly timeoutMs?: number;
}

/**
 * The state to keep when the backend holds less of an account than it acknowledged, or another history, or a part of one. It
 * names the stored head, and is valid for that head only.
 */
export interface RollbackChoice {
  /**
   * `backend`: keep what is stored. What the backend lost is then lost for good. Spill files on top of it are reported
   * as conflicting, or as foreign if they belong to another backend.
   * `local`: replace what is stored by the spill file that holds the whole account as it was at the newest known head,
   * or after it.
   */
  readonly keep: 'backend' | 'local';
  /** 0 when nothing is stored. */
  readonly revision: number;
  /** `''` when nothing is stored. */
  readonly writeId: string;
}

/** The result of a restore. */
export interface RestoreResult {
  /** `empty`: the backend was read, and holds no record of this account of a kind that is persisted (`persist`). */
  readonly status: 'restored' | 'empty';
  /** The account's revision after it was taken over. */
  readonly revision: number;
  /** How many records are in memory now. */
  readonly records: number;
  /** The records that were left out, with `onRejected: 'quarantine'`. */
  readonly quarantined: readonly QuarantinedRecord[];
  /** The fate of the files in the `spill` directory. Absent without the option `spill`. */
  readonly spills?: RestoredSpills;
  /** Spill and high-water files of the account that belong to another backend. They are not touched. */
  readonly foreignFiles: readonly string[];
}

/** The events of a store that follows its account (`ownership: { mode: 'read-only', follow: true }`). */
export interface FollowEvents {
  /** The store shows a newer state: all of a commit, or of several ones, and nothing of the next. */
  readonly refreshed: {
    readonly revision: number;
    /** The keys of records that are new or have changed. */
    readonly changed: readonly string[];
    /** The keys of records that are gone, or were left out by `onRejected: 'quarantine'`. */
    readonly removed: readonly string[];
    /** When the last commit was made, by the clock of its writer; `undefined` where its id does not tell. */
    readonly committedAtMs: number | undefined;
  };
  /**
   * The account could not be read, or must not be shown (`ROLLED_BACK`, `CORRUPT`). The store shows what it did; the next
   * read follows in `retryInMs`, or never when the driver was closed (`undefined`). With the first that succeeds,
   * `recovered` is emitted.
   */
  readonly 'refresh-failed': {
    readonly error: AccountKeeperError;
    readonly consecutiveFailures: number;
    readonly retryInMs: number | undefined;
  };
}

/** The events of the way back. */
export interface RestoreEvents extends RecordFaultEvents {
  /** With `ownership: 'wait'`: another writer owns the account, and restore waits for it. Once for each owner. */
  readonly waiting: { readonly owner: AccountHead };
  /** A setting of the backend weakens a promise. */
  readonly 'driver-warning': DriverWarning;
}
