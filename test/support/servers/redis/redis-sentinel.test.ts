import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRunning } from '../process-tree.js';
import { redisCli } from './redis-cli.js';
import { type RedisSentinel, startRedisSentinel } from './redis-sentinel.js';

describe('Redis Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await startRedisSentinel({ password: 'secret' });
  });

  afterAll(() => sentinel.dispose());

  it('names all sentinels and the master in its URL', async () => {
    const addresses = sentinel.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    expect(sentinel.url).toBe(`redis+sentinel://:secret@${addresses}/mymaster`);
    expect(await sentinel.master()).toBe(sentinel.dataNodes[0]);
  });

  it('answers nothing while it is paused, and answers again afterwards', async () => {
    const master = await sentinel.master();
    await sentinel.pause();
    const address = { host: master.host, port: master.port, password: 'secret' };
    await expect(redisCli(address, ['GET', 'key'], { timeoutMs: 200 })).rejects.toThrow();
    await sentinel.resume();
    await sentinel.settled();
    expect(await (await sentinel.master()).cli('PING')).toBe('PONG');
  });

  it('makes a replica the master when the master was killed, and takes the former one back', async () => {
    const master = await sentinel.master();
    expect(await master.cliLines('SET key value', 'WAIT 2 0')).toBe('OK\n2');
    await master.kill();
    await expect.poll(() => sentinel.master(), { timeout: 15_000 }).not.toBe(master);
    const successor = await sentinel.master();
    expect(await successor.cli('GET', 'key')).toBe('value');
    await sentinel.start();
    expect((await master.info('replication')).get('role')).toBe('slave');
  });

  it.each(['stop', 'kill'] as const)('keeps its data over %s and start', async (end) => {
    const master = await sentinel.master();
    expect(await master.cliLines(`SET key ${end}`, 'WAIT 2 0')).toBe('OK\n2');
    await sentinel[end]();
    await sentinel.start();
    expect(await (await sentinel.master()).cli('GET', 'key')).toBe(end);
  });

  it('leaves no process and no folder when it is disposed of', async () => {
    const all = [...sentinel.dataNodes, ...sentinel.sentinels];
    const pids = all.map(({ pid = 0 }) => pid);
    expect(pids.every(isRunning)).toBe(true);
    await sentinel.dispose();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(all.filter(({ folder }) => existsSync(folder))).toEqual([]);
  });
});
