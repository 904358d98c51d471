import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createKeyv } from '@keyv/redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RedisDriver } from '../../../src/drivers/redis/driver.js';
import { type AccountStateStore, openAccount } from '../../../src/index.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { afterTest, batchOf, collect, onTopOf, rejection } from '../support.js';
import { callsOf, redis, redisServer, warningsOf } from './support.js';

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis();
});

afterEach(() => server.cli('FLUSHALL'));

afterAll(() => server.dispose());

describe('RedisDriver: what it stores', () => {
  it('can be read by a plain Keyv client', async () => {
    const batch = { ...batchOf({ 'k/1': ':text', o: '{"n":1}' }), documents: new Set(['o']) };
    await redis({ url: server.url }).commit('a b', batch, onTopOf(undefined));
    const keyv = createKeyv(server.url);
    afterTest(() => keyv.disconnect());
    expect(await keyv.get('accountkeeper:{a%20b}:r:k/1')).toBe(':text');
    expect(await keyv.get('accountkeeper:{a%20b}:r:o')).toEqual({ n: 1 });
  });

  it('lies in the database of the URL', async () => {
    await redis({ url: `${server.url}/5` }).commit('a', batchOf(), onTopOf(undefined));
    expect(await redis({ url: server.url }).head('a')).toBeUndefined();
    expect(await server.cli('-n', '5', 'DBSIZE')).toBe('2');
  });

  it('takes a commit in one round trip, also when the server forgot the scripts', async () => {
    const driver = redis({ url: server.url });
    const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const calls = await callsOf(server, 'evalsha');
    const second = await driver.commit('a', batchOf({ k: '2', l: '2' }, ['m']), onTopOf(first));
    expect(await callsOf(server, 'evalsha')).toBe(calls + 1);
    await server.cli('SCRIPT', 'FLUSH');
    await driver.commit('a', batchOf({ k: '3' }), onTopOf(second));
    expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ k: '3', l: '2' });
  });

  it('takes as many records as it says in one batch, within the default deadline, all or none of them', async () => {
    const own = await redisServer();
    const driver = redis({ url: own.url });
    const { batchRecords } = driver.limits;
    const records = (value: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: batchRecords }, (_, index) => [`metadata/${index}`, value]));
    const head = await driver.commit('a', batchOf(records('1')), onTopOf(undefined));
    const tooMany = rejection(driver.commit('a', batchOf(records('2'), ['one more']), onTopOf(head)));
    expect((await tooMany).code).toBe('TOO_LARGE');
    const calls = await callsOf(own, 'evalsha');
    const commit = driver.commit('a', batchOf(records('2')), onTopOf(head)).catch(() => undefined);
    // It is killed right before the answer, or right after.
    await poll('the script to have run', async () => (await callsOf(own, 'evalsha')) > calls || undefined);
    await own.kill();
    await commit;
    await own.start();
    const stored = await driver.load('a');
    expect(stored?.records.size).toBe(batchRecords);
    expect(new Set(stored?.records.values()).size).toBe(1);
  });

  it('never expires, also when somebody has set a time to live', async () => {
    const driver = redis({ url: server.url });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const keys = ['head', 'records', 'r:k'].map((end) => `accountkeeper:{a}:${end}`);
    for (const key of keys) await server.cli('EXPIRE', key, '1000');
    await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    for (const key of keys) expect(await server.cli('TTL', key)).toBe('-1');
  });
});

