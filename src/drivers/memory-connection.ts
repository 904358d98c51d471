import type { DriverWarning } from '../core/persistence-driver.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from './backend-connection.js';
import type { AccountKeys, KeyLayout } from './keyv-layout.js';
import type { MemoryBackend } from './memory-backend.js';

/** A {@link MemoryBackend} as a connection. Each method does its work in one synchronous step, and resolves later. */
export class MemoryConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[] = [];
  readonly #backend: MemoryBackend;
  readonly #layout: KeyLayout;

  constructor(backend: MemoryBackend, layout: KeyLayout) {
    this.#backend = backend;
    this.#layout = layout;
  }

  async readHead(account: AccountKeys): Promise<string | undefined> {
    return this.#backend.get(account.head);
  }

  async readAccount(account: AccountKeys): Promise<readonly StoredEntry[]> {
    return Array.from(this.#backend.neighbours(account.head), ([key, text]) => ({ key, text }));
  }

  async swap(account: AccountKeys, change: HeadSwap): Promise<boolean> {
    const backend = this.#backend;
    if (backend.get(account.head) !== change.expected) return false;
    for (const record of change.deletes) backend.delete(account.recordPrefix + record);
    for (const [record, text] of change.upserts) backend.set(account.recordPrefix + record, text);
    backend.set(account.head, change.next);
    return true;
  }

  async listAccounts(): Promise<AccountPage> {
    const accounts: { readonly id: string; readonly head: string | undefined }[] = [];
    for (const key of this.#backend.representatives()) {
      const id = this.#layout.accountOf(key);
      if (id === undefined) continue;
      const account = this.#layout.account(id);
      const head = this.#backend.get(account.head);
      if (head !== undefined || this.#hasRecords(account)) accounts.push({ id, head });
    }
    return { accounts, next: undefined };
  }

  async disconnect(): Promise<void> {}

  #hasRecords(account: AccountKeys): boolean {
    for (const key of this.#backend.neighbours(account.head).keys()) {
      if (this.#layout.parse(key)?.kind === 'record') return true;
    }
    return false;
  }
}
