import { createHash } from 'node:crypto';
import type { AccountKeeperError } from '../errors.js';
import type { DriverLimits } from '../persistence-driver.js';
import { SparseMap } from '../shared/sparse-map.js';

/** A stored record that could not be decoded, validated or migrated. Its bytes are kept through every later write. */
export interface QuarantinedRecord {
  readonly recordKey: string;
  /** The text as it is stored. */
  readonly raw: string;
  readonly error: AccountKeeperError;
}

/** The keys of copies begin so. */
const PREFIX = 'quarantine/';

/** Bytes that a copy takes besides the bytes that it keeps. */
const FRAME = 512;

/**
 * The stored records that could not be read. Each stays under its key until the key is written; a copy of its bytes
 * under a key of its own comes first. All of it is kept in memory, so that a backend that was rolled back gets it again.
 */
export class Quarantine {
  readonly #unread = new SparseMap<string, QuarantinedRecord>();
  readonly #copies = new SparseMap<string, string>();
  /** The keys of the copies that are not stored yet, by the record that they were made of. */
  readonly #unstored = new SparseMap<string, readonly string[]>();
  readonly #revision: number;
  readonly #limits: DriverLimits;

  /** @param revision of the take-over, which makes the keys of this restore's copies unique. */
  constructor(records: readonly QuarantinedRecord[], revision: number, limits: DriverLimits) {
    for (const record of records) this.#unread.set(record.recordKey, record);
    this.#revision = revision;
    this.#limits = limits;
  }

  /** All that has to be stored: what was not written over under its own key, the rest as copies. */
  keys(): string[] {
    return [...this.#unread.keys(), ...this.#copies.keys()];
  }

  /** The text to store under a key, if it is one of {@link keys}. */
  textOf(recordKey: string): string | undefined {
    return this.#unread.get(recordKey)?.raw ?? this.#copies.get(recordKey);
  }

  /** The record is written from now on. @returns the keys of the copies that have to be stored before. */
  overwrite(recordKey: string): readonly string[] {
    const record = this.#unread.get(recordKey);
    if (record !== undefined) {
      this.#unread.delete(recordKey);
      const copies = this.#copiesOf(record);
      for (const [key, text] of copies) this.#copies.set(key, text);
      this.#unstored.set(
        recordKey,
        copies.map(([key]) => key),
      );
    }
    return this.#unstored.get(recordKey) ?? [];
  }

  /** These records were acknowledged: copies among them need not be stored again. */
  stored(recordKeys: readonly string[]): void {
    for (const [recordKey, copies] of this.#unstored) {
      const left = copies.filter((key) => !recordKeys.includes(key));
      if (left.length > 0) this.#unstored.set(recordKey, left);
      else this.#unstored.delete(recordKey);
    }
  }

  /** One copy, or several pieces where the driver takes no value of that size. */
  #copiesOf({ recordKey, raw, error }: QuarantinedRecord): readonly (readonly [key: string, text: string])[] {
    const key = this.#copyKey(recordKey);
    const { valueBytes, batchBytes } = this.#limits;
    const room = Math.min(valueBytes, batchBytes / 2);
    const whole = JSON.stringify({ recordKey, reason: error.message, raw });
    if (Buffer.byteLength(whole) <= room) return [[key, whole]];
    // A UTF-16 code unit takes up to six bytes in JSON.
    const units = Math.max(1, Math.floor((room - FRAME - 6 * Math.min(recordKey.length, FRAME)) / 6));
    const of = Math.ceil(raw.length / units);
    return Array.from({ length: of }, (_, part) => {
      const piece = {
        recordKey: recordKey.slice(0, FRAME),
        part,
        of,
        raw: raw.slice(part * units, (part + 1) * units),
      };
      return [`${key}/${part}`, JSON.stringify(piece)] as const;
    });
  }

  #copyKey(recordKey: string): string {
    const key = `${PREFIX}${this.#revision}/${recordKey}`;
    if (Buffer.byteLength(key) + 16 <= this.#limits.keyBytes) return key;
    const digest = createHash('sha256').update(Buffer.from(recordKey, 'utf16le')).digest('hex').slice(0, 32);
    return `${PREFIX}${this.#revision}/~${digest}`;
  }
}
