import { describe, expect, it, onTestFinished } from 'vitest';
import { describeLifeCycle } from '../life-cycle-cases.js';
import { queryPostgres } from './postgres-client.js';
import { type PostgresTestServer, startPostgres } from './postgres-server.js';

const brief = { timeoutMs: 300 };

function addressOf({ host, port, user, password, database }: PostgresTestServer) {
  return { host, port, user, password, database };
}

describeLifeCycle('PostgreSQL', {
  start: () => startPostgres(),
  write: async (server, value) => {
    await server.query('CREATE TABLE kept (value text)');
    await server.query('INSERT INTO kept VALUES ($1)', [value]);
  },
  read: async (server) => (await server.query('SELECT value FROM kept'))[0]?.['value'],
  askBriefly: (server) => queryPostgres(addressOf(server), 'SELECT 1', [], brief),
});

describe('PostgreSQL', () => {
  it('lets the owner of the database in, by password alone', async () => {
    const server = await startPostgres({ database: 'some "where" else', config: ['max_connections = 20'] });
    onTestFinished(() => server.dispose());
    const address = addressOf(server);
    await queryPostgres(address, 'CREATE TABLE owned (value text)');
    const [row] = await queryPostgres(address, "SELECT current_user, current_setting('max_connections') AS limit");
    expect(row).toEqual({ current_user: server.user, limit: '20' });
    expect(decodeURIComponent(new URL(server.url).pathname)).toBe('/some "where" else');
    await expect(queryPostgres({ ...address, password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.restart();
    expect(await server.query('SELECT value FROM owned')).toEqual([]);
  });
});
