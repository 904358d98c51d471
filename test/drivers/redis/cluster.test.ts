import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotOf } from '../../../src/drivers/redis/topology/slots.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisCluster, startRedisCluster } from '../../support/servers/redis/redis-cluster.js';
import type { RedisTestServer } from '../../support/servers/redis/redis-server.js';
import { afterTest, batchOf, collect, onTopOf, rejection } from '../support.js';
import { redis, redisServer, silentServers, warningsOf } from './support.js';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
});

afterAll(() => cluster.dispose());

function headKey(id: string, prefix = 'accountkeeper'): string {
  return `${prefix}:{${id}}:head`;
}

async function idOf(node: RedisTestServer): Promise<string> {
  return node.cli('CLUSTER', 'MYID');
}

interface OpenSlot {
  readonly slot: string;
  readonly from: RedisTestServer;
  readonly to: RedisTestServer;
  move(...keys: readonly string[]): Promise<void>;
  /** Makes the other server the master of the slot. */
  finish(): Promise<void>;
}

/** Begins to move the slot of a key to another master. */
async function openSlot(key: string, target?: RedisTestServer): Promise<OpenSlot> {
  const slot = String(slotOf(key));
  const from = await cluster.masterOf(key);
  const to = target ?? (await presentMasters()).find((node) => node !== from) ?? from;
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
  return {
    slot,
    from,
    to,
    move: async (...keys) => {
      if (keys.length > 0) await from.cli('MIGRATE', to.host, String(to.port), '', '0', '5000', 'KEYS', ...keys);
    },
    finish: async () => {
      for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
    },
  };
}

async function presentMasters(): Promise<readonly RedisTestServer[]> {
  const roles = await Promise.all(cluster.nodes.map((node) => node.info('replication')));
  return cluster.nodes.filter((_, index) => roles[index]?.get('role') === 'master');
}

describe('slotOf', () => {
  it('gives the slot that the server gives', async () => {
    const [node] = cluster.nodes;
    const keys = ['', 'a', '{', '}', '{}', '{a}b', 'x{a}{b}', 'é', '{é}', 'a{}b', 'accountkeeper:{bybit-main}:head'];
    for (const key of keys) expect(slotOf(key)).toBe(Number(await node?.cli('CLUSTER', 'KEYSLOT', key)));
  });

  it('is the same for all keys with the same tag', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string(), (tag, one, other) => {
        fc.pre(!/[{}]/.test(tag));
        const clean = (text: string): string => text.replaceAll('{', '');
        expect(slotOf(`${clean(one)}{${tag}}${other}`)).toBe(slotOf(`${clean(other)}{${tag}}${one}`));
      }),
    );
  });
});

