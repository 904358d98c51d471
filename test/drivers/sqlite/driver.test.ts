import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyvSqlite } from '@keyv/sqlite';
import Keyv from 'keyv';
import { describe, expect, it } from 'vitest';
import type { DriverWarning } from '../../../src/core/persistence-driver.js';
import { describeDriver } from '../behaviour.js';
import { batchOf, collect, onTopOf, rawSqlite, rejection, spiedImporter, sqlite, temporaryFolder } from '../support.js';

describeDriver('SqliteDriver', async () => {
  const path = join(await temporaryFolder(), 'state.db');
  return [sqlite({ path }), sqlite({ path })];
});

describe('SqliteDriver: the file', () => {
  it('can be read by a plain Keyv client', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const records = { 'metadata/BTCUSDT': ':{"a":"é\0"}', object: '{"a":"é💰","b":[1,null]}' };
    await driver.commit('my account', { ...batchOf(records), documents: new Set(['object']) }, onTopOf(undefined));
    const store = new KeyvSqlite({ uri: `sqlite://${path}` });
    const keyv = new Keyv({ store, namespace: 'accountkeeper' });
    expect(await keyv.get('{my%20account}:r:metadata/BTCUSDT')).toBe(':{"a":"é\0"}');
    expect(await keyv.get('{my%20account}:r:object')).toEqual({ a: 'é💰', b: [1, null] });
    expect(await keyv.get('{my%20account}:head')).toMatchObject({ revision: 1 });
    await keyv.disconnect();
  });

  it('reads what a plain Keyv client wrote', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    await driver.commit('a', batchOf(), onTopOf(undefined));
    const keyv = new Keyv({ store: new KeyvSqlite({ uri: `sqlite://${path}` }), namespace: 'accountkeeper' });
    await keyv.set('{a}:r:k', ':x');
    await keyv.disconnect();
    expect((await driver.load('a'))?.records.get('k')).toBe(':x');
  });

  it('is in WAL mode, and synchronous as asked for, or open warns', async () => {
    const folder = await temporaryFolder();
    for (const [index, synchronous] of (['OFF', 'NORMAL', 'FULL', 'EXTRA'] as const).entries()) {
      const { importer, adapters } = spiedImporter();
      const driver = sqlite({ path: join(folder, `${synchronous}.db`), synchronous }, importer);
      const warnings: DriverWarning[] = [];
      await driver.open({ onWarning: (warning) => warnings.push(warning) });
      expect(await adapters[0]?.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
      expect(await adapters[0]?.query('PRAGMA synchronous')).toEqual([{ synchronous: index }]);
      expect(warnings.map(({ code }) => code)).toEqual(index < 2 ? ['synchronous-not-full'] : []);
      expect(driver.capabilities.durability).toBe(index < 2 ? 'process' : 'host');
    }
  });

  it('is synced again when a commit is repeated', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const options = onTopOf(undefined);
    await driver.commit('a', batchOf({ k: '1' }), options);
    const observer = await rawSqlite(path);
    const [before] = await observer.query('PRAGMA data_version');
    const { size } = await stat(`${path}-wal`);
    await driver.commit('a', batchOf({ k: '1' }), options);
    const [after] = await observer.query('PRAGMA data_version');
    expect(after.data_version).not.toBe(before.data_version);
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(size);
  });

  it('may have a strange name, which is never taken for a URI', async () => {
    const folder = await temporaryFolder();
    for (const name of ['file:state.db?mode=memory', 'sqlite:', 'a b%20é#?.db']) {
      const driver = sqlite({ path: join(folder, name) });
      await driver.commit('a', batchOf(), onTopOf(undefined));
      expect((await stat(join(folder, name))).isFile()).toBe(true);
    }
  });

  it('can have a table and a prefix of its own', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const drivers = [
      sqlite({ path }),
      sqlite({ path, prefix: 'a' }),
      sqlite({ path, prefix: 'aa' }),
      sqlite({ path, table: 'other' }),
    ];
    for (const [index, driver] of drivers.entries()) {
      await driver.commit('x', batchOf({ k: `${index}` }), onTopOf(undefined));
    }
    for (const [index, driver] of drivers.entries()) {
      expect((await driver.load('x'))?.records.get('k')).toBe(`${index}`);
      expect(await collect(driver.accounts())).toEqual(['x']);
    }
  });

  it('keeps foreign keys untouched and unlisted', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    const foreign = [
      'accountkeeper',
      'accountkeeper:',
      'accountkeeper:{',
      'accountkeeper:{a',
      'accountkeeper:{}:head',
      'accountkeeper:{a b}:head',
      'accountkeeper:{a}:other',
      'accountkeeper:{a}:r:b c',
      'accountkeeper:{a}:r:%41',
      'accountkeeper:{a}:r:',
      'accountkeeper:{a}x',
      'accountkeeper:{aa}:index',
      'accountkeeper2:{a}:head',
      'keyv:x',
    ];
    for (const key of foreign) await raw.set(key, 'foreign');
    expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['k', '1']]);
    await driver.drop('a', onTopOf(head));
    expect(await collect(driver.accounts())).toEqual([]);
    expect(await driver.load('aa')).toBeUndefined();
    expect(new Set(await raw.getMany(foreign))).toEqual(new Set(['foreign']));
  });

  it('lists accounts without a look at their records', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const upserts = new Map(Array.from({ length: 20_000 }, (_, index) => [`r${index}`, 'x']));
    await driver.commit('a', { upserts, deletes: new Set() }, onTopOf(undefined));
    await driver.commit('b', batchOf(), onTopOf(undefined));
    const raw = await rawSqlite(path);
    const { sqliteStatements } = await import('../../../src/drivers/sqlite/statements.js');
    const plan = await raw.query(`EXPLAIN QUERY PLAN ${sqliteStatements('keyv').listAccounts}`, '', '', 1);
    const steps = (plan as { detail: string }[]).map(({ detail }) => detail);
    expect(steps.filter((step) => /\bkeyv\b/.test(step)).every((step) => step.startsWith('SEARCH'))).toBe(true);
    expect(await collect(driver.accounts())).toEqual(['a', 'b']);
  });

  it('does not exist for :memory:', async () => {
    const driver = sqlite({ path: ':memory:' });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect((await driver.load('a'))?.head).toEqual(head);
    expect(driver.capabilities).toMatchObject({ durability: 'none', sharedAcrossProcesses: false });
  });
});

