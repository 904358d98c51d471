import { describe, expect, it } from 'vitest';
import { richCodec } from '../../../src/core/codec/rich-codec.js';
import { jsonCodec } from '../../../src/core/codec/strict-json-codec.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { ACCOUNT, openStore, rejection } from '../../support/open-store.js';

describe('setIsPendingPersist with a driver', () => {
  it('marks everything for true, and refuses false', async () => {
    const { store, driver, clock } = await openStore({ persist: ['metadata', 'leverage', 'balance'] });
    store.setSymbolMetadata('A', { n: 1 });
    store.setAccountMetadata({ cursor: 1 });
    store.setSymbolLeverage('A', 5);
    store.setWalletBalance(100);
    await store.flush();
    expect(() => store.setIsPendingPersist(false)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    expect(store.isPendingPersist()).toBe(false);
    store.setIsPendingPersist(true);
    expect(store.isPendingPersist()).toBe(true);
    await clock.advance(50);
    expect([...(driver.sent[1]?.batch.upserts.keys() ?? [])].sort()).toEqual([
      'account/metadata',
      'balance/wallet',
      'leverage/A',
      'metadata/A',
    ]);
  });
});

describe('what is stored of a value', () => {
  it('is flagged as a JSON object, whichever codec wrote it, and what could not be read is not', async () => {
    for (const codec of [jsonCodec, richCodec, { ...jsonCodec, name: 'mine' }]) {
      const backend = new MemoryBackend();
      await backendWithGarbage(backend);
      const { store, driver } = await openStore({ backend, codec, onRejected: 'quarantine' });
      store.setSymbolMetadata('A', { n: 1 });
      store.setSymbolMetadata('B', { n: 2 });
      driver.faults.push('refuse');
      await rejection(store.flush());
      await store.flush();
      const [, { batch } = {}] = driver.sent;
      expect([...(batch?.upserts.keys() ?? [])].sort()).toEqual([
        'metadata/A',
        'metadata/B',
        'quarantine/2/metadata/A',
      ]);
      expect([...(batch?.documents ?? [])].sort()).toEqual(['metadata/A', 'metadata/B']);
      expect(JSON.parse(batch?.upserts.get('metadata/B') ?? '')).toMatchObject({ v: 1, c: codec.name });
    }
  });
});

async function backendWithGarbage(backend: MemoryBackend): Promise<void> {
  const options = { expected: undefined, writerId: 'w', writeId: 'x' };
  const batch = { upserts: new Map([['metadata/A', '???']]), deletes: new Set<string>() };
  await new MemoryDriver({ backend }).commit(ACCOUNT, batch, options);
}

describe('persistAll()', () => {
  it('writes every record in memory, and waits for it', async () => {
    const { store, driver, backend, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    await store.persistAll();
    expect(driver.sent).toHaveLength(2);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    expect(backend).toBeDefined();
  });

  it('rejects with the error of its attempt', async () => {
    const { store, driver } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    driver.faults.push('refuse');
    expect((await rejection(store.persistAll())).code).toBe('UNAVAILABLE');
  });
});

describe('persistenceStatus()', () => {
  it('tells what is pending, since when, and the last flush', async () => {
    const { store, clock } = await openStore();
    expect(store.persistenceStatus()).toMatchObject({ state: 'idle', revision: 1, lastFlushedAt: undefined });
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(20);
    store.setSymbolMetadata('B', { n: 1 });
    expect(store.persistenceStatus()).toMatchObject({ state: 'pending', pendingRecords: 2, oldestPendingMs: 20 });
    await clock.advance(50);
    expect(store.persistenceStatus()).toMatchObject({ state: 'idle', revision: 2, pendingRecords: 0 });
    expect(store.persistenceStatus().lastFlushedAt).toBe(clock.now());
  });

  it('measures ages on a clock that does not jump', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    clock.jumpWall(-86_400_000);
    expect(store.persistenceStatus().oldestPendingMs).toBe(50);
    await clock.advance(50);
    expect(store.isPendingPersist()).toBe(false);
  });
});

describe('events', () => {
  it('carry what happened, in order', async () => {
    const { store, driver, clock, events } = await openStore();
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    await clock.advance(100);
    expect(events).toMatchObject([
      { name: 'pending', event: { accountId: 'test-account' } },
      {
        name: 'flush-failed',
        event: { error: { code: 'UNAVAILABLE' }, consecutiveFailures: 1, retryInMs: 50 },
      },
      { name: 'flushed', event: { revision: 2, records: ['metadata/A', 'metadata/B'], durationMs: 0 } },
      { name: 'recovered', event: { failures: 1 } },
    ]);
  });

  it('reach every listener and never stop the store, whatever a listener does', async () => {
    const { store } = await openStore();
    const warnings: Error[] = [];
    const collect = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', collect);
    const heard: string[] = [];
    store.on('pending', () => {
      throw new Error('a listener that throws');
    });
    store.on('pending', (async () => {
      throw new Error('a listener that rejects');
    }) as () => void);
    store.on('pending', () => heard.push('pending'));
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', collect);
    expect(heard).toEqual(['pending']);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatchObject({ name: 'AccountKeeperWarning', code: 'LISTENER_FAILED' });
  });

  it('are taken back by off, and heard once by once', async () => {
    const { store } = await openStore();
    const heard: string[] = [];
    const listener = (): void => {
      heard.push('on');
    };
    store.on('flushed', listener).once('flushed', () => heard.push('once'));
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    store.off('flushed', listener);
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    expect(heard).toEqual(['on', 'once']);
  });
});

describe('requireDurable', () => {
  it('refuses an age that is none', async () => {
    const { store } = await openStore();
    expect(() => store.requireDurable({ maxAgeMs: Number.NaN })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});
