import Keyv, { type CompressionAdapter, type KeyvOptions } from 'keyv';
import { describe, expect, it } from 'vitest';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import { toStoredKey } from '../../../src/drivers/keyv/keys.js';
import { batchOf, closing, collect, onTopOf, rejection } from '../support.js';
import { keyvDriver, ScriptedAdapter } from './support.js';

const VALUES = ['', ':', ':base64:aGk=', '{"value":1}', 'é💰\0\n"\\', '\ud800', 'x'.repeat(5000)];

const reversing: CompressionAdapter = {
  compress: async (value: string) => `~${Buffer.from(value, 'utf16le').reverse().toString('base64')}`,
  decompress: async (value: string) => {
    if (!value.startsWith('~')) throw new Error('not compressed');
    return Buffer.from(value.slice(1), 'base64').reverse().toString('utf16le');
  },
  serialize: (data) => JSON.stringify(data),
  deserialize: (data) => JSON.parse(data),
};

const KEYVS: Readonly<Record<string, KeyvOptions>> = {
  'as it comes': {},
  'that throws': { throwOnErrors: true },
  'that is quiet': { throwOnErrors: false, emitErrors: false },
  'that keeps statistics': { stats: true } as KeyvOptions,
  'without a namespace': { namespace: '' },
  'with a namespace': { namespace: 'my-app' },
  'with a strange namespace': { namespace: 'A:b %_*[x]\\é💰' },
  "with the driver's prefix for a namespace": { namespace: 'accountkeeper' },
  'without key prefixes': { namespace: 'my-app', useKeyPrefix: false },
  'with another serializer': {
    serialize: (data) => `!${JSON.stringify(data)}`,
    deserialize: (text) => JSON.parse(text.slice(1)),
  },
  'with an asynchronous serializer': {
    serialize: async (data) => JSON.stringify([data]),
    deserialize: async (text) => JSON.parse(text)[0],
  },
  'with compression': { compression: reversing },
};

/** What a caller can see of a Keyv. */
function visible(keyv: Keyv): unknown {
  const { namespace, ttl, useKeyPrefix, throwOnErrors, serialize, deserialize, compression, store, stats, opts } = keyv;
  const { hits, misses, sets, deletes, errors } = stats;
  const listeners = [...keyv._eventListeners].map(([event, list]) => [event, list.length]);
  return {
    ...{ namespace, ttl, useKeyPrefix, throwOnErrors, serialize, deserialize, compression, store, listeners },
    ...{ hits, misses, sets, deletes, errors, opts: { ...opts }, storeNamespace: store.namespace },
  };
}

