import type { AccountRecords } from '../account/tables/account-records.js';
import type { RecordTable } from '../account/tables/record-table.js';
import type { QuarantinedRecord } from '../codec/quarantine.js';
import type { Codec } from '../codec/record-codec.js';
import { parseRecord } from '../codec/record-text.js';
import { richCodec } from '../codec/rich-codec.js';
import { jsonCodec } from '../codec/strict-json-codec.js';
import { AccountKeeperError } from '../errors.js';
import type { StoredAccount } from '../persistence-driver.js';
import { describeThrown } from '../shared/thrown.js';
import type { RecordFormatOptions } from './record-format.js';
import type { StandardSchemaIssue } from './standard-schema.js';

/** A record that was read and fits its table. */
export interface ReadRecord {
  readonly recordKey: string;
  readonly value: unknown;
}

type ReaderFormat = Pick<RecordFormatOptions<object>, 'migrate' | 'schema'> & {
  readonly codec: Codec;
  readonly schemaVersion: number;
};

/** The decoded records of a stored account. */
export interface ReadAccount {
  readonly records: readonly ReadRecord[];
  readonly rejected: readonly QuarantinedRecord[];
}

/** Decodes, migrates and validates stored records. It changes nothing. */
export class RecordReader {
  readonly #codecs: ReadonlyMap<string, Codec>;
  readonly #format: ReaderFormat;

  constructor(format: ReaderFormat) {
    this.#codecs = new Map([jsonCodec, richCodec, format.codec].map((each) => [each.name, each]));
    this.#format = format;
  }

  /** Records that are not persisted are passed over. */
  async read(stored: StoredAccount, persisted: AccountRecords): Promise<ReadAccount> {
    const records: ReadRecord[] = [];
    const rejected: QuarantinedRecord[] = [];
    for (const [recordKey, raw] of stored.records) {
      const table = persisted.tableOf(recordKey);
      if (table === undefined) continue;
      try {
        const value = table.checkRecord(recordKey, await this.#readOne(table, recordKey, raw));
        records.push({ recordKey, value });
      } catch (thrown) {
        rejected.push({ recordKey, raw, error: rejection(recordKey, thrown) });
      }
    }
    for (const [recordKey, raw] of stored.corrupt) {
      if (persisted.tableOf(recordKey) === undefined) continue;
      const error = rejection(recordKey, new Error('it is not stored in the form of this library'));
      rejected.push({ recordKey, raw, error });
    }
    return { records, rejected };
  }

  async #readOne(table: RecordTable, recordKey: string, raw: string): Promise<unknown> {
    const { schemaVersion: fromVersion, codecName, payload } = parseRecord(raw);
    const codec = this.#codecs.get(codecName);
    if (codec === undefined) {
      const known = [...this.#codecs.keys()].join(', ');
      throw new AccountKeeperError('CORRUPT', `codec: expected one of ${known}, received ${JSON.stringify(codecName)}`);
    }
    const decoded = codec.decode(payload);
    const migrated = this.#migrate(table, recordKey, decoded, fromVersion);
    return recordKey.startsWith('metadata/') ? this.#validate(migrated) : migrated;
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

  async #validate(value: unknown): Promise<unknown> {
    if (this.#format.schema === undefined) return value;
    const result = await this.#format.schema['~standard'].validate(value);
    if (result.issues === undefined) return result.value;
    throw new AccountKeeperError(
      'CORRUPT',
      `it does not fit the schema: ${result.issues.map(describeIssue).join('; ')}`,
    );
  }
}

function describeIssue({ message, path }: StandardSchemaIssue): string {
  const keys = (path ?? []).map((key) => String(typeof key === 'object' ? key.key : key));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}

function rejection(recordKey: string, thrown: unknown): AccountKeeperError {
  const message = `the stored record ${JSON.stringify(recordKey)} cannot be restored: ${describeThrown(thrown)}`;
  return new AccountKeeperError('CORRUPT', message, { records: [recordKey], cause: thrown });
}