describe('RedisDriver: damage', () => {
  const damages: readonly (readonly [string, readonly string[], string])[] = [
    ['the set of names was evicted', ['DEL', 'accountkeeper:{a}:records'], 'accountkeeper:{a}:records'],
    ['the head was evicted', ['DEL', 'accountkeeper:{a}:head'], 'accountkeeper:{a}:head'],
    ['the set of names is a list', ['RENAME', 'foreign', 'accountkeeper:{a}:records'], 'accountkeeper:{a}:records'],
    ['the head is a list', ['RENAME', 'foreign', 'accountkeeper:{a}:head'], 'accountkeeper:{a}:head'],
  ];
  it.each(damages)('is reported with its key when %s', async (_, command, key) => {
    const driver = redis({ url: server.url });
    const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    await driver.commit('b', batchOf({ k: '1' }), onTopOf(undefined));
    await server.cli('RPUSH', 'foreign', 'x');
    await server.cli(...command);
    const failures = [
      driver.load('a'),
      driver.drop('a', onTopOf(head)),
      driver.head('a'),
      driver.commit('a', batchOf({ k: '2' }), onTopOf(head)),
      driver.commit('a', batchOf({ k: '2' }), onTopOf(undefined)),
    ];
    for (const error of await Promise.all(failures.map(rejection))) {
      expect(error).toMatchObject({ code: 'CORRUPT', outcome: 'not-applied', retryable: false, cause: { key } });
    }
    expect((await collect(driver.accounts())).sort()).toEqual(['a', 'b']);
    expect((await driver.load('b'))?.records.get('k')).toBe('1');
  });

  it.each([
    ['was evicted', ['DEL', 'accountkeeper:{a}:r:k']],
    ['is a list', ['RENAME', 'foreign', 'accountkeeper:{a}:r:k']],
  ])('of a record that %s is handed out beside the others, until it is written or dropped', async (_, command) => {
    const driver = redis({ url: server.url });
    const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    await server.cli('RPUSH', 'foreign', 'x');
    await server.cli(...command);
    expect(await driver.load('a')).toEqual({ head, records: new Map([['l', '1']]), corrupt: new Map([['k', '']]) });
    const next = await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
    await server.cli('DEL', 'accountkeeper:{a}:r:k');
    const dropped = await driver.drop('a', onTopOf(next));
    expect(await driver.load('a')).toEqual({ head: dropped, records: new Map(), corrupt: new Map() });
  });

  it('of a record does not keep the account from being restored in quarantine', async () => {
    const driver = redis({ url: server.url });
    const open = (onRejected: 'throw' | 'quarantine'): Promise<AccountStateStore> =>
      openAccount({ accountId: 'bot', persistence: driver, onRejected });
    const first = await open('throw');
    for (const symbol of ['A', 'B']) first.setSymbolMetadata(symbol, { count: 1 });
    await first.close();
    const [key] = (await server.cli('KEYS', '*:r:*A')).split('\n');
    await server.cli('DEL', key ?? '');
    expect((await rejection(open('throw'))).code).toBe('CORRUPT');
    const second = await open('quarantine');
    expect(second.getSymbolMetadata('A')).toBeUndefined();
    expect(second.getSymbolMetadata('B')).toEqual({ count: 1 });
    second.setSymbolMetadata('A', { count: 2 });
    await second.close();
    const third = await open('throw');
    expect(third.getSymbolMetadata('A')).toEqual({ count: 2 });
    await third.close();
  });

  /** Replaces a character of the stored text by a byte that is no UTF-8. */
  async function breakText(key: string, character: string): Promise<void> {
    const broken = `string.gsub(redis.call('GET', KEYS[1]), '${character}', string.char(255))`;
    await server.cli('EVAL', `return redis.call('SET', KEYS[1], (${broken}))`, '1', key);
  }

  it('is reported of a head that is not UTF-8, by a commit, too', async () => {
    const driver = redis({ url: server.url });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined, { meta: 'M' }));
    await breakText('accountkeeper:{a}:head', 'M');
    const other = redis({ url: server.url });
    const commit = driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    const attempts = [other.head('a'), other.load('a'), commit, driver.drop('a', onTopOf(head))];
    for (const error of await Promise.all(attempts.map(rejection))) {
      expect(error).toMatchObject({ code: 'CORRUPT', outcome: 'not-applied', retryable: false });
    }
    expect(await collect(other.accounts())).toEqual(['a']);
  });

  it('is reported of a record that is not UTF-8, and not of one with a replacement character', async () => {
    const driver = redis({ url: server.url });
    await driver.commit('a', batchOf({ k: 'M', l: '\uFFFD' }), onTopOf(undefined));
    await breakText('accountkeeper:{a}:r:k', 'M');
    const stored = await driver.load('a');
    expect([...(stored?.corrupt.keys() ?? [])]).toEqual(['k']);
    expect(Object.fromEntries(stored?.records ?? [])).toEqual({ l: '\uFFFD' });
  });
});