describe.each(Object.entries(KEYVS))('KeyvDriver on a Keyv %s', (_, options) => {
  const upserts = Object.fromEntries(VALUES.map((value, index) => [`Value/${index}`, value]));

  it('gives back what was written, to another driver and to the Keyv itself, and leaves the Keyv as it is', async () => {
    const adapter = new ScriptedAdapter();
    const keyv = new Keyv({ ...options, store: adapter });
    const before = visible(keyv);
    const ownListeners = adapter.listenerCount('error');
    const driver = keyvDriver(keyv);
    const other = keyvDriver(keyv);
    const head = await driver.commit('Account 1', batchOf(upserts), onTopOf(undefined, { meta: ':m' }));
    expect((await other.load('Account 1'))?.head).toEqual(head);
    expect(Object.fromEntries((await other.load('Account 1'))?.records ?? [])).toEqual(upserts);
    await driver.commit('gone', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.drop('gone', onTopOf(await driver.head('gone')));
    expect(await collect(other.accounts())).toEqual(['Account 1']);
    await Promise.all([driver.close(), other.close()]);
    expect(visible(keyv)).toEqual(before);
    expect(adapter.listenerCount('error')).toBe(ownListeners);

    const { recordPrefix } = new KeyLayout().account('Account 1');
    for (const [index, value] of VALUES.entries()) {
      const key = toStoredKey(`${recordPrefix}Value/${index}`);
      // Some of Keyv's serializers, and its own, do not give back every string; those that do are told by a round trip.
      await keyv.set('own', value);
      if ((await keyv.get('own')) === value) expect(await keyv.get(key)).toBe(value);
    }
  });

  it('gives back the exact text of JSON objects, which the Keyv reads as objects where it keeps JSON', async () => {
    for (const store of [new ScriptedAdapter(), new Map<string, unknown>()]) {
      const keyv = new Keyv({ ...options, store });
      const driver = keyvDriver(keyv);
      const documents = { plain: '{"b":1.0,"a":["x",null]}', colon: '{"a":":x"}', other: '{"é":"💰"}' };
      const batch = { ...batchOf(documents), documents: new Set(Object.keys(documents)) };
      const head = await driver.commit('a', batch, onTopOf(undefined));
      await driver.commit('a', batchOf({ more: '1' }), onTopOf(head));
      const stored = await keyvDriver(keyv).load('a');
      expect(Object.fromEntries(stored?.records ?? [])).toEqual({ ...documents, more: '1' });

      const { recordPrefix } = new KeyLayout().account('a');
      // An adapter that nobody knows could make something else of it.
      const isKept = store instanceof Map && options.serialize === undefined && options.compression === undefined;
      const plain: unknown = await keyv.get(toStoredKey(`${recordPrefix}plain`));
      expect(plain).toEqual(isKept ? { b: 1, a: ['x', null] } : documents.plain);
      expect(await keyv.get(toStoredKey(`${recordPrefix}colon`))).toBe(documents.colon);
    }
  });

  it('tells every failure of the adapter', async () => {
    const adapter = new ScriptedAdapter();
    const keyv = new Keyv({ ...options, store: adapter });
    keyv.on('error', () => undefined);
    const driver = keyvDriver(keyv);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    for (const fault of ['throws-before', 'event-before'] as const) {
      adapter.fault = () => fault;
      const failed = [
        driver.head('a'),
        driver.head('never written'),
        driver.load('a'),
        driver.load('never written'),
        collect(driver.accounts()),
        driver.commit('a', batchOf({ k: '2' }), onTopOf(head)),
        driver.drop('a', onTopOf(head)),
        keyvDriver(keyv).open(),
      ];
      for (const failure of failed) {
        expect(await rejection(failure)).toMatchObject({
          code: 'UNAVAILABLE',
          outcome: 'not-applied',
          retryable: true,
        });
      }
      adapter.fault = ({ method }) => (method === 'set' ? fault : undefined);
      expect(await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)))).toMatchObject({
        code: 'UNAVAILABLE',
        outcome: 'unknown',
      });
      adapter.heal();
      expect((await driver.load('a'))?.records.get('k')).toBe('1');
    }
    adapter.fault = ({ method }) => (method === 'set' ? 'false-before' : undefined);
    expect((await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)))).code).toBe('UNAVAILABLE');
  });
});

describe("KeyvDriver and the caller's values", () => {
  it('hands out what the serializer cannot read, as it is stored', async () => {
    const map = new Map<string, unknown>();
    const options: KeyvOptions = {
      serialize: (data) => `!${JSON.stringify(data)}`,
      deserialize: (text) => {
        if (!text.startsWith('!')) throw new Error('not mine');
        return JSON.parse(text.slice(1));
      },
    };
    const driver = keyvDriver(new Keyv({ ...options, store: map }));
    await driver.commit('a', batchOf({ k: '1', l: '2', m: '3', n: '4', o: '5' }), onTopOf(undefined));
    const keyOf = (record: string): string => `keyv:${new KeyLayout().account('a').recordPrefix}${record}`;
    map.set(keyOf('l'), 'foreign');
    map.set(keyOf('m'), '!{"value":"x","expires":99999999999999}');
    map.set(keyOf('n'), { value: 7 });
    map.set(keyOf('o'), '{"value":"an envelope, but not of this serializer"}');
    const { records, corrupt } = (await driver.load('a')) ?? {};
    expect([...(records ?? [])]).toEqual([['k', '1']]);
    expect([...(corrupt?.keys() ?? [])].sort()).toEqual(['l', 'm', 'n', 'o']);
    expect(corrupt?.get('l')).toBe('foreign');
    expect(corrupt?.get('n')).toBe('{"value":7}');
    map.set(`keyv:${new KeyLayout().account('a').head}`, '{"value":"{}"}');
    expect((await rejection(driver.head('a'))).code).toBe('CORRUPT');
  });

  it('works with a Keyv that serializes nothing', async () => {
    const map = new Map<string, unknown>();
    const keyv = new Keyv({ store: map });
    keyv.serialize = undefined as never;
    keyv.deserialize = undefined as never;
    const driver = keyvDriver(keyv);
    await driver.commit('a', batchOf({ k: ':1' }), onTopOf(undefined));
    expect(map.get(`keyv:${new KeyLayout().account('a').recordPrefix}k`)).toEqual({ value: ':1', expires: undefined });
    expect((await keyvDriver(keyv).load('a'))?.records.get('k')).toBe(':1');
  });

  it('puts the same keys and envelopes on an adapter without a Keyv', async () => {
    const map = new Map<string, unknown>();
    await keyvDriver(map).commit('a', batchOf({ Key: ':1' }), onTopOf(undefined));
    expect(map.get('accountkeeper:{a}:r:%4Bey')).toBe('{"value":"::1"}');
    expect(await new Keyv({ store: map, namespace: '' }).get('accountkeeper:{a}:r:%4Bey')).toBe(':1');
  });
});

