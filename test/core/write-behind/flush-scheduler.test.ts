import { describe, expect, it } from 'vitest';
import { settle } from '../../support/fake-clock.js';
import { ACCOUNT, openStore, rejection } from '../../support/open-store.js';

const names = (events: readonly { readonly name: string }[]): string[] => events.map(({ name }) => name);

describe('debounce', () => {
  it('writes debounceMs after the last change', async () => {
    const { store, driver, clock } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(30);
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(49);
    expect(driver.sent).toHaveLength(0);
    await clock.advance(1);
    expect(driver.sent).toHaveLength(1);
    expect(store.isPendingPersist()).toBe(false);
  });

  it('writes maxWaitMs after the first change at the latest', async () => {
    const { store, driver, clock } = await openStore();
    for (let elapsedMs = 0; elapsedMs < 240; elapsedMs += 40) {
      store.setSymbolMetadata('A', { elapsedMs });
      await clock.advance(40);
    }
    expect(driver.sent).toHaveLength(0);
    await clock.advance(10);
    expect(driver.sent).toHaveLength(1);
  });

  it('starts anew after each commit', async () => {
    const { store, driver, clock } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(1_000);
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(49);
    expect(driver.sent).toHaveLength(1);
    await clock.advance(1);
    expect(driver.sent).toHaveLength(2);
  });

  it('applies to what changed while a commit was in flight', async () => {
    const { store, driver, clock } = await openStore({ flush: { commitTimeoutMs: 20, retryInitialMs: 2 } });
    driver.faults.push('hang');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('B', { n: 1 });
    await clock.advance(49);
    expect(driver.sent).toHaveLength(2);
    await clock.advance(1);
    expect(driver.sent).toHaveLength(3);
  });

  it('sets one timer for any number of changes, and none when nothing is pending', async () => {
    const { store, clock } = await openStore();
    expect(clock.armed).toBe(0);
    store.setSymbolMetadata('A', { n: 0 });
    const { timersSet } = clock;
    for (let n = 0; n < 100; n += 1) store.setSymbolMetadata(`S${n}`, { n });
    expect(clock.timersSet).toBe(timersSet);
    await clock.advance(50);
    expect(clock.armed).toBe(0);
  });

  it('does no I/O in a setter', async () => {
    const { store, driver } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    store.deletePositionMetadata('B');
    await settle();
    expect(driver.sent).toHaveLength(0);
  });
});

describe('a commit', () => {
  it('holds what changed, and nothing else', async () => {
    const { store, driver, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    await store.flush();
    store.setSymbolMetadata('B', { n: 2 });
    store.deletePositionMetadata('A');
    await store.flush();
    expect([...(driver.sent[1]?.batch.upserts.keys() ?? [])]).toEqual(['metadata/B']);
    expect([...(driver.sent[1]?.batch.deletes ?? [])]).toEqual(['metadata/A']);
    expect(await stored()).toEqual({ 'metadata/B': '{"n":2}' });
  });

  it('holds everything that was changed synchronously together', async () => {
    const { store, driver, clock } = await openStore();
    store.setAccountMetadata({ cursor: 1 });
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    expect([...(driver.sent[0]?.batch.upserts.keys() ?? [])]).toEqual(['account/metadata', 'metadata/A']);
  });

  it('is alone in flight; what changes meanwhile goes into the next one', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('hang');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    expect(store.persistenceStatus().state).toBe('flushing');
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(5_000);
    expect(driver.sent).toHaveLength(1);
    expect(store.isPendingPersist()).toBe(true);
    await clock.advance(10_000);
    await clock.advance(10_000);
    expect(driver.maxInFlight).toBe(1);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
    expect(store.isPendingPersist()).toBe(false);
  });

  it('counts as pending while it is in flight', async () => {
    const { store } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = store.flush();
    expect(store.isPendingPersist()).toBe(true);
    await Promise.resolve();
    expect(store.persistenceStatus()).toMatchObject({ state: 'flushing', pendingRecords: 1 });
    await flushed;
    expect(store.isPendingPersist()).toBe(false);
    expect(store.persistenceStatus()).toMatchObject({ state: 'idle', pendingRecords: 0, oldestPendingMs: 0 });
  });
});

