import { AccountKeeperError } from '../errors.js';

/** Turns values into text, and text into equal values again. */
export interface Codec {
  /** Written with every record, to be read by the same codec: `a` to `z`, then also `0` to `9` and `-`. */
  readonly name: string;
  /** @throws `ENCODE` with the path of the value that cannot be encoded. */
  encode(value: unknown): string;
  /** @throws `CORRUPT` when the text was not written by this codec. */
  decode(text: string): unknown;
}

/** A record's text, taken apart. */
export interface ParsedRecord {
  readonly schemaVersion: number;
  readonly codecName: string;
  readonly payload: string;
}

const HEADER = /^(0|[1-9][0-9]*);([a-z][a-z0-9-]*);/;

/**
 * A record as it is stored: `<schemaVersion>;<codecName>;<payload>`.
 *
 * @throws `ENCODE` when the codec cannot encode the value.
 */
export function encodeRecord(codec: Codec, schemaVersion: number, value: unknown): string {
  const payload: unknown = codec.encode(value);
  if (typeof payload === 'string') return `${schemaVersion};${codec.name};${payload}`;
  throw new AccountKeeperError(
    'ENCODE',
    `encode of the codec ${codec.name}: expected a string, received ${typeof payload}`,
  );
}

/** @throws `CORRUPT` when the text is no record. */
export function parseRecord(text: string): ParsedRecord {
  const [header, version = '', codecName = ''] = HEADER.exec(text) ?? [];
  const schemaVersion = Number(version);
  if (header === undefined || !Number.isSafeInteger(schemaVersion)) {
    throw new AccountKeeperError(
      'CORRUPT',
      'expected <schemaVersion>;<codecName>;<payload>, received a text that is no record',
    );
  }
  return { schemaVersion, codecName, payload: text.slice(header.length) };
}
