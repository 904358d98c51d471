import type { AccountRecords } from '../account/tables/account-records.js';
import type { Quarantine } from '../codec/quarantine.js';
import type { Codec } from '../codec/record-codec.js';
import { recordWriter } from '../codec/record-text.js';
import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import type { DriverLimits, StoredAccount } from '../persistence-driver.js';
import { changeBytes } from '../shared/batch-size.js';
import { describeThrown } from '../shared/thrown.js';
import type { EncodedChange, RecordSource } from './pending-set.js';

export interface RecordEncoderOptions {
  readonly records: AccountRecords;
  readonly codec: Codec;
  readonly schemaVersion: number;
  readonly quarantine: Quarantine;
  readonly limits: DriverLimits;
}

/** A text that is stored as it is. */
class StoredText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Reads changed records from their tables, or from the quarantine, and writes them as text. */
export class RecordEncoder implements RecordSource {
  readonly #options: RecordEncoderOptions;
  readonly #write: (value: unknown) => string;

  constructor(options: RecordEncoderOptions) {
    this.#options = options;
    this.#write = recordWriter(options.codec, options.schemaVersion);
  }

  valueOf(recordKey: string): unknown {
    const { quarantine, records } = this.#options;
    const text = quarantine.textOf(recordKey);
    return text === undefined ? records.valueOf(recordKey) : new StoredText(text);
  }

  /** The values as users know them; of what could not be read, the text. */
  shown(recordKeys: readonly string[]): ReadonlyMap<string, unknown> {
    const values = recordKeys.map((recordKey) => [recordKey, this.valueOf(recordKey)] as const);
    return new Map(values.map(([key, value]) => [key, value instanceof StoredText ? value.text : value]));
  }

  copiesBefore(recordKey: string): readonly string[] {
    return this.#options.quarantine.overwrite(recordKey);
  }

  encode(recordKey: string, value: unknown): EncodedChange {
    try {
      const text = this.#textOf(value);
      const bytes = this.#requireLimits(recordKey, text);
      return { text, bytes, isDocument: text !== undefined && !(value instanceof StoredText) };
    } catch (thrown) {
      return { error: encodeError(recordKey, thrown) };
    }
  }

  /** The keys of everything that is to be stored, and of what is stored beside it and is not to be. */
  everything(stored?: StoredAccount): ReadonlySet<string> {
    const { quarantine, records } = this.#options;
    const keys = new Set([...records.keys(), ...quarantine.keys()]);
    for (const recordKey of [...(stored?.records.keys() ?? []), ...(stored?.corrupt.keys() ?? [])]) {
      if (records.tableOf(recordKey) !== undefined) keys.add(recordKey);
    }
    return keys;
  }

  /** The texts of all those that are there and can be encoded, and the keys of those that cannot. */
  encodeAll(recordKeys: Iterable<string>): {
    readonly texts: ReadonlyMap<string, string>;
    readonly failed: readonly string[];
  } {
    const texts = new Map<string, string>();
    const failed: string[] = [];
    for (const recordKey of recordKeys) {
      try {
        const text = this.#textOf(this.valueOf(recordKey));
        if (text !== undefined) texts.set(recordKey, text);
      } catch {
        failed.push(recordKey);
      }
    }
    return { texts, failed };
  }

  #textOf(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    if (value instanceof StoredText) return value.text;
    return this.#write(value);
  }

  /** @returns the bytes of key and text. @throws `INVALID_KEY`, `TOO_LARGE` */
  #requireLimits(recordKey: string, text: string | undefined): number {
    const { keyBytes, valueBytes, batchBytes } = this.#options.limits;
    const ofKey = changeBytes(recordKey, undefined);
    if (ofKey > keyBytes)
      throw new AccountKeeperError('INVALID_KEY', `expected a key of up to ${keyBytes} bytes, received ${ofKey}`);
    if (text === undefined) return ofKey;
    const ofValue = changeBytes('', text);
    const most = Math.min(valueBytes, batchBytes - ofKey);
    if (ofValue > most)
      throw new AccountKeeperError('TOO_LARGE', `expected a value of up to ${most} bytes, received ${ofValue}`);
    return ofKey + ofValue;
  }
}

function encodeError(recordKey: string, thrown: unknown): AccountKeeperError {
  const message = `the record ${JSON.stringify(recordKey)} cannot be written: ${describeThrown(thrown)}`;
  const isBeyondLimits = isAccountKeeperError(thrown) && (thrown.code === 'TOO_LARGE' || thrown.code === 'INVALID_KEY');
  const code = isBeyondLimits ? thrown.code : 'ENCODE';
  const cause = isAccountKeeperError(thrown) ? (thrown.cause ?? thrown) : thrown;
  return new AccountKeeperError(code, message, { records: [recordKey], cause });
}
