import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import { inTurns } from '../../core/shared/slices.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { type AccountSwap, GroupCommit, type SwapResult } from '../base/group-commit.js';
import { type AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import type { SqliteAdapter, SqliteRow } from './adapter.js';
import { mayBeOfOneAccount, sqliteError } from './errors.js';
import { ACCOUNTS_PER_PAGE, type SqliteStatements } from './statements.js';
import { swapParameters } from './swap-parameters.js';

/** The parts of a connection. */
export interface SqliteConnectionParts {
  readonly adapter: SqliteAdapter;
  readonly statements: SqliteStatements;
  readonly layout: KeyLayout;
  /** Absolute, or `:memory:`. */
  readonly path: string;
  /** The result of `identify` for the open file. */
  readonly identity: string;
  readonly identify: () => string | undefined;
  readonly warnings: readonly DriverWarning[];
}

/** An open and prepared SQLite database. */
export class SqliteConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[];
  readonly #parts: SqliteConnectionParts;
  readonly #commits: GroupCommit = new GroupCommit({
    together: (swaps, operation) => this.#swapTogether(swaps, operation),
    alone: async (swap) => (await this.#swapTogether([swap], swap.operation))[0] === 'swapped',
    goesAlone: () => false,
    mayBeOfOne: mayBeOfOneAccount,
    // The lock for writing is one for the whole file.
    groups: 1,
    singles: 1,
  });
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: SqliteConnectionParts) {
    this.#parts = parts;
    this.warnings = parts.warnings;
  }

  async readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    const [row] = await this.#query('reading', operation, this.#parts.statements.readHead, account.head);
    return row === undefined ? undefined : textOf(row['value']);
  }

  async readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    const { from, to } = account.range;
    const rows = await this.#query('reading', operation, this.#parts.statements.readRange, from, to);
    return rows.map((row) => ({ key: textOf(row['key']), text: textOf(row['value']) }));
  }

  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    return this.#commits.swap(account, change, operation);
  }

  async forget(account: AccountKeys, head: string, operation: Operation): Promise<boolean> {
    const rows = await this.#query('writing', operation, this.#parts.statements.forget, account.head, head);
    return rows.length > 0;
  }

  async listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    const { layout, statements } = this.#parts;
    const { from, to } = layout.range;
    const values = [cursor ?? from, to, ACCOUNTS_PER_PAGE];
    const rows = await this.#query('reading', operation, statements.listAccounts, ...values);
    const accounts: { readonly id: string; readonly head: string | undefined }[] = [];
    for (const { key, head, has_records: hasRecords } of rows) {
      const id = layout.accountOf(textOf(key));
      if (id === undefined || (head === null && hasRecords !== 1)) continue;
      accounts.push({ id, head: head === null ? undefined : textOf(head) });
    }
    const last = rows.length < ACCOUNTS_PER_PAGE ? undefined : rows.at(-1);
    return { accounts, next: last === undefined ? undefined : KeyLayout.behind(textOf(last['key'])) };
  }

  /** A file that was replaced is not the one under the path any more. */
  isCurrent(): boolean {
    const { identity, identify } = this.#parts;
    return identity === identify();
  }

  async disconnect(): Promise<void> {
    const { adapter, path } = this.#parts;
    await this.#tail;
    try {
      await adapter.disconnect();
    } catch (error) {
      throw sqliteError(error, 'closing', path, 'read');
    }
  }

  /** Where a head differs nothing is written: it is left out, and the others are sent again. */
  async #swapTogether(swaps: readonly AccountSwap[], operation: Operation): Promise<readonly SwapResult[]> {
    const differing = new Set<string>();
    for (;;) {
      const left = swaps.filter(({ account }) => !differing.has(account.head));
      if (left.length === 0) break;
      const parameters = await inTurns(swapParameters(left));
      const rows = await this.#query('writing', operation, this.#parts.statements.swap, ...parameters);
      const found = differingHeads(rows);
      if (found.length === 0) break;
      for (const head of found) differing.add(head);
    }
    return swaps.map(({ account }) => (differing.has(account.head) ? 'differs' : 'swapped'));
  }

  /**
   * Runs one statement at a time, in the order of the calls. A connection to SQLite does no better: a second statement
   * would only block one more of the few threads that Node.js has for this. What was given up while it waited never runs.
   *
   * @throws `UNAVAILABLE` when the file was replaced: what was read is outdated, and what was written is lost
   */
  #query(
    doing: 'reading' | 'writing',
    operation: Operation,
    sql: string,
    ...parameters: readonly unknown[]
  ): Promise<readonly SqliteRow[]> {
    const { adapter, path } = this.#parts;
    const result = this.#tail.then(async () => {
      operation.assertActive();
      const rows = await adapter.repeat(sql, ...parameters).catch((error: unknown) => {
        throw sqliteError(error, doing, path, operation.kind);
      });
      if (this.isCurrent()) return rows;
      const message = `${doing} ${path}: the file was replaced, removed or written while it was open`;
      throw new AccountKeeperError('UNAVAILABLE', message, {
        outcome: doing === 'writing' ? 'unknown' : 'not-applied',
      });
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** Reads a number, a blob or a NULL of somebody else as text, which the decoder then reports. */
function textOf(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (Buffer.isBuffer(stored)) return stored.toString('utf8');
  return stored === null || stored === undefined ? '' : String(stored);
}

/** Nothing is acknowledged without this answer. */
function differingHeads(rows: readonly SqliteRow[]): readonly string[] {
  const found: unknown = JSON.parse(textOf(rows[0]?.['differing']));
  if (!Array.isArray(found)) throw new TypeError('expected a JSON array of keys');
  return found.map(String);
}
