import { describe, expect, it } from 'vitest';
import { createStore, openStore, rejection } from '../../support/open-store.js';

describe('close()', () => {
  it('writes what is pending, and then refuses changes while reads go on', async () => {
    const { store, stored, events, clock } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    const closed = store.close();
    expect(store.persistenceStatus().state).toBe('closing');
    expect(() => store.setSymbolMetadata('A', { n: 2 })).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await closed;
    expect(store.persistenceStatus()).toMatchObject({ state: 'closed', pendingRecords: 0 });
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    expect(store.getSymbolMetadata('A')).toEqual({ n: 1 });
    expect(() => store.deletePositionMetadata('A')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect((await rejection(store.flush())).code).toBe('CLOSED');
    expect((await rejection(store.restore())).code).toBe('CLOSED');
    expect(events.at(-1)).toMatchObject({ name: 'closed', event: { unpersisted: [] } });
    expect(clock.armed).toBe(0);
  });

  it('is idempotent, also concurrently and by asyncDispose', async () => {
    const { store, driver } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()]);
    await store.close();
    // The change, and the release.
    expect(driver.sent).toHaveLength(2);
  });

  it('goes on trying until its deadline', async () => {
    const { store, driver, clock, stored } = await openStore({ flush: { retryInitialMs: 100 } });
    driver.faults.push('refuse', 'lose-reply', 'refuse');
    store.setSymbolMetadata('A', { n: 1 });
    const closed = store.close({ timeoutMs: 5_000 });
    await clock.advance(2_000);
    await closed;
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('waits no longer between attempts than a tenth of its deadline', async () => {
    const { store, driver, clock } = await openStore({ flush: { retryInitialMs: 30_000 } });
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    const closed = store.close({ timeoutMs: 1_000 });
    await clock.advance(100);
    await closed;
    // Two attempts, and the release.
    expect(driver.sent).toHaveLength(3);
  });

  it('takes deadlineMs for timeoutMs, unless both are given', async () => {
    for (const options of [{ deadlineMs: 1_000 }, { deadlineMs: 60_000, timeoutMs: 1_000 }]) {
      const { store, driver, clock } = await openStore();
      driver.faults.push('late');
      store.setSymbolMetadata('A', { n: 1 });
      const outcome = rejection(store.close(options));
      await clock.advance(1_000);
      expect(await outcome).toMatchObject({ code: 'UNPERSISTED' });
    }
  });

  it('rejects UNPERSISTED by its deadline, naming what could not be saved', async () => {
    const { store, driver, clock, events } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    const outcome = rejection(store.close({ timeoutMs: 1_000 }));
    await clock.advance(999);
    expect(store.persistenceStatus().state).toBe('closing');
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      code: 'UNPERSISTED',
      outcome: 'unknown',
      records: ['metadata/A', 'metadata/B'],
    });
    expect(store.persistenceStatus()).toMatchObject({ state: 'closed', pendingRecords: 2 });
    expect(events.at(-1)).toMatchObject({ name: 'closed', event: { unpersisted: ['metadata/A', 'metadata/B'] } });
    expect(clock.armed).toBe(0);
    const { length } = driver.sent;
    await clock.advance(60_000);
    expect(driver.sent).toHaveLength(length);
  });

  it('does not wait for what a repetition cannot mend', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('broken');
    store.setSymbolMetadata('A', { n: 1 });
    const error = await rejection(store.close());
    expect(error).toMatchObject({ code: 'UNPERSISTED', cause: { code: 'CORRUPT' } });
    expect(clock.monotonic()).toBe(0);
  });

  it('names records that were set aside', async () => {
    const { store } = await openStore();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    store.setSymbolMetadata('A', { n: 1 });
    expect(await rejection(store.close())).toMatchObject({
      code: 'UNPERSISTED',
      records: ['metadata/BAD'],
      cause: { code: 'ENCODE' },
    });
  });

  it('rejects a flush that was waiting when the deadline came', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = rejection(store.flush());
    const closed = rejection(store.close({ timeoutMs: 100 }));
    await clock.advance(100);
    expect((await flushed).code).toBe('CLOSED');
    expect((await closed).code).toBe('UNPERSISTED');
  });

  it('closes a store that was never restored, or never had a driver', async () => {
    const { store } = createStore();
    await store.close();
    expect(store.persistenceStatus().state).toBe('closed');
    expect((await rejection(store.restore())).code).toBe('CLOSED');
  });

  it('ends a restore that is under way', async () => {
    const { store, driver } = createStore();
    driver.open = (options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const restoring = rejection(store.restore());
    await store.close();
    await restoring;
    expect(store.persistenceStatus().state).toBe('closed');
    expect(driver.sent).toHaveLength(0);
  });

  it('closes the driver only when told to', async () => {
    const kept = await openStore();
    await kept.store.close();
    await kept.driver.head('x');
    const owned = await openStore({ closeDriver: true });
    await owned.store.close();
    expect((await rejection(owned.driver.head('x'))).code).toBe('CLOSED');
  });

  it('reports a driver that cannot be closed, after everything was written', async () => {
    const { store, driver, stored } = await openStore({ closeDriver: true });
    driver.close = () => Promise.reject(new Error('stuck'));
    store.setSymbolMetadata('A', { n: 1 });
    expect(await rejection(store.close())).toMatchObject({ message: 'stuck' });
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('does not wait for ever for a driver that cannot be closed', async () => {
    const { store, driver, clock } = await openStore({ closeDriver: true });
    driver.close = () => new Promise(() => undefined);
    const outcome = rejection(store.close({ timeoutMs: 2_000 }));
    await clock.advance(3_000);
    expect((await outcome).code).toBe('TIMEOUT');
  });

  it('refuses a deadline that is none', async () => {
    const { store } = await openStore();
    expect((await rejection(store.close({ timeoutMs: -1 }))).code).toBe('CONFIG');
    expect(store.persistenceStatus().state).toBe('idle');
  });
});