describe('RedisDriver in a cluster', () => {
  it('finds all nodes from one of them, whichever it is', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `spread ${index}`);
    for (const [index, { host, port }] of cluster.nodes.entries()) {
      const driver = redis({ nodes: [`${host}:${port}`], prefix: `from-${index}` });
      for (const id of ids) await driver.commit(id, batchOf({ k: id }), onTopOf(undefined));
      expect((await collect(driver.accounts())).sort()).toEqual([...ids].sort());
    }
    const sizes = await Promise.all(cluster.nodes.slice(0, 3).map((node) => node.cli('DBSIZE')));
    expect(sizes.every((size) => Number(size) > 0)).toBe(true);
  });

  it('does not need the nodes that do not answer', async () => {
    const [node] = cluster.nodes;
    const driver = redis({ nodes: ['127.0.0.1:1', `${node?.host}:${node?.port}`] });
    await driver.open();
    const nobody = await rejection(redis({ nodes: ['127.0.0.1:1', '127.0.0.1:2'] }).open());
    expect(nobody).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
  });

  it('does not wait for nodes that say nothing', async () => {
    const [node] = cluster.nodes;
    const stopped = await redisServer();
    await stopped.pause();
    const silent = await silentServers(1);
    const seeds = [`${stopped.host}:${stopped.port}`, `127.0.0.1:${silent.ports[0]}`, `${node?.host}:${node?.port}`];
    // Less than the two have for their answers, one after the other.
    const driver = redis({ nodes: seeds, operationTimeoutMs: 3500 });
    await driver.open();
    expect(await driver.head('nobody')).toBeUndefined();
    await poll('the questions to be given up', async () => silent.connections() === 0 || undefined);
  });

  it('is told when it is no cluster, or a cluster is taken for a server', async () => {
    const [node] = cluster.nodes;
    const single = await rejection(redis({ url: `redis://${node?.host}:${node?.port}` }).load('1'));
    expect(single).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
  });

  it('opens with one warning for all masters', async () => {
    const masters = cluster.nodes.slice(0, 3);
    for (const node of masters) await node.cli('CONFIG', 'SET', 'appendfsync', 'everysec');
    expect(await warningsOf({ url: cluster.url, durability: 'host' })).toEqual(['append-only-not-always']);
    for (const node of masters) await node.cli('CONFIG', 'SET', 'appendfsync', 'always');
    expect(await warningsOf({ url: cluster.url, durability: 'replicated' })).toEqual([]);
    expect(await warningsOf({ url: cluster.url, durability: 'replicated', replicas: 2 })).toEqual(['too-few-replicas']);
  });

  it('follows a slot that moves, while it moves and afterwards', async () => {
    const driver = redis({ url: cluster.url, prefix: 'moving' });
    const [id, late] = ['mover', 'late'];
    const head = await driver.commit(id, batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    const key = headKey(id, 'moving');
    const slot = String(slotOf(key));
    const from = await cluster.masterOf(key);
    const to = cluster.nodes.slice(0, 3).find((node) => node !== from) ?? from;
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
    // Everything is still there.
    expect((await driver.load(id))?.head).toEqual(head);
    const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '10')).split('\n');
    // Half of it is: no server has what it takes, and nothing may look gone.
    await from.cli('MIGRATE', to.host, String(to.port), keys[0] ?? '', '0', '5000');
    expect(await rejection(driver.commit(id, batchOf({ k: '2', m: '2' }), onTopOf(head)))).toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
      retryable: true,
    });
    expect(await rejection(driver.load(id))).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    for (const each of keys.slice(1)) await from.cli('MIGRATE', to.host, String(to.port), each, '0', '5000');
    // All of it has moved, and the old server sends us on.
    expect((await driver.load(id))?.head).toEqual(head);
    const next = await driver.commit(id, batchOf({ k: '2' }), onTopOf(head));
    for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
    expect(await driver.load(id)).toMatchObject({
      head: next,
      records: new Map([
        ['k', '2'],
        ['l', '1'],
      ]),
    });
    await driver.commit(late, batchOf(), onTopOf(undefined));
    expect((await collect(driver.accounts())).sort()).toEqual([late, id]);
    expect(await redis({ url: cluster.url, prefix: 'moving' }).head(id)).toEqual(next);
  });

  it('acknowledges the commits of others while one account is on its way to another master', async () => {
    const driver = redis({ url: cluster.url, prefix: 'beside' });
    const ids = Array.from({ length: 60 }, (_, index) => `account-${index}`);
    const heads = await Promise.all(ids.map((id) => driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined))));
    const { move, finish } = await openSlot(headKey('account-0', 'beside'));
    await move('beside:{account-0}:head');
    const commits = ids.map((id, index) => driver.commit(id, batchOf({ k: '2' }), onTopOf(heads[index])));
    const [stuck, ...others] = commits;
    expect(await rejection(stuck ?? Promise.resolve())).toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
      retryable: true,
    });
    for (const head of await Promise.all(others)) expect(head.revision).toBe(2);
    await move('beside:{account-0}:records', 'beside:{account-0}:r:k');
    await finish();
    expect((await driver.commit('account-0', batchOf({ k: '2' }), onTopOf(heads[0]))).revision).toBe(2);
  });

  it.each([1, 1001])('takes nothing for lost while %i records move', async (count) => {
    const driver = redis({ url: cluster.url, prefix: 'half' });
    const id = `half-${count}`;
    const names = Array.from({ length: count }, (_, index) => `k${index}`);
    const records = Object.fromEntries(names.map((name) => [name, '1']));
    const head = await driver.commit(id, batchOf(records), onTopOf(undefined));
    const { to, move, finish } = await openSlot(headKey(id, 'half'));
    await move(`half:{${id}}:head`, `half:{${id}}:records`);
    // The script reads the records in the order of the set, a thousand at a time: the last one is alone.
    const [, ...members] = (await to.cliLines('ASKING', `SMEMBERS half:{${id}}:records`)).split('\n');
    const last = members.filter((name) => name !== ':' && name !== '').at(-1) ?? '';
    const keyOf = (name: string): string => `half:{${id}}:r:${name}`;
    const others = names.filter((name) => name !== last);
    for (let at = 0; at < others.length; at += 250) await move(...others.slice(at, at + 250).map(keyOf));
    for (const error of await Promise.all([driver.load(id), driver.drop(id, onTopOf(head))].map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    }
    await move(keyOf(last));
    expect((await driver.load(id))?.records.size).toBe(count);
    await finish();
    expect((await redis({ url: cluster.url, prefix: 'half' }).load(id))?.records.size).toBe(count);
  });

  it('lists an account that moves to a master which the listing is through with', async () => {
    const driver = redis({ url: cluster.url, prefix: 'late' });
    const ids = Array.from({ length: 900 }, (_, index) => `account-${index}`);
    await Promise.all(ids.map((id) => driver.commit(id, batchOf(), onTopOf(undefined))));
    // Not by the one that wrote them: it would ask for those that it knows.
    const listing = redis({ url: cluster.url, prefix: 'late' }).accounts()[Symbol.asyncIterator]();
    const seen = [String((await listing.next()).value)];
    const masters = await presentMasters();
    const owned = await Promise.all(masters.map((node) => node.cli('KEYS', 'late:*:head')));
    const ownerOf = (id = ''): number => owned.findIndex((keys) => keys.split('\n').includes(headKey(id, 'late')));
    const first = ownerOf(seen[0]);
    // Pages hold fewer accounts than two masters: with one of the second master, the last one was not reached.
    while (ownerOf(seen.at(-1)) === first) seen.push(String((await listing.next()).value));
    const last = masters.findIndex((_, index) => index !== first && index !== ownerOf(seen.at(-1)));
    const moving = ids.find((id) => ownerOf(id) === last) ?? '';
    const { from, slot, move, finish } = await openSlot(headKey(moving, 'late'), masters[first]);
    await move(...(await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '100')).split('\n'));
    for (let next = await listing.next(); next.done !== true; next = await listing.next()) {
      seen.push(String(next.value));
    }
    await finish();
    expect(seen.sort()).toEqual([...ids].sort());
  });

  it('lists each account once when the masters change in between', async () => {
    const driver = redis({ url: cluster.url, prefix: 'listed' });
    const ids = Array.from({ length: 900 }, (_, index) => `account ${index}`);
    await Promise.all(ids.map((id) => driver.commit(id, batchOf(), onTopOf(undefined))));
    const listing = driver.accounts()[Symbol.asyncIterator]();
    const seen = [String((await listing.next()).value)];
    const master = await cluster.masterOf(headKey('account 1', 'listed'));
    const [replica] = await cluster.replicasOf(master);
    await replica?.cli('CLUSTER', 'FAILOVER');
    await poll('the failover', async () => {
      return (await replica?.info('replication'))?.get('role') === 'master' || undefined;
    });
    await cluster.settled();
    for (let next = await listing.next(); next.done !== true; next = await listing.next())
      seen.push(String(next.value));
    expect(seen.sort()).toEqual(ids.sort());
  });

  it('keeps what was acknowledged when the master of the account is killed', async () => {
    const driver = redis({ url: cluster.url, prefix: 'failover', durability: 'replicated' });
    let head = await driver.commit('a', batchOf({ count: '0' }), onTopOf(undefined));
    for (let count = 1; count <= 10; count += 1) {
      head = await driver.commit('a', batchOf({ count: `${count}` }), onTopOf(head));
    }
    const master = await cluster.masterOf(headKey('a', 'failover'));
    await master.kill();
    const stored = await poll('the account at its new master', () => driver.load('a'));
    expect(stored).toMatchObject({ head, records: new Map([['count', '10']]) });
    // Nobody copies from the new master yet.
    const next = onTopOf(head);
    const alone = await rejection(driver.commit('a', batchOf({ count: '11' }), next));
    expect(alone).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    await master.start();
    await cluster.settled();
    expect(await driver.commit('a', batchOf({ count: '11' }), next)).toMatchObject({
      revision: head.revision + 1,
      writeId: next.writeId,
    });
    expect((await driver.load('a'))?.records.get('count')).toBe('11');
  });

  it('does not acknowledge what a master says that was replaced while it stood still', async () => {
    const [late, other] = [redis({ url: cluster.url, prefix: 'still' }), redis({ url: cluster.url, prefix: 'still' })];
    const head = await late.commit('a', batchOf({ by: 'both' }), onTopOf(undefined));
    const former = await cluster.masterOf(headKey('a', 'still'));
    await poll('the replica to have it', async () => {
      return (await former.cliLines('SET still:{a}:x 1', 'WAIT 1 100')).endsWith('1') || undefined;
    });
    afterTest(() => former.resume());
    await former.pause();
    const commit = rejection(late.commit('a', batchOf({ by: 'late' }), onTopOf(head, { timeoutMs: 30_000 })));
    const found = await poll('the account at the new master', () => other.head('a', { timeoutMs: 1500 }));
    const next = await other.commit('a', batchOf({ by: 'other' }), onTopOf(found));
    await former.resume();
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    for (const driver of [late, other]) expect(await driver.head('a')).toEqual(next);
    await cluster.settled();
  });

  it('does not believe such a master either when it is asked only after it has gone on', async () => {
    const [writer, reader, other] = [1, 2, 3].map(() => redis({ url: cluster.url, prefix: 'idle' }));
    if (writer === undefined || reader === undefined || other === undefined) throw new Error('three drivers');
    const head = await writer.commit('a', batchOf({ by: 'both' }), onTopOf(undefined));
    await reader.head('a');
    const former = await cluster.masterOf(headKey('a', 'idle'));
    await poll('the replica to have it', async () => {
      return (await former.cliLines('SET idle:{a}:x 1', 'WAIT 1 100')).endsWith('1') || undefined;
    });
    afterTest(() => former.resume());
    await former.pause();
    const found = await poll('the account at the new master', () => other.head('a', { timeoutMs: 1500 }));
    const next = await other.commit('a', batchOf({ by: 'other' }), onTopOf(found));
    await former.resume();
    const [read, commit] = await Promise.all([
      reader.head('a'),
      rejection(writer.commit('a', batchOf({ by: 'writer' }), onTopOf(head))),
    ]);
    expect(read).toEqual(next);
    expect(['UNAVAILABLE', 'CONFLICT']).toContain(commit.code);
    for (const driver of [writer, other, reader]) expect(await driver.head('a')).toEqual(next);
    await cluster.settled();
  });

  it('counts a late answer when all members name the master, and repeats the commit when one is silent', async () => {
    const driver = redis({ url: cluster.url, prefix: 'slow' });
    let head = await driver.commit('a', batchOf({ count: '0' }), onTopOf(undefined));
    const master = await cluster.masterOf(headKey('a', 'slow'));
    const silent = cluster.nodes.find((node) => node !== master);
    const hold = (): Promise<string> => master.cli('CLIENT', 'PAUSE', '700', 'WRITE');
    await hold();
    head = await driver.commit('a', batchOf({ count: '1' }), onTopOf(head));
    await silent?.pause();
    try {
      await hold();
      const options = onTopOf(head);
      const commit = driver.commit('a', batchOf({ count: '2' }), options);
      expect(await rejection(commit)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
      expect(await driver.commit('a', batchOf({ count: '2' }), options)).toMatchObject({ revision: head.revision + 1 });
    } finally {
      await silent?.resume();
    }
    await cluster.settled();
  });
});
