import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { ACCOUNT, createStore, openStore, rejection } from '../../support/open-store.js';

async function backendWith(records: Record<string, string>): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  await new MemoryDriver({ backend }).commit(
    ACCOUNT,
    { upserts: new Map(Object.entries(records)), deletes: new Set() },
    { expected: undefined, writerId: 'earlier', writeId: 'earlier-1' },
  );
  return backend;
}

describe('restore()', () => {
  it('tells an account that was never written from one with records', async () => {
    const { store, backend } = createStore();
    expect(await store.restore()).toEqual({
      status: 'empty',
      revision: 1,
      records: 0,
      quarantined: [],
      foreignFiles: [],
    });
    store.setSymbolMetadata('A', { n: 1 });
    store.setAccountMetadata({ cursor: 7 });
    await store.close();
    const next = createStore({ backend });
    expect(await next.store.restore()).toEqual({
      status: 'restored',
      revision: 4,
      records: 2,
      quarantined: [],
      foreignFiles: [],
    });
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 1 });
    expect(next.store.getAccountMetadata()).toEqual({ cursor: 7 });
    expect(next.store.isPendingPersist()).toBe(false);
    expect(next.events.map(({ name }) => name)).toEqual(['restored']);
  });

  it('comes before any change of what is persisted', async () => {
    const { store, driver, clock } = createStore();
    expect(store.persistenceStatus()).toMatchObject({ state: 'unrestored', revision: undefined });
    for (const change of [
      () => store.setSymbolMetadata('A', { n: 1 }),
      () => store.setAllSymbolMetadata({}),
      () => store.deletePositionMetadata('A'),
      () => store.setAccountMetadata({}),
      () => store.updateSymbolMetadata('A', () => ({ n: 1 })),
      () => store.setIsPendingPersist(true),
      () => store.requireDurable(),
    ]) {
      expect(change).toThrow(expect.objectContaining({ code: 'NOT_RESTORED' }));
    }
    expect((await rejection(store.flush())).code).toBe('NOT_RESTORED');
    expect((await rejection(store.persistAll())).code).toBe('NOT_RESTORED');
    store.setWalletBalance(5);
    await clock.advance(60_000);
    expect(driver.sent).toHaveLength(0);
    expect(store.getAllSymbolMetadata()).toEqual({});
  });

  it('rejects when the backend fails, leaves everything as it was, and can be called again', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}' });
    const { store, driver } = createStore({ backend });
    driver.failLoads = 1;
    expect((await rejection(store.restore())).code).toBe('UNAVAILABLE');
    expect(driver.sent).toHaveLength(0);
    expect(store.persistenceStatus().state).toBe('unrestored');
    expect(() => store.setSymbolMetadata('A', { n: 2 })).toThrow(expect.objectContaining({ code: 'NOT_RESTORED' }));
    expect(await store.restore()).toMatchObject({ status: 'restored', records: 1 });
  });

  it('repeats a claim of unknown outcome under the same writeId', async () => {
    const { store, driver, clock } = createStore();
    driver.faults.push('lose-reply', 'refuse');
    const restoring = store.restore();
    await clock.advance(1_000);
    expect(await restoring).toMatchObject({ status: 'empty', revision: 1 });
    expect(new Set(driver.sent.map(({ options }) => options.writeId)).size).toBe(1);
  });

  it('gives up a claim that keeps failing', async () => {
    const { store, driver, clock } = createStore();
    driver.faults.push('refuse', 'refuse', 'refuse');
    const outcome = rejection(store.restore());
    await clock.advance(1_000);
    expect((await outcome).code).toBe('UNAVAILABLE');
    expect(driver.sent).toHaveLength(3);
    expect((await store.restore()).status).toBe('empty');
  });

  it('does not repeat a claim that can never succeed', async () => {
    const { store, driver } = createStore();
    driver.faults.push('broken');
    expect((await rejection(store.restore())).code).toBe('CORRUPT');
    expect(driver.sent).toHaveLength(1);
  });

  it('rejects by its deadline and when aborted', async () => {
    const { store, driver, clock } = createStore();
    driver.faults.push('refuse');
    const outcome = rejection(store.restore({ timeoutMs: 50 }));
    await clock.advance(100);
    expect((await outcome).code).toBe('TIMEOUT');
    expect((await rejection(store.restore({ signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    expect((await rejection(store.restore({ timeoutMs: 0 }))).code).toBe('CONFIG');
  });

  it('refuses an account that must exist and does not, without claiming it', async () => {
    const { store, driver, backend } = createStore();
    expect((await rejection(store.restore({ mustExist: true }))).code).toBe('ROLLED_BACK');
    expect(driver.sent).toHaveLength(0);
    expect((await store.restore()).status).toBe('empty');
    await store.close();
    const again = createStore({ backend });
    // The claim, the release, and the claim.
    expect((await again.store.restore({ mustExist: true })).revision).toBe(3);
  });

  it('refuses an account that was dropped when it must exist', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}' });
    const driver = new MemoryDriver({ backend });
    const head = await driver.head(ACCOUNT);
    await driver.drop(ACCOUNT, { expected: head, writerId: 'w', writeId: 'dropped' });
    expect((await rejection(createStore({ backend }).store.restore({ mustExist: true }))).code).toBe('ROLLED_BACK');
    expect((await createStore({ backend }).store.restore()).status).toBe('empty');
  });

  it('refuses a revision that is lower than required', async () => {
    const backend = await backendWith({});
    const { store } = createStore({ backend });
    expect(await rejection(store.restore({ minRevision: 2 }))).toMatchObject({
      code: 'ROLLED_BACK',
      head: { revision: 1 },
    });
    expect((await rejection(createStore().store.restore({ minRevision: 1 }))).code).toBe('ROLLED_BACK');
    expect((await rejection(store.restore({ minRevision: -1 }))).code).toBe('CONFIG');
    expect((await rejection(store.restore({ minRevision: 1.5 }))).code).toBe('CONFIG');
    expect((await store.restore({ minRevision: 1 })).revision).toBe(2);
  });

  it('leaves records alone that it does not know', async () => {
    const backend = await backendWith({
      'future/x': 'anything',
      'positions/LONG/A': 'garbage',
      'metadata/A': '1;json;{}',
    });
    const { store, stored } = await openStore({ backend });
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    expect(Object.keys(await stored()).sort()).toEqual(['future/x', 'metadata/A', 'positions/LONG/A']);
  });
});

describe('a restore in which something never settles', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it.each(['open', 'load', 'commit'] as const)(
    'rejects shortly after its deadline: %s of the driver',
    async (method) => {
      const { store, driver, clock } = createStore();
      driver[method] = never;
      const outcome = rejection(store.restore({ timeoutMs: 200 }));
      await clock.advance(60_000);
      expect((await outcome).code).toBe('TIMEOUT');
      expect(clock.armed).toBe(0);
      expect(store.persistenceStatus().state).toBe('unrestored');
    },
  );

  it('rejects shortly after its deadline: validate of the schema', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}' });
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: never } };
    const { store, driver, clock } = createStore({ backend, schema });
    const outcome = rejection(store.restore({ timeoutMs: 200 }));
    await clock.advance(450);
    expect((await outcome).code).toBe('TIMEOUT');
    expect(driver.sent).toHaveLength(0);
  });

  it('ends at once when the store is closed', async () => {
    const { store, driver } = createStore();
    driver.load = never;
    const outcome = rejection(store.restore());
    await store.close();
    expect((await outcome).code).toBe('ABORTED');
  });
});

