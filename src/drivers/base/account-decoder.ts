import type { StoredAccount } from '../../core/persistence-driver.js';
import { nextTurn, Slice } from '../../core/shared/slices.js';
import type { StoredEntry } from './backend-connection.js';
import { decodeEnvelope } from './envelope.js';
import { corruptHead, decodeHead, type StoredHead, trueIfCorrupt } from './head-codec.js';
import { unescapeKey } from './key-escape.js';
import type { AccountKeys } from './key-layout.js';

/** The entries of an account's range that are its own, decoded. */
export interface DecodedEntries extends Omit<StoredAccount, 'head'> {
  readonly stored: StoredHead | undefined;
}

/** Decodes what lies in an account's range, in slices; leaves out what this library would not have put there. @throws `CORRUPT` */
export async function decodeEntries(account: AccountKeys, entries: readonly StoredEntry[]): Promise<DecodedEntries> {
  const slice = new Slice();
  let stored: StoredHead | undefined;
  const records = new Map<string, string>();
  const corrupt = new Map<string, string>();
  for (const { key, text } of entries) {
    if (slice.isOver(text.length)) await nextTurn();
    if (key === account.head) stored = decodeHead(key, text);
    else if (key.startsWith(account.recordPrefix)) {
      const recordKey = unescapeKey(key.slice(account.recordPrefix.length));
      if (recordKey === undefined) continue;
      const value = decodeEnvelope(text);
      if (value === undefined) corrupt.set(recordKey, text);
      else records.set(recordKey, value);
    }
  }
  return { stored, records, corrupt };
}

/**
 * The account as `load` returns it; `undefined` when nothing of it is stored.
 *
 * @throws `CORRUPT` when there are records without a head: such an account is not empty.
 */
export function storedAccount(account: AccountKeys, entries: DecodedEntries): StoredAccount | undefined {
  const { stored, records, corrupt } = entries;
  if (stored !== undefined) return { head: stored.head, records, corrupt };
  const count = records.size + corrupt.size;
  if (count === 0) return undefined;
  throw corruptHead(
    `account ${JSON.stringify(account.id)} has ${count} records and no head under ${JSON.stringify(account.head)}`,
    account.head,
    '',
  );
}

/** Whether `accounts` names the account: all but the dropped ones. One with a corrupt head is there to be found. */
export function isListed(account: AccountKeys, head: string | undefined): boolean {
  return head === undefined || trueIfCorrupt(() => !decodeHead(account.head, head).head.dropped);
}
