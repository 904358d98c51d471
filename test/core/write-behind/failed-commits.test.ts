import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { openStore } from '../../support/open-store.js';

const names = (events: readonly { readonly name: string }[]): string[] => events.map(({ name }) => name);

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
  it.each(['lose-reply', 'lose-request', 'unbranded', 'no-head'] as const)(
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
    await clock.advance(50 + 349);
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
