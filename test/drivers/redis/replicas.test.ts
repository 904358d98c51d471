import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountHead, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisSentinel, startRedisSentinel } from '../../support/servers/redis/redis-sentinel.js';
import { afterTest, batchOf, collect, onTopOf, rejection } from '../support.js';
import { callsOf, redis, redisServer, sendingBy, silentServers, takes, warningsOf } from './support.js';

describe('RedisDriver with durability replicated', () => {
  it('acknowledges what a replica has, also when a repetition is recognised', async () => {
    const master = await redisServer();
    const replica = await redisServer({ replicaOf: master });
    const driver = redis({ url: master.url, durability: 'replicated', replicaTimeoutMs: 300 });
    const first = onTopOf(undefined);
    const head = await poll('the replica to follow', () => driver.commit('a', batchOf({ k: '1' }), first));
    expect(await replica.cli('GET', 'accountkeeper:{a}:r:k')).toBe('{"value":"1"}');

    await replica.pause();
    const options = onTopOf(head);
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect(await rejection(driver.commit('a', batchOf({ k: '2' }), options))).toMatchObject({
        code: 'UNAVAILABLE',
        outcome: 'unknown',
        retryable: true,
      });
    }
    await replica.resume();
    const next = await poll('the replica to follow', () => driver.commit('a', batchOf({ k: '2' }), options));
    expect(next).toMatchObject({ revision: 2, writeId: options.writeId });
    expect(await replica.cli('GET', 'accountkeeper:{a}:r:k')).toBe('{"value":"2"}');
  });

  it('waits for as many replicas as are asked for', async () => {
    const master = await redisServer();
    await redisServer({ replicaOf: master });
    const driver = redis({ url: master.url, durability: 'replicated', replicas: 2, replicaTimeoutMs: 100 });
    const options = onTopOf(undefined);
    expect((await rejection(driver.commit('a', batchOf(), options))).outcome).toBe('unknown');
    await redisServer({ replicaOf: master });
    const head = await poll('two replicas to have it', () => driver.commit('a', batchOf(), options));
    expect(head).toMatchObject({ revision: 1, writeId: options.writeId });
  });

  it('does not let commits that wait hold up reads, nor each other for long', async () => {
    const master = await redisServer();
    const driver = redis({ url: master.url, durability: 'replicated' });
    await driver.open();
    const ids = Array.from({ length: 12 }, (_, index) => `waiting ${index}`);
    const write = async (): Promise<readonly string[]> => {
      const commits = ids.map((id) => rejection(driver.commit(id, batchOf(), onTopOf(undefined))));
      return (await Promise.all(commits)).map(({ outcome }) => outcome);
    };
    const took = await takes(async () => {
      const writing = write();
      await poll('the first commit to wait', async () => (await callsOf(master, 'evalsha')) > 0 || undefined);
      for (let round = 0; round < 10; round += 1) await driver.head('quiet', { timeoutMs: 500 });
      expect(new Set(await writing)).toEqual(new Set(['unknown']));
    });
    // Twice, when some of them come while the first ones wait.
    expect(took).toBeLessThan(3000);
  });

  it('reports a conflict as one, whatever the replicas do', async () => {
    const master = await redisServer();
    const driver = redis({ url: master.url, durability: 'replicated', replicaTimeoutMs: 100 });
    const other = redis({ url: master.url });
    const head = await other.commit('a', batchOf(), onTopOf(undefined));
    const error = await rejection(driver.commit('a', batchOf(), onTopOf(undefined)));
    expect(error).toMatchObject({ code: 'CONFLICT', head });
  });
});

