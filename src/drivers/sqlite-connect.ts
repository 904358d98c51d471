import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AccountKeeperError } from '../core/errors.js';
import type { DriverWarning } from '../core/persistence-driver.js';
import type { KeyLayout } from './keyv-layout.js';
import type { Operation } from './operation.js';
import type { SqliteAdapter, SqliteAdapterModule } from './sqlite-adapter.js';
import { fileIdentity, SqliteConnection } from './sqlite-connection.js';
import { sqliteCode, sqliteError } from './sqlite-errors.js';
import { type SqliteStatements, sqliteStatements } from './sqlite-schema.js';

/** The values of SQLite's `synchronous` setting, in the order of SQLite's numbers for them. */
export const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'] as const;

/** One of {@link SYNCHRONOUS}. */
export type Synchronous = (typeof SYNCHRONOUS)[number];

/** The path of a database that lives in memory. */
export const IN_MEMORY = ':memory:';

/** Everything that opening a database depends on. */
export interface SqliteSettings {
  /** Absolute, or {@link IN_MEMORY}. */
  readonly path: string;
  readonly table: string;
  readonly synchronous: Synchronous;
  readonly busyTimeoutMs: number;
  readonly layout: KeyLayout;
}

const RETRY_DELAY_MS = 20;

/**
 * Opens the database, and verifies that it can keep what the driver promises: that the file can be written, the table
 * has the right shape, and the journal mode and `synchronous` took effect. Two processes that create a file at the
 * same time can get `SQLITE_BUSY` at once, without the busy timeout: such an attempt is repeated within that time.
 */
export async function connectSqlite(
  module: SqliteAdapterModule,
  settings: SqliteSettings,
  operation: Operation,
): Promise<SqliteConnection> {
  const giveUpAt = performance.now() + settings.busyTimeoutMs;
  for (;;) {
    operation.assertActive();
    try {
      return await connectOnce(module, settings);
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_BUSY' || performance.now() >= giveUpAt) {
        throw openError(error, settings);
      }
    }
    await delay(RETRY_DELAY_MS, undefined, { signal: operation.signal });
  }
}

async function connectOnce(module: SqliteAdapterModule, settings: SqliteSettings): Promise<SqliteConnection> {
  const { path, table, busyTimeoutMs, layout } = settings;
  if (path !== IN_MEMORY) await checkPath(path);
  const adapter = new module.KeyvSqlite({
    uri: `sqlite://${path}`,
    table,
    keySize: 65_535,
    busyTimeout: busyTimeoutMs,
  });
  // Its errors also reject the calls that they belong to; without a listener they would end the process.
  adapter.on('error', () => undefined);
  try {
    // Rejects when the adapter could not open the file: there is nothing to disconnect then.
    await adapter.query(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  } catch (error) {
    throw sqliteCode(error) === 'SQLITE_ERROR' ? badTable(settings, error) : error;
  }
  try {
    const statements = sqliteStatements(table);
    await checkTable(adapter, statements, settings);
    await adapter.query(statements.probeWrite);
    const warnings = await configure(adapter, settings);
    for (const statement of statements.prepare) await adapter.query(statement);
    const identity = path === IN_MEMORY ? undefined : await identify(path);
    return new SqliteConnection({ adapter, statements, layout, path, identity, warnings });
  } catch (error) {
    // The first error is the one to report.
    await adapter.disconnect().catch(() => undefined);
    throw error;
  }
}

async function identify(path: string): Promise<string> {
  const identity = await fileIdentity(path);
  if (identity === undefined) throw cannotOpen(path, 'the file was removed at once');
  return identity;
}

async function configure(adapter: SqliteAdapter, settings: SqliteSettings): Promise<readonly DriverWarning[]> {
  const { path, synchronous } = settings;
  // Temporary objects of a connection would otherwise need a file where there may be no room for one.
  await adapter.query('PRAGMA temp_store = MEMORY');
  // On macOS a plain fsync leaves the data in the cache of the disk. Elsewhere these two do nothing.
  await adapter.query('PRAGMA fullfsync = 1');
  await adapter.query('PRAGMA checkpoint_fullfsync = 1');
  const journal = await pragma(adapter, 'journal_mode', 'WAL');
  if (path === IN_MEMORY) return [];
  if (journal !== 'wal') {
    throw new AccountKeeperError(
      'UNAVAILABLE',
      `opening ${path}: the journal mode is ${String(journal)}, and WAL does not work here. Is it a network file system?`,
      { retryable: false },
    );
  }
  await adapter.query(`PRAGMA synchronous = ${synchronous}`);
  const effective = await pragma(adapter, 'synchronous');
  if (effective !== SYNCHRONOUS.indexOf(synchronous)) {
    const message = `opening ${path}: synchronous is ${String(effective)} after it was set to ${synchronous}`;
    throw new AccountKeeperError('UNAVAILABLE', message, { retryable: false });
  }
  if (synchronous === 'FULL' || synchronous === 'EXTRA') return [];
  return [
    {
      code: 'synchronous-not-full',
      message:
        `synchronous is ${synchronous}: acknowledged commits survive the process, but the last ones can be lost ` +
        `when the host fails${synchronous === 'OFF' ? ', and the file can be damaged' : ''}`,
    },
  ];
}

async function pragma(adapter: SqliteAdapter, name: string, value?: string): Promise<unknown> {
  const rows = await adapter.query(`PRAGMA ${name}${value === undefined ? '' : ` = ${value}`}`);
  const [row] = rows as readonly Readonly<Record<string, unknown>>[];
  return row?.[name];
}

async function checkTable(
  adapter: SqliteAdapter,
  statements: SqliteStatements,
  settings: SqliteSettings,
): Promise<void> {
  const columns = (await adapter.query(statements.columns)) as readonly { name: string; required: number }[];
  const names = columns.map(({ name }) => name.toLowerCase());
  const [unique] = (await adapter.query(statements.uniqueKey)) as readonly unknown[];
  const foreign = columns.some(({ name, required }) => required === 1 && !/^(?:key|value)$/i.test(name));
  if (!names.includes('key') || !names.includes('value') || foreign || unique === undefined) throw badTable(settings);
}

function badTable({ path, table }: SqliteSettings, cause?: unknown): AccountKeeperError {
  return new AccountKeeperError(
    'CONFIG',
    `table: received ${JSON.stringify(table)}, but in ${path} this is no name, or the name of something other than a ` +
      "table with the columns key (unique) and value; allowed is a new table, or one of Keyv's",
    { cause },
  );
}

async function checkPath(path: string): Promise<void> {
  const directory = dirname(path);
  if (!(await isDirectory(directory))) throw cannotOpen(path, `the directory ${directory} does not exist`);
  if (await isDirectory(path)) throw cannotOpen(path, 'it is a directory');
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const code = sqliteCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw cannotOpen(path, code, error);
  }
}

function cannotOpen(path: string, why: string, cause?: unknown): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', `opening ${path}: ${why}`, { cause });
}

function openError(error: unknown, { path }: SqliteSettings): AccountKeeperError {
  return sqliteError(error, 'opening', path, 'read');
}
