import { describe, expect, it } from 'vitest';
import { type HeadMeta, parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { ACCOUNT, createStore, openStore, rejection } from '../../support/open-store.js';

async function metaOf(backend: MemoryBackend): Promise<HeadMeta | undefined> {
  const head = await new MemoryDriver({ backend }).head(ACCOUNT);
  return head && parseHeadMeta(head.meta);
}

describe('close() releases the account', () => {
  it('in the meta of its head, once everything is persisted', async () => {
    const { store, backend } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    expect(store.persistenceStatus().ownership).toBe('owner');
    const owned = await metaOf(backend);
    expect(owned).toMatchObject({ released: false, lineage: expect.any(String), claims: [{ base: 0 }] });
    await store.close();
    expect(store.persistenceStatus().ownership).toBe('released');
    expect(await metaOf(backend)).toEqual({ ...owned, released: true });
  });

  it('and the next owner takes the release back', async () => {
    const { store, backend } = await openStore();
    await store.close();
    const released = await metaOf(backend);
    await openStore({ backend });
    expect(await metaOf(backend)).toMatchObject({
      released: false,
      lineage: released?.lineage,
      claims: [...(released?.claims ?? []), { base: 2, writerId: expect.any(String) }],
    });
  });

  it('not while something could not be saved', async () => {
    const { store, backend, driver, clock } = await openStore();
    driver.faults.push('late');
    store.setSymbolMetadata('A', { n: 1 });
    const closed = rejection(store.close({ timeoutMs: 500 }));
    await clock.advance(500);
    expect((await closed).code).toBe('UNPERSISTED');
    expect(store.persistenceStatus().ownership).toBe('none');
    expect(await metaOf(backend)).toMatchObject({ released: false });
  });

  it('and is closed all the same when the release fails', async () => {
    const { store, driver, clock } = await openStore();
    driver.faults.push('hang');
    const closed = store.close({ timeoutMs: 60_000 });
    await clock.advance(2_000);
    await closed;
    expect(store.persistenceStatus()).toMatchObject({ state: 'closed', ownership: 'none' });
  });

  it('not when another writer has taken it over', async () => {
    const { store, backend } = await openStore();
    await openStore({ backend });
    await store.close();
    expect(store.persistenceStatus().ownership).toBe('none');
    expect(await metaOf(backend)).toMatchObject({ released: false });
  });
});

describe('ownership: wait', () => {
  it('waits until the owner has closed', async () => {
    const owner = await openStore({ ownership: 'wait' });
    owner.store.setSymbolMetadata('A', { n: 1 });
    await owner.store.flush();
    const next = createStore({ backend: owner.backend, fakeClock: owner.clock, ownership: 'wait' });
    const waiting: unknown[] = [];
    next.store.on('waiting', (event) => waiting.push(event.owner.writerId));
    const restored = next.store.restore();
    // The owner is idle, and renews its lease.
    for (let minute = 0; minute < 5; minute += 1) await owner.clock.advance(60_000);
    expect(next.store.persistenceStatus()).toMatchObject({ state: 'unrestored', ownership: 'waiting' });
    expect(waiting).toHaveLength(1);
    owner.store.setSymbolMetadata('A', { n: 2 });
    await owner.store.close();
    await owner.clock.advance(4_000);
    expect((await restored).records).toBe(1);
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 2 });
  });

  it('takes over from an owner that gives no sign of life any more', async () => {
    const owner = await openStore({ ownership: { mode: 'wait', leaseMs: 9_000 } });
    // From now on its process does not run.
    owner.driver.drop = () => new Promise(() => undefined);
    const next = createStore({
      backend: owner.backend,
      fakeClock: owner.clock,
      ownership: { mode: 'wait', leaseMs: 9_000 },
    });
    const restored = next.store.restore();
    await owner.clock.advance(8_000);
    expect(next.store.persistenceStatus().ownership).toBe('waiting');
    await owner.clock.advance(12_000);
    await restored;
    owner.store.setSymbolMetadata('A', { n: 1 });
    expect((await rejection(owner.store.flush())).code).toBe('FENCED');
  });

  it('leaves no lease behind, whether its owner closed or gave no sign of life any more', async () => {
    const first = await openStore({ ownership: 'wait' });
    const { backend, clock: fakeClock } = first;
    const open = async (accountId: string) => {
      const opened = createStore({ backend, fakeClock, accountId, ownership: 'wait' });
      const restored = opened.store.restore();
      await fakeClock.advance(60_000);
      await restored;
      return opened;
    };
    const leases = (): number => [...backend.keys()].filter((key) => key.includes('accountkeeper/lease')).length;
    expect(leases()).toBe(1);
    await first.store.close();
    expect(leases()).toBe(0);
    for (let life = 0; life < 5; life += 1) {
      const crashed = await open(ACCOUNT);
      // From now on its process does not run.
      crashed.driver.drop = () => new Promise(() => undefined);
      crashed.driver.commit = () => new Promise(() => undefined);
    }
    const last = await open(ACCOUNT);
    expect(leases()).toBe(1);
    await last.store.close();
    expect(leases()).toBe(0);
  });

  it('lets only one of two that wait take over', async () => {
    const owner = await openStore({ ownership: 'wait' });
    const waiters = [0, 1].map(() =>
      createStore({ backend: owner.backend, fakeClock: owner.clock, ownership: 'wait' }),
    );
    const restores = waiters.map(({ store }) => store.restore());
    restores.map((each) => each.catch(() => undefined));
    await owner.clock.advance(10_000);
    await owner.store.close();
    await owner.clock.advance(60_000);
    const states = waiters.map(({ store }) => store.persistenceStatus().ownership).sort();
    expect(states).toEqual(['owner', 'waiting']);
    await Promise.all(waiters.map(({ store }) => store.close()));
    await Promise.allSettled(restores);
  });

  it('gives up by the deadline of the caller, or when the store closes', async () => {
    const owner = await openStore({ ownership: 'wait' });
    const next = createStore({ backend: owner.backend, fakeClock: owner.clock, ownership: 'wait' });
    const restored = rejection(next.store.restore({ timeoutMs: 5_000 }));
    await owner.clock.advance(6_000);
    expect((await restored).code).toBe('TIMEOUT');
    const again = rejection(next.store.restore());
    await owner.clock.advance(1_000);
    await next.store.close();
    expect((await again).code).toBe('ABORTED');
  });
});
