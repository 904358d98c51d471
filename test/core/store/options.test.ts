import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { AccountStateStore, closeOnSignals, MemoryDriver, openAccount } from '../../../src/index.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';
import { openStore } from '../../support/open-store.js';

/** Takes any options, as a caller without types may give them. */
type Call = (options?: unknown) => unknown;

interface Method {
  readonly name: string;
  readonly options: readonly string[];
  /** An open store, and the method on it. */
  readonly prepare: () => Promise<{ readonly call: Call; readonly state: () => unknown }>;
}

const STORE_OPTIONS = [
  'flush',
  'codec',
  'schemaVersion',
  'migrate',
  'schema',
  'onRejected',
  'persist',
  'rejectStale',
  'ownership',
  'spill',
  'highWater',
  'clock',
  'random',
  'createId',
] as const;

const RESTORE_OPTIONS = ['mustExist', 'minRevision', 'onRolledBack', 'timeoutMs', 'signal'] as const;

type StoreMethod = 'restore' | 'refresh' | 'flush' | 'persistAll' | 'close' | 'requireDurable';

function storeMethod(name: StoreMethod, options: readonly string[], isRestored = true): Method {
  const prepare: Method['prepare'] = async () => {
    const ownership = name === 'refresh' ? 'read-only' : 'take-over';
    const store = new AccountStateStore({ accountId: 'a', driver: new MemoryDriver(), ownership });
    if (isRestored) await store.restore();
    if (isRestored && name !== 'refresh') store.setSymbolMetadata('A', { n: 1 });
    const call: Call = (given) => store[name](given as never);
    return { call, state: () => [store.persistenceStatus().state, store.getAllSymbolMetadata()] };
  };
  return { name, options, prepare };
}

/** A method that makes something, and changes nothing that is there before. */
function makingMethod(name: string, options: readonly string[], call: Call): Method {
  return { name, options, prepare: async () => ({ call, state: () => undefined }) };
}

const METHODS: readonly Method[] = [
  storeMethod('restore', RESTORE_OPTIONS, false),
  storeMethod('refresh', RESTORE_OPTIONS),
  storeMethod('flush', ['timeoutMs', 'signal']),
  storeMethod('persistAll', ['timeoutMs', 'signal']),
  storeMethod('close', ['timeoutMs', 'deadlineMs']),
  storeMethod('requireDurable', ['maxAgeMs']),
  makingMethod(
    'new AccountStateStore',
    ['accountId', 'driver', 'closeDriver', ...STORE_OPTIONS],
    (given) => void new AccountStateStore(given as never),
  ),
  makingMethod('openAccount', ['accountId', 'persistence', 'restore', ...STORE_OPTIONS], async (given) => {
    await (await openAccount(given as never)).close();
  }),
  makingMethod('closeOnSignals', ['timeoutMs', 'deadlineMs', 'onClosed'], (given) =>
    closeOnSignals([], given as never).uninstall(),
  ),
];

/** What the call failed with; `undefined` when it did not. */
async function failure(call: () => unknown): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await call();
  } catch (thrown) {
    return { thrown };
  }
  return undefined;
}

async function expectConfig(call: () => unknown, path: string): Promise<void> {
  const failed = await failure(call);
  if (failed === undefined) expect.fail(`${path} was taken`);
  expect(failed.thrown).toMatchObject({ code: 'CONFIG' });
  expect(String((failed.thrown as Error).message).split(':')[0]).toBe(path);
}

