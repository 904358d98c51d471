import { AccountKeeperError } from '../errors.js';
import { SparseMap } from '../shared/sparse-map.js';
import type { PendingEntry } from './pending-set.js';

interface RejectedRecord {
  readonly entry: PendingEntry;
  readonly error: AccountKeeperError;
}

/** Records that changed and cannot be written. They are set aside, so that the others can, until they change again. */
export class RejectedRecords extends SparseMap<string, RejectedRecord> {
  /** Takes a record out, because it has changed again. */
  take(recordKey: string): PendingEntry | undefined {
    const entry = this.get(recordKey)?.entry;
    this.delete(recordKey);
    return entry;
  }

  /** Monotonic time of the oldest change among them. */
  oldestSinceMs(): number | undefined {
    let oldest: number | undefined;
    for (const { entry } of this.values()) oldest = Math.min(oldest ?? entry.sinceMs, entry.sinceMs);
    return oldest;
  }

  /** One error that names every record set aside with a change up to `sequence`. */
  errorUpTo(sequence: number): AccountKeeperError | undefined {
    const concerned = [...this].filter(([, record]) => record.entry.sequence <= sequence);
    const [first] = concerned;
    if (first === undefined) return undefined;
    const records = concerned.map(([recordKey]) => recordKey);
    const message = `${records.length} record(s) cannot be written, the first is ${records[0]}: ${first[1].error.message}`;
    return new AccountKeeperError(first[1].error.code, message, { records, cause: first[1].error, retryable: false });
  }
}
