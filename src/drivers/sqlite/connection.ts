import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { type AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation.js';
import type { SqliteAdapter, SqliteRow } from './adapter.js';
import { sqliteCode, sqliteError } from './errors.js';
import { ACCOUNTS_PER_PAGE, HEAD_DIFFERS, type SqliteStatements } from './statements.js';

/** The parts of a connection. */
export interface SqliteConnectionParts {
  readonly adapter: SqliteAdapter;
  readonly statements: SqliteStatements;
  readonly layout: KeyLayout;
  /** Absolute, or `:memory:`. */
  readonly path: string;
  /** The result of `identify` for the open file. */
  readonly identity: string;
  readonly identify: () => Promise<string | undefined>;
  readonly warnings: readonly DriverWarning[];
}

/** An open and prepared SQLite database. */
export class SqliteConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[];
  readonly #parts: SqliteConnectionParts;
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

  async swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    const { expected = null, next, deletes } = change;
    const upserts = jsonObject(change.upserts);
    const values = [account.head, expected, next, account.recordPrefix, upserts, JSON.stringify(deletes)];
    try {
      await this.#query('writing', operation, this.#parts.statements.swap, ...values);
    } catch (error) {
      if (saysHeadDiffers(error)) return false;
      throw error;
    }
    return true;
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
  async isCurrent(): Promise<boolean> {
    const { identity, identify } = this.#parts;
    return identity === (await identify());
  }

  async disconnect(): Promise<void> {
    const { adapter, path } = this.#parts;
    try {
      await adapter.disconnect();
    } catch (error) {
      throw sqliteError(error, 'closing', path, 'read');
    }
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
      const rows = await adapter.query(sql, ...parameters).catch((error: unknown) => {
        throw sqliteError(error, doing, path, operation.kind);
      });
      if (await this.isCurrent()) return rows;
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

/** Escaped keys need no escaping in JSON. */
function jsonObject(entries: ReadonlyMap<string, string>): string {
  return `{${Array.from(entries, ([key, text]) => `"${key}":${JSON.stringify(text)}`).join(',')}}`;
}

function saysHeadDiffers(error: unknown): boolean {
  const cause = error instanceof AccountKeeperError ? error.cause : undefined;
  return sqliteCode(cause) === 'SQLITE_CONSTRAINT' && cause instanceof Error && cause.message.includes(HEAD_DIFFERS);
}