describe('a record that cannot be restored', () => {
  const bad: Record<string, string> = {
    'no record text': 'garbage',
    'a codec nobody knows': '1;other;{}',
    'broken json': '{"v":1,"c":"json","d":{"n":}',
    'a document that goes on': '{"v":1,"c":"json","d":{"n":1}},"more":{}}',
    'broken json of an earlier version': '1;json;{"n":',
    'not an object': '1;json;5',
    'a newer schema version': '2;json;{}',
    'an older schema version without migrate': '0;json;{}',
  };

  it.each(Object.entries(bad))('makes restore reject before the account is claimed: %s', async (_, text) => {
    const backend = await backendWith({ 'metadata/A': text, 'metadata/B': '1;json;{"n":1}' });
    const { store, driver } = createStore({ backend });
    expect(await rejection(store.restore())).toMatchObject({ code: 'CORRUPT', records: ['metadata/A'] });
    expect(driver.sent).toHaveLength(0);
    expect(store.getAllSymbolMetadata()).toEqual({});
    expect(store.persistenceStatus().state).toBe('unrestored');
  });

  it.each(Object.entries(bad))('is left out and reported with its bytes when quarantined: %s', async (_, text) => {
    const backend = await backendWith({ 'metadata/A': text, 'metadata/B': '1;json;{"n":1}' });
    const { store } = createStore({ backend, onRejected: 'quarantine' });
    const result = await store.restore();
    expect(result).toMatchObject({ status: 'restored', records: 1 });
    expect(result.quarantined).toEqual([
      { recordKey: 'metadata/A', raw: text, error: expect.objectContaining({ code: 'CORRUPT' }) },
    ]);
    expect(store.getAllSymbolMetadata()).toEqual({ B: { n: 1 } });
  });

  it.each([
    ['a codec nobody knows', ['"other"', 'json', 'rich']],
    ['a newer schema version', ['2', '1', 'newer program']],
    ['an older schema version without migrate', ['0', '1', 'migrate']],
    ['broken json', ['"metadata/A"']],
  ])('is told with what the operator has to know: %s', async (name, parts) => {
    const backend = await backendWith({ 'metadata/A': bad[name] ?? '' });
    const { quarantined } = await createStore({ backend, onRejected: 'quarantine' }).store.restore();
    const [{ error } = { error: undefined }] = quarantined;
    for (const part of parts) expect(error?.message).toContain(part);
    expect(error).toMatchObject({ records: ['metadata/A'], cause: expect.any(Error) });
    const refusal = await rejection(createStore({ backend }).store.restore());
    expect(String(refusal['message'])).toContain(error?.message);
    expect(refusal['cause']).toMatchObject({ code: 'CORRUPT', records: ['metadata/A'] });
  });

  it('is named with all others in the error of a restore that refuses them', async () => {
    const backend = await backendWith({ 'metadata/A': 'garbage', 'metadata/B': '1;json;{}', 'metadata/C': 'trash' });
    const error = await rejection(createStore({ backend }).store.restore());
    expect(error['records']).toEqual(['metadata/A', 'metadata/C']);
    expect(String(error['message'])).toContain('2 stored record(s)');
  });

  it('keeps its bytes through every later write', async () => {
    const backend = await backendWith({ 'metadata/A': 'garbage', 'metadata/C': 'trash' });
    const read = async (): Promise<Map<string, string>> =>
      new Map((await new MemoryDriver({ backend }).load(ACCOUNT))?.records);
    const first = await openStore({ backend, onRejected: 'quarantine' });
    first.store.setSymbolMetadata('B', { n: 1 });
    await first.store.flush();
    expect((await read()).get('metadata/A')).toBe('garbage');

    first.driver.faults.push('refuse');
    first.store.setSymbolMetadata('A', { n: 1 });
    first.store.deletePositionMetadata('C');
    await rejection(first.store.flush());
    await first.store.flush();
    first.store.setSymbolMetadata('A', { n: 2 });
    await first.store.close();
    const records = await read();
    expect(records.get('metadata/A')).toBe('{"v":1,"c":"json","d":{"n":2}}');
    expect(records.has('metadata/C')).toBe(false);
    expect(JSON.parse(records.get('quarantine/2/metadata/A') ?? '')).toMatchObject({ raw: 'garbage' });
    expect(JSON.parse(records.get('quarantine/2/metadata/C') ?? '')).toMatchObject({ raw: 'trash' });
    expect([...records.keys()].filter((key) => key.startsWith('quarantine/'))).toHaveLength(2);

    const second = await openStore({ backend });
    second.store.setSymbolMetadata('A', { n: 3 });
    await second.store.close();
    expect((await read()).has('quarantine/2/metadata/A')).toBe(true);
  });

  it('is kept in the commit that first overwrites it, not in a later one', async () => {
    const backend = await backendWith({ 'metadata/A': 'garbage' });
    const { store, driver } = await openStore({ backend, onRejected: 'quarantine' });
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    expect([...(driver.sent[0]?.batch.upserts.keys() ?? [])]).toEqual(['quarantine/2/metadata/A', 'metadata/A']);
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    expect([...(driver.sent[1]?.batch.upserts.keys() ?? [])]).toEqual(['metadata/A']);
  });

  it('includes what the driver itself could not read', async () => {
    const backend = await backendWith({ 'metadata/B': '1;json;{"n":1}' });
    const { store, driver } = createStore({ backend, onRejected: 'quarantine' });
    const { load } = driver;
    driver.load = async (accountId, options) => {
      const stored = await load.call(driver, accountId, options);
      return (
        stored && {
          ...stored,
          corrupt: new Map([
            ['metadata/A', 'bytes'],
            ['future/x', 'bytes'],
          ]),
        }
      );
    };
    expect((await store.restore()).quarantined).toMatchObject([{ recordKey: 'metadata/A', raw: 'bytes' }]);
  });
});