describe('what is changed synchronously together', () => {
  it('is committed together, also around a call of flush()', async () => {
    const { store, driver } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = store.flush();
    store.setSymbolMetadata('B', { n: 1 });
    await flushed;
    expect(driver.sent.map(({ batch }) => [...batch.upserts.keys()])).toEqual([['metadata/A', 'metadata/B']]);
  });

  it('is committed together when a listener flushes at the first change', async () => {
    const { store, driver, clock } = await openStore();
    store.on('pending', () => {
      store.flush().catch(() => undefined);
    });
    store.setAllSymbolMetadata({ A: { n: 1 }, B: { n: 1 } });
    store.transaction(() => {
      store.setSymbolMetadata('C', { n: 1 });
      store.setSymbolMetadata('D', { n: 1 });
    });
    await clock.advance(0);
    expect(driver.sent.map(({ batch }) => batch.upserts.size)).toEqual([4]);
  });

  it.each(['flush', 'close', 'persistAll'] as const)(
    'is not written when the transaction that calls %s() throws after all',
    async (method) => {
      const { store, stored } = await openStore();
      store.setSymbolMetadata('A', { n: 1 });
      let called: Promise<void> | undefined;
      expect(() =>
        store.transaction(() => {
          store.setSymbolMetadata('A', { n: 2 });
          store.setSymbolMetadata('B', { n: 2 });
          called = store[method]();
          throw new RangeError('after all');
        }),
      ).toThrow(RangeError);
      await called;
      expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    },
  );
});