describe('RedisDriver behind sentinels', () => {
  let servers: RedisSentinel;

  beforeAll(async () => {
    servers = await startRedisSentinel({ password: 'for-the-data' });
  });

  afterAll(() => servers.dispose());

  /** Repeats one attempt until it is acknowledged. */
  async function commitAnyway(
    driver: PersistenceDriver,
    count: number,
    head: AccountHead | undefined,
  ): Promise<AccountHead> {
    const options = onTopOf(head, { timeoutMs: 2000 });
    return poll(`commit ${count}`, () => driver.commit('a', batchOf({ count: `${count}` }), options));
  }

  it('finds the master, also when some sentinels do not answer', async () => {
    const [sentinel] = servers.sentinels;
    const sentinels = ['127.0.0.1:1', `${sentinel?.host}:${sentinel?.port}`, '127.0.0.1:2'];
    const driver = redis({ sentinels, masterName: servers.masterName, password: 'for-the-data', prefix: 'some' });
    // A late answer counts only if all sentinels name the master, and two of these cannot.
    await commitAnyway(driver, 1, undefined);
    expect(await poll('the list', () => collect(driver.accounts()))).toEqual(['a']);
    expect(await warningsOf({ url: servers.url, durability: 'replicated', replicas: 2 })).toEqual([]);
  });

  it('asks the sentinels for no more than the documented rights', async () => {
    const asked = new Set<string>();
    const ports = servers.sentinels.map(({ port }) => port);
    const importer = sendingBy((command, send, port) => {
      if (ports.includes(port)) asked.add(command.slice(0, 2).join(' '));
      return send();
    });
    await redis({ url: servers.url }, importer).open();
    expect([...asked].sort()).toEqual(['PING', 'SENTINEL GET-MASTER-ADDR-BY-NAME', 'SENTINEL MASTER']);
  });

  it('does not wait for sentinels that say nothing, nor does anything of them outlive the driver', async () => {
    const [sentinel] = servers.sentinels;
    // Sooner than the questions have to be answered.
    const soon = { deadlineMs: 1500 };
    const silent = await silentServers(2);
    const sentinels = [...silent.ports.map((port) => `127.0.0.1:${port}`), `${sentinel?.host}:${sentinel?.port}`];
    const some = { masterName: servers.masterName, password: 'for-the-data' };
    const driver = redis({ ...some, sentinels });
    const opened = driver.open();
    await poll('the questions', async () => silent.connections() === 2 || undefined);
    await poll('the questions to be given up', async () => silent.connections() === 0 || undefined, soon);
    await opened;
    const hopeless = redis({ ...some, sentinels: sentinels.slice(0, 2) });
    const opening = rejection(hopeless.open());
    await poll('the questions', async () => silent.connections() === 2 || undefined);
    await rejection(hopeless.close({ timeoutMs: 1 }));
    expect((await opening).code).toBe('CLOSED');
    await poll('the questions to be given up', async () => silent.connections() === 0 || undefined, soon);
  });

  it('does not wait for a sentinel that was stopped in its tracks', async () => {
    const [stopped] = servers.sentinels;
    await stopped?.pause();
    try {
      await redis({ url: servers.url, operationTimeoutMs: 5000 }).open();
    } finally {
      await stopped?.resume();
    }
  });

  it('rejects when no sentinel answers, or none knows the name', async () => {
    const nobody = redis({ sentinels: ['127.0.0.1:1', '127.0.0.1:2'], masterName: 'm' });
    const unknown = redis({ url: servers.url.replace(servers.masterName, 'other') });
    for (const driver of [nobody, unknown]) {
      expect(await rejection(driver.open())).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    }
  });

  it.each(['kill', 'pause'] as const)('keeps what was acknowledged through a failover after a %s', async (how) => {
    const driver = redis({ url: servers.url, prefix: how, durability: 'replicated' });
    let head = await driver.commit('a', batchOf({ count: '0' }), onTopOf(undefined));
    for (let count = 1; count <= 20; count += 1) {
      if (count === 10) {
        await servers.copied();
        await (await servers.master())[how]();
      }
      head = await commitAnyway(driver, count, head);
      expect(head.revision).toBe(count + 1);
    }
    expect((await driver.load('a'))?.records.get('count')).toBe('20');
    if (how === 'pause') await servers.resume();
    await servers.start();
  });

  it('does not acknowledge what a master says that was replaced while it stood still', async () => {
    const [late, other, reader] = [1, 2, 3].map(() => redis({ url: servers.url, prefix: 'late' }));
    if (late === undefined || other === undefined || reader === undefined) throw new Error('three drivers');
    const head = await late.commit('a', batchOf({ by: 'both' }), onTopOf(undefined));
    await reader.open();
    await servers.copied();
    const former = await servers.master();
    afterTest(() => former.resume());
    await former.pause();
    const commit = rejection(late.commit('a', batchOf({ by: 'late' }), onTopOf(head, { timeoutMs: 30_000 })));
    const read = reader.head('a', { timeoutMs: 30_000 }).catch((error: unknown) => error);
    const found = await poll('the account at the new master', () => other.head('a', { timeoutMs: 3000 }));
    const next = await other.commit('a', batchOf({ by: 'other' }), onTopOf(found));
    await former.resume();
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    // Neither was there one who read what had been replaced.
    expect(await read).not.toMatchObject({ revision: 1 });
    for (const driver of [late, other, reader]) expect(await driver.head('a')).toEqual(next);
    await servers.start();
  }, 60_000);

  it('does not believe such a master either when it is asked only after it has gone on', async () => {
    const [writer, reader, other] = [1, 2, 3].map(() => redis({ url: servers.url, prefix: 'idle' }));
    if (writer === undefined || reader === undefined || other === undefined) throw new Error('three drivers');
    const head = await writer.commit('a', batchOf({ by: 'both' }), onTopOf(undefined));
    await reader.open();
    await servers.copied();
    const former = await servers.master();
    afterTest(() => former.resume());
    await former.pause();
    const found = await poll('the account at the new master', () => other.head('a', { timeoutMs: 3000 }));
    const next = await other.commit('a', batchOf({ by: 'other' }), onTopOf(found));
    await former.resume();
    const [read, commit] = await Promise.all([
      reader.head('a'),
      rejection(writer.commit('a', batchOf({ by: 'writer' }), onTopOf(head))),
    ]);
    expect(read).toEqual(next);
    expect(['UNAVAILABLE', 'CONFLICT']).toContain(commit.code);
    for (const driver of [writer, other, reader]) expect(await driver.head('a')).toEqual(next);
    await servers.start();
  }, 60_000);

  it('counts a late answer when all sentinels name the master, and repeats the commit when one is silent', async () => {
    const driver = redis({ url: servers.url, prefix: 'slow' });
    let head = await driver.commit('a', batchOf({ count: '0' }), onTopOf(undefined));
    const [silent] = servers.sentinels;
    const master = await servers.master();
    const hold = (): Promise<string> => master.cli('CLIENT', 'PAUSE', '700', 'WRITE');
    await hold();
    expect(
      await takes(async () => {
        head = await driver.commit('a', batchOf({ count: '1' }), onTopOf(head));
      }),
    ).toBeGreaterThan(500);
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
    await servers.settled();
  });

  it('goes on after all of them were restarted', async () => {
    const driver = redis({ url: servers.url, prefix: 'restart' });
    const head = await driver.commit('a', batchOf({ count: '1' }), onTopOf(undefined));
    await servers.kill();
    expect((await rejection(driver.head('a'))).code).toBe('UNAVAILABLE');
    await servers.start();
    expect(await driver.head('a')).toEqual(head);
  });
});
