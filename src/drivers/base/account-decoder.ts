import type { StoredAccount } from '../../core/persistence-driver.js';
import type { StoredEntry } from './backend-connection.js';
import { decodeEnvelope } from './envelope.js';
import { corruptHead, decodeHead, type StoredHead, trueIfCorrupt } from './head-codec.js';
import { unescapeKey } from './key-escape.js';
import type { AccountKeys } from './key-layout.js';

/** The entries of an account's range that are its own. */
export interface AccountEntries {
  readonly stored: StoredHead | undefined;
  /** Escaped record key to stored text. */
  readonly records: ReadonlyMap<string, string>;
}

/** Sorts what lies in an account's range; leaves out what this library would not have put there. @throws `CORRUPT` */
export function storedState(account: AccountKeys, entries: readonly StoredEntry[]): AccountEntries {
  let stored: StoredHead | undefined;
  const records = new Map<string, string>();
  for (const { key, text } of entries) {
    if (key === account.head) stored = decodeHead(key, text);
    else if (key.startsWith(account.recordPrefix)) {
      const escaped = key.slice(account.recordPrefix.length);
      if (unescapeKey(escaped) !== undefined) records.set(escaped, text);
    }
  }
  return { stored, records };
}

/**
 * The account as `load` returns it; `undefined` when nothing of it is stored.
 *
 * @throws `CORRUPT` when there are records without a head: such an account is not empty.
 */
export function decodeStoredAccount(account: AccountKeys, entries: AccountEntries): StoredAccount | undefined {
  const records = new Map<string, string>();
  const corrupt = new Map<string, string>();
  for (const [escaped, text] of entries.records) {
    const key = unescapeKey(escaped) ?? escaped;
    const value = decodeEnvelope(text);
    if (value === undefined) corrupt.set(key, text);
    else records.set(key, value);
  }
  if (entries.stored !== undefined) return { head: entries.stored.head, records, corrupt };
  if (entries.records.size === 0) return undefined;
  throw corruptHead(
    `account ${JSON.stringify(account.id)} has ${entries.records.size} records and no head under ${JSON.stringify(account.head)}`,
    account.head,
    '',
  );
}

/** Whether `accounts` names the account: all but the dropped ones. One with a corrupt head is there to be found. */
export function isListed(account: AccountKeys, head: string | undefined): boolean {
  return head === undefined || trueIfCorrupt(() => !decodeHead(account.head, head).head.dropped);
}