describe('RedisDriver: a server that refuses', () => {
  const refusals: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['OOM', ['maxmemory', '1'], ['maxmemory', '0']],
    ['NOREPLICAS', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0']],
  ];
  it.each(refusals)('rejects a commit with %s, and changes nothing', async (code, set, reset) => {
    const driver = redis({ url: server.url });
    const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    await server.cli('CONFIG', 'SET', ...set);
    const failed = [
      await rejection(driver.commit('a', batchOf({ k: '2', m: '2' }, ['l']), onTopOf(head))),
      await rejection(driver.commit('b', batchOf({ k: '2' }, ['l']), onTopOf(undefined))),
    ];
    await server.cli('CONFIG', 'SET', ...reset);
    for (const error of failed) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
      expect(String(error.cause)).toContain(code);
    }
    expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ k: '1', l: '1' });
    expect(await server.cli('DBSIZE')).toBe('4');
  });

  it('rejects a commit with MISCONF when snapshots fail', async () => {
    const own = await redisServer();
    const driver = redis({ url: own.url });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    mkdirSync(join(own.folder, 'dump.rdb'));
    await own.cli('CONFIG', 'SET', 'save', '3600 100000');
    await own.cli('BGSAVE');
    await poll('a snapshot that fails', async () => {
      return (await own.info('persistence')).get('rdb_last_bgsave_status') === 'err' || undefined;
    });
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    expect(String(error.cause)).toContain('MISCONF');
  });

  it('does not read from a replica', async () => {
    const replica = await redisServer({ replicaOf: server });
    const driver = redis({ url: replica.url });
    const error = await rejection(driver.open());
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    expect((await rejection(collect(driver.accounts()))).code).toBe('UNAVAILABLE');
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await driver.open();
    await replica.cli('REPLICAOF', server.host, String(server.port));
    const reads = [driver.head('a'), driver.load('a'), collect(driver.accounts())];
    for (const { code } of await Promise.all(reads.map(rejection))) expect(code).toBe('UNAVAILABLE');
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    expect(await driver.head('a')).toBeUndefined();
    expect(await collect(driver.accounts())).toEqual([]);
  });

  it('does not write to a replica that takes writes, which its master would undo', async () => {
    const replica = await redisServer({ replicaOf: server, config: ['replica-read-only no'] });
    const driver = redis({ url: replica.url });
    const attempts = [driver.open(), driver.commit('a', batchOf(), onTopOf(undefined)), driver.head('a')];
    for (const error of await Promise.all(attempts.map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    }
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    expect(head.revision).toBe(1);
    // Over the same connection.
    await replica.cli('REPLICAOF', server.host, String(server.port));
    const failing = [driver.commit('a', batchOf(), onTopOf(head)), driver.head('a'), driver.load('a')];
    for (const error of await Promise.all(failing.map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    }
  });
});

/** As the documentation of the driver has it. */
const PERMISSIONS = '+ping +eval +evalsha +type +get +set +del +mget +mset +persist +sadd +srem +smembers +scan'.split(
  ' ',
);

