import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { importSqlite } from '../../../src/drivers/sqlite/adapter.js';
import { sqliteError } from '../../../src/drivers/sqlite/errors.js';
import { batchOf, collect, onTopOf, rawSqlite, rejection, spiedImporter, sqlite, temporaryFolder } from '../support.js';
import { watchedImporter } from './watched-importer.js';

const NOT_APPLIED = { code: 'UNAVAILABLE', outcome: 'not-applied' };

/** What this process has open in the folder, each as often as it does. */
async function openFilesIn(folder: string): Promise<readonly string[]> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => ''));
  return (await Promise.all(links)).filter((path) => path.startsWith(folder)).sort();
}

describe('SqliteDriver: what cannot be opened', () => {
  it('rejects UNAVAILABLE for a directory that does not exist, and opens when it does', async () => {
    const folder = join(await temporaryFolder(), 'missing');
    const driver = sqlite({ path: join(folder, 'state.db') });
    expect(await rejection(driver.open())).toMatchObject({ ...NOT_APPLIED, retryable: true });
    expect((await rejection(driver.load('a'))).code).toBe('UNAVAILABLE');
    expect((await rejection(collect(driver.accounts()))).code).toBe('UNAVAILABLE');
    await mkdir(folder);
    await driver.open();
    expect(await driver.load('a')).toBeUndefined();
  });

  it('rejects UNAVAILABLE for a directory in place of the file, and for a file in place of the directory', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'state.db'));
    await writeFile(join(folder, 'file'), '');
    expect(await rejection(sqlite({ path: join(folder, 'state.db') }).open())).toMatchObject(NOT_APPLIED);
    expect(await rejection(sqlite({ path: join(folder, 'file', 'state.db') }).open())).toMatchObject(NOT_APPLIED);
  });

  it('rejects UNAVAILABLE when SQLite may not write', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    await sqlite({ path }).open();
    const { importer } = spiedImporter(async (adapter) => {
      await adapter.query('PRAGMA query_only = 1');
      return adapter;
    });
    const error = await rejection(sqlite({ path }, importer).open());
    expect(error).toMatchObject({ ...NOT_APPLIED, retryable: false, cause: { code: 'SQLITE_READONLY' } });
  });

  it('rejects CORRUPT for a file that is no database, and leaves it as it is', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    await writeFile(path, 'this is no database, whatever it is called. '.repeat(100));
    const driver = sqlite({ path });
    expect(await rejection(driver.open())).toMatchObject({ code: 'CORRUPT', cause: { code: 'SQLITE_NOTADB' } });
    expect((await rejection(driver.load('a'))).code).toBe('CORRUPT');
    await rm(path);
    await expect(driver.open()).resolves.toBeUndefined();
  });

  it('rejects CONFIG for a file that is not in UTF-8', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const open = await importSqlite();
    const maker = await open(path);
    await maker.query("PRAGMA encoding = 'UTF-16le'");
    await maker.query('CREATE TABLE keyv (key TEXT PRIMARY KEY, value TEXT)');
    await maker.disconnect();
    expect((await rejection(sqlite({ path }).open())).code).toBe('CONFIG');
  });

  it('leaves nothing open when it was closed after commits', async () => {
    const folder = await temporaryFolder();
    const driver = sqlite({ path: join(folder, 'state.db') });
    await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.load('a');
    expect((await openFilesIn(folder)).length).toBeGreaterThan(0);
    await driver.close();
    expect(await openFilesIn(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual(['state.db']);
  });

  it('leaves no descriptor open, however often it fails', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'state.db');
    await writeFile(join(folder, 'text'), 'this is no database, whatever it is called. '.repeat(100));
    await writeFile(join(folder, 'empty'), '');
    const raw = await rawSqlite(path);
    await raw.query('CREATE VIEW other AS SELECT 1');
    await raw.query('CREATE INDEX busy ON keyv (value)');
    const drivers = [
      sqlite({ path: join(folder, 'text') }),
      sqlite({ path, table: 'other' }),
      sqlite({ path, table: 'busy' }),
      sqlite({ path: join(folder, 'empty'), busyTimeoutMs: 50 }),
    ];
    const locked = await rawSqlite(join(folder, 'empty'));
    await locked.query('BEGIN EXCLUSIVE');
    const before = await openFilesIn(folder);
    for (const driver of drivers) {
      for (let attempt = 0; attempt < 5; attempt += 1) await rejection(driver.open());
    }
    // SQLite itself puts off closing a file while this process holds a lock on it.
    await locked.query('ROLLBACK');
    expect(await openFilesIn(folder)).toEqual(before);
  });

  it('rejects NOT_INSTALLED when the adapter cannot be imported, or is another package', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const missing = async () => {
      throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' });
    };
    expect((await rejection(sqlite({ path }, missing).open())).code).toBe('NOT_INSTALLED');
    expect((await rejection(sqlite({ path }, async () => ({}) as never).open())).code).toBe('NOT_INSTALLED');
  });
});

