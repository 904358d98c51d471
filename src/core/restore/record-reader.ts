import type { AccountRecords } from '../account/tables/account-records.js';
import type { RecordTable } from '../account/tables/record-table.js';
import type { QuarantinedRecord } from '../codec/quarantine.js';
import type { Codec } from '../codec/record-codec.js';
import { parseRecord, payloadReader } from '../codec/record-text.js';
import { richCodec } from '../codec/rich-codec.js';
import { jsonCodec } from '../codec/strict-json-codec.js';
import { AccountKeeperError } from '../errors.js';
import type { StoredAccount } from '../persistence-driver.js';
import { nextTurn, Slice } from '../shared/slices.js';
import { describeThrown } from '../shared/thrown.js';
import type { RecordFormatOptions } from './record-format.js';
import type { StandardSchema, StandardSchemaIssue } from './standard-schema.js';

/** How the records are written, and what is to become of older ones. */
export interface ReaderFormat {
  readonly codec: Codec;
  readonly schemaVersion: number;
  readonly migrate: RecordFormatOptions<object>['migrate'];
  readonly schema: RecordFormatOptions<object>['schema'];
}

/** A record that was read: its text, and the value that it stands for. */
interface ReadRecord {
  readonly raw: string;
  readonly value: unknown;
}

/** The records of a former read by their keys. One with the same text need not be decoded again. */
export type ReadRecords = ReadonlyMap<string, ReadRecord>;

/** The decoded records of a stored account. */
export interface ReadAccount {
  /** How many were read and fit their tables. */
  readonly records: number;
  /** All of them, where there was a former read. */
  readonly read?: ReadRecords | undefined;
  readonly rejected: readonly QuarantinedRecord[];
  /** Puts them in the place of what the tables hold, in one step. Once. */
  show(): void;
}

/** Decodes, migrates and validates stored records. It changes nothing. */
export class RecordReader {
  readonly #codecs: ReadonlyMap<string, Codec>;
  readonly #format: ReaderFormat;
  readonly #payloadOf: (raw: string) => string | undefined;

  constructor(format: ReaderFormat) {
    this.#codecs = new Map([jsonCodec, richCodec, format.codec].map((each) => [each.name, each]));
    this.#format = format;
    this.#payloadOf = payloadReader(format.codec, format.schemaVersion);
  }

  /** Records that are not persisted are passed over. The event loop turns in between. */
  async read(stored: StoredAccount, persisted: AccountRecords, former?: ReadRecords): Promise<ReadAccount> {
    const read = former && new Map<string, ReadRecord>();
    const staged = persisted.stage();
    const rejected: QuarantinedRecord[] = [];
    const slice = new Slice();
    let records = 0;
    for (const [recordKey, raw] of stored.records) {
      if (slice.isOver(raw.length)) await nextTurn();
      const table = persisted.tableOf(recordKey);
      if (table === undefined) continue;
      try {
        const before = former?.get(recordKey);
        const value = before?.raw === raw ? before.value : this.#readOne(table, recordKey, raw);
        const settled = value instanceof Promise ? await value : value;
        staged.add(table, recordKey, settled);
        read?.set(recordKey, before?.raw === raw ? before : { raw, value: settled });
        records += 1;
      } catch (thrown) {
        rejected.push({ recordKey, raw, error: rejection(recordKey, thrown) });
      }
    }
    for (const [recordKey, raw] of stored.corrupt) {
      if (persisted.tableOf(recordKey) === undefined) continue;
      const error = rejection(recordKey, new Error('it is not stored in the form of this library'));
      rejected.push({ recordKey, raw, error });
    }
    return { records, read, rejected, show: staged.show };
  }

  /** A promise where a schema has to be asked: to wait for one that is not needed takes long, for each of many records. */
  #readOne(table: RecordTable, recordKey: string, raw: string): unknown {
    const { codec, schema } = this.#format;
    const payload = this.#payloadOf(raw);
    const value = payload === undefined ? this.#readOther(table, recordKey, raw) : codec.decode(payload);
    return schema !== undefined && recordKey.startsWith('metadata/') ? validated(schema, value) : value;
  }

  /** Reads a record of another codec or schema version. */
  #readOther(table: RecordTable, recordKey: string, raw: string): unknown {
    const { schemaVersion: fromVersion, codecName, payload } = parseRecord(raw);
    const codec = this.#codecs.get(codecName);
    if (codec === undefined) {
      const known = [...this.#codecs.keys()].join(', ');
      throw new AccountKeeperError('CORRUPT', `codec: expected one of ${known}, received ${JSON.stringify(codecName)}`);
    }
    return this.#migrate(table, recordKey, codec.decode(payload), fromVersion);
  }

  #migrate(table: RecordTable, recordKey: string, value: unknown, fromVersion: number): unknown {
    const { migrate, schemaVersion: toVersion } = this.#format;
    if (fromVersion === toVersion) return value;
    if (fromVersion > toVersion || migrate === undefined) {
      const lacking = fromVersion > toVersion ? 'written by a newer program' : 'and there is no migrate option';
      const message = `its schema version is ${fromVersion}, this store has ${toVersion}: ${lacking}`;
      throw new AccountKeeperError('CORRUPT', message);
    }
    return migrate(value, { table: table.name, recordKey, fromVersion, toVersion });
  }
}

async function validated(schema: StandardSchema<object>, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  throw new AccountKeeperError('CORRUPT', `it does not fit the schema: ${result.issues.map(describeIssue).join('; ')}`);
}

function describeIssue({ message, path }: StandardSchemaIssue): string {
  const keys = (path ?? []).map((key) => String(typeof key === 'object' ? key.key : key));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}

function rejection(recordKey: string, thrown: unknown): AccountKeeperError {
  const message = `the stored record ${JSON.stringify(recordKey)} cannot be restored: ${describeThrown(thrown)}`;
  return new AccountKeeperError('CORRUPT', message, { records: [recordKey], cause: thrown });
}
