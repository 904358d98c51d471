import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { describeLifeCycle } from '../life-cycle-cases.js';
import { type PgbouncerTestServer, startPgbouncer } from './pgbouncer.js';
import { queryPostgres, type SqlRow } from './postgres-client.js';
import { type PostgresTestServer, startPostgres } from './postgres-server.js';

let postgres: PostgresTestServer;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres.dispose());

function query({ host, port }: PgbouncerTestServer, sql: string, timeoutMs = 20_000): Promise<readonly SqlRow[]> {
  const { user, password, database } = postgres;
  return queryPostgres({ host, port, user, password, database }, sql, [], { timeoutMs });
}

describeLifeCycle('PgBouncer', {
  start: () => startPgbouncer(postgres),
  write: (server, value) => query(server, `CREATE TABLE IF NOT EXISTS kept AS SELECT '${value}' AS value`),
  read: async (server) => (await query(server, 'SELECT value FROM kept'))[0]?.['value'],
  askBriefly: (server) => query(server, 'SELECT 1', 300),
});

describe('PgBouncer', () => {
  it('lets many clients share a few connections', async () => {
    const bouncer = await startPgbouncer(postgres, { poolSize: 2 });
    onTestFinished(() => bouncer.dispose());
    const rows = await Promise.all(
      Array.from({ length: 20 }, () => query(bouncer, 'SELECT pg_backend_pid() AS pid, pg_sleep(0.01)')),
    );
    expect(new Set(rows.map(([row]) => row?.['pid'])).size).toBeLessThanOrEqual(2);
    expect(new URL(bouncer.url).port).toBe(String(bouncer.port));
    expect(new URL(bouncer.url).pathname).toBe(new URL(postgres.url).pathname);
  });
});
