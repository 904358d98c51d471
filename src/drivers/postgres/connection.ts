import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { type AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation.js';
import type { PostgresRow } from './adapter.js';
import { sqlState } from './errors.js';
import type { PostgresPool } from './pool.js';
import { ACCOUNTS_PER_PAGE, type PostgresStatements } from './statements.js';

/** The parts of a connection. */
export interface PostgresConnectionParts {
  readonly pool: PostgresPool;
  readonly statements: PostgresStatements;
  readonly layout: KeyLayout;
  /** The server and the database, without credentials. */
  readonly where: string;
  readonly warnings: readonly DriverWarning[];
}

type KeyedRow = PostgresRow & { readonly key: string };

/** A table on a server, verified. What it is connected by comes and goes. */
export class PostgresConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[];
  readonly #parts: PostgresConnectionParts;

  constructor(parts: PostgresConnectionParts) {
    this.#parts = parts;
    this.warnings = parts.warnings;
  }

  async readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    const [row] = await this.#read(this.#parts.statements.readHead, [account.head], operation);
    return row === undefined ? undefined : textOf(row);
  }

  async readAccount({ range }: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    const rows = await this.#read(this.#parts.statements.readRange, [range.from, range.to], operation);
    return rows.map((row) => ({ key: row.key, text: textOf(row) }));
  }

  async swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    const { pool, statements } = this.#parts;
    const { expected, next, upserts, deletes } = change;
    const values = [account.head, next, account.recordPrefix, [...upserts.keys()], [...upserts.values()], deletes];
    const statement =
      expected === undefined
        ? { text: statements.swapNone, values }
        : { text: statements.swap, values: [...values, expected] };
    try {
      const [row] = await pool.query({ ...statement, purpose: 'writing' }, operation);
      return row?.['swapped'] === 'true';
    } catch (error) {
      // Another transaction changed what this one had seen: only a new one sees what is stored now.
      if (sqlState(error) === '40001') return false;
      throw error;
    }
  }

  async forget({ head: key }: AccountKeys, head: string, operation: Operation): Promise<boolean> {
    const { pool, statements } = this.#parts;
    const rows = await pool.query({ text: statements.forget, values: [key, head], purpose: 'writing' }, operation);
    return rows.length > 0;
  }

  async listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    const { layout, statements } = this.#parts;
    const from = cursor ?? layout.range.from;
    const rows = await this.#read(statements.listAccounts, [from, layout.range.to, ACCOUNTS_PER_PAGE], operation);
    const accounts: { readonly id: string; readonly head: string | undefined }[] = [];
    let last = from;
    for (const { key, value: head, has_records: hasRecords } of rows) {
      if (key > last) last = key;
      const id = layout.accountOf(key);
      if (id === undefined || (head === null && hasRecords !== 'true')) continue;
      accounts.push({ id, head: head ?? undefined });
    }
    return { accounts, next: rows.length < ACCOUNTS_PER_PAGE ? undefined : KeyLayout.behind(last) };
  }

  disconnect(): Promise<void> {
    return this.#parts.pool.end();
  }

  /** The rows that have a key. @throws `UNAVAILABLE` when they may not be all that is stored */
  async #read(text: string, values: readonly unknown[], operation: Operation): Promise<readonly KeyedRow[]> {
    const { pool, where } = this.#parts;
    const verify = (rows: readonly PostgresRow[]): void => assertComplete(rows, where);
    const rows = await pool.query({ text, values, purpose: 'reading', verify }, operation);
    return rows.filter(hasKey);
  }
}

function assertComplete(rows: readonly PostgresRow[], where: string): void {
  const view = rows.find((row) => !hasKey(row))?.['value'];
  if (view === 'complete') return;
  if (view === 'filtered') {
    throw new AccountKeeperError('UNAVAILABLE', `reading ${where}: row security filters the table for the user`, {
      retryable: false,
    });
  }
  throw new AccountKeeperError('UNAVAILABLE', `reading ${where}: the server is a standby, which may be behind`);
}

function hasKey(row: PostgresRow): row is KeyedRow {
  return typeof row['key'] === 'string';
}

/** Reads a NULL of somebody else as an empty text, which the decoder then reports. */
function textOf(row: KeyedRow): string {
  return row['value'] ?? '';
}
