import Keyv from 'keyv';
import { describe, expect, it } from 'vitest';
import type { AccountKeeperError } from '../../../src/core/errors.js';
import { isKeyv, isKeyvAdapter } from '../../../src/drivers/keyv/client.js';
import { KeyvDriver, type KeyvDriverOptions } from '../../../src/drivers/keyv/driver.js';
import { describeDriver } from '../behaviour.js';
import { batchOf, collect, onTopOf, rejection } from '../support.js';
import { keyvDriver, ScriptedAdapter } from './support.js';

// In one process, on one store object, the drivers take turns: there, commits are conditional and atomic after all.
describeDriver('KeyvDriver on one Map', async () => {
  const map = new Map<string, unknown>();
  return [keyvDriver(map), keyvDriver(map)];
});

const made = (options: unknown): Promise<AccountKeeperError> =>
  rejection((async () => new KeyvDriver(options as KeyvDriverOptions))());

describe('what a Keyv is', () => {
  it('is told by its shape', () => {
    const keyv = new Keyv();
    expect([keyv, new ScriptedAdapter(), new Map(), {}, null, 'keyv'].map(isKeyv)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect([new ScriptedAdapter(), new Map(), keyv, new Set(), {}, undefined].map(isKeyvAdapter)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('KeyvDriver: options', () => {
  it('claims no more than is true', () => {
    const unconditional = { atomicCommit: false, conditionalCommit: false, sharedAcrossProcesses: false };
    expect(keyvDriver(new Map()).capabilities).toEqual({ ...unconditional, durability: 'none' });
    expect(keyvDriver(new ScriptedAdapter()).capabilities.durability).toBe('none');
    expect(keyvDriver(new ScriptedAdapter(), { durability: 'host' }).capabilities).toEqual({
      ...unconditional,
      durability: 'host',
    });
    expect(keyvDriver(new Map()).name).toBe('keyv');
  });

  it('has to be asked for, and rejects what it does not understand', async () => {
    const keyv = new Keyv();
    const nested = new Keyv();
    Reflect.set(nested, '_store', new Keyv());
    const wrong = [
      { keyv },
      { keyv, allowUnconditional: false },
      { keyv, allowUnconditional: 'true' },
      { allowUnconditional: true },
      { keyv: {}, allowUnconditional: true },
      { keyv: new Set(), allowUnconditional: true },
      { keyv, allowUnconditional: true, ttl: 5 },
      { keyv, allowUnconditional: true, durability: 'process' },
      { keyv: new Map(), allowUnconditional: true, durability: 'host' },
      { keyv: new ScriptedAdapter(), allowUnconditional: true, durability: 'replicated' },
      { keyv, allowUnconditional: true, closeKeyv: 1 },
      { keyv, allowUnconditional: true, prefix: 'a:b' },
      { keyv, allowUnconditional: true, limits: 5 },
      { keyv, allowUnconditional: true, limits: { keyBytes: 7 } },
      { keyv, allowUnconditional: true, limits: { valueBytes: 2000.5 } },
      { keyv, allowUnconditional: true, limits: { batchRecords: 0 } },
      { keyv, allowUnconditional: true, limits: { bytes: 2000 } },
      { keyv: nested, allowUnconditional: true },
    ];
    for (const options of wrong) expect(await made(options)).toMatchObject({ code: 'CONFIG', outcome: 'not-applied' });
  });

  it('refuses whatever expires', async () => {
    const withOption = (name: string): ScriptedAdapter => {
      const adapter = new ScriptedAdapter();
      adapter.opts[name] = 1000;
      return adapter;
    };
    const later = new Keyv();
    later.ttl = 5;
    const expiring = [
      new Keyv({ ttl: 1000 }),
      later,
      withOption('ttl'),
      withOption('expires'),
      new Keyv({ store: withOption('ttl') }),
      Object.assign(new ScriptedAdapter(), { maxAge: 5 }),
    ];
    for (const keyv of expiring) expect((await made({ keyv, allowUnconditional: true })).code).toBe('CONFIG');
    expect(keyvDriver(new Keyv({ ttl: 0 })).name).toBe('keyv');
  });

  it('refuses hooks, which would not run, also when they come later', async () => {
    const hooked = new Keyv();
    const handler = (): void => undefined;
    hooked.hooks.addHandler('preSet', handler);
    expect((await made({ keyv: hooked, allowUnconditional: true })).code).toBe('CONFIG');
    hooked.hooks.removeHandler('preSet', handler);
    const driver = keyvDriver(hooked);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    hooked.hooks.addHandler('postGet', handler);
    expect(await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)))).toMatchObject({
      code: 'CONFIG',
      outcome: 'not-applied',
    });
    hooked.hooks.removeHandler('postGet', handler);
    expect((await driver.load('a'))?.records.get('k')).toBe('1');
  });

  it('derives its limits from the adapter, and takes those that are stated', async () => {
    const withKeySize = (keySize: number): ScriptedAdapter => {
      const adapter = new ScriptedAdapter();
      adapter.opts['keySize'] = keySize;
      return adapter;
    };
    // accountkeeper:{A}:r:R
    expect(keyvDriver(withKeySize(255)).limits.keyBytes).toBe(Math.floor((255 - 19) / 6));
    // keyv:accountkeeper:{A}:r:R
    expect(keyvDriver(new Keyv({ store: withKeySize(255) })).limits.keyBytes).toBe(Math.floor((255 - 24) / 6));
    // An upper-case letter takes three characters.
    expect(keyvDriver(withKeySize(255), { prefix: 'A' }).limits.keyBytes).toBe(Math.floor((255 - 9) / 6));
    expect((await made({ keyv: withKeySize(60), allowUnconditional: true })).code).toBe('CONFIG');
    expect(keyvDriver(new Map()).limits).toEqual({
      keyBytes: 8192,
      valueBytes: 8 * 1024 ** 2,
      batchBytes: 16 * 1024 ** 2,
      batchRecords: 10_000,
    });
    const stated = { keyBytes: 100, valueBytes: 2000, batchBytes: 5000, batchRecords: 2 };
    const driver = keyvDriver(withKeySize(255), { limits: stated });
    expect(driver.limits).toEqual(stated);
    const two = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    expect(await rejection(driver.commit('a', batchOf({ k: '2', m: '2' }, ['l']), onTopOf(two)))).toMatchObject({
      code: 'TOO_LARGE',
      outcome: 'not-applied',
    });
    expect(keyvDriver(new Map(), { limits: { valueBytes: 2000 } }).limits.keyBytes).toBe(8192);
  });

  it('takes an account and a record of the largest size together', async () => {
    const adapter = new ScriptedAdapter();
    adapter.opts['keySize'] = 255;
    for (const prefix of ['accountkeeper', 'A.B']) {
      const driver = keyvDriver(new Keyv({ store: adapter, namespace: 'some-namespace' }), { prefix });
      const key = 'A'.repeat(driver.limits.keyBytes);
      await driver.commit(key, batchOf({ [key]: '1' }), onTopOf(undefined));
      expect((await driver.load(key))?.records.get(key)).toBe('1');
      expect(await collect(driver.accounts())).toEqual([key]);
    }
    for (const key of adapter.entries.keys()) expect(key.length).toBeLessThanOrEqual(255);
  });

  it('stores values that stay within the bytes of the column of MySQL', async () => {
    const adapter = Object.assign(new ScriptedAdapter(), { query: () => undefined });
    adapter.opts = { dialect: 'mysql', keySize: 255 };
    const driver = keyvDriver(new Keyv({ store: adapter }), {});
    const value = '\0'.repeat(driver.limits.valueBytes);
    const names = Array.from({ length: 2000 }, (_, number) => `metadata/SYMBOL${number}USDT`);
    const upserts = new Map([['k', value], ...names.map((name): [string, string] => [name, '1'])]);
    const head = await driver.commit('a', { upserts, deletes: new Set() }, onTopOf(undefined, { meta: value }));
    expect((await driver.load('a'))?.records).toEqual(upserts);
    expect(head.meta).toBe(value);
    for (const text of adapter.entries.values()) expect(Buffer.byteLength(String(text))).toBeLessThanOrEqual(65_535);
  });

  it('rejects what the serializer makes too large, before it writes anything', async () => {
    const adapter = Object.assign(new ScriptedAdapter(), { query: () => undefined });
    adapter.opts = { dialect: 'mysql', keySize: 255 };
    const serialize = (data: object): string => JSON.stringify({ ...data, pad: 'x'.repeat(70_000) });
    const driver = keyvDriver(new Keyv({ store: adapter, serialize, deserialize: (text) => JSON.parse(text) }));
    const error = await rejection(driver.commit('a', batchOf({ 'Big One': '1' }), onTopOf(undefined)));
    expect(error).toMatchObject({ code: 'TOO_LARGE', outcome: 'not-applied', records: ['Big One'] });
    expect(adapter.entries.size).toBe(0);
  });
});
