import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { settle } from '../../support/fake-clock.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';
import { ACCOUNT } from '../../support/open-store.js';

interface Warning {
  readonly code: string;
  readonly text: string;
}

const warnings: Warning[] = [];

beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((warning: unknown, options?: unknown) => {
    const { code, type } = options as { readonly code: string; readonly type: string };
    expect(type).toBe('AccountKeeperWarning');
    warnings.push({ code, text: String(warning) });
  });
});

afterEach(() => vi.restoreAllMocks());

function createStore(backend: MemoryBackend, options: object = {}): AccountStateStore {
  return new AccountStateStore({ accountId: ACCOUNT, driver: new MemoryDriver({ backend }), ...options });
}

describe('a listener that fails', () => {
  it.each(HOSTILE_VALUES)('by throwing $name leaves the store as it is', async ({ make }) => {
    const store = createStore(new MemoryBackend());
    store.on('restored', () => {
      throw make();
    });
    store.on('flushed', () => {
      throw make();
    });
    expect(await store.restore()).toMatchObject({ status: 'empty' });
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    await store.close();
    expect(warnings.map(({ code }) => code)).toEqual(['LISTENER_FAILED', 'LISTENER_FAILED']);
  });

  it.each(HOSTILE_VALUES)('by a promise that rejects with $name leaves the process as it is', async ({ make }) => {
    const store = createStore(new MemoryBackend());
    store.on('restored', (async () => {
      throw make();
    }) as () => void);
    const then = (_: unknown, reject: (thrown: unknown) => void): void => reject(make());
    store.on('restored', (() => Object.defineProperty({}, 'then', { value: then })) as never);
    store.on('restored', (() => make()) as never);
    await store.restore();
    await settle();
    expect(warnings.filter(({ code }) => code === 'LISTENER_FAILED').length).toBeGreaterThanOrEqual(2);
    expect(store.persistenceStatus().ownership).toBe('owner');
  });
});

describe('what nobody listens to', () => {
  const UNREADABLE = new Map([
    ['metadata/A', 'secret'],
    ['metadata/B', '1;json;{"secret":'],
  ]);

  async function quarantined(): Promise<MemoryBackend> {
    const backend = new MemoryBackend();
    const options = { expected: undefined, writerId: 'w', writeId: 'w-1' };
    await new MemoryDriver({ backend }).commit(ACCOUNT, { upserts: UNREADABLE, deletes: new Set() }, options);
    return backend;
  }

  function expectSaidOnce(code: string, ...names: readonly string[]): void {
    expect(warnings.map((warning) => warning.code)).toEqual([code]);
    for (const name of [ACCOUNT, ...names]) expect(warnings[0]?.text).toContain(name);
    expect(warnings[0]?.text).not.toContain('secret');
  }

  it('is said once: a record that cannot be written', async () => {
    const store = createStore(new MemoryBackend());
    await store.restore();
    store.setSymbolMetadata('A', { secret: Number.NaN });
    await store.flush().catch(() => undefined);
    store.setSymbolMetadata('B', { secret: Number.NaN });
    await store.flush().catch(() => undefined);
    expectSaidOnce('RECORD_REJECTED', 'metadata/A');
  });

  it('is said once: a take-over', async () => {
    const backend = new MemoryBackend();
    const store = createStore(backend);
    await store.restore();
    await createStore(backend).restore();
    store.setSymbolMetadata('A', { secret: 1 });
    await store.flush().catch(() => undefined);
    expect(store.persistenceStatus().state).toBe('fenced');
    expectSaidOnce('FENCED', 'metadata/A');
  });

  it('is said once: records that were left out', async () => {
    const store = createStore(await quarantined(), { onRejected: 'quarantine' });
    await store.restore();
    expectSaidOnce('QUARANTINED', 'metadata/A', 'metadata/B');
  });

  it('is said once for each: what the driver warns of', async () => {
    const driver = new MemoryDriver();
    const open = driver.open.bind(driver);
    driver.open = async (options) => {
      for (const code of ['not-durable', 'not-durable', 'evicts']) {
        options?.onWarning?.({ code, message: `the server is ${code}` });
      }
      await open(options);
    };
    await new AccountStateStore({ accountId: ACCOUNT, driver }).restore();
    expect(warnings.map(({ code }) => code)).toEqual(['DRIVER_WARNING', 'DRIVER_WARNING']);
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringContaining('not-durable'),
      expect.stringContaining('evicts'),
    ]);
  });

  it('names some of many records', async () => {
    const backend = new MemoryBackend();
    const upserts = new Map(Array.from({ length: 1_000 }, (_, index) => [`metadata/S${index}`, 'unreadable']));
    const options = { expected: undefined, writerId: 'w', writeId: 'w-1' };
    await new MemoryDriver({ backend }).commit(ACCOUNT, { upserts, deletes: new Set() }, options);
    await createStore(backend, { onRejected: 'quarantine' }).restore();
    expectSaidOnce('QUARANTINED', 'metadata/S0', '1000');
    expect(warnings[0]?.text.length).toBeLessThan(1_000);
  });

  it('is not said when somebody listens, or when there is nothing to say', async () => {
    const backend = await quarantined();
    const store = createStore(backend, { onRejected: 'quarantine' });
    const heard: string[] = [];
    for (const name of ['restored', 'record-rejected', 'fenced'] as const) store.on(name, () => heard.push(name));
    await store.restore();
    store.setSymbolMetadata('C', { n: Number.NaN });
    await store.flush().catch(() => undefined);
    await createStore(backend, { onRejected: 'quarantine' })
      .once('restored', () => undefined)
      .restore();
    store.setSymbolMetadata('D', { n: 1 });
    await store.flush().catch(() => undefined);
    expect(heard).toEqual(['restored', 'record-rejected', 'fenced']);
    await createStore(new MemoryBackend()).restore();
    expect(warnings).toEqual([]);
  });
});

describe('a codec, a schema or a migration that fails', () => {
  it.each(HOSTILE_VALUES)('by throwing $name is reported for the record', async ({ make }) => {
    const fail = (): never => {
      throw make();
    };
    const backend = new MemoryBackend();
    const codec = { name: 'mine', encode: fail, decode: fail };
    const writer = createStore(backend, { codec });
    writer.on('record-rejected', () => undefined);
    await writer.restore();
    writer.setSymbolMetadata('A', { n: 1 });
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ENCODE', records: ['metadata/A'] });
    const upserts = new Map([
      ['metadata/A', '1;mine;{}'],
      ['metadata/B', '0;json;{}'],
      ['metadata/C', '1;json;{}'],
    ]);
    await new MemoryDriver({ backend }).commit(
      'other',
      { upserts, deletes: new Set() },
      {
        expected: undefined,
        writerId: 'w',
        writeId: 'w-1',
      },
    );
    const schema = { '~standard': { version: 1, vendor: 'x', validate: fail } };
    const options = { accountId: 'other', codec, migrate: fail, schema, onRejected: 'quarantine' };
    const { quarantined, records } = await createStore(backend, options)
      .once('restored', () => undefined)
      .restore();
    expect(records).toBe(0);
    expect(quarantined.map(({ recordKey }) => recordKey)).toEqual(['metadata/A', 'metadata/B', 'metadata/C']);
  });
});
