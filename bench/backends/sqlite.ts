import { createRequire } from 'node:module';
import { join } from 'node:path';
import KeyvSqlite from '@keyv/sqlite';
import { Keyv } from 'keyv';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import type { BenchBackend, RawClient, RawEntry } from './backend.js';

type Done = (error: Error | null, rows?: readonly Readonly<Record<string, unknown>>[]) => void;

interface Statement {
  run(parameters: readonly unknown[], done: Done): unknown;
  all(parameters: readonly unknown[], done: Done): unknown;
  finalize(done: () => void): unknown;
}

interface Database {
  exec(sql: string, done: Done): unknown;
  run(sql: string, parameters: readonly unknown[], done: Done): unknown;
  prepare(sql: string, done: Done): Statement;
  close(done: Done): unknown;
}

const ofAdapter = createRequire(createRequire(import.meta.url).resolve('@keyv/sqlite'));
const { Database } = ofAdapter('sqlite3') as { readonly Database: new (path: string, done: Done) => Database };

const UPSERT = 'ON CONFLICT (key) DO UPDATE SET value = excluded.value';
/** The settings of the driver, and its table. The view has a trigger: one prepared statement then does both. */
const PREPARE = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA temp_store = MEMORY;
  CREATE TABLE IF NOT EXISTS keyv (key VARCHAR(65535) PRIMARY KEY, value TEXT);
  CREATE TEMP VIEW both AS SELECT '' AS upserts, '' AS deletes WHERE 0;
  CREATE TEMP TRIGGER both_insert INSTEAD OF INSERT ON both BEGIN
    INSERT INTO keyv (key, value) SELECT key, value FROM json_each(NEW.upserts) WHERE true ${UPSERT};
    DELETE FROM keyv WHERE key IN (SELECT value FROM json_each(NEW.deletes));
  END`;

export async function sqliteBackend(): Promise<BenchBackend> {
  const folder = temporaryFolder('bench');
  const path = (place: string): string => join(folder, `${place}.db`);
  return {
    name: 'SQLite',
    version: await libraryVersion(),
    pids: () => [process.pid],
    urlOf: (place) => `sqlite://${path(place)}`,
    keyv: (place) => new Keyv({ store: new KeyvSqlite({ uri: `sqlite://${path(place)}` }) }),
    raw: (place) => openRaw(path(place)),
    dispose: async () => undefined,
  };
}

async function openRaw(path: string): Promise<RawClient> {
  const database = await opened(path);
  await settled((done) => database.exec(PREPARE, done));
  const prepare = (sql: string): Promise<Statement> =>
    new Promise((resolve, reject) => {
      const statement = database.prepare(sql, (error) => (error === null ? resolve(statement) : reject(error)));
    });
  const upsertAll = `INSERT INTO keyv (key, value) SELECT key, value FROM json_each(?) WHERE true ${UPSERT}`;
  const upsert = await prepare(upsertAll);
  const both = await prepare('INSERT INTO both (upserts, deletes) VALUES (?, ?)');
  const read = await prepare('SELECT key, value FROM keyv');
  return {
    write: async (upserts, deletes) => {
      const texts = jsonObject(upserts);
      if (deletes.length === 0) await settled((done) => upsert.run([texts], done));
      else await settled((done) => both.run([texts, JSON.stringify(deletes)], done));
    },
    writePlainly: async (upserts, deletes) => {
      const doomed = 'DELETE FROM keyv WHERE key IN (SELECT value FROM json_each(?))';
      await settled((done) => database.exec('BEGIN', done));
      await settled((done) => database.run(upsertAll, [jsonObject(upserts)], done));
      if (deletes.length > 0) await settled((done) => database.run(doomed, [JSON.stringify(deletes)], done));
      await settled((done) => database.exec('COMMIT', done));
    },
    readAll: async () => {
      const rows = await settled((done) => read.all([], done));
      return rows.map(({ key, value }): RawEntry => [String(key), String(value)]);
    },
    close: async () => {
      for (const statement of [upsert, both, read]) await new Promise<void>((done) => statement.finalize(done));
      await settled((done) => database.close(done));
    },
  };
}

async function libraryVersion(): Promise<string> {
  const database = await opened(':memory:');
  const version = await new Promise<string>((resolve, reject) => {
    const statement = database.prepare('SELECT sqlite_version() AS version', () => undefined);
    statement.all([], (error, rows) => (error === null ? resolve(String(rows?.[0]?.['version'])) : reject(error)));
    statement.finalize(() => undefined);
  });
  await settled((done) => database.close(done));
  return version;
}

function opened(path: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const database = new Database(path, (error) => (error === null ? resolve(database) : reject(error)));
  });
}

function settled(begin: (done: Done) => void): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return new Promise((resolve, reject) => {
    begin((error, rows = []) => (error === null ? resolve(rows) : reject(error)));
  });
}

function jsonObject(entries: readonly RawEntry[]): string {
  let text = '';
  for (const [key, json] of entries) text += `${text === '' ? '{' : ','}"${key}":${json}`;
  return text === '' ? '{}' : `${text}}`;
}
