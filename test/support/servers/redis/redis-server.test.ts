import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeLifeCycle } from '../life-cycle-cases.js';
import { isRunning } from '../process-tree.js';
import { redisCli } from './redis-cli.js';
import { type RedisOptions, type RedisTestServer, startRedis } from './redis-server.js';

describeLifeCycle('Redis', {
  start: () => startRedis(),
  write: (server, value) => server.cli('SET', 'key', value),
  read: (server) => server.cli('GET', 'key'),
  askBriefly: (server) => redisCli(server, ['PING'], { timeoutMs: 300 }),
});

async function open(options?: RedisOptions): Promise<RedisTestServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.dispose());
  return server;
}

describe('Redis', () => {
  it('makes every write durable by default', async () => {
    const server = await open();
    expect(await server.cli('CONFIG', 'GET', 'appendfsync')).toBe('appendfsync\nalways');
    expect(await server.cli('CONFIG', 'GET', 'appendonly')).toBe('appendonly\nyes');
  });

  it('forgets everything over stop and start without an append-only file', async () => {
    const server = await open({ appendfsync: 'off' });
    await server.cli('SET', 'key', 'value');
    await server.stop();
    await server.start();
    expect(await server.cli('DBSIZE')).toBe('0');
  });

  it('lets nobody in without the password', async () => {
    const server = await open({ password: 'a "b" \\c' });
    await expect(redisCli(server, ['GET', 'key'])).rejects.toThrow();
    expect(await server.cli('PING')).toBe('PONG');
    expect(decodeURIComponent(new URL(server.url).password)).toBe('a "b" \\c');
  });

  it('has further users and configuration lines', async () => {
    const server = await open({ users: ['reader on >secret ~* +@read'], config: ['maxmemory 5mb'] });
    expect(await server.cli('ACL', 'USERS')).toBe('default\nreader');
    expect(await server.cli('CONFIG', 'GET', 'maxmemory')).toBe(`maxmemory\n${5 * 1024 * 1024}`);
  });

  it('serves TLS with a certificate that its authority vouches for', async () => {
    const server = await open({ tls: true });
    expect(new URL(server.url).protocol).toBe('rediss:');
    expect(await server.cli('PING')).toBe('PONG');
    const socket = connect({ host: server.host, port: server.port, ca: server.tlsCa });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('follows another server', async () => {
    const master = await open({ password: 'secret' });
    await master.cli('SET', 'key', 'value');
    const replica = await open({ replicaOf: { host: master.host, port: master.port, password: 'secret' } });
    expect(await replica.cli('GET', 'key')).toBe('value');
  });

  it.each(['stop', 'kill', 'pause'] as const)('is gone when it is disposed of after %s', async (state) => {
    const server = await open();
    const { pid = 0, folder } = server;
    await server[state]();
    await server.dispose();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('takes the port that it is told to take, and rejects when that one is taken', async () => {
    const { port } = await open();
    await expect(startRedis({ port })).rejects.toThrow();
  });

  it('waits at a later start for its port, which somebody else has taken', async () => {
    const server = await open();
    await server.cli('SET', 'key', 'value');
    await server.stop();
    const other = createServer();
    other.listen(server.port, server.host);
    await once(other, 'listening');
    const started = server.start();
    await expect.poll(() => readFileSync(join(server.folder, 'redis.log'), 'utf8')).toMatch(/in use/i);
    other.close();
    await started;
    expect(await server.cli('GET', 'key')).toBe('value');
  });

  it('rejects with what the server said, and leaves no folder, when it cannot start', async () => {
    const { folder } = await open();
    const before = readdirSync(dirname(folder));
    await expect(startRedis({ config: ['no-such-option 1'] })).rejects.toThrow('no-such-option');
    const mine = `accountkeeper-${process.pid}-`;
    const after = readdirSync(dirname(folder)).filter((name) => name.startsWith(mine) && !before.includes(name));
    expect(after).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  });
});
