import type { StoredEntry } from './backend-connection.js';
import { corruptHead } from './head-codec.js';
import { walkIndex } from './keyv-index.js';
import { decodeRoot, type IndexRoot, missingPage, pageKey } from './keyv-index-page.js';
import type { AccountKeys } from './keyv-layout.js';
import type { KeyvStore } from './keyv-store.js';
import type { Operation } from './operation.js';

/** Head and root of the index, as they are stored. */
export interface AccountTop {
  readonly head: string | undefined;
  /** Always there beside a head; without one, it is left over from a first commit that did not land. */
  readonly root: IndexRoot | undefined;
}

/** An account as one pass of single reads found it. */
interface AccountPass {
  readonly head: string | undefined;
  readonly entries: readonly StoredEntry[];
  /** Keys of records that the index names and that are not there. */
  readonly missing: readonly string[];
}

/**
 * Reads both, and once more when they do not go together: between two reads, somebody else may have written the account
 * for the first time.
 *
 * @throws `CORRUPT` when one of head and index is there and the other one was lost
 */
export async function readTop(store: KeyvStore, account: AccountKeys, operation: Operation): Promise<AccountTop> {
  const key = pageKey(account, '');
  for (let last = false; ; last = true) {
    operation.assertActive();
    const [head, text] = await store.read([account.head, key], operation);
    const root = text === undefined ? undefined : decodeRoot(key, text);
    const headIsLost = head === undefined && root?.headStored === true;
    const rootIsLost = head !== undefined && root === undefined;
    if (!headIsLost && !rootIsLost) return { head, root };
    if (last) throw headIsLost ? missingHead(account) : missingPage(key);
  }
}

/**
 * All entries of an account. What is read in many steps can change meanwhile: it is read anew until the head is the same
 * before and after.
 *
 * @throws `CORRUPT` when a record is missing that the index names, and stays so
 */
export async function readEntries(
  store: KeyvStore,
  account: AccountKeys,
  operation: Operation,
): Promise<readonly StoredEntry[]> {
  let before: AccountPass | undefined;
  for (;;) {
    operation.assertActive();
    const pass = await readPass(store, account, operation);
    const [head] = await store.read([account.head], operation);
    if (head === pass.head) {
      if (pass.missing.length === 0) return pass.entries;
      const lost = before?.head === head ? pass.missing.find((key) => before?.missing.includes(key)) : undefined;
      if (lost !== undefined) throw missingRecord(account, lost);
    }
    before = pass;
  }
}

async function readPass(store: KeyvStore, account: AccountKeys, operation: Operation): Promise<AccountPass> {
  const { head, root } = await readTop(store, account, operation);
  if (head === undefined || root === undefined) return { head, entries: [], missing: [] };
  const { leaves } = await walkIndex(account, root.page, undefined, (keys) => store.read(keys, operation));
  const keys = leaves.flatMap(({ records }) => records.map((record) => account.recordPrefix + record));
  const texts = await store.read(keys, operation);
  const entries: StoredEntry[] = [{ key: account.head, text: head }];
  const missing: string[] = [];
  for (const [index, key] of keys.entries()) {
    const text = texts[index];
    if (text === undefined) missing.push(key);
    else entries.push({ key, text });
  }
  return { head, entries, missing };
}

function missingHead(account: AccountKeys): Error {
  return corruptHead(
    `account ${JSON.stringify(account.id)} has an index, and no head under ${JSON.stringify(account.head)}: it was ` +
      'evicted or removed',
    account.head,
    '',
  );
}

function missingRecord(account: AccountKeys, key: string): Error {
  return corruptHead(
    `account ${JSON.stringify(account.id)}: the record under ${JSON.stringify(key)} is missing: it was evicted or removed`,
    key,
    '',
  );
}
