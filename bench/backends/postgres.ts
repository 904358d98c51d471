import { createRequire } from 'node:module';
import KeyvPostgres from '@keyv/postgres';
import { Keyv } from 'keyv';
import { descendantsOf } from '../../test/support/servers/process-tree.js';
import { startPostgres } from '../../test/support/servers/sql/postgres-server.js';
import type { BenchBackend, RawClient, RawEntry } from './backend.js';

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface Client {
  connect(): Promise<unknown>;
  query(statement: Statement): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
  end(): Promise<void>;
}

const ofAdapter = createRequire(createRequire(import.meta.url).resolve('@keyv/postgres'));
const pg = ofAdapter('pg') as { readonly Client: new (url: string) => Client };

/** With the defaults of its release: `synchronous_commit` is on. */
export async function postgresBackend(): Promise<BenchBackend> {
  const server = await startPostgres();
  const [row] = await server.query('SHOW server_version');
  return {
    name: 'PostgreSQL',
    version: String(row?.['server_version']),
    pids: () => (server.pid === undefined ? [] : [server.pid, ...descendantsOf(server.pid)]),
    urlOf: (place) => `${server.url}?table=${tableOf(place)}`,
    keyv: (place) => new Keyv({ store: new KeyvPostgres({ uri: server.url, table: tableOf(place) }) }),
    raw: (place) => openRaw(server.url, tableOf(place)),
    lock: (place, accountId) => lockHead(server.url, tableOf(place), accountId),
    dispose: () => server.dispose(),
  };
}

async function lockHead(url: string, table: string, accountId: string): Promise<() => Promise<void>> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query({ text: 'BEGIN' });
  const text = `SELECT FROM ${table} WHERE key LIKE $1 FOR UPDATE`;
  const { rows } = await client.query({ text, values: [`%:{${accountId}}:head`] });
  if (rows.length !== 1) throw new Error(`${rows.length} heads are locked`);
  return async () => {
    await client.query({ text: 'COMMIT' });
    await client.end();
  };
}

function tableOf(place: string): string {
  return place.replaceAll('-', '_');
}

async function openRaw(url: string, table: string): Promise<RawClient> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query({ text: `CREATE TABLE IF NOT EXISTS ${table} (key text COLLATE "C" PRIMARY KEY, value text)` });
  const list = (number: number): string => `unnest($${number}::text[])`;
  const upsert = `INSERT INTO ${table} (key, value)
    SELECT key, value FROM ROWS FROM (${list(1)}, ${list(2)}) AS entry (key, value)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
  const both = `WITH gone AS (DELETE FROM ${table} WHERE key IN (SELECT ${list(3)})) ${upsert}`;
  return {
    write: async (upserts, deletes) => {
      const keys = upserts.map(([key]) => key);
      const texts = upserts.map(([, json]) => json);
      if (deletes.length === 0) await client.query({ name: 'upsert', text: upsert, values: [keys, texts] });
      else await client.query({ name: 'both', text: both, values: [keys, texts, deletes] });
    },
    writePlainly: async (upserts, deletes) => {
      const keys = upserts.map(([key]) => key);
      const texts = upserts.map(([, json]) => json);
      await client.query({ text: 'BEGIN' });
      await client.query({ text: upsert, values: [keys, texts] });
      if (deletes.length > 0)
        await client.query({ text: `DELETE FROM ${table} WHERE key = ANY ($1::text[])`, values: [deletes] });
      await client.query({ text: 'COMMIT' });
    },
    readAll: async () => {
      const { rows } = await client.query({ name: 'read', text: `SELECT key, value FROM ${table}` });
      return rows.map(({ key, value }): RawEntry => [String(key), String(value)]);
    },
    close: () => client.end(),
  };
}
