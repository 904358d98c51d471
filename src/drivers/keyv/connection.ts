import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { trueIfCorrupt } from '../base/head-codec.js';
import type { AccountKeys, KeyLayout } from '../base/key-layout.js';
import { asUnknown, type Operation, untilEnd } from '../base/operation/operation.js';
import { keysInUse, readEntries, readTop } from './account.js';
import { decodeRoot, pageKey } from './account-index.js';
import { type KeyvChange, planChange } from './change.js';
import type { KeyvStore, ReadTexts } from './store.js';

/**
 * Keeps accounts in single writes to a store that can do no better. Within a process, and on one store object, those
 * who read an account and the one who changes it take turns.
 */
export class KeyvConnection implements BackendConnection {
  readonly #store: KeyvStore;
  readonly #layout: KeyLayout;
  readonly #writing = new Set<Promise<void>>();

  constructor(store: KeyvStore, layout: KeyLayout) {
    this.#store = store;
    this.#layout = layout;
  }

  readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    return this.#reading(account, operation, async (read) => {
      const [head] = await read([account.head]);
      // Only the index shows whether a head was lost or never was.
      return head ?? (await readTop(account, read)).head;
    });
  }

  readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    return this.#reading(account, operation, (read) => readEntries(account, read));
  }

  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    return this.#store.shared.locks.exclusive(this.#store.keyOf(account.head), operation, async () => {
      const read = this.#reader(operation);
      const planned = await untilEnd(operation, () => planChange(this.#store, account, change, read));
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
    const heads = new Map<string, string | undefined>();
    const visit = async (key: string, text: () => Promise<string | undefined>): Promise<void> => {
      const id = this.#layout.accountOf(key);
      if (id === undefined) return;
      const account = this.#layout.account(id);
      const isHead = key === account.head;
      if (!isHead && key !== pageKey(account, '')) return;
      const stored = await text();
      if (stored === undefined) return;
      if (isHead) heads.set(id, stored);
      else if (!heads.has(id) && trueIfCorrupt(() => decodeRoot(key, stored).headStored)) heads.set(id, undefined);
    };
    await untilEnd(operation, () => this.#store.list(operation, visit));
    return { accounts: Array.from(heads, ([id, head]) => ({ id, head })), next: undefined };
  }

  /** Also waits for writes whose callers gave up: they could land after a later write of another driver. */
  async disconnect(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  #reader(operation?: Operation): ReadTexts {
    return (keys) => this.#store.read(keys, operation);
  }

  #reading<T>(account: AccountKeys, operation: Operation, work: (read: ReadTexts) => Promise<T>): Promise<T> {
    const name = this.#store.keyOf(account.head);
    return this.#store.shared.locks.shared(name, operation, () => work(this.#reader(operation)));
  }

  async #write(account: AccountKeys, { steps, deletes }: KeyvChange): Promise<void> {
    const { leftovers } = this.#store.shared;
    const name = this.#store.keyOf(account.head);
    const left = leftovers.get(name) ?? [];
    const written = steps.flat().map(({ key }) => key);
    try {
      for (const step of steps) await this.#store.write(step);
      const used = new Set(left.length === 0 ? [] : [...written, ...(await keysInUse(account, this.#reader()))]);
      await this.#store.remove([...new Set([...deletes, ...left.filter((key) => !used.has(key))])]);
      leftovers.delete(name);
    } catch (error) {
      // Which of these are in use, the next change finds out. A part of this one may have landed, whatever failed.
      leftovers.set(name, [...new Set([...left, ...written, ...deletes])]);
      throw asUnknown(error, 'writing');
    }
  }
}
