import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRunning } from '../process-tree.js';
import { redisCli } from './redis-cli.js';
import { type RedisCluster, startRedisCluster } from './redis-cluster.js';

describe('Redis Cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ minReplicasToWrite: 1 });
  });

  afterAll(() => cluster.dispose());

  it('has three masters with a replica each, all named in its URL', async () => {
    const masters = await Promise.all(['a', 'b', 'c'].map((key) => cluster.masterOf(key)));
    const replicas = await Promise.all(masters.map((master) => cluster.replicasOf(master)));
    expect(new Set([...masters, ...replicas.flat()]).size).toBe(6);
    expect(cluster.url).toBe(`redis+cluster://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`);
  });

  it('refuses writes to a master without its replica', async () => {
    const master = await cluster.masterOf('key');
    const [replica] = await cluster.replicasOf(master);
    await replica?.stop();
    await expect(master.cli('SET', 'key', 'value')).rejects.toThrow('NOREPLICAS');
    await cluster.start();
    await expect.poll(() => master.cli('SET', 'key', 'value').catch(String), { timeout: 5_000 }).toBe('OK');
  });

  it('answers nothing while it is paused, and answers again afterwards', async () => {
    const master = await cluster.masterOf('key');
    await cluster.pause();
    await expect(redisCli(master, ['GET', 'key'], { timeoutMs: 200 })).rejects.toThrow();
    await cluster.resume();
    await cluster.settled();
    expect(await (await cluster.masterOf('key')).cli('SET', 'key', 'value')).toBe('OK');
  });

  it('makes a replica the master when the master was killed, and takes the former one back', async () => {
    const master = await cluster.masterOf('key');
    expect(await master.cliLines('SET key value', 'WAIT 1 0')).toBe('OK\n1');
    await master.kill();
    const successor = await cluster.masterOf('key');
    expect(successor).not.toBe(master);
    expect(await successor.cli('GET', 'key')).toBe('value');
    await cluster.start();
    expect(await cluster.replicasOf(successor)).toEqual([master]);
  });

  it.each(['stop', 'kill'] as const)('keeps its data over %s and start', async (end) => {
    const writeAndWait = async () => (await cluster.masterOf('key')).cliLines(`SET key ${end}`, 'WAIT 1 0');
    await expect.poll(writeAndWait, { timeout: 10_000 }).toBe('OK\n1');
    await cluster[end]();
    await cluster.start();
    expect(await (await cluster.masterOf('key')).cli('GET', 'key')).toBe(end);
  });

  it('leaves no process and no folder when it is disposed of', async () => {
    const pids = cluster.nodes.map(({ pid = 0 }) => pid);
    expect(pids.every(isRunning)).toBe(true);
    await cluster.dispose();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(cluster.nodes.filter(({ folder }) => existsSync(folder))).toEqual([]);
  });
});