describe('SqliteDriver: what goes wrong later', () => {
  it('rejects UNAVAILABLE when the disk is full, applies nothing, and recovers', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const { importer, adapters } = spiedImporter();
    const driver = sqlite({ path }, importer);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const options = onTopOf(head);
    const batch = batchOf({ k: '2', big: 'x'.repeat(1_000_000) });
    await adapters[0]?.query('PRAGMA max_page_count = 20');
    const error = await rejection(driver.commit('a', batch, options));
    expect(error).toMatchObject({ ...NOT_APPLIED, retryable: true, cause: { code: 'SQLITE_FULL' } });
    expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ k: '1' });
    await adapters[0]?.query('PRAGMA max_page_count = 100000');
    await expect(driver.commit('a', batch, options)).resolves.toMatchObject({ revision: 2 });
  });

  it('rejects UNAVAILABLE when the file became read-only', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const { importer, adapters } = spiedImporter();
    const driver = sqlite({ path }, importer);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await adapters[0]?.query('PRAGMA query_only = 1');
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(error).toMatchObject({ ...NOT_APPLIED, cause: { code: 'SQLITE_READONLY' } });
    expect((await driver.load('a'))?.head).toEqual(head);
  });

  it('rejects UNAVAILABLE while another connection holds the lock, and works afterwards', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path, busyTimeoutMs: 50 });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(error).toMatchObject({ ...NOT_APPLIED, retryable: true, cause: { code: 'SQLITE_BUSY' } });
    expect((await driver.load('a'))?.head).toEqual(head);
    expect((await rejection(sqlite({ path, busyTimeoutMs: 50 }).open())).code).toBe('UNAVAILABLE');
    await raw.query('ROLLBACK');
    await expect(driver.commit('a', batchOf({ k: '2' }), onTopOf(head))).resolves.toMatchObject({ revision: 2 });
  });

  it('reads what others have committed after a commit of its own was refused, because the database was locked', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path, busyTimeoutMs: 20 });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    expect(await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)))).toMatchObject(NOT_APPLIED);
    await raw.query('ROLLBACK');
    expect(await driver.head('a')).toEqual(head);
    const other = sqlite({ path });
    const next = await other.commit('a', batchOf({ k: '3' }), onTopOf(head));
    expect(await driver.load('a')).toMatchObject({ head: next, records: new Map([['k', '3']]) });
  });

  it('keeps its deadlines while the database is locked, close included, and never applies what waited', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const { importer, nextCommit } = watchedImporter();
    const driver = sqlite({ path, busyTimeoutMs: 10_000, operationTimeoutMs: 10_000 }, importer);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    const isSent = nextCommit();
    const sent = rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    await isSent;
    const waiting = rejection(driver.commit('b', batchOf({ k: '2' }), onTopOf(undefined)));
    const closing = rejection(driver.close({ timeoutMs: 60 }));
    expect((await closing).code).toBe('TIMEOUT');
    expect(await sent).toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
    expect(await waiting).toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
    await raw.query('ROLLBACK');
    await driver.close({ timeoutMs: 5000 });
    const other = sqlite({ path });
    expect(await other.head('b')).toBeUndefined();
  });

  it('rejects TIMEOUT at the deadline of an operation, and repeats it safely', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    const options = onTopOf(head);
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), { ...options, timeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown', retryable: true });
    const repeated = driver.commit('a', batchOf({ k: '2' }), options);
    await raw.query('ROLLBACK');
    expect((await repeated).revision).toBe(2);
    expect((await driver.head('a'))?.revision).toBe(2);
  });

  it.each([
    ['SQLITE_IOERR', 'UNAVAILABLE', 'unknown', true],
    ['SQLITE_INTERRUPT', 'UNAVAILABLE', 'unknown', true],
    ['SQLITE_TOOBIG', 'TOO_LARGE', 'not-applied', false],
    ['SQLITE_CORRUPT', 'CORRUPT', 'unknown', false],
    ['constructor', 'UNAVAILABLE', 'unknown', true],
    [undefined, 'UNAVAILABLE', 'unknown', true],
  ])('reports %s of a write as %s, %s', (code, expected, outcome, retryable) => {
    const cause = Object.assign(new Error('x'), { code });
    expect(sqliteError(cause, 'writing', '/x', 'write')).toMatchObject({ code: expected, outcome, retryable, cause });
    expect(sqliteError(cause, 'reading', '/x', 'read').outcome).toBe('not-applied');
  });
});

