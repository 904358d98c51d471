import { AccountKeeperError } from '../errors.js';
import { makesJson } from './codec-of.js';
import type { Codec } from './record-codec.js';

/** A record's text, taken apart. */
export interface ParsedRecord {
  readonly schemaVersion: number;
  readonly codecName: string;
  readonly payload: string;
}

/** With the payload as JSON (`d`), or as a string (`t`). */
const DOCUMENT = /^\{"v":(0|[1-9][0-9]*),"c":"([a-z][a-z0-9-]*)","([dt])":/;
/** The header of records that version 0.1.0 wrote. */
const HEADER = /^(0|[1-9][0-9]*);([a-z][a-z0-9-]*);/;

/**
 * Makes values the JSON objects that are stored: `{"v":<schemaVersion>,"c":<codecName>,"d":<payload>}` by a codec whose
 * text is JSON, and otherwise with the text as a string under `t`.
 *
 * The function throws `ENCODE` when the codec cannot encode the value.
 */
export function recordWriter(codec: Codec, schemaVersion: number): (value: unknown) => string {
  const header = headerOf(codec, schemaVersion);
  if (makesJson(codec)) return (value) => `${header}"d":${codec.encode(value)}}`;
  return (value) => {
    const text: unknown = codec.encode(value);
    if (typeof text === 'string') return `${header}"t":${JSON.stringify(text)}}`;
    throw new AccountKeeperError(
      'ENCODE',
      `encode of the codec ${codec.name}: expected a string, received ${typeof text}`,
    );
  };
}

/**
 * A reader of records as `recordWriter` makes them with this codec and version, which most records are: without it,
 * each is taken apart anew. The function returns the payload, or `undefined` for any other text.
 */
export function payloadReader(codec: Codec, schemaVersion: number): (text: string) => string | undefined {
  if (!makesJson(codec)) return () => undefined;
  const start = `${headerOf(codec, schemaVersion)}"d":`;
  return (text) => (text.startsWith(start) && text.endsWith('}') ? text.slice(start.length, -1) : undefined);
}

/**
 * Takes a record apart. The payload is not looked at: its codec refuses one that was damaged.
 *
 * @throws `CORRUPT` when the text is no record.
 */
export function parseRecord(text: string): ParsedRecord {
  const [header, version = '', codecName = '', kind] = DOCUMENT.exec(text) ?? HEADER.exec(text) ?? [];
  const schemaVersion = Number(version);
  if (header === undefined || !Number.isSafeInteger(schemaVersion)) throw noRecord();
  if (kind === undefined) return { schemaVersion, codecName, payload: text.slice(header.length) };
  if (!text.endsWith('}')) throw noRecord();
  const payload = text.slice(header.length, -1);
  return { schemaVersion, codecName, payload: kind === 'd' ? payload : stringIn(payload) };
}

function headerOf(codec: Codec, schemaVersion: number): string {
  return `{"v":${schemaVersion},"c":"${codec.name}",`;
}

function stringIn(json: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw noRecord();
  }
  if (typeof parsed !== 'string') throw noRecord();
  return parsed;
}

function noRecord(): AccountKeeperError {
  return new AccountKeeperError('CORRUPT', 'expected a record as this library writes it, received another text');
}
