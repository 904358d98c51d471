import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
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

describe('a refused commit', () => {
  it('makes its records pending again, and the newest value wins', async () => {
    const { store, driver, clock, events, stored } = await openStore();
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    expect(store.persistenceStatus()).toMatchObject({ state: 'retrying', pendingRecords: 1, consecutiveFailures: 1 });
    expect(store.persistenceStatus().lastError?.code).toBe('UNAVAILABLE');
    expect(store.persistenceStatus().nextRetryAt).toBe(clock.now() + 50);
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(50);
    expect(driver.sent[1]?.options.writeId).not.toBe(driver.sent[0]?.options.writeId);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
    expect(names(events)).toEqual(['pending', 'flush-failed', 'flushed', 'recovered']);
    expect(store.persistenceStatus()).toMatchObject({ consecutiveFailures: 0, lastError: undefined });
  });

  it('is followed by the next after a wait that doubles, up to a cap', async () => {
    const { store, driver, clock } = await openStore({ flush: { retryInitialMs: 100, retryMaxMs: 400 } });
    driver.faults.push('refuse', 'refuse', 'refuse', 'refuse', 'refuse');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    for (const waitMs of [50, 100, 200, 200, 200]) {
      const { length } = driver.sent;
      await clock.advance(waitMs - 1);
      expect(driver.sent).toHaveLength(length);
      await clock.advance(1);
      expect(driver.sent).toHaveLength(length + 1);
    }
    expect(store.isPendingPersist()).toBe(false);
  });

  it('does not reset the wait when something changes meanwhile', async () => {
    const { store, driver, clock } = await openStore({ flush: { retryInitialMs: 1_000 } });
    driver.faults.push('refuse');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('B', { n: 1 });
    await clock.advance(499);
    expect(driver.sent).toHaveLength(1);
    await clock.advance(1);
    expect(driver.sent).toHaveLength(2);
  });

  it('is never given up on', async () => {
    const { store, driver, clock, stored } = await openStore({ flush: { retryMaxMs: 100 } });
    driver.faults.push(...Array.from({ length: 200 }, () => 'refuse' as const));
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(60_000);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });
});

describe('a commit of unknown outcome', () => {
  it.each(['lose-reply', 'lose-request', 'unbranded'] as const)(
    'is repeated with the same writeId and the same bytes (%s)',
    async (fault) => {
      const { store, driver, clock, stored } = await openStore();
      driver.faults.push(fault);
      store.setSymbolMetadata('A', { n: 1 });
      await clock.advance(50);
      store.setSymbolMetadata('A', { n: 2 });
      store.setSymbolMetadata('B', { n: 2 });
      await clock.advance(50);
      const [first, second] = driver.sent;
      expect(second?.options.writeId).toBe(first?.options.writeId);
      expect(second?.batch).toEqual(first?.batch);
      await clock.advance(250);
      expect(driver.sent[2]?.batch.upserts.size).toBe(2);
      expect(driver.sent[2]?.options.writeId).not.toBe(first?.options.writeId);
      expect(await stored()).toEqual({ 'metadata/A': '{"n":2}', 'metadata/B': '{"n":2}' });
    },
  );

  it('stays unresolved when the repetition is refused before any I/O', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('lose-reply', 'refuse', 'refuse');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(2_000);
    const writeIds = driver.sent.map(({ options }) => options.writeId);
    expect(new Set(writeIds.slice(0, 4)).size).toBe(1);
    expect(new Set(writeIds).size).toBe(2);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
  });

  it('is repeated when the value has changed back meanwhile', async () => {
    const { store, driver, clock, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(50);
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(10_000);
    await clock.advance(1_000);
    await driver.deliverLate();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    expect(store.isPendingPersist()).toBe(false);
  });

  it('never lands on top of a later acknowledged one', async () => {
    const { store, driver, clock, stored } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50 + 10_000 + 50);
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    await driver.deliverLate();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
  });

  it('is given up on after its deadline when the driver does not settle', async () => {
    const { store, driver, clock } = await openStore({ flush: { commitTimeoutMs: 100 } });
    driver.commit = () => new Promise(() => undefined);
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50 + 1_099);
    expect(store.persistenceStatus().consecutiveFailures).toBe(0);
    await clock.advance(1);
    expect(store.persistenceStatus()).toMatchObject({ state: 'retrying', consecutiveFailures: 1 });
    expect(store.persistenceStatus().lastError?.code).toBe('TIMEOUT');
  });

  it('counts as unknown when the driver acknowledges another commit', async () => {
    const { store, driver, clock, stored } = await openStore();
    const commit = driver.commit.bind(driver);
    driver.commit = async (accountId, batch, options) => {
      driver.commit = commit;
      return { ...(await commit(accountId, batch, options)), writeId: 'another' };
    };
    store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    expect(store.persistenceStatus()).toMatchObject({ state: 'retrying', consecutiveFailures: 1 });
    await clock.advance(100);
    expect(store.isPendingPersist()).toBe(false);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });
});