describe('SqliteDriver: rollback', () => {
  const FILES = ['', '-wal', '-shm'];

  it('rejects ROLLED_BACK when the rows are older, or gone', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    const old = await raw.get('accountkeeper:{a}:head');
    const second = await driver.commit('a', batchOf({ k: '2' }), onTopOf(first));
    await raw.set('accountkeeper:{a}:head', old);
    const calls = () => [
      driver.head('a'),
      driver.load('a'),
      driver.commit('a', batchOf({ k: 'x' }), onTopOf(second)),
      driver.commit('a', batchOf({ k: 'x' }), onTopOf(first)),
      driver.commit('a', batchOf({ k: 'x' }), onTopOf(undefined)),
      driver.drop('a', onTopOf(second)),
    ];
    for (const error of await Promise.all(calls().map(rejection))) {
      expect(error).toMatchObject({ code: 'ROLLED_BACK', head: first });
    }
    await raw.query('DELETE FROM keyv');
    for (const error of await Promise.all(calls().map(rejection))) {
      expect(error.code).toBe('ROLLED_BACK');
      expect(error.head).toBeUndefined();
    }
  });

  it('rejects ROLLED_BACK when another history has reached the same revision', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    await raw.query('DELETE FROM keyv');
    await sqlite({ path }).commit('a', batchOf({ k: '2' }), onTopOf(undefined));
    expect((await rejection(driver.load('a'))).code).toBe('ROLLED_BACK');
  });

  it('rejects ROLLED_BACK when the file was replaced by an older copy, or removed', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'state.db');
    const maker = sqlite({ path });
    const first = await maker.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await maker.close();
    await copyFile(path, join(folder, 'backup.db'));

    const driver = sqlite({ path });
    const second = await driver.commit('a', batchOf({ k: '2' }), onTopOf(first));
    for (const file of FILES) await rm(path + file, { force: true });
    await rename(join(folder, 'backup.db'), path);
    const commit = await rejection(driver.commit('a', batchOf({ k: '3' }), onTopOf(second)));
    expect(commit).toMatchObject({ code: 'ROLLED_BACK', head: first });
    expect((await rejection(driver.load('a'))).code).toBe('ROLLED_BACK');
    expect((await sqlite({ path }).load('a'))?.head).toEqual(first);

    for (const file of FILES) await rm(path + file, { force: true });
    expect((await rejection(driver.load('a'))).code).toBe('ROLLED_BACK');
    expect((await rejection(driver.commit('a', batchOf(), onTopOf(second)))).code).toBe('ROLLED_BACK');
  });

  it('never acknowledges a commit to a file that was removed under way', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    let remove = false;
    const { importer } = watchedImporter(async () => {
      if (remove) for (const file of FILES) await rm(path + file, { force: true });
    });
    const driver = sqlite({ path }, importer);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    remove = true;
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    remove = false;
    expect((await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)))).code).toBe('ROLLED_BACK');
  });

  it('is no rollback when a load began before a commit was acknowledged', async () => {
    const driver = new MemoryDriver();
    let head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    for (let round = 0; round < 50; round += 1) {
      const loads = [driver.load('a'), driver.head('a')];
      const committing = driver.commit('a', batchOf({ k: `${round}` }), onTopOf(head));
      loads.push(driver.load('a'));
      head = await committing;
      await Promise.all(loads);
    }
    const dropped = await driver.drop('a', onTopOf(head));
    await driver.commit('a', batchOf(), onTopOf(dropped));
  });
});

describe('SqliteDriver: several processes', () => {
  it('counts right in one file that is created by all of them at the same time', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const script = fileURLToPath(new URL('./second-process.ts', import.meta.url));
    const run = promisify(execFile);
    const driver = sqlite({ path });
    const children = [1, 2].map(() => run(process.execPath, ['--import', 'tsx', script, path, '25']));
    const opened = driver.open();
    await Promise.all([...children, opened]);
    const stored = await driver.load('shared');
    expect(stored?.head.revision).toBe(50);
    expect(stored?.records.get('count')).toBe('50');
  });

  it('creates one file from many drivers at once', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const drivers = Array.from({ length: 8 }, () => sqlite({ path }));
    await Promise.all(drivers.map((driver, index) => driver.commit(`${index}`, batchOf(), onTopOf(undefined))));
    expect((await collect(sqlite({ path }).accounts())).length).toBe(8);
  });
});