describe('SqliteDriver: corruption', () => {
  const HEAD_KEY = 'accountkeeper:{bad}:head';
  const VALID = '{"revision":1,"writerId":"w","writeId":"w","meta":"","dropped":false}';
  const HEADS = [
    '',
    '{',
    'null',
    '{"value":1}',
    '{"value":"x"}',
    JSON.stringify({ value: VALID }).slice(0, -5),
    JSON.stringify({ value: VALID, expires: 1 }),
    JSON.stringify({ value: VALID.replace('1', '0') }),
    JSON.stringify({ value: VALID.replace('1', '1.5') }),
    JSON.stringify({ value: VALID.replace('"meta":"",', '') }),
  ];

  it('rejects CORRUPT for a head that is none, naming the key and keeping the bytes', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const good = await driver.commit('good', batchOf({ k: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    for (const text of HEADS) {
      await raw.set(HEAD_KEY, text);
      const calls = [
        driver.head('bad'),
        driver.load('bad'),
        driver.commit('bad', batchOf({ k: 'x' }), onTopOf(undefined)),
        driver.commit('bad', batchOf({ k: 'x' }), onTopOf(good)),
        driver.drop('bad', onTopOf(undefined)),
      ];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error).toMatchObject({ code: 'CORRUPT', outcome: 'not-applied', cause: { key: HEAD_KEY, raw: text } });
      }
      expect(await raw.get(HEAD_KEY)).toBe(text);
    }
    expect((await driver.load('good'))?.head).toEqual(good);
    expect(await collect(driver.accounts())).toEqual(['bad', 'good']);
  });

  it('rejects CORRUPT for a head that is NULL, and for records without a head', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    await driver.open();
    const raw = await rawSqlite(path);
    await raw.set(HEAD_KEY, null);
    expect((await rejection(driver.load('bad'))).code).toBe('CORRUPT');
    expect((await rejection(driver.commit('bad', batchOf(), onTopOf(undefined)))).code).toBe('CORRUPT');
    await raw.set('accountkeeper:{headless}:r:k', '{"value":"x"}');
    expect((await rejection(driver.load('headless'))).code).toBe('CORRUPT');
    expect(await collect(driver.accounts())).toEqual(['bad', 'headless']);
  });

  it('hands corrupt records out beside the good ones', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    await driver.commit('a', batchOf({ good: '1' }), onTopOf(undefined));
    const raw = await rawSqlite(path);
    const bad = ['', '{"value":', '{"value":1}', '{"value":"x","expires":1}', '{"value":":base64:eA=="}', '["value"]'];
    for (const [index, text] of bad.entries()) await raw.set(`accountkeeper:{a}:r:bad${index}`, text);
    await raw.set('accountkeeper:{a}:r:blob', Buffer.from('{"value":"y"}'));
    const stored = await driver.load('a');
    expect(Object.fromEntries(stored?.records ?? [])).toEqual({ good: '1', blob: 'y' });
    expect([...(stored?.corrupt ?? [])]).toEqual(bad.map((text, index) => [`bad${index}`, text]));
  });
});

describe('SqliteDriver: the table', () => {
  it.each([
    'CREATE TABLE keyv (id INTEGER, data TEXT)',
    'CREATE TABLE keyv (key TEXT, value TEXT)',
    'CREATE TABLE keyv (key TEXT COLLATE NOCASE PRIMARY KEY, value TEXT)',
    'CREATE TABLE keyv (key TEXT, value TEXT, PRIMARY KEY (key, value))',
    'CREATE TABLE keyv (key TEXT PRIMARY KEY, value TEXT, owner TEXT NOT NULL)',
    "CREATE VIEW keyv AS SELECT 'k' AS key, 'v' AS value",
  ])('rejects CONFIG when it has another shape: %s', async (definition) => {
    const path = join(await temporaryFolder(), 'state.db');
    const maker = new KeyvSqlite({ uri: `sqlite://${path}`, table: 'unrelated' });
    await maker.query(definition);
    await maker.disconnect();
    expect((await rejection(sqlite({ path }).open())).code).toBe('CONFIG');
    await expect(sqlite({ path, table: 'keyv2' }).open()).resolves.toBeUndefined();
  });

  it('rejects CONFIG when its name is a word of SQL', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    expect((await rejection(sqlite({ path, table: 'order' }).open())).code).toBe('CONFIG');
  });

  it('may have more columns, and no rowid', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const maker = new KeyvSqlite({ uri: `sqlite://${path}`, table: 'unrelated' });
    await maker.query('CREATE TABLE keyv (part TEXT, "key" TEXT PRIMARY KEY, value TEXT, head TEXT) WITHOUT ROWID');
    await maker.disconnect();
    const driver = sqlite({ path });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
    expect(await collect(driver.accounts())).toEqual(['a']);
  });
});
