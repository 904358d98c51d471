import KeyvMysql from '@keyv/mysql';
import { KeyvPostgres } from '@keyv/postgres';
import KeyvRedis, { createKeyv as createKeyvRedis } from '@keyv/redis';
import { KeyvSqlite } from '@keyv/sqlite';
import KeyvValkey from '@keyv/valkey';
import Keyv from 'keyv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyvDriver, KeyvDriverOptions } from '../../../src/drivers/keyv/driver.js';
import { poll } from '../../support/servers/poll.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { type MariadbTestServer, startMariadb } from '../../support/servers/sql/mariadb-server.js';
import { type PostgresTestServer, startPostgres } from '../../support/servers/sql/postgres-server.js';
import { afterTest, batchOf, collect, onTopOf, rejection } from '../support.js';
import { keyvDriver } from './support.js';

let redis: RedisTestServer;
let mariadb: MariadbTestServer;
let postgres: PostgresTestServer;

beforeAll(async () => {
  [redis, mariadb, postgres] = await Promise.all([startRedis(), startMariadb(), startPostgres()]);
});

afterAll(async () => {
  await Promise.all([redis, mariadb, postgres].map((server) => server.dispose()));
});

/** An adapter that is disconnected after the test. */
function owned<Adapter extends { disconnect(): Promise<unknown> }>(adapter: Adapter): Adapter {
  afterTest(async () => {
    await adapter.disconnect();
  });
  return adapter;
}

type Given = KeyvDriverOptions['keyv'];

const KEYVS: Readonly<Record<string, () => Given>> = {
  '@keyv/redis, bare': () => owned(new KeyvRedis(redis.url)),
  '@keyv/redis in a Keyv': () => new Keyv({ store: owned(new KeyvRedis(redis.url)) }),
  '@keyv/redis by its createKeyv': () => owned(createKeyvRedis(redis.url, { namespace: 'my-app' })),
  '@keyv/redis with a namespace that looks like a pattern': () =>
    new Keyv({ store: owned(new KeyvRedis(redis.url)), namespace: 'a[b]*?\\' }),
  '@keyv/redis without a namespace': () => owned(createKeyvRedis(redis.url)),
  '@keyv/valkey, bare': () => owned(new KeyvValkey(redis.url)),
  '@keyv/valkey with a namespace that looks like a pattern': () =>
    new Keyv({ store: owned(new KeyvValkey(redis.url)), namespace: 'a[b]*?\\' }),
  '@keyv/valkey without sets': () => new Keyv({ store: owned(new KeyvValkey(redis.url, { useRedisSets: false })) }),
  '@keyv/valkey without sets and namespace': () =>
    new Keyv({ store: owned(new KeyvValkey(redis.url, { useRedisSets: false })), namespace: '' }),
  '@keyv/mysql, bare': () => owned(new KeyvMysql(mariadb.url)),
  '@keyv/mysql with a strange namespace': () =>
    new Keyv({ store: owned(new KeyvMysql({ uri: mariadb.url, table: 'strange' })), namespace: "a\\%_'b" }),
  '@keyv/postgres': () => new Keyv({ store: owned(new KeyvPostgres({ uri: postgres.url })) }),
  '@keyv/sqlite': () => new Keyv({ store: owned(new KeyvSqlite('sqlite://:memory:')) }),
};

const VALUES = { Key: '💰é', key: ':x', 'key ': '', kéy: '\ud800\0\uffff' };

describe.each(Object.entries(KEYVS))('KeyvDriver on %s', (name, make) => {
  const prefix = `p${Object.keys(KEYVS).indexOf(name)}`;
  // An id for each byte that an account and a record of the largest size have.
  const longest = (driver: KeyvDriver): string => 'É'.repeat(Math.floor(Math.min(driver.limits.keyBytes, 500) / 2));

  it('keeps accounts apart, lists them, and drops them', async () => {
    const driver = keyvDriver(make(), { prefix });
    const ids = ['a', 'A', 'a ', 'a:b', longest(driver)];
    for (const id of ids) await driver.commit(id, batchOf({ ...VALUES, [longest(driver)]: id }), onTopOf(undefined));
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, '1']));
    await driver.commit('many', batchOf(many), onTopOf(undefined));
    expect((await collect(driver.accounts())).sort()).toEqual([...ids, 'many'].sort());
    for (const id of ids) {
      expect(Object.fromEntries((await driver.load(id))?.records ?? [])).toEqual({ ...VALUES, [longest(driver)]: id });
    }
    await driver.drop('A', onTopOf(await driver.head('A')));
    await driver.commit('a', batchOf({}, ['Key', 'key ']), onTopOf(await driver.head('a')));
    expect((await collect(driver.accounts())).sort()).toEqual([...ids, 'many'].filter((id) => id !== 'A').sort());
    expect([...((await driver.load('a'))?.records.keys() ?? [])].sort()).toEqual(
      [...Object.keys(VALUES).filter((key) => key === 'key' || key === 'kéy'), longest(driver)].sort(),
    );
    expect((await driver.load('many'))?.records.size).toBe(500);
    await driver.drop('many', onTopOf(await driver.head('many')));
    expect((await driver.load('many'))?.records.size).toBe(0);
  });
});

