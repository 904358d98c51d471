import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import { inTurns } from '../../core/shared/slices.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { type AccountSwap, GroupCommit, type SwapResult } from '../base/group-commit.js';
import { type AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import type { PostgresRow } from './adapter.js';
import { mayBeOfOneAccount, sqlState } from './errors.js';
import type { PostgresPool } from './pool.js';
import { ACCOUNTS_PER_PAGE, type PostgresStatements, type SwapKind } from './statements.js';
import { swapValues } from './swap-values.js';

/** The parts of a connection. */
export interface PostgresConnectionParts {
  readonly pool: PostgresPool;
  readonly statements: PostgresStatements;
  readonly layout: KeyLayout;
  /** The server and the database, without credentials. */
  readonly where: string;
  readonly warnings: readonly DriverWarning[];
}

/** While the server makes one group durable, it can work on the next one. */
const GROUPS = 2;

type KeyedRow = PostgresRow & { readonly key: string };

/** A table on a server, verified. What it is connected by comes and goes. */
export class PostgresConnection implements BackendConnection {
  readonly warnings: readonly DriverWarning[];
  readonly #parts: PostgresConnectionParts;
  readonly #groups: GroupCommit;

  constructor(parts: PostgresConnectionParts) {
    this.#parts = parts;
    this.warnings = parts.warnings;
    const groups = Math.min(GROUPS, parts.pool.size);
    this.#groups = new GroupCommit({
      together: (swaps, operation) => this.#swapTogether(swaps, operation),
      alone: (swap) => this.#swapAlone(swap),
      // Two who insert the same head wait for each other.
      goesAlone: ({ expected }) => expected === undefined,
      mayBeOfOne: mayBeOfOneAccount,
      groups,
      singles: Math.max(1, parts.pool.size - groups),
    });
  }

  async readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    const [row] = await this.#read(this.#parts.statements.readHead, [account.head], operation);
    return row === undefined ? undefined : textOf(row);
  }

  async readAccount({ range }: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    const rows = await this.#read(this.#parts.statements.readRange, [range.from, range.to], operation);
    return rows.map((row) => ({ key: row.key, text: textOf(row) }));
  }

  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    return this.#groups.swap(account, change, operation);
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

  async #swapTogether(swaps: readonly AccountSwap[], operation: Operation): Promise<readonly SwapResult[]> {
    try {
      return await this.#swap('together', swaps, operation);
    } catch (error) {
      if (swaps.length === 1 && isOutOfDate(error)) return ['differs'];
      throw error;
    }
  }

  async #swapAlone(swap: AccountSwap): Promise<boolean> {
    const kind = swap.change.expected === undefined ? 'first' : 'alone';
    try {
      const [result] = await this.#swap(kind, [swap], swap.operation);
      return result === 'swapped';
    } catch (error) {
      if (isOutOfDate(error)) return false;
      throw error;
    }
  }

  async #swap(kind: SwapKind, swaps: readonly AccountSwap[], operation: Operation): Promise<readonly SwapResult[]> {
    const { pool, statements } = this.#parts;
    const { values, isDeleting } = await inTurns(swapValues(swaps));
    const text = statements.swap[kind][isDeleting ? 'deleting' : 'storing'];
    const [row] = await pool.query({ text, values, purpose: 'writing' }, operation);
    const results = new Array<SwapResult>(swaps.length).fill('busy');
    for (const result of ['swapped', 'differs'] as const) {
      for (const number of row?.[result]?.split(' ') ?? []) results[Number(number) - 1] = result;
    }
    return results;
  }

  /** The rows that have a key. @throws `UNAVAILABLE` when they may not be all that is stored */
  async #read(text: string, values: readonly unknown[], operation: Operation): Promise<readonly KeyedRow[]> {
    const { pool, where } = this.#parts;
    const verify = (rows: readonly PostgresRow[]): void => assertComplete(rows, where);
    const rows = await pool.query({ text, values, purpose: 'reading', verify }, operation);
    return rows.filter(hasKey);
  }
}

/** Another transaction changed what this one had seen: only a new one sees what is stored now. */
function isOutOfDate(error: unknown): boolean {
  return sqlState(error) === '40001';
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
