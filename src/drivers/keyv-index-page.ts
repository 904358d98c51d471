import { createHash } from 'node:crypto';
import { corruptHead } from './head-codec.js';
import { unescapeKey } from './key-escape.js';
import { decodeEnvelope, encodeEnvelope, parsedObject } from './keyv-envelope.js';
import type { AccountKeys } from './keyv-layout.js';

/** A page of an account's index: names of records, or the word that its 16 children have them. */
export type IndexPage = { readonly kind: 'leaf'; readonly records: readonly string[] } | { readonly kind: 'split' };

/** The page that an account's index begins with. */
export interface IndexRoot {
  /**
   * Whether the account's head is known to be stored. Until the first commit has landed, it is not: an index without a
   * head is then what is left of an attempt. Later on it means that the head was lost.
   */
  readonly headStored: boolean;
  readonly page: IndexPage;
}

/** A page and its place: the digits that lead to it, `''` for the root. */
export interface PlacedPage {
  readonly path: string;
  readonly page: IndexPage;
}

/** What the children of a page are called after it. */
export const DIGITS: readonly string[] = [...'0123456789abcdef'];

const DEEPEST = 8;

/** The key of a page. It stands for no record. */
export function pageKey(account: AccountKeys, path: string): string {
  return `${account.range.from}index${path === '' ? '' : `:${path}`}`;
}

/** Which child of a page at this depth has the name. */
export function digitOf(record: string, depth: number): string {
  return createHash('sha256').update(record).digest('hex').charAt(depth);
}

/** The pages for these names from `path` down, as few as will do. */
export function pagesFor(path: string, records: readonly string[], pageBytes: number): readonly PlacedPage[] {
  // Quotes, their escapes and a comma around each name.
  const bytes = records.reduce((sum, record) => sum + record.length + 5, 64);
  if (bytes <= pageBytes || records.length <= 1 || path.length >= DEEPEST) {
    return [{ path, page: { kind: 'leaf', records } }];
  }
  const children = new Map<string, string[]>(DIGITS.map((digit) => [digit, []]));
  for (const record of records) children.get(digitOf(record, path.length))?.push(record);
  const below = Array.from(children, ([digit, part]) => pagesFor(path + digit, part, pageBytes));
  return [...below.flat(), { path, page: { kind: 'split' } }];
}

export function encodeRoot({ headStored, page }: IndexRoot): string {
  return encodeEnvelope(JSON.stringify({ head: headStored, ...fieldsOf(page) }));
}

export function encodePage(page: IndexPage): string {
  return encodeEnvelope(JSON.stringify(fieldsOf(page)));
}

/** @throws `CORRUPT` */
export function decodeRoot(key: string, text: string): IndexRoot {
  const { head, ...fields } = fieldsIn(key, text);
  if (typeof head !== 'boolean') throw corruptPage(key, text);
  return { headStored: head, page: pageOf(fields, key, text) };
}

/** @throws `CORRUPT`, also when there is no text */
export function decodePage(key: string, text: string | undefined): IndexPage {
  if (text === undefined) throw missingPage(key);
  return pageOf(fieldsIn(key, text), key, text);
}

/** The error for a page that must be there. */
export function missingPage(key: string): Error {
  return corruptHead(`the index page ${JSON.stringify(key)} is missing: it was evicted or removed`, key, '');
}

function fieldsOf(page: IndexPage): object {
  return page.kind === 'leaf' ? { records: page.records } : { split: true };
}

function fieldsIn(key: string, text: string): Record<string, unknown> {
  const value = decodeEnvelope(text);
  const fields = value === undefined ? undefined : parsedObject(value);
  if (fields === undefined) throw corruptPage(key, text);
  return fields;
}

function pageOf(fields: Record<string, unknown>, key: string, text: string): IndexPage {
  const { records, split, ...others } = fields;
  if (Object.keys(others).length === 0) {
    if (split === true && records === undefined) return { kind: 'split' };
    if (split === undefined && isNames(records)) return { kind: 'leaf', records };
  }
  throw corruptPage(key, text);
}

function isNames(records: unknown): records is readonly string[] {
  return Array.isArray(records) && records.every((name) => typeof name === 'string' && unescapeKey(name) !== undefined);
}

function corruptPage(key: string, text: string): Error {
  return corruptHead(`the index page ${JSON.stringify(key)} is not one that this library wrote`, key, text);
}
