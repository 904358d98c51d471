import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import type { AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { MemoryBackend } from './backend.js';

/** A {@link MemoryBackend} as a connection. Each method does its work in one synchronous step, and resolves later. */
export class MemoryConnection implements BackendConnection {
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

  async forget(account: AccountKeys, head: string): Promise<boolean> {
    return this.#backend.get(account.head) === head && this.#backend.delete(account.head);
  }

  async listAccounts(): Promise<AccountPage> {
    const heads = new Map<string, string | undefined>();
    for (const key of this.#backend.keys()) {
      const parsed = this.#layout.parse(key);
      if (parsed?.kind === 'head') heads.set(parsed.accountId, this.#backend.get(key));
      else if (parsed !== undefined && !heads.has(parsed.accountId)) heads.set(parsed.accountId, undefined);
    }
    return { accounts: Array.from(heads, ([id, head]) => ({ id, head })), next: undefined };
  }

  async disconnect(): Promise<void> {}
}