describe('flush()', () => {
  it('resolves at once when nothing is pending', async () => {
    const { store, driver } = await openStore();
    await store.flush();
    expect(driver.sent).toHaveLength(0);
  });

  it('skips the debounce and the backoff', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    expect((await rejection(store.flush())).code).toBe('UNAVAILABLE');
    expect(store.persistenceStatus().state).toBe('retrying');
    await store.flush();
    expect(clock.monotonic()).toBe(0);
    expect(store.isPendingPersist()).toBe(false);
  });

  it('rejects with the error of its attempt, while the scheduler goes on', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    expect(await rejection(store.flush())).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    await clock.advance(100);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('gets an attempt of its own when the one in flight fails', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('A', { n: 2 });
    const flushed = store.flush();
    await clock.advance(10_000);
    await flushed;
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
  });

  it('waits for what was pending at the call, not for what came later', async () => {
    const { store, driver, clock } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    const flushed = store.flush();
    await Promise.resolve();
    store.setSymbolMetadata('B', { n: 1 });
    await flushed;
    expect(driver.sent).toHaveLength(1);
    expect(store.isPendingPersist()).toBe(true);
    await clock.advance(50);
    expect(store.isPendingPersist()).toBe(false);
  });

  it('serves many callers with one commit', async () => {
    const { store, driver } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await Promise.all([store.flush(), store.flush(), store.flush()]);
    expect(driver.sent).toHaveLength(1);
  });

  it('rejects by its own limits; the records stay pending and are written', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    const outcome = rejection(store.flush({ timeoutMs: 500 }));
    await clock.advance(500);
    expect(await outcome).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    const abort = new AbortController();
    const aborted = rejection(store.flush({ signal: abort.signal }));
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    expect((await rejection(store.flush({ signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    await clock.advance(20_000);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    expect(clock.armed).toBe(0);
  });
});

describe('flush() beside others', () => {
  it('writes what is left at once after an earlier attempt was settled', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('lose-reply');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('B', { n: 1 });
    await store.flush();
    expect(clock.monotonic()).toBe(50);
    expect(driver.sent).toHaveLength(3);
  });

  it('names only the records that concern the caller', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('hang');
    store.setSymbolMetadata('BAD1', { n: Number.NaN });
    store.setSymbolMetadata('A', { n: 1 });
    const first = rejection(store.flush());
    await settle();
    store.setSymbolMetadata('BAD2', { n: Number.NaN });
    await clock.advance(10_000);
    expect((await first).code).toBe('TIMEOUT');
    const second = await rejection(store.flush());
    expect(second['records']).toEqual(['metadata/BAD1', 'metadata/BAD2']);
  });
});

describe('changes made in a transaction', () => {
  it('are durable when the flush() or persistAll() that it called resolves', async () => {
    const { store, stored } = await openStore();
    let flushed: Promise<void> | undefined;
    store.transaction(() => {
      store.setSymbolMetadata('A', { n: 1 });
      flushed = store.flush();
      store.setSymbolMetadata('B', { n: 1 });
    });
    await flushed;
    expect(Object.keys(await stored())).toEqual(['metadata/A', 'metadata/B']);
  });

  it('are saved by the close() that it called', async () => {
    const { store, stored } = await openStore();
    let closed: Promise<void> | undefined;
    store.transaction(() => {
      store.setSymbolMetadata('A', { n: 1 });
      closed = store.close();
    });
    await closed;
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('are not torn apart by a batch that was too large before', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('too-large', 'hang');
    for (const symbol of ['O1', 'O2', 'O3']) store.setSymbolMetadata(symbol, { n: 1 });
    await clock.advance(50);
    store.transaction(() => {
      store.setAccountMetadata({ cursor: 1 });
      store.setSymbolMetadata('A', { n: 1 });
      store.setSymbolMetadata('B', { n: 1 });
    });
    await clock.advance(30_000);
    const batches = driver.sent.map(({ batch }) => [...batch.upserts.keys()]);
    expect(batches.at(-1)).toEqual(['account/metadata', 'metadata/A', 'metadata/B']);
  });
});

describe('lag', () => {
  it('is reported once something has been pending for longer than allowed, and again after it had caught up', async () => {
    const { store, driver, clock, events } = await openStore({ flush: { maxPendingAgeMs: 1_000, retryMaxMs: 100 } });
    const fail = (): void => {
      driver.faults.length = 0;
      driver.faults.push(...Array.from({ length: 100 }, () => 'refuse' as const));
    };
    const lagging = (): number => events.filter(({ name }) => name === 'lagging').length;
    fail();
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(1_000);
    expect(lagging()).toBe(0);
    expect(() => store.requireDurable({ maxAgeMs: 1_000 })).not.toThrow();
    await clock.advance(1);
    expect(lagging()).toBe(1);
    expect(events.find(({ name }) => name === 'lagging')?.event).toEqual({
      accountId: ACCOUNT,
      oldestPendingMs: 1_001,
    });
    expect(() => store.requireDurable({ maxAgeMs: 1_000 })).toThrow(expect.objectContaining({ code: 'LAGGING' }));
    expect(() => store.requireDurable()).toThrow(expect.objectContaining({ code: 'LAGGING' }));
    await clock.advance(1_000);
    expect(lagging()).toBe(1);
    driver.faults.length = 0;
    await clock.advance(100);
    expect(() => store.requireDurable({ maxAgeMs: 0 })).not.toThrow();
    fail();
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(1_001);
    expect(lagging()).toBe(2);
  });

  it('is not reported while each change is written in time', async () => {
    const { store, clock, events } = await openStore({ flush: { maxPendingAgeMs: 300 } });
    for (let elapsedMs = 0; elapsedMs < 2_000; elapsedMs += 20) {
      store.setSymbolMetadata('A', { elapsedMs });
      await clock.advance(20);
    }
    expect(names(events)).not.toContain('lagging');
  });
});

describe('an option that misbehaves', () => {
  it('loses nothing when createId throws', async () => {
    let calls = 0;
    const createId = (): string => {
      calls += 1;
      if (calls === 4) throw new TypeError('no entropy');
      return `id-${calls}`;
    };
    const { store, clock, stored } = await openStore({ createId });
    store.setSymbolMetadata('A', { n: 1 });
    expect(await rejection(store.flush())).toMatchObject({ code: 'CONFIG', cause: expect.any(TypeError) });
    expect(store.isPendingPersist()).toBe(true);
    await clock.advance(1_000);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it.each([
    () => Number.NaN,
    () => -1,
    () => 2,
    () => {
      throw new TypeError('no entropy');
    },
  ])('waits the longest it may when random is not what it should be: %s', async (random) => {
    const { store, driver, clock } = await openStore({ random, flush: { retryMaxMs: 100 } });
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    expect((await rejection(store.flush())).code).toBe('UNAVAILABLE');
    await clock.advance(99);
    expect(driver.sent).toHaveLength(1);
    await clock.advance(1);
    expect(driver.sent).toHaveLength(2);
  });
});
