import type { QuarantinedRecord } from '../codec/quarantine.js';
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
  /** The operator's word after `ROLLED_BACK`, as its message has it. */
  readonly onRolledBack?: RollbackChoice;
  /**
   * Milliseconds for the whole restore. With `ownership: 'wait'`, waiting for the owner is not counted unless this is
   * given.
   * @default 30000
   */
  readonly timeoutMs?: number;
}

/**
 * What to keep of an account of which the backend holds less than it acknowledged, or another history, or a half. It
 * names the head that is stored, so that it is good for that head alone.
 */
export interface RollbackChoice {
  /**
   * `backend`: what is stored. What it lost is gone then; spill files on top of that are reported as conflicting, or as foreign where the
   * backend is another one.
   * `local`: the spill file that holds the whole account as it was at the newest head that is known, or after it; it is
   * written in the place of what is stored.
   */
  readonly keep: 'backend' | 'local';
  /** 0 when nothing is stored. */
  readonly revision: number;
  /** `''` when nothing is stored. */
  readonly writeId: string;
}

/** What a restore found. */
export interface RestoreResult {
  /** `empty`: the backend was read, and holds no record of this account of a kind that is persisted (`persist`). */
  readonly status: 'restored' | 'empty';
  /** The account's revision after it was taken over. */
  readonly revision: number;
  /** How many records are in memory now. */
  readonly records: number;
  /** The records that were left out, with `onRejected: 'quarantine'`. */
  readonly quarantined: readonly QuarantinedRecord[];
  /** What became of the files of the `spill` directory; only where there is one. */
  readonly spills?: RestoredSpills;
  /** Spill and high-water files of the account that belong to another backend. They are not touched. */
  readonly foreignFiles: readonly string[];
}

/** The events of the way back. */
export interface RestoreEvents extends RecordFaultEvents {
  /** With `ownership: 'wait'`: another writer owns the account, and restore waits for it. Once for each owner. */
  readonly waiting: { readonly owner: AccountHead };
  /** A setting of the backend weakens a promise. */
  readonly 'driver-warning': DriverWarning;
}
