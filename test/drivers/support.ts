import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyvSqlite } from '@keyv/sqlite';
import { afterEach } from 'vitest';
import type { AccountKeeperError } from '../../src/core/errors.js';
import { isAccountKeeperError } from '../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { importSqlite, type SqliteAdapter, type SqliteImporter } from '../../src/drivers/sqlite/adapter.js';
import { SqliteDriver, type SqliteDriverOptions } from '../../src/drivers/sqlite/driver.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the test, the last one first. */
export function afterTest(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'accountkeeper-'));
  afterTest(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A driver that is closed after the test. */
export function closing<Driver extends PersistenceDriver>(driver: Driver): Driver {
  afterTest(() => driver.close());
  return driver;
}

/** A driver on a file; closed after the test. */
export function sqlite(options: SqliteDriverOptions, importer?: SqliteImporter): SqliteDriver {
  return closing(importer === undefined ? new SqliteDriver(options) : new SqliteDriver(options, importer));
}

/** An adapter of the test's own on the same file; disconnected after the test. */
export async function rawSqlite(path: string): Promise<KeyvSqlite> {
  const adapter = new KeyvSqlite({ uri: `sqlite://${path}`, busyTimeout: 5000 });
  adapter.on('error', () => undefined);
  await adapter.query('SELECT 1');
  afterTest(() => adapter.disconnect());
  return adapter;
}

/** An importer whose adapters the test can reach, and prepare before the driver uses them. */
export function spiedImporter(prepare?: (adapter: SqliteAdapter) => Promise<SqliteAdapter>): {
  readonly importer: SqliteImporter;
  readonly adapters: readonly SqliteAdapter[];
} {
  const adapters: SqliteAdapter[] = [];
  const importer: SqliteImporter = async () => {
    const open = await importSqlite();
    return async (name) => {
      const opened = await open(name);
      const adapter = (await prepare?.(opened)) ?? opened;
      adapters.push(adapter);
      return adapter;
    };
  };
  return { importer, adapters };
}

/** The error that the promise rejects with; fails when it resolves, or rejects with another kind of error. */
export async function rejection(promise: Promise<unknown>): Promise<AccountKeeperError> {
  const thrown = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (isAccountKeeperError(thrown)) return thrown;
  throw thrown;
}

/** A batch of upserts and deletes. */
export function batchOf(upserts: Readonly<Record<string, string>> = {}, deletes: readonly string[] = []): CommitBatch {
  return { upserts: new Map(Object.entries(upserts)), deletes: new Set(deletes) };
}

let lastWrite = 0;

/** Options of a commit on top of a head, under a writeId of its own. */
export function onTopOf(head: AccountHead | undefined, more: Partial<CommitOptions> = {}): CommitOptions {
  lastWrite += 1;
  return {
    expected: head === undefined ? undefined : { revision: head.revision, writeId: head.writeId },
    writerId: 'writer',
    writeId: `write-${lastWrite}`,
    ...more,
  };
}

/** Everything that an iteration yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of iterable) values.push(value);
  return values;
}
