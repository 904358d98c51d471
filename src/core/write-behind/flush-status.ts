import type { AccountKeeperError } from '../errors.js';
import type { RecordFaultEvents } from '../shared/record-faults.js';

/** The records that wait to be written, and the state of the writing. */
export interface FlushStatus {
  /** Records with a change that is not acknowledged: waiting, in flight, or set aside. */
  readonly pendingRecords: number;
  /** Age in milliseconds of the oldest such change; 0 when there is none. */
  readonly oldestPendingMs: number;
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

export const NOTHING_TO_FLUSH: FlushStatus = Object.freeze({
  pendingRecords: 0,
  oldestPendingMs: 0,
  lastFlushedAt: undefined,
  consecutiveFailures: 0,
  lastError: undefined,
  rejected: [],
  nextRetryAt: undefined,
});

/** The events of the way out. */
export interface FlushEvents extends RecordFaultEvents {
  /** Something became pending, after nothing was. */
  readonly pending: object;
  /** A commit was acknowledged. */
  readonly flushed: { readonly revision: number; readonly records: readonly string[]; readonly durationMs: number };
  /** An attempt failed. The records stay pending; the next attempt follows in `retryInMs`. */
  readonly 'flush-failed': {
    readonly error: AccountKeeperError;
    readonly consecutiveFailures: number;
    readonly retryInMs: number;
  };
  /** A commit was acknowledged, or a read of a follower has succeeded, after `failures` that failed in a row. */
  readonly recovered: { readonly failures: number };
  /** Something has been pending for longer than `flush.maxPendingAgeMs`. Once, until it has caught up. */
  readonly lagging: { readonly oldestPendingMs: number };
}
