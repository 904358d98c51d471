import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { ACCOUNT, type OpenStore, openStore, rejection } from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';

const names = (events: readonly { readonly name: string }[]): string[] => events.map(({ name }) => name);

describe('a record that cannot be written', () => {
  it('is set aside and reported when the error names it; the others go on', async () => {
    const { store, driver, events, stored } = await openStore();
    driver.poison.add('metadata/BAD');
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('BAD', { n: 1 });
    store.setSymbolMetadata('C', { n: 1 });
    const error = await rejection(store.flush());
    expect(error).toMatchObject({ code: 'INVALID_VALUE', records: ['metadata/BAD'], retryable: false });
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/C': '{"n":1}' });
    expect(events.filter(({ name }) => name === 'record-rejected')).toEqual([
      { name: 'record-rejected', event: expect.objectContaining({ accountId: ACCOUNT, recordKey: 'metadata/BAD' }) },
    ]);
    expect(store.persistenceStatus()).toMatchObject({ state: 'pending', pendingRecords: 1, consecutiveFailures: 0 });
  });

  it('takes all records of its batch along when the error names none; what came since goes on', async () => {
    const { store, driver, clock, events, stored } = await openStore();
    driver.faults.push('late', { error: new AccountKeeperError('TOO_LARGE', 'limit of the server') });
    for (const symbol of ['S0', 'S1', 'S2']) store.setSymbolMetadata(symbol, { n: 1 });
    const failed = rejection(store.flush());
    await clock.advance(0);
    store.setSymbolMetadata('S1', { n: 2 });
    store.setSymbolMetadata('S3', { n: 2 });
    await clock.advance(10_000);
    expect((await failed).code).toBe('TIMEOUT');
    const error = await rejection(store.flush());
    expect(error).toMatchObject({ code: 'TOO_LARGE', records: ['metadata/S0', 'metadata/S2'] });
    expect(await stored()).toEqual({ 'metadata/S1': '{"n":2}', 'metadata/S3': '{"n":2}' });
    expect(events.filter(({ name }) => name === 'record-rejected')).toHaveLength(3);
    expect(store.persistenceStatus().rejected).toEqual(['metadata/S0', 'metadata/S2']);
  });

  it('does not stop one of several from being named', async () => {
    const { store, driver, stored } = await openStore();
    for (const bad of ['S1', 'S2', 'S6']) driver.poison.add(`metadata/${bad}`);
    for (let index = 0; index < 8; index += 1) store.setSymbolMetadata(`S${index}`, { index });
    const error = await rejection(store.flush());
    expect(error['records']).toEqual(['metadata/S1', 'metadata/S2', 'metadata/S6']);
    expect(Object.keys(await stored())).toHaveLength(5);
  });

  it('is set aside before any I/O when it cannot be encoded', async () => {
    const { store, driver, stored } = await openStore();
    store.setSymbolMetadata('BAD', { at: { n: Number.NaN } });
    const error = await rejection(store.flush());
    expect(error).toMatchObject({ code: 'ENCODE', records: ['metadata/BAD'] });
    expect(driver.sent).toHaveLength(0);
    store.setSymbolMetadata('A', { n: 1 });
    expect(await rejection(store.flush())).toMatchObject({ code: 'ENCODE', records: ['metadata/BAD'] });
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('is tried again once it has changed', async () => {
    const { store, stored } = await openStore();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    await rejection(store.flush());
    store.setSymbolMetadata('BAD', { n: 1 });
    await store.flush();
    expect(await stored()).toEqual({ 'metadata/BAD': '{"n":1}' });
    expect(store.isPendingPersist()).toBe(false);
  });

  it('does not concern a flush that was called before its change', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('hang');
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = store.flush();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    const outcome = rejection(flushed);
    await clock.advance(10_000);
    expect((await outcome).code).toBe('TIMEOUT');
    const second = store.flush();
    expect((await rejection(second)).code).toBe('ENCODE');
  });

  it('is reported as well when an earlier repetition may have landed', async () => {
    const { store, driver, clock, events } = await openStore();
    driver.faults.push('lose-request', { error: new AccountKeeperError('TOO_LARGE', 'server limit') });
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50 + 50);
    expect(names(events)).toContain('record-rejected');
    store.setSymbolMetadata('B', { n: 1 });
    await clock.advance(50);
    expect(driver.sent.at(-1)?.batch.upserts.has('metadata/B')).toBe(true);
  });

  it('is none that the driver names and that was not sent: all that were sent are at fault', async () => {
    const { store, driver, events } = await openStore();
    const error = new AccountKeeperError('INVALID_VALUE', 'names another', { records: ['metadata/OTHER'] });
    driver.faults.push({ error });
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    const rejected = await rejection(store.flush());
    expect(rejected['records']).toEqual(['metadata/A', 'metadata/B']);
    expect(events.filter(({ name }) => name === 'record-rejected')).toHaveLength(2);
  });
});