describe('RedisDriver: who may do what', () => {
  async function limited(): Promise<{ readonly own: RedisTestServer; readonly url: string }> {
    const own = await redisServer({ password: 'admin', users: [`bot on >hu%sh ~bots:* ${PERMISSIONS.join(' ')}`] });
    return { own, url: `redis://bot:hu%25sh@${own.host}:${own.port}?prefix=bots` };
  }

  it('needs no more than the documented permissions', async () => {
    const { url } = await limited();
    const driver = redis({ url });
    const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    const next = await driver.commit('a', batchOf({ k: '2' }, ['l']), onTopOf(head));
    expect((await driver.load('a'))?.head).toEqual(next);
    expect(await collect(driver.accounts())).toEqual(['a']);
    await driver.drop('a', onTopOf(next));
    expect(await warningsOf({ url })).toEqual(['settings-not-verified']);
    expect(await warningsOf({ url, durability: 'host' })).toEqual(['append-only-not-always', 'settings-not-verified']);
  });

  it.each(PERMISSIONS.filter((each) => !/ping|eval|get|smembers|scan/.test(each)))(
    'rejects a commit without %s before anything of it is applied',
    async (permission) => {
      const { own, url } = await limited();
      const driver = redis({ url });
      const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
      await own.cli('ACL', 'SETUSER', 'bot', permission.replace('+', '-'));
      const failed = [
        await rejection(driver.commit('a', batchOf({ k: '2', m: '2' }, ['l']), onTopOf(head))),
        await rejection(driver.commit('b', batchOf({ k: '2' }, ['l']), onTopOf(undefined))),
      ];
      await own.cli('ACL', 'SETUSER', 'bot', permission);
      for (const error of failed) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
      }
      expect(await driver.load('a')).toMatchObject({
        head,
        records: new Map([
          ['k', '1'],
          ['l', '1'],
        ]),
      });
      expect(await driver.load('b')).toBeUndefined();
      expect(await own.cli('DBSIZE')).toBe('4');
    },
  );

  it('needs no more than read rights to open for reading', async () => {
    const rights = '+ping +eval_ro +evalsha_ro +type +get +mget +smembers +scan';
    const own = await redisServer({ users: [`reader on >only %R~accountkeeper:* ${rights}`, `all on >hush ~* +@all`] });
    const driver = redis({ url: own.url.replace('redis://', 'redis://reader:only@') });
    await driver.open({ access: 'read' });
    expect(await driver.load('a')).toBeUndefined();
    const writer = redis({ url: own.url });
    const head = await writer.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect(await driver.head('a')).toEqual(head);
    expect(await driver.load('a')).toEqual({ head, records: new Map([['k', '1']]), corrupt: new Map() });
    expect(await collect(driver.accounts())).toEqual(['a']);
    const refused = [rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head))), rejection(driver.open())];
    for (const error of await Promise.all(refused)) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
    }
    expect(await writer.head('a')).toEqual(head);
  });

  it('opens for reading, and for writing when it is asked to write', async () => {
    const driver = redis({ url: server.url });
    await driver.open({ access: 'read' });
    expect(await driver.head('a')).toBeUndefined();
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect((await driver.load('a'))?.head).toEqual(head);
  });

  it('does not read from a replica either when it may only read, if it may ask for the role', async () => {
    const replica = await redisServer({ replicaOf: server });
    const driver = redis({ url: replica.url });
    const attempts = [driver.open({ access: 'read' }), driver.head('a'), collect(driver.accounts())];
    for (const { code } of await Promise.all(attempts.map(rejection))) expect(code).toBe('UNAVAILABLE');
  });

  it('is told when user or password are wrong or missing, without their being shown', async () => {
    const { own } = await limited();
    const address = `${own.host}:${own.port}`;
    for (const url of [`redis://bot:wrong-hush@${address}`, `redis://:wrong-hush@${address}`, `redis://${address}`]) {
      const error = await rejection(redis({ url }).open());
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hush');
    }
  });
});

describe('RedisDriver: TLS', () => {
  it('connects when it trusts the authority, and not otherwise', async () => {
    const own = await redisServer({ tls: true, password: 'admin' });
    for (const options of [
      { url: `${own.url}?tlsCa=${own.tlsCaFile}` },
      { url: own.url, tls: { ca: own.tlsCa } },
      { url: own.url, tls: { rejectUnauthorized: false } },
    ]) {
      await redis(options).open();
    }
    const distrustful = await rejection(redis({ url: own.url }).open());
    expect(distrustful).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    const unencrypted = await rejection(redis({ url: own.url.replace('rediss', 'redis') }).open());
    expect(unencrypted).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    expect((await rejection(redis({ url: `${own.url}?tlsCa=/nowhere/ca` }).open())).code).toBe('CONFIG');
  });
});

