import { AccountKeeperError, isAccountKeeperError, toAccountKeeperError } from '../core/errors.js';
import type { DriverWarning } from '../core/persistence-driver.js';
import { untilAborted } from './account-locks.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from './backend-connection.js';
import { readEntries, readTop } from './keyv-account.js';
import { type KeyvChange, planChange } from './keyv-change.js';
import { decodeRoot, pageKey } from './keyv-index-page.js';
import type { AccountKeys, KeyLayout } from './keyv-layout.js';
import type { StorageLimits } from './keyv-limits.js';
import type { SharedStore } from './keyv-shared-store.js';
import type { KeyvStore } from './keyv-store.js';
import type { Operation } from './operation.js';

/** What a connection is made of. */
export interface KeyvConnectionParts {
  readonly store: KeyvStore;
  readonly shared: SharedStore;
  readonly layout: KeyLayout;
  readonly limits: StorageLimits;
  /** What tells this layout's accounts on the shared store from those of others. */
  readonly lockPrefix: string;
  readonly end: () => Promise<void>;
}

/**
 * Keeps accounts in single writes to a store that can do no better. Within a process, and on one store object, those
 * who read an account and the one who changes it take turns.
 */
export class KeyvConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[] = [];
  readonly #parts: KeyvConnectionParts;
  readonly #writing = new Set<Promise<void>>();

  constructor(parts: KeyvConnectionParts) {
    this.#parts = parts;
  }

  readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    const { store, shared } = this.#parts;
    return shared.locks.shared(this.#nameOf(account), operation, async () => {
      const [head] = await store.read([account.head], operation);
      // Only the index tells a head that was lost from one that never was.
      return head ?? (await readTop(store, account, operation)).head;
    });
  }

  readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    const { store, shared } = this.#parts;
    return shared.locks.shared(this.#nameOf(account), operation, () => readEntries(store, account, operation));
  }

  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    const { store, shared, limits } = this.#parts;
    return shared.locks.exclusive(this.#nameOf(account), operation, async () => {
      const place = { store, account, limits, leftovers: shared.leftoversOf(this.#nameOf(account)) };
      const planned = await untilAborted(operation, () => planChange(place, change, operation));
      if (planned === undefined) return false;
      operation.assertActive();
      // From here on it goes to its end, whoever still waits for it: half of a change is worse than a late one.
      const writing = this.#write(account, planned);
      this.#writing.add(writing);
      try {
        await writing;
      } finally {
        this.#writing.delete(writing);
      }
      return true;
    });
  }

  /** One page: an adapter's iterator cannot be resumed. */
  async listAccounts(_cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    const { store, layout } = this.#parts;
    const heads = new Map<string, string>();
    const indexed = new Set<string>();
    const read = async (): Promise<void> => {
      for await (const { key, text } of store.list(operation)) {
        const id = layout.accountOf(key);
        if (id === undefined) continue;
        const account = layout.account(id);
        const isHead = key === account.head;
        if (!isHead && key !== pageKey(account, '')) continue;
        const stored = await text();
        if (stored === undefined) continue;
        if (isHead) heads.set(id, stored);
        else if (saysHeadStored(key, stored)) indexed.add(id);
      }
    };
    await untilAborted(operation, read);
    const accounts = Array.from(heads, ([id, head]): { id: string; head: string | undefined } => ({ id, head }));
    for (const id of indexed) if (!heads.has(id)) accounts.push({ id, head: undefined });
    return { accounts, next: undefined };
  }

  /** What nobody waits for any more is still awaited here: it would land after what another driver writes next. */
  async disconnect(): Promise<void> {
    await Promise.allSettled(this.#writing);
    await this.#parts.end();
  }

  async #write(account: AccountKeys, { before, after, deletes }: KeyvChange): Promise<void> {
    const { store, shared } = this.#parts;
    try {
      for (const step of [...before, ...after]) await store.write(step);
      await store.remove(deletes);
      shared.setLeftovers(this.#nameOf(account), []);
    } catch (error) {
      // Which of these are in use, the next change finds out.
      shared.setLeftovers(this.#nameOf(account), [...before.flat().map(({ key }) => key), ...deletes]);
      throw asUnknown(error);
    }
  }

  #nameOf(account: AccountKeys): string {
    return this.#parts.lockPrefix + account.head;
  }
}

/** An index that cannot be read belongs to an account that is there to be found. */
function saysHeadStored(key: string, text: string): boolean {
  try {
    return decodeRoot(key, text).headStored;
  } catch (error) {
    if (isAccountKeeperError(error) && error.code === 'CORRUPT') return true;
    throw error;
  }
}

/** A part of the change may have landed, whatever the failed step says of itself. */
function asUnknown(error: unknown): AccountKeeperError {
  const known = toAccountKeeperError(error, 'writing');
  if (known.outcome === 'unknown') return known;
  const { code, message, retryable, records, cause } = known;
  return new AccountKeeperError(code, message, { outcome: 'unknown', retryable, records, cause });
}
