import type { TableName } from '../account/tables/table-context.js';
import type { Codec } from '../codec/record-codec.js';
import type { StandardSchema } from './standard-schema.js';

/** Where a stored value comes from. */
export interface MigrationContext {
  readonly table: TableName;
  /** Such as `metadata/BTCUSDT`. */
  readonly recordKey: string;
  readonly fromVersion: number;
  readonly toVersion: number;
}

/** How values become records, and records values again. */
export interface RecordFormatOptions<T extends object> {
  /**
   * Writes values as text. Records name their codec: those written by the built-in ones can be read after a change.
   * @default jsonCodec
   */
  readonly codec?: Codec;
  /**
   * The version of the values' shape, an integer from 0. Written with every record.
   * @default 1
   */
  readonly schemaVersion?: number;
  /**
   * Brings a value that was written under a lower `schemaVersion` up to the present one. What it throws rejects the
   * record. The stored record keeps its old shape until it changes, or until `persistAll()`.
   */
  readonly migrate?: (value: unknown, context: MigrationContext) => unknown;
  /** Checks each symbol's metadata on restore, after `migrate`; what it returns is what the store holds. */
  readonly schema?: StandardSchema<T>;
  /**
   * How restore treats a record that cannot be decoded, validated or migrated. `throw`: restore rejects
   * `CORRUPT` and the account is not claimed. `quarantine`: it is left out and reported.
   * @default 'throw'
   */
  readonly onRejected?: 'throw' | 'quarantine';
}
