import type { StoredEntry } from '../base/backend-connection.js';
import { corruptHead } from '../base/head-codec.js';
import type { AccountKeys } from '../base/key-layout.js';
import { decodeRoot, type IndexRoot, missingPage, pageKey, walkIndex } from './account-index.js';
import type { ReadTexts } from './store.js';

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
export async function readTop(account: AccountKeys, read: ReadTexts): Promise<AccountTop> {
  const key = pageKey(account, '');
  for (let last = false; ; last = true) {
    const [head, text] = await read([account.head, key]);
    const root = text === undefined ? undefined : decodeRoot(key, text);
    const headIsLost = head === undefined && root?.headStored === true;
    const rootIsLost = head !== undefined && root === undefined;
    if (!headIsLost && !rootIsLost) return { head, root };
    if (last) throw headIsLost ? missingHead(account) : missingPage(key);
  }
}

/**
 * All entries of an account. What is read in many steps can change meanwhile: it is read anew until the head is the same
 * before and after. A record that the index names and that stays missing has the text `''`.
 */
export async function readEntries(account: AccountKeys, read: ReadTexts): Promise<readonly StoredEntry[]> {
  let before: AccountPass | undefined;
  for (;;) {
    const pass = await readPass(account, read);
    const [head] = await read([account.head]);
    if (head === pass.head) {
      const staysMissing = before?.head === head && pass.missing.every((key) => before?.missing.includes(key));
      if (staysMissing || pass.missing.length === 0) {
        return [...pass.entries, ...pass.missing.map((key) => ({ key, text: '' }))];
      }
    }
    before = pass;
  }
}

/** The keys of what can be reached from the account's head and index. */
export async function keysInUse(account: AccountKeys, read: ReadTexts): Promise<readonly string[]> {
  const { root } = await readTop(account, read);
  const own = [account.head, pageKey(account, '')];
  if (root === undefined) return own;
  const { leaves, paths } = await walkIndex(account, root.page, undefined, read);
  return [...own, ...paths.map((path) => pageKey(account, path)), ...recordKeys(account, leaves)];
}

async function readPass(account: AccountKeys, read: ReadTexts): Promise<AccountPass> {
  const { head, root } = await readTop(account, read);
  if (head === undefined || root === undefined) return { head, entries: [], missing: [] };
  const { leaves } = await walkIndex(account, root.page, undefined, read);
  const keys = recordKeys(account, leaves);
  const texts = await read(keys);
  const entries: StoredEntry[] = [{ key: account.head, text: head }];
  const missing: string[] = [];
  for (const [index, key] of keys.entries()) {
    const text = texts[index];
    if (text === undefined) missing.push(key);
    else entries.push({ key, text });
  }
  return { head, entries, missing };
}

function recordKeys(account: AccountKeys, leaves: readonly { readonly records: readonly string[] }[]): string[] {
  return leaves.flatMap(({ records }) => records.map((record) => account.recordPrefix + record));
}

function missingHead({ id, head }: AccountKeys): Error {
  const message = `account ${JSON.stringify(id)}: the head under ${JSON.stringify(head)} is missing: it was evicted or removed`;
  return corruptHead(message, head, '');
}