describe('a record that cannot be written, and changes again', () => {
  it('is as old as its oldest change that is not saved', async () => {
    const { store, clock, events } = await openStore();
    for (let second = 0; second < 10; second += 1) {
      store.setSymbolMetadata('BAD', { second, n: Number.NaN });
      await clock.advance(1_000);
    }
    expect(store.persistenceStatus()).toMatchObject({ pendingRecords: 1, oldestPendingMs: 10_000 });
    expect(() => store.requireDurable({ maxAgeMs: 5_000 })).toThrow(expect.objectContaining({ code: 'LAGGING' }));
    expect(names(events)).toContain('lagging');
  });

  it('still concerns the flush that was called before', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('hang');
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    store.setSymbolMetadata('A', { n: 1 });
    let settled = false;
    const outcome = store.flush().then(
      () => 'flushed',
      (error: AccountKeeperError) => error.code,
    );
    void outcome.then(() => {
      settled = true;
    });
    await settle();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    await settle();
    expect(settled).toBe(false);
    await clock.advance(60_000);
    expect(await outcome).not.toBe('flushed');
  });

  it('is not set aside when it was corrected while the bad version was in flight', async () => {
    const { store, driver, stored } = await openStore();
    driver.poison.add('metadata/A');
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = store.flush();
    await Promise.resolve();
    store.setSymbolMetadata('A', { n: 2 });
    driver.poison.clear();
    await Promise.allSettled([flushed]);
    await store.flush();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
    expect(store.isPendingPersist()).toBe(false);
    await store.close();
  });
});

describe('a batch of the driver', () => {
  async function openLimited(batchRecords: number, batchBytes = 100_000): Promise<OpenStore<Record<string, unknown>>> {
    const backend = new MemoryBackend();
    const fakeClock = new FakeClock();
    const driver = new ScriptedDriver(new MemoryDriver({ backend }), fakeClock);
    const limits = { ...driver.limits, batchRecords, batchBytes };
    Object.defineProperty(driver, 'limits', { value: limits });
    const opened = await openStore({ backend, fakeClock, driver });
    driver.sent.length = 0;
    return { ...opened, driver };
  }

  it('ends between two changes of which both do not fit', async () => {
    const { store, driver, stored } = await openLimited(3);
    for (let index = 0; index < 5; index += 1) {
      store.setSymbolMetadata(`S${index}`, { index });
      await undefined;
    }
    await store.flush();
    expect(driver.sent.map(({ batch }) => batch.upserts.size)).toEqual([3, 2]);
    expect(Object.keys(await stored())).toHaveLength(5);
  });

  it('never ends within a transaction, although a record of it changes in each', async () => {
    const { store, driver, stored } = await openLimited(3);
    for (let n = 0; n < 4; n += 1) {
      store.transaction(() => {
        store.setAccountMetadata({ cursor: n });
        store.setSymbolMetadata(`A${n}`, { n });
      });
      await undefined;
    }
    await store.flush();
    expect(driver.sent.map(({ batch }) => [...batch.upserts.keys()])).toEqual([
      ['account/metadata', 'metadata/A0', 'metadata/A1'],
      ['account/metadata', 'metadata/A2', 'metadata/A3'],
    ]);
    expect(driver.sent.map(({ batch }) => batch.upserts.get('account/metadata'))).toEqual(
      [1, 3].map((cursor) => expect.stringContaining(`{"cursor":${cursor}}`)),
    );
    expect(Object.keys(await stored())).toHaveLength(5);
  });

  it('refuses a transaction that is more than it can hold, as a whole and with each record named', async () => {
    const { store, driver, events, stored } = await openLimited(3);
    store.setSymbolMetadata('before', { n: 1 });
    await undefined;
    const symbols = ['A', 'B', 'C', 'D'];
    store.setAllSymbolMetadata(Object.fromEntries([['before', { n: 1 }], ...symbols.map((each) => [each, { n: 1 }])]));
    await undefined;
    store.setSymbolMetadata('after', { n: 1 });
    const error = await rejection(store.flush());
    expect(error).toMatchObject({ code: 'TOO_LARGE', outcome: 'not-applied', retryable: false });
    const rejected = events.filter(({ name }) => name === 'record-rejected').map(({ event }) => event['recordKey']);
    expect(rejected).toEqual(error['records']);
    expect(rejected).toEqual(expect.arrayContaining(symbols.map((symbol) => `metadata/${symbol}`)));
    expect(driver.sent).toHaveLength(2);
    expect(Object.keys(await stored())).toEqual(['metadata/before', 'metadata/after']);
    expect(store.isPendingPersist()).toBe(true);
  });
});

describe('a record that was set aside', () => {
  it('counts with the age of its oldest change', async () => {
    const { store, clock } = await openStore();
    store.setSymbolMetadata('BAD1', { n: Number.NaN });
    await clock.advance(1_000);
    store.setSymbolMetadata('BAD2', { n: Number.NaN });
    await clock.advance(1_000);
    store.setSymbolMetadata('A', { n: 1 });
    expect(store.persistenceStatus()).toMatchObject({ pendingRecords: 3, oldestPendingMs: 2_000 });
  });

  it('leaves the status what it is while a commit is in flight', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('hang');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(1_000);
    expect(store.persistenceStatus()).toMatchObject({
      state: 'flushing',
      pendingRecords: 1,
      oldestPendingMs: 1_000,
      nextRetryAt: undefined,
    });
    expect(store.isPendingPersist()).toBe(true);
  });

  it('includes records that were set aside', async () => {
    const { store, clock } = await openStore();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    await clock.advance(6_000);
    expect(store.persistenceStatus()).toMatchObject({ pendingRecords: 1, oldestPendingMs: 6_000 });
    expect(() => store.requireDurable()).toThrow(expect.objectContaining({ code: 'LAGGING' }));
  });
});
