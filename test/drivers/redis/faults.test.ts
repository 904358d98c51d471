import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { batchOf, collect, onTopOf, rejection } from '../support.js';
import { callsOf, nameOf, proxyBefore, redis, redisServer, silentServers, takes } from './support.js';

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis({ appendfsync: 'no' });
});

afterAll(() => server.dispose());

function valueIn(driver: PersistenceDriver, accountId: string): Promise<string | undefined> {
  return driver.load(accountId).then((stored) => stored?.records.get('k'));
}

describe('RedisDriver: a connection that breaks', () => {
  it('leaves a commit whose answer was cut off unknown, and its repetition finds it', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url) });
    const head = await driver.commit('cut', batchOf({ k: '1' }), onTopOf(undefined));
    const options = onTopOf(head);
    proxy.cutMidReply(3);
    const error = await rejection(driver.commit('cut', batchOf({ k: '2' }), options));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    const calls = await callsOf(server, 'evalsha');
    const again = await driver.commit('cut', batchOf({ k: '2' }), options);
    expect(again).toMatchObject({ revision: 2, writeId: options.writeId });
    expect(await driver.head('cut')).toEqual(again);
    expect(await valueIn(driver, 'cut')).toBe('2');
    expect(await callsOf(server, 'evalsha')).toBeGreaterThan(calls);
  });

  it('is not used again, and what was on its way is not sent again', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url) });
    const head = await driver.commit('lost', batchOf({ k: '1' }), onTopOf(undefined));
    proxy.blackHole('to-server');
    const commit = rejection(driver.commit('lost', batchOf({ k: 'never' }), onTopOf(head)));
    await poll('the commit to be on its way', async () => proxy.connections > 0 || undefined);
    await new Promise((resolve) => setImmediate(resolve));
    proxy.cut();
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await proxy.heal();
    expect(await driver.head('lost')).toEqual(head);
    expect(await valueIn(driver, 'lost')).toBe('1');
    expect(proxy.totalConnections).toBe(2);
  });

  it('is replaced without a listener or a connection being left over', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url) });
    for (let round = 0; round < 20; round += 1) {
      await driver.open();
      proxy.cut();
      await poll('a new connection', () => driver.head('none').then(() => true as const));
    }
    expect(proxy.connections).toBe(1);
  });
});

describe('RedisDriver: a server that says nothing', () => {
  it('is given up after a deadline, so that a new connection works at once', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url), operationTimeoutMs: 1200 });
    const head = await driver.commit('hole', batchOf({ k: '1' }), onTopOf(undefined));
    proxy.blackHole();
    const options = onTopOf(head);
    expect(await rejection(driver.commit('hole', batchOf({ k: '2' }), options))).toMatchObject({
      code: 'TIMEOUT',
      outcome: 'unknown',
    });
    expect((await rejection(driver.head('hole'))).code).toBe('TIMEOUT');
    // The connections from before stay lost: only a new one can do it.
    await proxy.heal();
    expect(await takes(() => driver.commit('hole', batchOf({ k: '2' }), options))).toBeLessThan(1000);
    expect(await valueIn(driver, 'hole')).toBe('2');
  });

  it('keeps its connection after a deadline that was only short', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url) });
    await driver.open();
    proxy.delay(50);
    for (let round = 0; round < 5; round += 1) await rejection(driver.head('short', { timeoutMs: 1 }));
    await driver.head('short');
    expect(proxy.totalConnections).toBe(1);
  });

  it('does not hold up open, nor close, and nothing is left over', async () => {
    const silent = await silentServers(1);
    const [port] = silent.ports;
    const driver = redis({ url: `redis://:hush@127.0.0.1:${port}` });
    const opened = await takes(async () => {
      expect(await rejection(driver.open({ timeoutMs: 300 }))).toMatchObject({
        code: 'TIMEOUT',
        outcome: 'not-applied',
      });
    });
    expect(opened).toBeLessThan(2000);
    await poll('the connection to be gone', async () => silent.connections() === 0 || undefined);
    const opening = rejection(driver.open());
    await poll('a connection', async () => silent.connections() === 1 || undefined);
    expect(await takes(() => rejection(driver.close({ timeoutMs: 200 })))).toBeLessThan(2000);
    expect((await opening).code).toBe('CLOSED');
    await poll('the connection to be gone', async () => silent.connections() === 0 || undefined);
  });

  it('for a while does not hurt those who have the time, whatever becomes of others', async () => {
    const own = await redisServer();
    const driver = redis({ url: own.url });
    const ids = ['a', 'b', 'c'];
    const heads = await Promise.all(ids.map((id) => driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined))));
    await own.pause();
    const commits = ids.map((id, index) => driver.commit(id, batchOf({ k: '2' }), onTopOf(heads[index])));
    // The second one is over when the connection has been silent for too long.
    for (const timeoutMs of [200, 1500]) {
      expect((await rejection(driver.head('d', { timeoutMs }))).code).toBe('TIMEOUT');
    }
    await own.resume();
    for (const head of await Promise.all(commits)) expect(head.revision).toBe(2);
    expect(await driver.head('d')).toBeUndefined();
  });

  it('does not hold up close when it is stopped in its tracks', async () => {
    const own = await redisServer();
    const driver = redis({ url: own.url });
    await driver.open();
    await own.pause();
    const commit = rejection(driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined)));
    expect(await takes(() => rejection(driver.close({ timeoutMs: 300 })))).toBeLessThan(2000);
    expect(await commit).toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
    await own.resume();
  });
});

