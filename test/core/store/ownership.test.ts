import { describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ACCOUNT, createStore, type OpenStore, openStore, rejection } from '../../support/open-store.js';

describe('a store whose account was taken over', () => {
  it('is fenced at its next commit: it hands out what was not acknowledged and never writes again', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    await former.store.flush();
    const next = await openStore({ backend });
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 1 });

    former.store.setSymbolMetadata('A', { n: 2 });
    former.store.deletePositionMetadata('B');
    const error = await rejection(former.store.flush());
    expect(error).toMatchObject({ code: 'FENCED', outcome: 'not-applied', retryable: false });
    const fenced = former.events.find(({ name }) => name === 'fenced')?.event;
    expect(fenced).toMatchObject({ accountId: ACCOUNT, outcome: 'not-applied', by: { revision: 3 } });
    expect(fenced?.['unacknowledged']).toEqual(
      new Map([
        ['metadata/A', { n: 2 }],
        ['metadata/B', undefined],
      ]),
    );

    expect(former.store.persistenceStatus()).toMatchObject({ state: 'fenced', pendingRecords: 2 });
    expect(former.store.getSymbolMetadata('A')).toEqual({ n: 2 });
    expect(() => former.store.setSymbolMetadata('A', { n: 3 })).toThrow(expect.objectContaining({ code: 'FENCED' }));
    expect(() => former.store.requireDurable()).toThrow(expect.objectContaining({ code: 'FENCED' }));
    expect((await rejection(former.store.flush())).code).toBe('FENCED');
    expect((await rejection(former.store.restore())).code).toBe('FENCED');
    const { length } = former.driver.sent;
    await former.clock.advance(120_000);
    expect(former.driver.sent).toHaveLength(length);
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":1}' });
  });

  it('goes on with what is not persisted', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    await rejection(former.store.flush());
    former.store.setWalletBalance(5);
    expect(former.store.getWalletBalance()).toBe(5);
  });

  it('says that the outcome stays unknown when its last attempt may have landed before', async () => {
    const backend = new MemoryBackend();
    const clock = new FakeClock();
    const former = await openStore({ backend, fakeClock: clock });
    former.driver.faults.push('lose-reply');
    former.store.setSymbolMetadata('A', { n: 1 });
    await clock.advance(50);
    await openStore({ backend, fakeClock: clock });
    await clock.advance(1_000);
    expect(former.events.find(({ name }) => name === 'fenced')?.event).toMatchObject({ outcome: 'unknown' });
  });

  it('rejects close, naming what it never saved', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    await rejection(former.store.flush());
    expect(await rejection(former.store.close())).toMatchObject({
      code: 'UNPERSISTED',
      records: ['metadata/A'],
      cause: { code: 'FENCED' },
    });
  });

  it('is noticed while it closes', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    expect((await rejection(former.store.close())).code).toBe('UNPERSISTED');
    expect(former.store.persistenceStatus().state).toBe('closed');
    expect(former.events.map(({ name }) => name)).toContain('fenced');
  });
});

