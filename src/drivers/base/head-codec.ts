import { AccountKeeperError, isAccountKeeperError } from '../../core/errors.js';
import type { AccountHead } from '../../core/persistence-driver.js';
import { decodeEnvelope, encodeDocument, parsedObject } from './envelope.js';

/** A head together with the exact text that it is stored as. */
export interface StoredHead {
  readonly head: AccountHead;
  readonly text: string;
}

/** The `cause` of a `CORRUPT` error: which key, and the text found under it. */
export class StoredTextError extends Error {
  readonly key: string;
  readonly raw: string;

  constructor(key: string, raw: string) {
    super(`unexpected text under ${key}`);
    this.name = 'StoredTextError';
    this.key = key;
    this.raw = raw;
  }
}

/** The head and the text to store for it. */
export function encodeHead(head: AccountHead): StoredHead {
  const { revision, writerId, writeId, meta, dropped } = head;
  const text = encodeDocument(JSON.stringify({ revision, writerId, writeId, meta, dropped }));
  return { head: Object.freeze({ revision, writerId, writeId, meta, dropped }), text };
}

/** @throws `CORRUPT` with the key and the text in its cause, when the text is not what {@link encodeHead} makes. */
export function decodeHead(key: string, text: string): StoredHead {
  const fields = parsedObject(decodeEnvelope(text)) ?? {};
  if (!isHead(fields)) {
    throw corruptHead(`the head stored under ${JSON.stringify(key)} is not one that this library wrote`, key, text);
  }
  return { head: Object.freeze(fields), text };
}

/** The error for a head that cannot be right. */
export function corruptHead(message: string, key: string, raw: string): AccountKeeperError {
  return new AccountKeeperError('CORRUPT', message, { cause: new StoredTextError(key, raw) });
}

/** Reads a stored text; `true` where it is corrupt, so that a damaged account is still listed. */
export function trueIfCorrupt(decode: () => boolean): boolean {
  try {
    return decode();
  } catch (error) {
    if (isAccountKeeperError(error) && error.code === 'CORRUPT') return true;
    throw error;
  }
}

function isHead(fields: Record<string, unknown>): fields is Record<string, unknown> & AccountHead {
  const { revision, writerId, writeId, meta, dropped, ...others } = fields;
  return (
    Number.isSafeInteger(revision) &&
    Number(revision) >= 1 &&
    isId(writerId) &&
    isId(writeId) &&
    typeof meta === 'string' &&
    typeof dropped === 'boolean' &&
    Object.keys(others).length === 0
  );
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
