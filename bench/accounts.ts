import type { AccountStateStore, PersistenceDriver } from 'accountkeeper';
import { type Entry, nextEntry, range, symbolAt } from './data.js';
import type { Version } from './versions.js';

export type Account = AccountStateStore<Entry>;

/** Accounts are opened and closed so many at a time. */
const SIDE_BY_SIDE = 200;
/** A machine that is busy may take its time. */
const TIMEOUT_MS = 120_000;

/** Opens an account, whatever it is kept in. */
export function openAccount(
  { library }: Version,
  accountId: string,
  persistence: PersistenceDriver | string,
): Promise<Account> {
  return library.openAccount<Entry>({ accountId, persistence, flush: { commitTimeoutMs: TIMEOUT_MS } });
}

/** An account, filled with records `0` to `records - 1` and flushed. */
export async function filledAccount(
  version: Version,
  persistence: PersistenceDriver | string,
  records: number,
): Promise<Account> {
  const account = await openAccount(version, 'bench', persistence);
  fill(account, records);
  await account.flush();
  return account;
}

/** Many accounts on one driver, filled and flushed. */
export async function filledAccounts(
  version: Version,
  driver: PersistenceDriver,
  { count, records }: { readonly count: number; readonly records: number },
): Promise<readonly Account[]> {
  const accounts = await openAccounts(version, driver, count);
  await inChunks(accounts, async (account) => {
    fill(account, records);
    await account.flush({ timeoutMs: TIMEOUT_MS });
  });
  return accounts;
}

/** Many accounts on one driver, by the same ids at each call. */
export async function openAccounts(
  version: Version,
  persistence: PersistenceDriver,
  count: number,
): Promise<readonly Account[]> {
  const opened: Account[] = [];
  await inChunks(range(count), async (index) => {
    opened[index] = await openAccount(version, `bot-${index}`, persistence);
  });
  return opened;
}

export function closeAccounts(accounts: readonly Account[]): Promise<void> {
  return inChunks(accounts, (account) => account.close());
}

function fill(account: Account, records: number): void {
  for (const index of range(records)) account.setSymbolMetadata(symbolAt(index), nextEntry(index));
}

async function inChunks<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += SIDE_BY_SIDE) {
    await Promise.all(items.slice(from, from + SIDE_BY_SIDE).map(work));
  }
}
