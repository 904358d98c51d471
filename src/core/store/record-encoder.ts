import type { Codec } from '../codec/codec.js';
import { encodeRecord } from '../codec/record-codec.js';
import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import type { BatchEncoder, EncodedBatch } from '../flush/batch-encoder.js';
import type { CommitBatch } from '../persistence-driver.js';
import type { Quarantine } from '../restore/quarantine.js';
import type { RecordTable } from '../tables/change-sink.js';
import { describeThrown } from '../thrown.js';

/** Reads changed records from their tables and writes them as text. */
export class RecordEncoder implements BatchEncoder {
  readonly #tables: readonly RecordTable[];
  readonly #codec: Codec;
  readonly #schemaVersion: number;
  readonly #quarantine: Quarantine;

  constructor(tables: readonly RecordTable[], codec: Codec, schemaVersion: number, quarantine: Quarantine) {
    this.#tables = tables;
    this.#codec = codec;
    this.#schemaVersion = schemaVersion;
    this.#quarantine = quarantine;
  }

  encode(recordKeys: Iterable<string>): EncodedBatch {
    const upserts = new Map<string, string>();
    const deletes = new Set<string>();
    const failures = new Map<string, AccountKeeperError>();
    for (const recordKey of recordKeys) {
      try {
        const value = this.valueOf(recordKey);
        if (value === undefined) deletes.add(recordKey);
        else upserts.set(recordKey, encodeRecord(this.#codec, this.#schemaVersion, value));
        const copy = this.#quarantine.copyFor(recordKey);
        if (copy !== undefined) upserts.set(copy.recordKey, copy.text);
      } catch (thrown) {
        failures.set(recordKey, encodeError(recordKey, thrown));
      }
    }
    return { batch: { upserts, deletes }, failures };
  }

  acknowledged(batch: CommitBatch): void {
    for (const recordKey of batch.upserts.keys()) this.#quarantine.written(recordKey);
    for (const recordKey of batch.deletes) this.#quarantine.written(recordKey);
  }

  /** Whether a record that is not in memory may be deleted: not while nobody has read it. */
  mayDelete(recordKey: string): boolean {
    return this.valueOf(recordKey) === undefined && this.#quarantine.copyFor(recordKey) === undefined;
  }

  /** The value in memory, or `undefined` when there is no such record now. */
  valueOf(recordKey: string): unknown {
    return this.#tables.find((table) => table.owns(recordKey))?.recordValue(recordKey);
  }
}

function encodeError(recordKey: string, thrown: unknown): AccountKeeperError {
  const message = `the record ${JSON.stringify(recordKey)} cannot be encoded: ${describeThrown(thrown)}`;
  const cause = isAccountKeeperError(thrown) ? (thrown.cause ?? thrown) : thrown;
  return new AccountKeeperError('ENCODE', message, { records: [recordKey], cause });
}