describe('RedisDriver: warnings', () => {
  const settings: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    readonly string[],
    readonly string[],
  ])[] = [
    ['that lose nothing', {}, [], []],
    ['without a file', { appendonly: 'no' }, ['no-persistence'], ['append-only-not-always', 'no-persistence']],
    ['with snapshots alone', { appendonly: 'no', save: '3600 1' }, [], ['append-only-not-always']],
    ['that sync each second', { appendfsync: 'everysec' }, [], ['append-only-not-always']],
    ['that do not sync at times', { 'no-appendfsync-on-rewrite': 'yes' }, [], ['no-sync-during-rewrite']],
    ['that may evict at a limit', { 'maxmemory-policy': 'allkeys-lru' }, ['eviction-possible'], ['eviction-possible']],
    [
      'that evict what has a time to live',
      { 'maxmemory-policy': 'volatile-lru', maxmemory: '1gb' },
      ['eviction-possible'],
      ['eviction-possible'],
    ],
    ['with a limit alone', { maxmemory: '1gb' }, [], []],
  ];
  it.each(settings)('of settings %s', async (_, config, ofProcess, ofHost) => {
    const own = await redisServer();
    for (const [name, value] of Object.entries(config)) await own.cli('CONFIG', 'SET', name, value);
    expect(await warningsOf({ url: own.url })).toEqual(ofProcess);
    expect(await warningsOf({ url: own.url, durability: 'host' })).toEqual(ofHost);
  });

  it.each(['allkeys-lru', 'allkeys-random'])('of %s with a limit, or a refusal, if wanted', async (policy) => {
    const own = await redisServer({ config: [`maxmemory-policy ${policy}`, 'maxmemory 1gb'] });
    const driver = redis({ url: own.url, allowEviction: false });
    for (const error of await Promise.all([driver.open(), driver.head('a')].map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
      expect(error.message).toContain('allowEviction');
    }
    const allowing = ['eviction-possible'];
    expect(await warningsOf({ url: own.url })).toEqual(allowing);
    expect(await warningsOf({ url: `${own.url}?allowEviction=true` })).toEqual(allowing);
    await own.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await driver.open();
  });

  it('of a file that replicas do not stand in for, and a refusal where there is none', async () => {
    const own = await redisServer({ appendfsync: 'everysec' });
    await redisServer({ replicaOf: own });
    const url = `${own.url}?durability=replicated`;
    expect(await warningsOf({ url })).toEqual(['append-only-not-always']);
    await own.cli('CONFIG', 'SET', 'appendonly', 'no');
    await own.cli('CONFIG', 'SET', 'save', '3600 1');
    const driver = redis({ url });
    for (const error of await Promise.all([driver.open(), driver.head('a')].map(rejection))) {
      expect(error).toMatchObject({ code: 'CONFIG', outcome: 'not-applied', retryable: false });
      expect(error.message).toContain('allowVolatile');
    }
    expect(await warningsOf({ url: `${url}&allowVolatile=true` })).toEqual(['append-only-not-always']);
    await own.cli('CONFIG', 'SET', 'appendonly', 'yes');
    await driver.open();
  });

  it('of replicas that are missing', async () => {
    expect(await warningsOf({ url: server.url, durability: 'replicated' })).toEqual(['too-few-replicas']);
  });
});

describe('RedisDriver: its package', () => {
  it('is said to be missing, with the command that installs it', async () => {
    const missing = redis({ url: server.url }, () => Promise.reject(new Error('Cannot find package')));
    const error = await rejection(missing.open());
    expect(error).toMatchObject({ code: 'NOT_INSTALLED', outcome: 'not-applied', retryable: false });
    expect(error.message).toContain('npm install');
  });

  it('is not imported before it is needed', async () => {
    const driver = new RedisDriver({ url: 'redis://nowhere.invalid' }, () => Promise.reject(new Error('imported')));
    await driver.close();
  });
});