describe('KeyvDriver on adapters that do not say what went wrong', () => {
  const without = async <T>(
    server: 'redis' | 'postgres',
    right: 'read' | 'write',
    work: () => Promise<T>,
  ): Promise<T> => {
    if (server === 'redis') {
      await redis.cli('ACL', 'SETUSER', 'default', `-@${right}`);
      return work().finally(() => redis.cli('ACL', 'SETUSER', 'default', '+@all'));
    }
    const change = right === 'read' ? 'SELECT' : 'INSERT, UPDATE, DELETE';
    await postgres.query(
      `ALTER TABLE keyv OWNER TO postgres; REVOKE ALL ON keyv FROM keeper; GRANT ALL ON keyv TO keeper`,
    );
    await postgres.query(`REVOKE ${change} ON keyv FROM keeper`);
    return work().finally(() => postgres.query('GRANT ALL ON keyv TO keeper'));
  };

  it.each([
    ['redis', '@keyv/redis, bare'],
    ['redis', '@keyv/redis in a Keyv'],
    ['redis', '@keyv/valkey, bare'],
    ['postgres', '@keyv/postgres'],
  ] as const)('rejects all the same: %s, %s', async (server, name) => {
    const make = KEYVS[name];
    const given = make?.() ?? new Map();
    const driver = keyvDriver(given, { prefix: 'failing' });
    const id = `failing ${name}`;
    const head = await driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined));
    await without(server, 'read', async () => {
      const failed = [
        driver.head(id),
        driver.head('never written'),
        driver.load(id),
        driver.load('never written'),
        collect(driver.accounts()),
        driver.commit(id, batchOf({ k: '2' }), onTopOf(head)),
        keyvDriver(given, { prefix: 'failing' }).open(),
      ];
      for (const failure of await Promise.all(failed.map(rejection))) {
        expect(failure).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
      }
    });
    await without(server, 'write', async () => {
      const failed = [driver.commit(id, batchOf({ k: '2' }), onTopOf(head)), driver.drop(id, onTopOf(head))];
      for (const failure of await Promise.all(failed.map(rejection))) {
        expect(failure).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
      }
    });
    expect((await driver.load(id))?.head).toEqual(head);
    expect(await collect(driver.accounts())).toContain(id);
  });

  it('rejects by its deadline when the server is killed, and works again when it is back', async () => {
    const driver = keyvDriver(owned(new KeyvRedis(redis.url)), { prefix: 'killed' });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await redis.kill();
    const timeoutMs = 300;
    const options = onTopOf(head);
    for (const failure of [
      driver.load('a', { timeoutMs }),
      driver.commit('a', batchOf({ k: '2' }), { ...options, timeoutMs }),
      collect(driver.accounts({ timeoutMs })),
    ]) {
      expect(['TIMEOUT', 'UNAVAILABLE']).toContain((await rejection(failure)).code);
    }
    await redis.start();
    await poll('the client to find the server again', () =>
      driver.commit('a', batchOf({ k: '2' }), options).catch(() => undefined),
    );
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
  });

  it('lists the accounts among many other keys of @keyv/redis in few requests', async () => {
    const driver = keyvDriver(owned(new KeyvRedis(redis.url)), { prefix: 'listed' });
    await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await redis.cli('EVAL', "for n = 1, 10000 do redis.call('SET', 'other:' .. n, 'x') end", '0');
    await redis.cli('CONFIG', 'RESETSTAT');
    expect(await collect(driver.accounts())).toEqual(['a']);
    const calls = Array.from((await redis.info('commandstats')).values(), (text) =>
      Number(/calls=(\d+)/.exec(text)?.[1]),
    );
    expect(calls.reduce((sum, count) => sum + count, 0)).toBeLessThan(200);
  });
});