describe('migrate and schema', () => {
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof (value as { n: unknown }).n === 'number'
          ? { value: { n: (value as { n: number }).n, checked: true } }
          : {
              issues: [
                { message: 'must be a number', path: ['n'] },
                { message: 'second', path: [{ key: 'm' }] },
              ],
            },
    },
  };

  it('brings an older value up to the present version, and writes the version with each record', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}', 'account/metadata': '1;json;{"c":1}' });
    const contexts: unknown[] = [];
    const { store, stored } = await openStore<{ entries: number }>({
      backend,
      schemaVersion: 3,
      migrate: (value, context) => {
        contexts.push(context);
        return context.recordKey === 'metadata/A' ? { entries: (value as { n: number }).n } : value;
      },
    });
    expect(store.getSymbolMetadata('A')).toEqual({ entries: 1 });
    expect(contexts).toContainEqual({ table: 'metadata', recordKey: 'metadata/A', fromVersion: 1, toVersion: 3 });
    expect(await stored()).toMatchObject({ 'metadata/A': '{"n":1}' });
    await store.persistAll();
    expect(await stored()).toMatchObject({ 'metadata/A': '{"entries":1}' });
    const text = (await new MemoryDriver({ backend }).load(ACCOUNT))?.records.get('metadata/A');
    expect(text).toBe('{"v":3,"c":"json","d":{"entries":1}}');
  });

  it('rejects the record when migrate throws', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}' });
    const migrate = (): never => {
      throw new TypeError('cannot');
    };
    const { store } = createStore({ backend, schemaVersion: 2, migrate });
    expect(await rejection(store.restore())).toMatchObject({ code: 'CORRUPT', records: ['metadata/A'] });
  });

  it('validates the metadata of symbols, and holds what the schema returns', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":1}', 'account/metadata': '1;json;{"c":1}' });
    const { store } = await openStore({ backend, schema });
    expect(store.getSymbolMetadata('A')).toEqual({ n: 1, checked: true });
    expect(store.getAccountMetadata()).toEqual({ c: 1 });
    expect(store.isPendingPersist()).toBe(false);
  });

  it('rejects what does not fit, also when the schema answers later', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":"1"}' });
    const { validate } = schema['~standard'];
    const later = { '~standard': { ...schema['~standard'], validate: async (value: unknown) => validate(value) } };
    for (const each of [schema, later]) {
      const { store } = createStore({ backend, schema: each });
      expect(await rejection(store.restore())).toMatchObject({ code: 'CORRUPT', records: ['metadata/A'] });
    }
  });

  it('tells every issue of the schema, with its place where the schema names one', async () => {
    const backend = await backendWith({ 'metadata/A': '1;json;{"n":"1"}' });
    const issues = [
      { message: 'too few', path: ['list', { key: 0 }, 'n'] },
      { message: 'no path' },
      { message: 'empty path', path: [] },
    ];
    const validate = (): { readonly issues: typeof issues } => ({ issues });
    const { store } = createStore({ backend, schema: { '~standard': { ...schema['~standard'], validate } } });
    const { message } = await rejection(store.restore());
    expect(String(message)).toMatch(/: list\.0\.n: too few; no path; empty path$/);
  });

  it('reads what another built-in codec wrote', async () => {
    const { richCodec } = await import('../../../src/core/codec/rich-codec.js');
    const first = await openStore({ codec: richCodec });
    first.store.setSymbolMetadata('A', { at: new Date(5), big: 1n });
    await first.store.close();
    const second = await openStore({ backend: first.backend });
    expect(second.store.getSymbolMetadata('A')).toEqual({ at: new Date(5), big: 1n });
  });
});