describe('a take-over beside an owner that writes', () => {
  it('claims on top of what was committed meanwhile, and restores that', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    const next = createStore({ backend });
    const { load } = next.driver;
    next.driver.load = async (accountId, options) => {
      next.driver.load = load;
      const stored = await load.call(next.driver, accountId, options);
      former.store.setSymbolMetadata('A', { n: 1 });
      await former.store.flush();
      return stored;
    };
    expect(await next.store.restore()).toMatchObject({ status: 'restored', records: 1 });
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 1 });
    former.store.setSymbolMetadata('A', { n: 2 });
    expect((await rejection(former.store.flush())).code).toBe('FENCED');
  });

  /** An owner that commits between each read of the next one and its claim. */
  async function contested(onLoad: (round: number) => Promise<void> = async () => undefined): Promise<{
    readonly former: OpenStore<Record<string, unknown>>;
    readonly next: OpenStore<Record<string, unknown>>;
  }> {
    const former = await openStore();
    const next = createStore({ backend: former.backend });
    const { load } = next.driver;
    let rounds = 0;
    next.driver.load = async (accountId, options) => {
      rounds += 1;
      await onLoad(rounds);
      const stored = await load.call(next.driver, accountId, options);
      if (rounds <= 3) {
        former.store.setSymbolMetadata('A', { rounds });
        await former.store.flush();
      }
      return stored;
    };
    return { former, next };
  }

  it('claims first when it was too late three times, and restores what the owner had committed last', async () => {
    const { former, next } = await contested();
    expect(await next.store.restore()).toMatchObject({ status: 'restored', records: 1 });
    expect(next.store.getSymbolMetadata('A')).toEqual({ rounds: 3 });
    former.store.setSymbolMetadata('A', { rounds: 9 });
    expect((await rejection(former.store.flush())).code).toBe('FENCED');
  });

  it('is fenced itself when a third one claims between its claim and its second load', async () => {
    const backends: MemoryBackend[] = [];
    const { former, next } = await contested(async (round) => {
      for (const backend of round === 4 ? backends : []) await openStore({ backend });
    });
    backends.push(former.backend);
    expect((await rejection(next.store.restore())).code).toBe('FENCED');
    expect(next.store.persistenceStatus().state).toBe('unrestored');
  });
});

describe('a second store on the same driver and account', () => {
  it('rejects ALREADY_OPEN until the first one is closed', async () => {
    const { store, driver, clock } = await openStore();
    const second = createStore({ driver, clock });
    expect((await rejection(second.store.restore())).code).toBe('ALREADY_OPEN');
    expect((await rejection(store.restore())).code).toBe('ALREADY_OPEN');
    await store.close();
    expect((await second.store.restore()).status).toBe('empty');
  });

  it('is allowed for another account', async () => {
    const { driver, clock } = await openStore();
    const other = createStore({ driver, clock, accountId: 'another' });
    expect((await other.store.restore()).status).toBe('empty');
  });

  it('is allowed once the first one was fenced', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    await rejection(former.store.flush());
    const again = createStore({ backend, driver: former.driver, clock: former.clock });
    expect((await again.store.restore()).status).toBe('empty');
  });
});

describe('a restore that fails before it has asked the backend', () => {
  it('gives the account back, with an error of ours', async () => {
    const { store, driver, clock } = createStore();
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => {
      clock.monotonic = monotonic;
      throw new Error('a clock that fails once');
    };
    expect(isAccountKeeperError(await rejection(store.restore()))).toBe(true);
    expect((await createStore({ driver, fakeClock: clock }).store.restore()).status).toBe('empty');
  });
});

describe('a store that was fenced and is closed late', () => {
  it('does not give away the account of the store that was opened after it', async () => {
    const backend = new MemoryBackend();
    const former = await openStore({ backend });
    await openStore({ backend });
    former.store.setSymbolMetadata('A', { n: 1 });
    await rejection(former.store.flush());
    const { driver, clock } = former;
    await createStore({ driver, clock }).store.restore();
    await rejection(former.store.close());
    expect((await rejection(createStore({ driver, clock }).store.restore())).code).toBe('ALREADY_OPEN');
  });
});

describe('a backend that came back older', () => {
  it('is reported as ROLLED_BACK and never as a take-over; the store keeps its changes', async () => {
    const backend = new MemoryBackend();
    const { store, driver, events, clock } = await openStore({ backend });
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    const inner = new MemoryDriver({ backend: new MemoryBackend() });
    const commit = driver.commit.bind(driver);
    driver.commit = (accountId, batch, options) => inner.commit(accountId, batch, options);
    store.setSymbolMetadata('A', { n: 2 });
    expect(await rejection(store.flush())).toMatchObject({ code: 'ROLLED_BACK', retryable: false });
    expect(events.map(({ name }) => name)).not.toContain('fenced');
    expect(store.persistenceStatus()).toMatchObject({ state: 'retrying', pendingRecords: 1 });
    driver.commit = commit;
    await clock.advance(60_000);
    expect(store.isPendingPersist()).toBe(false);
  });
});
