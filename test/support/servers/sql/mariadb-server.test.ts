import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeLifeCycle } from '../life-cycle-cases.js';
import { startMariadb } from './mariadb-server.js';

async function queryOverTcp(uri: string, sql: string, connectTimeout = 10_000): Promise<readonly RowDataPacket[]> {
  const connection = await createConnection({ uri, connectTimeout });
  try {
    return (await connection.query<RowDataPacket[]>(sql))[0];
  } finally {
    connection.destroy();
  }
}

describeLifeCycle('MariaDB', {
  start: () => startMariadb(),
  write: async (server, value) => {
    await server.query(`CREATE TABLE ${server.database}.kept (value text)`);
    await server.query(`INSERT INTO ${server.database}.kept VALUES (?)`, [value]);
  },
  read: async (server) => (await server.query(`SELECT value FROM ${server.database}.kept`))[0]?.['value'],
  askBriefly: (server) => queryOverTcp(server.url, 'SELECT 1', 300),
});

describe('MariaDB', () => {
  it('lets the user of its URL in, who may do anything in the database, and is strict', async () => {
    const server = await startMariadb({ options: ['--max-allowed-packet=2M'] });
    onTestFinished(() => server.dispose());
    await queryOverTcp(server.url, 'CREATE TABLE owned (value int)');
    const [row] = await queryOverTcp(server.url, 'SELECT @@sql_mode AS mode, @@max_allowed_packet AS packet');
    expect(row?.['mode']).toContain('STRICT_TRANS_TABLES');
    expect(row?.['packet']).toBe(2 * 1024 * 1024);
    await expect(queryOverTcp(server.url, 'SELECT * FROM mysql.user')).rejects.toThrow();
  });
});
