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
  /** Milliseconds for the whole restore. @default 30000 */
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
}

/** A stored record that could not be decoded, validated or migrated. Its bytes are kept through every later write. */
export interface QuarantinedRecord {
  readonly recordKey: string;
  /** The text as it is stored. */
  readonly raw: string;
  readonly error: AccountKeeperError;
}
