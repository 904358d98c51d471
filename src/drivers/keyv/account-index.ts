import { createHash } from 'node:crypto';
import { decodeEnvelope, encodeEnvelope, parsedObject } from '../base/envelope.js';
import { corruptHead } from '../base/head-codec.js';
import { unescapeKey } from '../base/key-escape.js';
import type { AccountKeys } from '../base/key-layout.js';
import type { ReadTexts } from './store.js';

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

/** A page's place, and names that belong below it. */
interface Branch {
  readonly path: string;
  readonly names: readonly string[];
}

const DEEPEST = 8;

/** The key of a page. It stands for no record. */
export function pageKey(account: AccountKeys, path: string): string {
  return `${account.range.from}index${path === '' ? '' : `:${path}`}`;
}

/** The children of a page, and which of the names belong on each. */
function childrenOf(path: string, names: readonly string[]): readonly Branch[] {
  const children = Array.from('0123456789abcdef', (digit) => ({ path: path + digit, names: [] as string[] }));
  for (const name of names) {
    const digit = createHash('sha256').update(name).digest('hex').charAt(path.length);
    children[Number.parseInt(digit, 16)]?.names.push(name);
  }
  return children;
}

/** The pages for these names from `path` down, as few as will do. */
function pagesFor(path: string, records: readonly string[], pageBytes: number): readonly PlacedPage[] {
  // Quotes, their escapes and a comma around each name.
  const bytes = records.reduce((sum, record) => sum + record.length + 5, 64);
  if (bytes <= pageBytes || records.length <= 1 || path.length >= DEEPEST) {
    return [{ path, page: { kind: 'leaf', records } }];
  }
  const below = childrenOf(path, records).flatMap((child) => pagesFor(child.path, child.names, pageBytes));
  return [...below, { path, page: { kind: 'split' } }];
}

/** A leaf, and those of the names asked for that belong on it. */
export interface FoundLeaf extends Branch {
  readonly records: readonly string[];
}

/** The result of a walk through an index. */
export interface IndexWalk {
  readonly leaves: readonly FoundLeaf[];
  /** Of all pages below the root that were read. */
  readonly paths: readonly string[];
}

/**
 * Goes from the root to the leaves where these names belong, or to all leaves where no names are given. Each level is
 * one read. @throws `CORRUPT` when a page is missing or damaged
 */
export async function walkIndex(
  account: AccountKeys,
  root: IndexPage,
  names: readonly string[] | undefined,
  read: ReadTexts,
): Promise<IndexWalk> {
  const leaves: FoundLeaf[] = [];
  const paths: string[] = [];
  let level: readonly (Branch & { readonly page: IndexPage })[] = [{ path: '', page: root, names: names ?? [] }];
  while (level.length > 0) {
    const below: Branch[] = [];
    for (const { path, page, names: wanted } of level) {
      if (page.kind === 'leaf') leaves.push({ path, records: page.records, names: wanted });
      else below.push(...childrenOf(path, wanted).filter((child) => names === undefined || child.names.length > 0));
    }
    const keys = below.map(({ path }) => pageKey(account, path));
    const texts = keys.length === 0 ? [] : await read(keys);
    level = below.map((branch, index) => ({ ...branch, page: decodePage(keys[index] ?? '', texts[index]) }));
    paths.push(...below.map(({ path }) => path));
  }
  return { leaves, paths };
}

/** The pages that differ when these names are added or removed. */
export function changedPages(
  leaves: readonly FoundLeaf[],
  isKept: (name: string) => boolean,
  pageBytes: number,
): readonly PlacedPage[] {
  return leaves.flatMap(({ path, records, names }) => {
    const next = new Set(records);
    let changed = false;
    for (const name of names) {
      if (isKept(name) === next.has(name)) continue;
      changed = true;
      if (isKept(name)) next.add(name);
      else next.delete(name);
    }
    return changed ? pagesFor(path, [...next], pageBytes) : [];
  });
}

/** The texts of pages by level, the deepest first: nothing may point to a page that is not there yet. */
export function pagesByLevel(
  account: AccountKeys,
  pages: readonly PlacedPage[],
  headStored: boolean,
): readonly (readonly { readonly key: string; readonly text: string }[])[] {
  const levels = new Map<number, { readonly key: string; readonly text: string }[]>();
  for (const { path, page } of pages) {
    const level = levels.get(path.length) ?? [];
    levels.set(path.length, level);
    const text = path === '' ? encodeRoot({ headStored, page }) : encodePage(page);
    level.push({ key: pageKey(account, path), text });
  }
  return [...levels].sort(([a], [b]) => b - a).map(([, level]) => level);
}

export function encodeRoot({ headStored, page }: IndexRoot): string {
  return encodePage(page, headStored);
}

function encodePage(page: IndexPage, head?: boolean): string {
  const fields = page.kind === 'leaf' ? { records: page.records } : { split: true };
  return encodeEnvelope(JSON.stringify({ head, ...fields }));
}

/** @throws `CORRUPT` */
export function decodeRoot(key: string, text: string): IndexRoot {
  return decode(key, text, 'boolean');
}

/** @throws `CORRUPT`, also when there is no text */
export function decodePage(key: string, text: string | undefined): IndexPage {
  if (text === undefined) throw missingPage(key);
  return decode(key, text, 'undefined').page;
}

/** The error for a page that must be there. */
export function missingPage(key: string): Error {
  return corruptHead(`the index page ${JSON.stringify(key)} is missing: it was evicted or removed`, key, '');
}

/** Only the root says whether there is a head. */
function decode(key: string, text: string, typeOfHead: 'boolean' | 'undefined'): IndexRoot {
  const { head, records, split, ...others } = parsedObject(decodeEnvelope(text)) ?? {};
  const headStored = head === true;
  if (Object.keys(others).length === 0 && typeof head === typeOfHead) {
    if (split === true && records === undefined) return { headStored, page: { kind: 'split' } };
    if (split === undefined && isNames(records)) return { headStored, page: { kind: 'leaf', records } };
  }
  throw corruptHead(`the index page ${JSON.stringify(key)} is not one that this library wrote`, key, text);
}

function isNames(records: unknown): records is readonly string[] {
  return Array.isArray(records) && records.every((name) => typeof name === 'string' && unescapeKey(name) !== undefined);
}
