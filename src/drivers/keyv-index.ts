import {
  DIGITS,
  decodePage,
  digitOf,
  encodePage,
  encodeRoot,
  type IndexPage,
  type IndexRoot,
  type PlacedPage,
  pageKey,
  pagesFor,
} from './keyv-index-page.js';
import type { AccountKeys } from './keyv-layout.js';

/** A leaf, and those of the names asked for that belong on it. */
export interface FoundLeaf {
  readonly path: string;
  readonly records: readonly string[];
  readonly names: readonly string[];
}

/** What a walk through an index has found. */
export interface IndexWalk {
  readonly leaves: readonly FoundLeaf[];
  /** Of all pages below the root that were read. */
  readonly paths: readonly string[];
}

/** Reads the texts under keys. */
export type ReadTexts = (keys: readonly string[]) => Promise<readonly (string | undefined)[]>;

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
  let level: readonly { readonly path: string; readonly page: IndexPage; readonly names: readonly string[] }[] = [
    { path: '', page: root, names: names ?? [] },
  ];
  while (level.length > 0) {
    const below: { readonly path: string; readonly names: readonly string[] }[] = [];
    for (const { path, page, names: wanted } of level) {
      if (page.kind === 'leaf') leaves.push({ path, records: page.records, names: wanted });
      else below.push(...childrenOf(path, names === undefined ? undefined : wanted));
    }
    const keys = below.map(({ path }) => pageKey(account, path));
    const texts = keys.length === 0 ? [] : await read(keys);
    level = below.map(({ path, names: wanted }, index) => ({
      path,
      names: wanted,
      page: decodePage(keys[index] ?? '', texts[index]),
    }));
    paths.push(...below.map(({ path }) => path));
  }
  return { leaves, paths };
}

function childrenOf(
  path: string,
  names: readonly string[] | undefined,
): readonly { readonly path: string; readonly names: readonly string[] }[] {
  if (names === undefined) return DIGITS.map((digit) => ({ path: path + digit, names: [] }));
  const byDigit = new Map<string, string[]>();
  for (const name of names) {
    const digit = digitOf(name, path.length);
    const group = byDigit.get(digit) ?? [];
    byDigit.set(digit, group);
    group.push(name);
  }
  return Array.from(byDigit, ([digit, group]) => ({ path: path + digit, names: group }));
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
  headStored: IndexRoot['headStored'],
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
