import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { rollBack, SmallDriver, snapshot } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createStore, openStore, rejection } from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Meta = { readonly n: number };

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('known-heads');
});

describe('what a process saw acknowledged', () => {
  it('counts without a file: a branch that was grown over is recognised by its next store', async () => {
    const backend = new MemoryBackend();
    const driver = new MemoryDriver({ backend });
    const first = await openStore<Meta>({ backend, driver });
    first.store.setSymbolMetadata('A', { n: 1 });
    await first.store.flush();
    const older = snapshot(backend);
    first.store.setSymbolMetadata('A', { n: 2 });
    await first.store.close();
    rollBack(backend, older);
    const other = await openStore<Meta>({ backend });
    for (let n = 0; n < 5; n += 1) {
      other.store.setSymbolMetadata('X', { n });
      await other.store.flush();
    }
    const next = createStore<Meta>({ backend, driver });
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
  });

  it('counts for that account alone', async () => {
    const backend = new MemoryBackend();
    const driver = new MemoryDriver({ backend });
    const first = await openStore<Meta>({ backend, driver });
    first.store.setSymbolMetadata('A', { n: 1 });
    await first.store.close();
    const other = createStore<Meta>({ backend, driver, accountId: 'other' });
    expect(await other.store.restore()).toMatchObject({ status: 'empty', revision: 1 });
  });

  it('does not hide what files say when nothing is stored', async () => {
    const backend = new MemoryBackend();
    const driver = new MemoryDriver({ backend });
    const first = await openStore<Meta>({ backend, driver });
    await first.store.close();
    const second = await openStore<Meta>({ backend, highWater: { directory } });
    for (let n = 0; n < 5; n += 1) {
      second.store.setSymbolMetadata('A', { n });
      await second.store.flush();
    }
    const { revision = 0 } = second.store.persistenceStatus();
    await second.store.close();
    rollBack(backend);
    const next = createStore<Meta>({ backend, driver, highWater: { directory } });
    const restored = await next.store.restore({ onRolledBack: { keep: 'backend', revision: 0, writeId: '' } });
    expect(restored.revision).toBeGreaterThan(revision + 1);
  });
});

describe('a spill with changes that no commit can hold', () => {
  it('is replayed without them', async () => {
    const backend = new MemoryBackend();
    const clock = new FakeClock();
    const small = (): ScriptedDriver => new ScriptedDriver(new SmallDriver(backend, { batchRecords: 5 }), clock);
    const driver = small();
    const open = createStore<Meta>({ backend, driver, fakeClock: clock, spill: { directory } });
    await open.store.restore();
    driver.faults.push(...Array.from({ length: 1_000 }, () => 'refuse' as const));
    open.store.setSymbolMetadata('small', { n: 1 });
    await Promise.resolve();
    open.store.transaction(() => {
      for (let n = 0; n < 6; n += 1) open.store.setSymbolMetadata(`big${n}`, { n });
    });
    const closed = rejection(open.store.close({ timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect((await closed).code).toBe('UNPERSISTED');
    const next = createStore<Meta>({ backend, driver: small(), fakeClock: clock, spill: { directory } });
    expect((await next.store.restore()).spills?.replayed).toHaveLength(1);
    expect(next.store.getSymbolsWithMetadata()).toEqual(['small']);
  });
});
