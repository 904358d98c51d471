import { setTimeout as delay } from 'node:timers/promises';
import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccessMode } from '../base/backend-connection.js';
import type { KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import type { SqliteAdapter, SqliteOpener } from './adapter.js';
import { SqliteConnection } from './connection.js';
import { sqliteCode, sqliteError } from './errors.js';
import { fileToRead, fileToWrite, IN_MEMORY } from './file.js';
import { type SqliteStatements, sqliteStatements } from './statements.js';

/** The values of SQLite's `synchronous` setting, in the order of SQLite's numbers for them. */
export const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'] as const;

/** One of {@link SYNCHRONOUS}. */
export type Synchronous = (typeof SYNCHRONOUS)[number];

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

/** Errors that another connection can cause while it opens or ends. The busy timeout does not cover them. */
const PASSING: Readonly<Record<AccessMode, readonly string[]>> = {
  write: ['SQLITE_BUSY'],
  read: ['SQLITE_BUSY', 'SQLITE_CANTOPEN'],
};

/**
 * Opens the database, and verifies that it can keep what the driver promises: that the file can be written, the table
 * has the right shape, and the journal mode and `synchronous` took effect. To be read, file and table have to be there.
 * Two processes that create a file at the same time can get `SQLITE_BUSY` at once: such an attempt is repeated within
 * the busy timeout.
 */
export async function connectSqlite(
  open: SqliteOpener,
  settings: SqliteSettings,
  operation: Operation,
  access: AccessMode,
): Promise<SqliteConnection> {
  const giveUpAt = performance.now() + settings.busyTimeoutMs;
  for (;;) {
    operation.assertActive();
    try {
      return await connectOnce(open, settings, access);
    } catch (error) {
      if (!PASSING[access].includes(sqliteCode(error)) || performance.now() >= giveUpAt) {
        throw sqliteError(error, 'opening', settings.path, 'read');
      }
    }
    await delay(RETRY_DELAY_MS, undefined, { signal: operation.signal });
  }
}

async function connectOnce(
  open: SqliteOpener,
  settings: SqliteSettings,
  access: AccessMode,
): Promise<SqliteConnection> {
  const { path, table, busyTimeoutMs, layout } = settings;
  const { name, identify } = await (access === 'write' ? fileToWrite(path) : fileToRead(path));
  const before = identify();
  const adapter = await open(name);
  try {
    const statements = sqliteStatements(table);
    await adapter.query(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    // Temporary objects of a connection would otherwise need a file where there may be no room for one.
    await adapter.query('PRAGMA temp_store = MEMORY');
    if (access === 'write' || path === IN_MEMORY) await createTable(adapter, statements, settings);
    else await adapter.query('PRAGMA query_only = 1');
    await checkTable(adapter, statements, settings);
    const warnings = access === 'write' ? await prepareWrites(adapter, statements, settings) : [];
    const identity = identify();
    if (identity === undefined || (before !== identity && (before !== undefined || access === 'read'))) {
      throw Object.assign(new Error('the file was replaced, removed or written at once'), { code: 'SQLITE_CANTOPEN' });
    }
    return new SqliteConnection({ adapter, statements, layout, path, identity, identify, warnings });
  } catch (error) {
    // The first error is the one to report.
    await adapter.disconnect().catch(() => undefined);
    throw error;
  }
}

async function createTable(
  adapter: SqliteAdapter,
  statements: SqliteStatements,
  settings: SqliteSettings,
): Promise<void> {
  try {
    await adapter.query(statements.createTable);
  } catch (error) {
    throw sqliteCode(error) === 'SQLITE_ERROR' ? badTable(settings, error) : error;
  }
}

async function prepareWrites(
  adapter: SqliteAdapter,
  statements: SqliteStatements,
  { path, synchronous }: SqliteSettings,
): Promise<readonly DriverWarning[]> {
  await adapter.query(statements.probeWrite);
  // On macOS a plain fsync leaves the data in the cache of the disk. Elsewhere these two do nothing.
  await adapter.query('PRAGMA fullfsync = 1');
  await adapter.query('PRAGMA checkpoint_fullfsync = 1');
  const [encoding] = await adapter.query('PRAGMA encoding');
  if (encoding?.['encoding'] !== 'UTF-8') {
    const message = `path: expected a database in UTF-8, received ${path} in ${encoding?.['encoding']}`;
    throw new AccountKeeperError('CONFIG', message);
  }
  const [journal] = await adapter.query('PRAGMA journal_mode = WAL');
  await adapter.query(`PRAGMA synchronous = ${synchronous}`);
  const [effective] = await adapter.query('PRAGMA synchronous');
  for (const statement of statements.prepare) await adapter.query(statement);
  if (path === IN_MEMORY) return [];
  const mode = journal?.['journal_mode'];
  if (mode !== 'wal') {
    throw unusable(path, `the journal mode is ${mode}, and WAL does not work here. Is it a network file system?`);
  }
  if (effective?.['synchronous'] !== SYNCHRONOUS.indexOf(synchronous)) {
    throw unusable(path, `synchronous is ${effective?.['synchronous']} after it was set to ${synchronous}`);
  }
  if (synchronous === 'FULL' || synchronous === 'EXTRA') return [];
  const message =
    `synchronous is ${synchronous}: acknowledged commits survive the process, but the last ones can be lost ` +
    `when the host fails${synchronous === 'OFF' ? ', and the file can be damaged' : ''}`;
  return [{ code: 'synchronous-not-full', message }];
}

function unusable(path: string, why: string): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', `opening ${path}: ${why}`, { retryable: false });
}

async function checkTable(
  adapter: SqliteAdapter,
  statements: SqliteStatements,
  settings: SqliteSettings,
): Promise<void> {
  const columns = await adapter.query(statements.columns);
  const [unique] = await adapter.query(statements.uniqueKey);
  const names = columns.map(({ name }) => String(name).toLowerCase());
  const foreign = columns.some(({ required }, index) => required === 1 && !/^(?:key|value)$/.test(names[index] ?? ''));
  if (!names.includes('key') || !names.includes('value') || foreign || unique === undefined) throw badTable(settings);
}

function badTable({ path, table }: SqliteSettings, cause?: unknown): AccountKeeperError {
  return new AccountKeeperError(
    'CONFIG',
    `table: expected a table with the columns key (unique) and value, such as those of Keyv, received ` +
      `${JSON.stringify(table)}, which in ${path} is something else, or nothing`,
    { cause },
  );
}
