import type { HeadSwap } from '../base/backend-connection.js';
import type { AccountKeys } from '../base/key-layout.js';
import { type AccountTop, readTop } from './account.js';
import {
  changedPages,
  encodeRoot,
  type IndexRoot,
  type PlacedPage,
  pageKey,
  pagesByLevel,
  walkIndex,
} from './account-index.js';
import type { EncodedEntry, KeyvStore, ReadTexts } from './store.js';

/** The writes that make up a change. */
export interface KeyvChange {
  /**
   * Records, then the index from its leaves up, then the head, and then what can only be said once that is there. What
   * belongs to one step may go side by side. Afterwards no index names what is to be deleted.
   */
  readonly steps: readonly (readonly EncodedEntry[])[];
  /** Keys that nothing refers to any more. */
  readonly deletes: readonly string[];
}

const EMPTY_ROOT: IndexRoot = { headStored: false, page: { kind: 'leaf', records: [] } };

interface PlannedPages {
  readonly pages: readonly PlacedPage[];
  readonly obsolete: readonly string[];
}

/**
 * Plans a change from what is stored now, and encodes it. `undefined`: the stored head is not the expected one.
 *
 * @throws `CORRUPT`, `TOO_LARGE` with the record at fault, or what reading throws
 */
export async function planChange(
  store: KeyvStore,
  account: AccountKeys,
  change: HeadSwap,
  read: ReadTexts,
): Promise<KeyvChange | undefined> {
  const top = await readTop(account, read);
  if (top.head !== change.expected) return undefined;
  const root = top.root ?? EMPTY_ROOT;
  const isFirst = top.head === undefined;
  const { pages, obsolete } = await planPages(account, change, top, store.limits.pageBytes, read);

  const records = Array.from(change.upserts, ([record, text]) => ({ key: account.recordPrefix + record, text }));
  const levels = pagesByLevel(account, pages, !isFirst);
  const steps = [records, ...levels, [{ key: account.head, text: change.next }]];
  const rootPage = pages.find(({ path }) => path === '')?.page;
  if (!root.headStored && (isFirst || rootPage === undefined)) {
    const text = encodeRoot({ headStored: true, page: rootPage ?? root.page });
    steps.push([{ key: pageKey(account, ''), text }]);
  }
  return {
    steps: await Promise.all(steps.map((step) => Promise.all(step.map(({ key, text }) => store.encode(key, text))))),
    deletes: [...change.deletes.map((record) => account.recordPrefix + record), ...obsolete],
  };
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
    // Remains of a first commit that did not land are written over; nothing names the others.
    const left = root?.page.kind === 'leaf' ? root.page.records : [];
    const names = [...change.upserts.keys()];
    const pages = changedPages([{ path: '', records: [], names }], isKept, pageBytes);
    const obsolete = left.filter((name) => !isKept(name)).map((name) => account.recordPrefix + name);
    const page: PlacedPage = { path: '', page: EMPTY_ROOT.page };
    return { pages: pages.length === 0 ? [page] : pages, obsolete };
  }
  if (change.deletesAll) {
    const { paths } = await walkIndex(account, root.page, undefined, read);
    return { pages: [{ path: '', page: EMPTY_ROOT.page }], obsolete: paths.map((path) => pageKey(account, path)) };
  }
  const names = [...change.upserts.keys(), ...change.deletes];
  const { leaves } = await walkIndex(account, root.page, names, read);
  return { pages: changedPages(leaves, isKept, pageBytes), obsolete: [] };
}