describe('a commit that was reported as not applied, and landed after all', () => {
  it('is superseded: its records are written again on top of it', async () => {
    const { store, driver, clock, events, stored } = await openStore();
    const { commit } = driver;
    driver.commit = async (accountId, batch, options) => {
      driver.commit = commit;
      await commit.call(driver, accountId, batch, options);
      throw new AccountKeeperError('UNAVAILABLE', 'a driver that errs');
    };
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    await clock.advance(50);
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}', 'metadata/B': '{"n":1}' });
    expect(names(events)).not.toContain('fenced');
  });
});

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

  it.each([1, 2, 3, 7, 8])('is found by halving among %i records when the error names none', async (count) => {
    for (let bad = 0; bad < count; bad += 1) {
      const { store, driver, events, stored } = await openStore();
      driver.namesRecords = false;
      driver.poison.add(`metadata/S${bad}`);
      for (let index = 0; index < count; index += 1) store.setSymbolMetadata(`S${index}`, { index });
      const error = await rejection(store.flush());
      expect(error['records']).toEqual([`metadata/S${bad}`]);
      expect(Object.keys(await stored())).toHaveLength(count - 1);
      expect(events.filter(({ name }) => name === 'record-rejected')).toHaveLength(1);
    }
  });

  it('does not stop one of several from being found', async () => {
    const { store, driver, stored } = await openStore();
    driver.namesRecords = false;
    for (const bad of ['S1', 'S2', 'S6']) driver.poison.add(`metadata/${bad}`);
    for (let index = 0; index < 8; index += 1) store.setSymbolMetadata(`S${index}`, { index });
    const error = await rejection(store.flush());
    expect(error['records']).toEqual(['metadata/S1', 'metadata/S2', 'metadata/S6']);
    expect(Object.keys(await stored())).toHaveLength(5);
  });

  it('lets a batch through in halves that is too large as a whole', async () => {
    const { store, driver, stored } = await openStore();
    driver.faults.push('too-large');
    for (let index = 0; index < 5; index += 1) store.setSymbolMetadata(`S${index}`, { index });
    await store.flush();
    expect(driver.sent.map(({ batch }) => batch.upserts.size)).toEqual([5, 3, 2]);
    expect(Object.keys(await stored())).toHaveLength(5);
    for (let index = 0; index < 5; index += 1) store.setSymbolMetadata(`S${index}`, { index: -index });
    await store.flush();
    expect(driver.sent.at(-1)?.batch.upserts.size).toBe(5);
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

  it('is not told of records that the driver names and that were not sent', async () => {
    const { store, driver, events } = await openStore();
    const error = new AccountKeeperError('INVALID_VALUE', 'names another', { records: ['metadata/OTHER'] });
    driver.faults.push({ error }, { error });
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('B', { n: 1 });
    const rejected = await rejection(store.flush());
    expect(rejected['records']).toEqual(['metadata/A']);
    expect(events.filter(({ name }) => name === 'record-rejected')).toHaveLength(1);
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

describe('an option that misbehaves', () => {
  it('loses nothing when createId throws', async () => {
    let calls = 0;
    const createId = (): string => {
      calls += 1;
      if (calls === 3) throw new TypeError('no entropy');
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

  it('includes records that were set aside', async () => {
    const { store, clock } = await openStore();
    store.setSymbolMetadata('BAD', { n: Number.NaN });
    await clock.advance(6_000);
    expect(store.persistenceStatus()).toMatchObject({ pendingRecords: 1, oldestPendingMs: 6_000 });
    expect(() => store.requireDurable()).toThrow(expect.objectContaining({ code: 'LAGGING' }));
  });
});