describe('the rich codec', () => {
  it('brings back what JSON cannot hold, protected as before, and ready to be changed', async () => {
    const { richCodec } = await import('../../../src/core/codec/rich-codec.js');
    const first = await openStore({ codec: richCodec });
    const value = { fills: new Map([['f1', { qty: 1n }]]), seen: new Set([1]), at: new Date(5), stop: Number.NaN };
    first.store.setSymbolMetadata('A', value);
    first.store.setAccountMetadata({ days: new Map([['d', [undefined, Number.POSITIVE_INFINITY]]]) });
    await first.store.close();
    const { store, stored } = await openStore({ codec: richCodec, backend: first.backend });
    expect(store.getSymbolMetadata('A')).toEqual(value);
    expect(store.getAccountMetadata()).toEqual({ days: new Map([['d', [undefined, Number.POSITIVE_INFINITY]]]) });
    const { fills } = store.getSymbolMetadata('A') as unknown as typeof value;
    expect(() => fills.set('f2', { qty: 2n })).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    store.updateSymbolMetadata('A', (previous) => ({ ...previous, entries: 2 }));
    store.setSymbolMetadataValue('A', 'entries', 3);
    await store.flush();
    expect(Object.keys(await stored())).toHaveLength(2);
    const third = await openStore({ codec: richCodec, backend: first.backend });
    expect(third.store.getSymbolMetadata('A')).toEqual({ ...value, entries: 3 });
  });
});