describe('KeyvDriver and namespaces', () => {
  it('rejects before it writes where the namespace of another Keyv on the same adapter points', async () => {
    const adapter = new ScriptedAdapter();
    const mine = new Keyv({ store: adapter, namespace: 'mine' });
    const driver = keyvDriver(mine);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const other = new Keyv({ store: adapter, namespace: 'other' });
    const before = new Map(adapter.entries);
    const failed = [
      driver.head('a'),
      driver.load('a'),
      collect(driver.accounts()),
      driver.commit('a', batchOf({ k: '2' }), onTopOf(head)),
      (async () => keyvDriver(mine))(),
    ];
    for (const failure of failed) {
      expect(await rejection(failure)).toMatchObject({ code: 'CONFIG', outcome: 'not-applied', retryable: false });
    }
    expect(adapter.entries).toEqual(before);
    expect(other.namespace).toBe('other');
    adapter.namespace = 'mine';
    expect((await driver.load('a'))?.records.get('k')).toBe('1');
  });

  it('keeps Keyvs with different namespaces on one Map apart', async () => {
    const map = new Map<string, unknown>();
    const drivers = ['one', 'two'].map((namespace) => keyvDriver(new Keyv({ store: map, namespace })));
    for (const [index, driver] of drivers.entries())
      await driver.commit('a', batchOf({ k: `${index}` }), onTopOf(undefined));
    for (const [index, driver] of drivers.entries()) {
      expect((await driver.load('a'))?.records.get('k')).toBe(`${index}`);
      expect(await collect(driver.accounts())).toEqual(['a']);
    }
  });

  it('rejects when the Keyv was given another namespace or store', async () => {
    const keyv = new Keyv({ store: new Map(), namespace: 'one' });
    const driver = keyvDriver(keyv);
    await driver.open();
    keyv.namespace = 'two';
    expect((await rejection(driver.head('a'))).code).toBe('CONFIG');
    keyv.namespace = 'one';
    expect(await driver.head('a')).toBeUndefined();
    keyv.store = new Map();
    expect((await rejection(driver.head('a'))).code).toBe('CONFIG');
  });

  it('refuses a namespace that is a part of its own keys', async () => {
    const keyv = new Keyv({ store: new Map(), namespace: 'accountkeeper:{a}' });
    expect((await rejection((async () => keyvDriver(keyv))())).code).toBe('CONFIG');
  });
});

describe('KeyvDriver: opened for reading', () => {
  it('writes nothing, until something is committed', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    await driver.open({ access: 'read' });
    expect(await driver.load('a')).toBeUndefined();
    expect(adapter.calls.filter(({ method }) => method !== 'get')).toEqual([]);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect(await driver.head('a')).toEqual(head);
  });

  it('keeps its adapter connected, and hears its errors, when it goes on to write', async () => {
    let ends = 0;
    const adapter = Object.assign(new ScriptedAdapter(), {
      disconnect: async () => {
        ends += 1;
      },
    });
    const drivers = [keyvDriver(adapter), keyvDriver(adapter, { closeKeyv: true })];
    for (const [index, driver] of drivers.entries()) {
      await driver.open({ access: 'read' });
      await driver.commit(`${index}`, batchOf({ k: '1' }), onTopOf(undefined));
      expect(adapter.listenerCount('error')).toBe(1);
    }
    expect(ends).toBe(0);
    for (const driver of drivers) await driver.close();
    expect(ends).toBe(1);
  });
});

