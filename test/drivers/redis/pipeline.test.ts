import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../src/core/persistence-driver.js';
import type { RedisDriver } from '../../../src/drivers/redis/driver.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { batchOf, onTopOf, rejection } from '../support.js';
import { callsOf, proxyBefore, redis, redisServer, sendingBy } from './support.js';

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis({ appendfsync: 'no' });
});

afterAll(() => server.dispose());

interface Written {
  readonly id: string;
  readonly head: AccountHead;
}

/** First commits of so many accounts, at the same time. */
function writtenBy(driver: RedisDriver, count: number, prefix: string): Promise<readonly Written[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  return Promise.all(
    ids.map(async (id) => ({ id, head: await driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined)) })),
  );
}

describe('RedisDriver: commits of many accounts', () => {
  it('are sent without a wait for the answers of others, and over one connection', async () => {
    const proxy = await proxyBefore(server);
    const driver = redis({ url: proxy.urlFor(server.url) });
    const accounts = await writtenBy(driver, 200, 'unanswered');
    const calls = await callsOf(server, 'evalsha');
    proxy.blackHole('to-client');
    const commits = accounts.map(({ id, head }) => rejection(driver.commit(id, batchOf({ k: '2' }), onTopOf(head))));
    await poll('all of them to have run', async () => {
      return (await callsOf(server, 'evalsha')) === calls + accounts.length || undefined;
    });
    expect(proxy.totalConnections).toBe(1);
    proxy.cut();
    for (const error of await Promise.all(commits)) expect(error.outcome).toBe('unknown');
  });

  it('are on their way 256 at a time, and the others follow', async () => {
    let underWay = 0;
    let most = 0;
    const importer = sendingBy(async (command, send) => {
      const isCommit = command[0]?.startsWith('EVAL') === true;
      if (isCommit) underWay += 1;
      most = Math.max(most, underWay);
      try {
        return await send();
      } finally {
        if (isCommit) underWay -= 1;
      }
    });
    const accounts = await writtenBy(redis({ url: server.url }, importer), 1_000, 'in-turn');
    expect(accounts.map(({ head }) => head.revision)).toEqual(accounts.map(() => 1));
    expect(most).toBe(256);
  });

  it('are judged each by itself: a conflict and a damaged account leave the others alone', async () => {
    const driver = redis({ url: server.url });
    const accounts = await writtenBy(driver, 50, 'judged');
    await server.cli('DEL', 'accountkeeper:{judged-20}:records');
    const stale: AccountHead = { revision: 1, writerId: '', writeId: 'of nobody', meta: '', dropped: false };
    const settled = await Promise.allSettled(
      accounts.map(({ id, head }, index) =>
        driver.commit(id, batchOf({ k: '2' }), onTopOf(index === 10 ? stale : head)),
      ),
    );
    const failed = settled.flatMap((each, index) => (each.status === 'rejected' ? [[index, each.reason.code]] : []));
    expect(failed).toEqual([
      [10, 'CONFLICT'],
      [20, 'CORRUPT'],
    ]);
  });

  it('are acknowledged although the deadline of one of them has passed', async () => {
    const own = await redisServer({ appendfsync: 'no' });
    const driver = redis({ url: own.url });
    const accounts = await writtenBy(driver, 50, 'late');
    await own.pause();
    const hasty = accounts[25];
    const commits = accounts.map(({ id, head }) =>
      id === hasty?.id ? undefined : driver.commit(id, batchOf({ k: '2' }), onTopOf(head)),
    );
    const options = onTopOf(hasty?.head, { timeoutMs: 100 });
    expect(await rejection(driver.commit('late-25', batchOf({ k: '2' }), options))).toMatchObject({
      code: 'TIMEOUT',
      outcome: 'unknown',
    });
    await own.resume();
    for (const head of await Promise.all(commits)) if (head !== undefined) expect(head.revision).toBe(2);
    const again = await driver.commit('late-25', batchOf({ k: '2' }), { ...options, timeoutMs: 10_000 });
    expect(again).toMatchObject({ revision: 2, writeId: options.writeId });
  });

  it('are each there or not when the server is killed, and repeated, none is lost or made twice', async () => {
    // With `everysec`, a server that waits for a slow disk acknowledges what it has not even written.
    const own = await redisServer({ appendfsync: 'always' });
    const driver = redis({ url: own.url });
    let accounts = await writtenBy(driver, 200, 'killed');
    const initial = await callsOf(own, 'evalsha');
    for (let round = 1; round <= 3; round += 1) {
      const batch: CommitBatch = batchOf({ k: `round ${round}`, [`made-in-${round}`]: 'x' });
      const requests = accounts.map(({ id, head }): [string, CommitOptions] => [id, onTopOf(head)]);
      const calls = round === 1 ? initial : 0;
      const attempts = requests.map(([id, options]) => driver.commit(id, batch, options));
      const settling = Promise.allSettled(attempts);
      await poll('some of them to have run', async () => (await callsOf(own, 'evalsha')) > calls || undefined);
      await own.kill();
      const settled = await settling;
      await own.start();
      const stored = await Promise.all(requests.map(([id]) => driver.load(id)));
      for (const [index, attempt] of settled.entries()) {
        const hasLanded = stored[index]?.head.writeId === requests[index]?.[1].writeId;
        if (attempt.status === 'fulfilled') expect(hasLanded).toBe(true);
        else if (hasLanded) expect(attempt.reason.outcome).toBe('unknown');
        expect(stored[index]?.records.has(`made-in-${round}`)).toBe(hasLanded);
      }
      accounts = await Promise.all(
        requests.map(async ([id, options]) => ({ id, head: await driver.commit(id, batch, options) })),
      );
      expect(new Set(accounts.map(({ head }) => head.revision))).toEqual(new Set([1 + round]));
    }
    for (const { id } of accounts) {
      expect([...((await driver.load(id))?.records.keys() ?? [])].sort()).toEqual([
        'k',
        'made-in-1',
        'made-in-2',
        'made-in-3',
      ]);
    }
  });
});

