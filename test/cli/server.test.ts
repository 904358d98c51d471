import { afterAll, describe, expect, it } from 'vitest';
import type { JsonReport } from '../../src/cli/reporters/json-reporter.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { recorded } from './recorded-io.js';

const password = 'command-line-secret';
const server = await startRedis({ password, appendfsync: 'off' });
afterAll(() => server.dispose());

describe('the command line, on a server with a password', () => {
  it('runs the contract with a second process, and prints no password', { timeout: 60_000 }, async () => {
    const ids = ['RT1', 'RT3', 'RT5', 'CL4', 'KE3'];
    const argv = ['contract', server.url, '--json', ...ids.flatMap((id) => ['--clause', id])];
    const { code, stdout, stderr } = await recorded(argv);
    const { clauses } = JSON.parse(stdout) as JsonReport;
    const failed = clauses.filter(({ status }) => status === 'failed');
    expect({ code, stderr, failed }).toEqual({ code: 0, stderr: '', failed: [] });
    expect(clauses.find(({ id }) => id === 'CL4')?.status).toBe('passed');
    expect(stdout).not.toContain(password);
  });

  it('drops the accounts that the contract has made', async () => {
    await recorded(['contract', server.url, '--clause', 'KE2']);
    const keys = (await server.cli('--scan')).split('\n').filter((key) => key.includes('}:r:'));
    expect(keys).toEqual([]);
  });

  it('names the settings that weaken a promise, and prints no password', async () => {
    const { code, stdout, stderr } = await recorded(['doctor', server.url]);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toMatch(/^warning +[a-z-]+: /m);
    expect(stdout).toMatch(/^round trip +commit /m);
    expect(stdout).not.toContain(password);
  });

  it('says that a server is unusable whose password is another one, without either', async () => {
    const { code, stdout } = await recorded(['doctor', server.url.replace(password, 'wrong-secret'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'unusable', roundTrip: null });
    expect(stdout).not.toMatch(/-secret/);
  });
});