describe.each(METHODS)('the options of $name', ({ name, options, prepare }) => {
  it.each([null, 7, 'text', [[]], Symbol('s')])('are not %s', async (given) => {
    const { call, state } = await prepare();
    const before = state();
    expect(await failure(() => call(given))).toMatchObject({ thrown: { code: 'CONFIG' } });
    expect(state()).toEqual(before);
  });

  it('have names that are known', async () => {
    for (const option of options) {
      const { call } = await prepare();
      const failed = await failure(() => call({ [`${option}s`]: 1 }));
      const message = expect.stringContaining(`did you mean ${JSON.stringify(option)}`);
      expect(failed).toMatchObject({ thrown: { code: 'CONFIG', message } });
    }
  });

  it('are refused with an AccountKeeperError or taken, whatever they are, and change nothing when refused', async () => {
    const hostile = fc.constantFrom(...HOSTILE_VALUES).map(({ make }) => make);
    const garbage = fc.oneof(
      fc.constantFrom<unknown>(null, true, -1, 0, 2 ** 40, Number.NaN, 1n, '', 'memory:', [], [null], {}),
      fc.anything({ maxDepth: 1, withNullPrototype: true }),
    );
    const value = fc.oneof(
      hostile,
      garbage.map((each) => () => each),
    );
    const key = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...options) }, { weight: 1, arbitrary: fc.string() });
    const entries = fc.array(fc.record({ key, value, throws: fc.boolean() }), { maxLength: 3 });
    const given = fc.oneof(
      value.map((make) => make),
      entries.map((list) => () => {
        const object = {};
        for (const { key: property, value: make, throws } of list) {
          const get = (): unknown => {
            if (throws) throw make();
            return make();
          };
          Object.defineProperty(object, property, { get, enumerable: true, configurable: true });
        }
        return object;
      }),
    );
    await fc.assert(
      fc.asyncProperty(given, async (make) => {
        const { call, state } = await prepare();
        const before = state();
        const failed = await failure(() => call(make()));
        if (failed === undefined) return;
        const isOurs = isAccountKeeperError(failed.thrown);
        expect(isOurs).toBe(true);
        if (isOurs && failed.thrown.code === 'CONFIG') expect(state()).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['timeoutMs', 'deadlineMs', 'maxAgeMs'].filter((option) => options.includes(option)))(
    'have a %s that a timer can wait for',
    async (option) => {
      for (const value of [-1, Number.NaN, 2 ** 31, '1', null]) {
        const { call } = await prepare();
        await expectConfig(() => call({ [option]: value }), `${name}.${option}`);
      }
    },
  );
});

describe('an option that was misspelt or of a wrong type', () => {
  it('is never ignored', async () => {
    const { store } = await openStore();
    await expectConfig(() => store.requireDurable({ maxAge: 0 } as never), 'requireDurable');
    const unrestored = new AccountStateStore({ accountId: 'a', driver: new MemoryDriver() });
    await expectConfig(() => unrestored.restore({ mustExists: true } as never), 'restore');
    await expectConfig(() => unrestored.restore({ mustExist: 1 } as never), 'restore.mustExist');
    await expectConfig(() => unrestored.restore({ signal: {} } as never), 'restore.signal');
    await expectConfig(() => unrestored.restore({ minRevision: 1.5 }), 'restore.minRevision');
    await expectConfig(() => unrestored.restore({ acceptRollback: true } as never), 'restore');
    for (const [wrong, path] of [
      [{ keep: 'both' }, '.keep'],
      [{ keep: 'local', writeId: '' }, '.revision'],
      [{ keep: 'backend', revision: 1 }, '.writeId'],
      [{ keep: 'backend', revision: 1, writeId: '', sure: true }, ''],
      ['backend', ''],
    ] as const) {
      await expectConfig(() => unrestored.restore({ onRolledBack: wrong as never }), `restore.onRolledBack${path}`);
    }
    await expectConfig(
      () => openAccount({ accountId: 'a', persistence: 'memory:', driver: {} } as never),
      'openAccount',
    );
    await expectConfig(() => (openAccount as Call)(), 'persistence');
  });

  it.each([
    ['clock', { now: Date.now }],
    ['random', 0.5],
    ['createId', 'id'],
    ['migrate', {}],
    ['schema', {}],
    ['schema', { '~standard': { version: 1, vendor: 'x' } }],
    ['schema', { '~standard': { version: 2, vendor: 'x', validate: () => ({ value: {} }) } }],
    ['codec', { name: 'X', encode: String, decode: String }],
    ['codec', { name: Symbol('x'), encode: String, decode: String }],
    ['closeDriver', 1],
    ['rejectStale', 1],
    ['schemaVersion', -1],
    ['persist', 'metadata'],
    ['persist', ['balances']],
    ['persist', Array(1)],
    ['accountId', ''],
    ['driver', {}],
    ['driver', Object.assign(Object.create(new MemoryDriver()), { limits: { keyBytes: 1, valueBytes: 1 } })],
    ['driver', Object.assign(Object.create(new MemoryDriver()), { apiVersion: 2 })],
  ])('is refused by the constructor (%s: %o)', async (option, value) => {
    const options = { accountId: 'a', driver: new MemoryDriver(), [option]: value };
    await expectConfig(() => new AccountStateStore(options as never), option);
  });

  it('is refused also by a store without a driver', async () => {
    const store = new AccountStateStore();
    await expectConfig(() => store.close(null as never), 'close');
    expect(() => store.setIsPendingPersist(Object.create(null) as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
  });
});

describe('a schema that is a function', () => {
  it('is taken, as some libraries make them', async () => {
    const standard = { version: 1, vendor: 'x', validate: () => ({ value: {} }) } as const;
    const schema = Object.assign(() => undefined, { '~standard': standard });
    const store = new AccountStateStore({ accountId: 'a', driver: new MemoryDriver(), schema });
    expect(await store.restore()).toMatchObject({ status: 'empty' });
  });
});

describe('on(), once() and off()', () => {
  it.each(['on', 'once', 'off'] as const)('refuse an event that there is none of (%s)', async (method) => {
    const { store } = await openStore();
    const call = store[method].bind(store) as (name: unknown, listener: unknown) => unknown;
    await expectConfig(() => call('fence', () => undefined), method);
    await expectConfig(() => call('error', () => undefined), method);
    await expectConfig(() => call('toString', () => undefined), method);
    await expectConfig(() => call('fenced', undefined), method);
    await expectConfig(() => call('fenced', {}), method);
    for (const { make } of HOSTILE_VALUES) await expectConfig(() => call(make(), () => undefined), method);
  });
});