describe('KeyvDriver: close', () => {
  class Closable extends ScriptedAdapter {
    disconnects = 0;

    async disconnect(): Promise<void> {
      this.disconnects += 1;
    }
  }

  it('leaves the connection to its owner, unless it is told to end it', async () => {
    for (const opened of [true, false]) {
      const adapters = [new Closable(), new Closable(), new Closable()] as const;
      const drivers = [
        keyvDriver(adapters[0]),
        keyvDriver(adapters[1], { closeKeyv: true }),
        keyvDriver(new Keyv({ store: adapters[2] }), { closeKeyv: true }),
      ];
      for (const driver of drivers) {
        if (opened) await driver.open();
        await Promise.all([driver.close(), driver.close()]);
        await driver.close();
      }
      expect(adapters.map(({ disconnects }) => disconnects)).toEqual([0, 1, 1]);
    }
  });

  it('hears the errors of the adapter once for all drivers, until the last of them is closed', async () => {
    const adapter = new ScriptedAdapter();
    const first = keyvDriver(adapter);
    const second = keyvDriver(adapter);
    expect(adapter.listenerCount('error')).toBe(1);
    adapter.emit('error', new Error('in the background'));
    await first.close();
    await first.close();
    expect(adapter.listenerCount('error')).toBe(1);
    await second.close();
    expect(adapter.listenerCount('error')).toBe(0);
  });

  it('says so when the connection does not end well', async () => {
    const adapter = new Closable();
    adapter.disconnect = async () => {
      throw new Error('no');
    };
    const driver = new KeyvDriver({ keyv: adapter, allowUnconditional: true, closeKeyv: true });
    expect((await rejection(driver.close())).code).toBe('UNAVAILABLE');
  });
});

describe('KeyvDriver: accounts', () => {
  it('rejects CONFIG for an adapter without an iterator', async () => {
    const { get, set, clear } = new Map<string, unknown>();
    const entries = new Map<string, unknown>();
    const adapter = {
      get: get.bind(entries),
      set: set.bind(entries),
      delete: (key: string) => entries.delete(key),
      clear: clear.bind(entries),
    };
    const driver = keyvDriver(adapter);
    await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect((await driver.load('a'))?.records.get('k')).toBe('1');
    expect(await rejection(collect(driver.accounts()))).toMatchObject({ code: 'CONFIG', outcome: 'not-applied' });
  });

  it('lists each account once, whatever the iterator repeats, and no foreign key', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(new Keyv({ store: adapter }));
    for (const id of ['a', 'B', 'c:d']) await driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined));
    const foreign = [
      'accountkeeper:{x}:head',
      'keyv:accountkeeper:{X}:head',
      'keyv:other:{x}:head',
      'keyv:accountkeeper:{x}:r:y',
    ];
    for (const key of foreign) adapter.entries.set(key, '{"value":"foreign"}');
    const once = adapter.iterator.bind(adapter);
    adapter.iterator = async function* twice() {
      yield* once();
      yield [undefined, undefined] as never;
      yield* once();
    };
    expect((await collect(driver.accounts())).sort()).toEqual(['B', 'a', 'c:d']);
  });

  it('rejects when the iterator ends early and says why by an event', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    await driver.commit('a', batchOf(), onTopOf(undefined));
    adapter.iterator = async function* ending(this: ScriptedAdapter) {
      yield* [];
      this.emit('error', new Error('the cursor is gone'));
    };
    expect((await rejection(collect(driver.accounts()))).code).toBe('UNAVAILABLE');
  });
});

it('keeps the types of Keyv, its adapters and Map assignable', () => {
  const drivers = [new Keyv(), new Map<string, string>(), new ScriptedAdapter()].map((keyv) =>
    closing(keyvDriver(keyv)),
  );
  expect(drivers).toHaveLength(3);
});