describe('persist', () => {
  const position = {
    symbol: 'A',
    timestampMs: 1,
    positionSide: 'LONG' as const,
    orderPositionSide: 'BOTH' as const,
    positionPrice: 10,
    assetQty: 2,
    value: 20,
    valueUpnl: 0,
    marginValue: 2,
    liquidationPrice: 1,
  };
  const order = {
    exchangeOrderId: 'o1',
    customOrderId: '',
    symbol: 'A',
    orderSide: 'BUY' as const,
    positionSide: 'LONG' as const,
    orderType: 'LIMIT' as const,
    status: 'NEW' as const,
    price: 9,
    originalQuantity: 1,
    executedQuantity: 0,
    averagePrice: 0,
    createdAtMs: 1,
    updatedAtMs: 1,
  };
  const persist = ['metadata', 'positions', 'orders', 'leverage', 'balance'] as const;

  it('is metadata alone by default', async () => {
    const { store, driver, clock } = await openStore();
    store.setActivePosition('A', 'LONG', position);
    store.upsertActiveOrder(order);
    store.setSymbolLeverage('A', 5);
    store.setWalletBalance(100);
    await clock.advance(1_000);
    expect(driver.sent).toHaveLength(0);
    expect(store.isPendingPersist()).toBe(false);
  });

  it('can be everything, for a warm start that is marked stale', async () => {
    const first = await openStore({ persist });
    first.store.setActivePosition('A', 'LONG', position);
    first.store.upsertActiveOrder(order);
    first.store.setSymbolLeverage('A', 5);
    first.store.setWalletBalance(100);
    first.store.setSymbolMetadata('A', { n: 1 });
    await first.store.close();
    const { store } = await openStore({ persist, backend: first.backend });
    expect(store.getActivePosition('A', 'LONG')).toEqual(position);
    expect(store.getOrders()).toEqual([order]);
    expect(store.getSymbolLeverage('A')).toBe(5);
    expect(store.getWalletBalance()).toBe(100);
    expect(store.isPositionStale('A', 'LONG')).toBe(true);
    expect(store.isOrderStale('o1')).toBe(true);
    store.reconcile({ positions: [position], orders: [order], asOfMs: 2 });
    expect(store.hasStaleState()).toBe(false);
  });

  it('never takes a price tick for a change', async () => {
    const { store, driver, clock } = await openStore({ persist });
    store.setActivePosition('A', 'LONG', position);
    await store.flush();
    driver.sent.length = 0;
    store.processPriceEvent({ symbol: 'A', price: 11 });
    expect(store.getActivePosition('A', 'LONG')?.valueUpnl).toBe(2);
    await clock.advance(1_000);
    expect(driver.sent).toHaveLength(0);
  });

  it('removes what is gone', async () => {
    const { store, stored } = await openStore({ persist });
    store.setActivePosition('A', 'LONG', position);
    store.upsertActiveOrder(order);
    await store.flush();
    store.deleteActivePosition('A', 'LONG');
    store.upsertActiveOrder({ ...order, status: 'FILLED' });
    await store.flush();
    expect(await stored()).toEqual({});
  });

  it('rejects a stored position that is none', async () => {
    const backend = await backendWith({ 'positions/LONG/A': '1;json;{"symbol":"A"}' });
    expect(await rejection(createStore({ backend, persist }).store.restore())).toMatchObject({
      code: 'CORRUPT',
      records: ['positions/LONG/A'],
    });
  });
});

describe('the options', () => {
  it.each([
    { accountId: '' },
    { accountId: 5 as never },
    { persist: ['everything'] as never },
    { persist: 'metadata' as never },
    { onRejected: 'ignore' as never },
    { schemaVersion: 1.5 },
    { schemaVersion: -1 },
    { codec: { name: 'Bad Name', encode: String, decode: String } },
    { codec: {} as never },
    { driver: {} as never },
    { driver: null as never },
    { flsh: {} } as never,
  ])('are checked: %o', (options) => {
    expect(() => createStore(options)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('wrap what a driver throws without the brand', async () => {
    const { store, driver } = createStore();
    driver.open = () => Promise.reject(new TypeError('bug'));
    const error = await rejection(store.restore());
    expect(error).toBeInstanceOf(AccountKeeperError);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', cause: expect.any(TypeError) });
  });
});
