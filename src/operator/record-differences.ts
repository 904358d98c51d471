import { parseRecord } from '../core/codec/record-text.js';

/** One place where two values differ. */
export interface Difference {
  /** Names joined with dots; `''`: the values as wholes. */
  readonly path: string;
  /** `undefined`: there was nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

/** The payload of a stored record, for people to read: parsed where it is JSON, otherwise as text, which it may be. */
export function payloadOfRecord(text: string): unknown {
  let payload = text;
  try {
    payload = parseRecord(text).payload;
    return JSON.parse(payload);
  } catch {
    // Another codec's, or not a record of this library.
    return payload;
  }
}

/** Where two payloads differ, in the order of the later one. Arrays are compared as wholes. */
export function differencesBetween(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (!isObject(before) || !isObject(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  }
  const names = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...names].flatMap((name) => {
    const own = (of: Readonly<Record<string, unknown>>): unknown => (Object.hasOwn(of, name) ? of[name] : undefined);
    return differencesBetween(own(before), own(after), path === '' ? name : `${path}.${name}`);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