describe('RedisDriver: the names of records', () => {
  it('are put into their set once, and the texts written by one command', async () => {
    const own = await redisServer({ appendfsync: 'no' });
    const driver = redis({ url: own.url });
    const records = Object.fromEntries(Array.from({ length: 999 }, (_, index) => [`k${index}`, '1']));
    const counts = async (): Promise<readonly number[]> =>
      Promise.all(['mset', 'sadd', 'del', 'srem'].map((command) => callsOf(own, command)));
    const first = await driver.commit('a', batchOf(records), onTopOf(undefined));
    const before = await counts();
    const second = await driver.commit('a', batchOf(records), onTopOf(first));
    // The one SADD and the one SREM change nothing.
    expect((await counts()).map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 0, 1]);
    await driver.commit('a', batchOf({ ...records, more: '1' }), onTopOf(second));
    expect((await counts()).map((count, index) => count - (before[index] ?? 0))).toEqual([3, 3, 0, 2]);
    expect((await driver.load('a'))?.records.size).toBe(1000);
  });

  it('are put there again when another process has deleted the records', async () => {
    const [driver, other] = [redis({ url: server.url }), redis({ url: server.url })];
    const first = await driver.commit('names', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    const second = await other.commit('names', batchOf({}, ['k']), onTopOf(first));
    const third = await driver.commit('names', batchOf({ k: '3', l: '3' }), onTopOf(second));
    expect(Object.fromEntries((await driver.load('names'))?.records ?? [])).toEqual({ k: '3', l: '3' });
    const fourth = await driver.commit('names', batchOf({ l: '4' }, ['k']), onTopOf(third));
    await driver.commit('names', batchOf({ k: '5', l: '5' }), onTopOf(fourth));
    expect(Object.fromEntries((await other.load('names'))?.records ?? [])).toEqual({ k: '5', l: '5' });
  });

  it('are put there again when the server comes back with an older state', async () => {
    const own = await redisServer({ appendfsync: 'off' });
    const driver = redis({ url: own.url });
    const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await own.cli('SAVE');
    const second = await driver.commit('a', batchOf({ l: '2' }), onTopOf(first));
    await own.kill();
    await own.start();
    expect((await rejection(driver.head('a'))).code).toBe('ROLLED_BACK');
    const floor = { revisionFloor: second.revision };
    await driver.commit('a', batchOf({ l: '3' }), onTopOf(first, floor));
    expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ k: '1', l: '3' });
  });
});
