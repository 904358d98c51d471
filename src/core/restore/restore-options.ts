import type { AccountKeeperError } from '../errors.js';
import type { OperationOptions } from '../persistence-driver.js';

/** Options of `restore()`. */
export interface RestoreOptions extends OperationOptions {
  /**
   * Reject `ROLLED_BACK` when the account was never written, or was dropped.
   * @default false
   */
  readonly mustExist?: boolean;
  /** Reject `ROLLED_BACK` when the stored revision is lower. */
  readonly minRevision?: number;
  /**
   * Takes what the backend holds, although local files (`highWater`, `spill`) know that it acknowledged more. What it
   * lost is gone then; spills on top of that are reported as conflicting.
   * @default false
   */
  readonly acceptRollback?: boolean;
  /**
   * Milliseconds for the whole restore. With `ownership: 'wait'`, waiting for the owner is not counted unless this is
   * given.
   * @default 30000
   */
  readonly timeoutMs?: number;
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
}

/** The spill files that a restore found, by their paths. */
export interface RestoredSpills {
  /** Their changes are in the backend now, and the files are gone. */
  readonly replayed: readonly string[];
  /**
   * Another writer has committed since: the backend's version is in memory, and these files are kept, with the ending
   * `.conflicting`. They are named again at each restore until somebody removes them.
   */
  readonly conflicting: readonly string[];
  /** Torn, or not written by this library. They are kept. */
  readonly damaged: readonly string[];
}

/** A stored record that could not be decoded, validated or migrated. Its bytes are kept through every later write. */
export interface QuarantinedRecord {
  readonly recordKey: string;
  /** The text as it is stored. */
  readonly raw: string;
  readonly error: AccountKeeperError;
}