describe('RedisDriver: a name that leads to another server', () => {
  it('is followed when its server becomes a replica, also by a commit and by a listing', async () => {
    const former = await redisServer();
    const next = await redisServer({ replicaOf: former });
    const name = await nameOf(former);
    const url = `redis://${name.host}:${name.port}`;
    const [reader, writer, lister] = [redis({ url }), redis({ url }), redis({ url })];
    const head = await writer.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    for (const driver of [reader, lister]) expect(await driver.head('a')).toEqual(head);
    await poll(
      'the replica to follow',
      async () => (await next.cli('EXISTS', 'accountkeeper:{a}:head')) === '1' || undefined,
    );

    await next.cli('REPLICAOF', 'NO', 'ONE');
    // A server that cannot reach its master answers MASTERDOWN instead of READONLY.
    await former.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    await former.cli('REPLICAOF', '127.0.0.1', '1');
    name.leadTo(next);
    const second = await writer.commit('a', batchOf({ k: '2' }), onTopOf(head));
    expect(second.revision).toBe(2);
    expect(await reader.head('a')).toEqual(second);
    await writer.commit('b', batchOf(), onTopOf(undefined));
    expect((await collect(lister.accounts())).sort()).toEqual(['a', 'b']);
  });

  it('lists what the new one has, although the former one can still be scanned', async () => {
    const former = await redisServer({ appendfsync: 'no' });
    const next = await redisServer({ replicaOf: former });
    const name = await nameOf(former);
    const writer = redis({ url: former.url });
    const ids = Array.from({ length: 600 }, (_, index) => `account-${index}`);
    await Promise.all(ids.map((id) => writer.commit(id, batchOf(), onTopOf(undefined))));
    await poll('the replica to follow', async () => (await next.cli('DBSIZE')) === '1200' || undefined);
    // Not by the one that wrote them: it would ask for those that it knows.
    const listing = redis({ url: `redis://${name.host}:${name.port}` })
      .accounts()
      [Symbol.asyncIterator]();
    const seen = [String((await listing.next()).value)];
    await next.cli('REPLICAOF', 'NO', 'ONE');
    await redis({ url: next.url }).commit('new', batchOf(), onTopOf(undefined));
    await former.cli('REPLICAOF', '127.0.0.1', '1');
    name.leadTo(next);
    for (let each = await listing.next(); each.done !== true; each = await listing.next()) {
      seen.push(String(each.value));
    }
    expect(seen.sort()).toEqual([...ids, 'new'].sort());
  });
});

describe('RedisDriver: a server that restarts', () => {
  it('is found again, with everything that was acknowledged', async () => {
    const own = await redisServer();
    const driver = redis({ url: own.url });
    let head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    for (let round = 1; round <= 3; round += 1) {
      await own.kill();
      const error = await rejection(driver.commit('a', batchOf({ k: 'x' }), onTopOf(head)));
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      expect(await rejection(driver.head('a'))).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
      await own.start();
      head = await driver.commit('a', batchOf({ k: `${round}` }), onTopOf(head));
    }
    expect(await valueIn(driver, 'a')).toBe('3');
  });

  it('was down at open, and can be opened later', async () => {
    const own = await redisServer();
    await own.stop();
    const driver = redis({ url: own.url });
    const failing = [driver.open(), driver.head('a'), collect(driver.accounts())];
    for (const error of await Promise.all(failing.map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    }
    await own.start();
    await driver.open();
    expect(await driver.head('a')).toBeUndefined();
  });

  it('is unavailable, and not empty, while it loads', async () => {
    // Each of 100 keys takes 20 ms to load.
    const slow = ['enable-debug-command yes', 'key-load-delay 20000', 'loading-process-events-interval-bytes 1024'];
    const own = await redisServer({ config: slow });
    const driver = redis({ url: own.url });
    const records = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'x'.repeat(200)]));
    const head = await driver.commit('a', batchOf(records), onTopOf(undefined));
    await own.cli('BGREWRITEAOF');
    await poll('the file to be rewritten', async () => {
      return (await own.info('persistence')).get('aof_rewrite_in_progress') === '0' || undefined;
    });
    await own.kill();
    const started = own.start();
    const error = await poll('the server to say that it is loading', async () => {
      const failed = await rejection(driver.commit('a', batchOf({ k0: '2' }), onTopOf(head)));
      return String(failed.cause).includes('LOADING') ? failed : undefined;
    });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    expect(await rejection(driver.load('a'))).toMatchObject({ code: 'UNAVAILABLE' });
    await started;
    expect((await driver.load('a'))?.head).toEqual(head);
  });
});
