import { AccountKeeperError } from '../core/errors.js';
import type { HeadSwap } from './backend-connection.js';
import { decodeHead } from './head-codec.js';
import { unescapeKey } from './key-escape.js';
import { type AccountTop, readTop } from './keyv-account.js';
import { changedPages, pagesByLevel, type ReadTexts, walkIndex } from './keyv-index.js';
import { encodeRoot, type IndexRoot, type PlacedPage, pageKey } from './keyv-index-page.js';
import type { AccountKeys } from './keyv-layout.js';
import type { StorageLimits } from './keyv-limits.js';
import type { EncodedEntry, KeyvStore } from './keyv-store.js';
import type { Operation } from './operation.js';

/** The writes that make up a change, in their order. Those of one step may go side by side. */
export interface KeyvChange {
  /** Records, then the index from its leaves up. Afterwards no index names what is to be deleted. */
  readonly before: readonly (readonly EncodedEntry[])[];
  /** The head, and then what can only be said once it is there. */
  readonly after: readonly (readonly EncodedEntry[])[];
  /** Keys that nothing refers to any more. */
  readonly deletes: readonly string[];
}

const EMPTY_ROOT: IndexRoot = { headStored: false, page: { kind: 'leaf', records: [] } };

interface PlannedPages {
  readonly pages: readonly PlacedPage[];
  readonly obsolete: readonly string[];
}

/** What a change is planned for. */
export interface ChangePlace {
  readonly store: KeyvStore;
  readonly account: AccountKeys;
  readonly limits: StorageLimits;
  /** Keys that an attempt which failed may have left, and that something may refer to all the same. */
  readonly leftovers: ReadonlySet<string>;
}

/**
 * Plans a change from what is stored now, and encodes it. `undefined`: the stored head is not the expected one.
 *
 * @throws `CORRUPT`, `TOO_LARGE` with the record at fault, or what reading throws
 */
export async function planChange(
  { store, account, limits, leftovers }: ChangePlace,
  change: HeadSwap,
  operation: Operation,
): Promise<KeyvChange | undefined> {
  const { pageBytes, storedBytes } = limits;
  const top = await readTop(store, account, operation);
  if (top.head !== change.expected) return undefined;
  const root = top.root ?? EMPTY_ROOT;
  const first = top.head === undefined;
  const repeated = change.next === change.expected;
  const read = (keys: readonly string[]): ReturnType<KeyvStore['read']> => store.read(keys, operation);
  const { pages, obsolete } = repeated
    ? { pages: [], obsolete: [] }
    : await planPages(account, change, top, pageBytes, read);
  const deletes = [...change.deletes.map((record) => account.recordPrefix + record), ...obsolete];
  if (leftovers.size > 0) {
    const used = await keysInUse(account, change, top, pages, read);
    deletes.push(...[...leftovers].filter((key) => !used.has(key)));
  }

  const encode = (key: string, text: string): Promise<EncodedEntry> => encoded(store, key, text, storedBytes);
  const records = await Promise.all(
    Array.from(change.upserts, ([record, text]) => encode(account.recordPrefix + record, text)),
  );
  const levels = await Promise.all(
    pagesByLevel(account, pages, !first).map((level) => Promise.all(level.map(({ key, text }) => encode(key, text)))),
  );
  const head = await encode(account.head, change.next);
  const after = [[head]];
  const rootPage = pages.find(({ path }) => path === '')?.page ?? root.page;
  const rootSaysSo = root.headStored || (!first && pages.some(({ path }) => path === ''));
  if (!rootSaysSo) {
    after.push([await encode(pageKey(account, ''), encodeRoot({ headStored: true, page: rootPage }))]);
  }
  return {
    before: [records, ...levels],
    after,
    deletes: [...new Set(deletes)],
  };
}

/** The records and pages that can be reached once the change is made. */
async function keysInUse(
  account: AccountKeys,
  change: HeadSwap,
  { head, root }: AccountTop,
  pages: readonly PlacedPage[],
  read: ReadTexts,
): Promise<ReadonlySet<string>> {
  const used = new Set(pages.map(({ path }) => pageKey(account, path)));
  used.add(pageKey(account, ''));
  if (head !== undefined && root !== undefined && !isDrop(account, change)) {
    const { leaves, paths } = await walkIndex(account, root.page, undefined, read);
    for (const path of paths) used.add(pageKey(account, path));
    for (const { records } of leaves) for (const record of records) used.add(account.recordPrefix + record);
    for (const record of change.deletes) used.delete(account.recordPrefix + record);
  }
  for (const record of change.upserts.keys()) used.add(account.recordPrefix + record);
  return used;
}

function isDrop(account: AccountKeys, change: HeadSwap): boolean {
  return decodeHead(account.head, change.next).head.dropped;
}

async function planPages(
  account: AccountKeys,
  change: HeadSwap,
  top: AccountTop,
  pageBytes: number,
  read: ReadTexts,
): Promise<PlannedPages> {
  const { root } = top;
  const isKept = (name: string): boolean => change.upserts.has(name);
  if (top.head === undefined || root === undefined) {
    // What a first commit left that did not land is written over. The rest of it is named by nothing.
    const left = root?.page.kind === 'leaf' ? root.page.records : [];
    const names = [...change.upserts.keys()];
    const pages = changedPages([{ path: '', records: [], names }], isKept, pageBytes);
    const obsolete = left.filter((name) => !isKept(name)).map((name) => account.recordPrefix + name);
    const page: PlacedPage = { path: '', page: EMPTY_ROOT.page };
    return { pages: pages.length === 0 ? [page] : pages, obsolete };
  }
  if (isDrop(account, change)) {
    const { paths } = await walkIndex(account, root.page, undefined, read);
    return { pages: [{ path: '', page: EMPTY_ROOT.page }], obsolete: paths.map((path) => pageKey(account, path)) };
  }
  const names = [...change.upserts.keys(), ...change.deletes];
  const { leaves } = await walkIndex(account, root.page, names, read);
  return { pages: changedPages(leaves, isKept, pageBytes), obsolete: [] };
}

async function encoded(
  store: KeyvStore,
  key: string,
  text: string,
  storedBytes: number | undefined,
): Promise<EncodedEntry> {
  const entry = await store.encode(key, text);
  if (storedBytes === undefined || typeof entry.stored !== 'string') return entry;
  const bytes = Buffer.byteLength(entry.stored);
  if (bytes <= storedBytes) return entry;
  const record = unescapeKey(key.slice(key.indexOf('}:r:') + 4));
  const isRecord = key.includes('}:r:') && record !== undefined;
  throw new AccountKeeperError(
    'TOO_LARGE',
    `${JSON.stringify(key.slice(0, 128))}: becomes ${bytes} bytes when it is stored, allowed are ${storedBytes}`,
    { records: isRecord ? [record] : undefined },
  );
}
