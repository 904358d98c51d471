import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { SmallDriver } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createStore, type OpenStore, rejection } from '../../support/open-store.js';
import { payloadOf } from '../../support/payload-of.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';

type Meta = { readonly n: number; readonly pad?: string };

async function small(limits: ConstructorParameters<typeof SmallDriver>[1]): Promise<OpenStore<Meta>> {
  const backend = new MemoryBackend();
  const fakeClock = new FakeClock();
  const driver = new ScriptedDriver(new SmallDriver(backend, limits), fakeClock);
  const open = { ...createStore<Meta>({ backend, driver, fakeClock }), driver };
  await open.store.restore();
  driver.sent.length = 0;
  return open;
}

/** Lets the present group end. */
async function nextGroup(): Promise<void> {
  await Promise.resolve();
  await Promise.resolve();
}

/** The `n` of every record, as each acknowledged commit left the backend. */
function statesOf(driver: ScriptedDriver): readonly ReadonlyMap<string, number | undefined>[] {
  const state = new Map<string, number | undefined>();
  return driver.sent.map(({ batch: { upserts, deletes } }) => {
    for (const [recordKey, text] of upserts) {
      state.set(recordKey, (JSON.parse(payloadOf(text)) as Meta).n);
    }
    for (const recordKey of deletes) state.delete(recordKey);
    return new Map(state);
  });
}

describe('what changed together', () => {
  it('is committed together although what is pending outgrows a batch, and one record changes in every group', async () => {
    const open = await small({ batchRecords: 5 });
    const { store, driver } = open;
    for (let n = 1; n <= 12; n += 1) {
      store.transaction(() => {
        store.setSymbolMetadata('cursor', { n });
        store.setSymbolMetadata(`T${n}`, { n });
      });
      await nextGroup();
    }
    await store.flush();
    expect(driver.sent.length).toBeGreaterThan(2);
    for (const state of statesOf(driver)) {
      const cursor = state.get('metadata/cursor') ?? 0;
      expect(state.size).toBe(cursor + 1);
      expect(state.get(`metadata/T${cursor}`)).toBe(cursor);
    }
    expect(Object.keys(await open.stored())).toHaveLength(13);
  });

  it('is refused as a whole when it is more than a commit can hold, and stops nothing else', async () => {
    const { store, driver, events, stored } = await small({ batchRecords: 5 });
    store.transaction(() => {
      for (let n = 0; n < 6; n += 1) store.setSymbolMetadata(`big${n}`, { n });
    });
    await nextGroup();
    store.setSymbolMetadata('small', { n: 1 });
    const { code, records } = await rejection(store.flush());
    expect(code).toBe('TOO_LARGE');
    expect(records).toHaveLength(6);
    expect(await stored()).toEqual({ 'metadata/small': '{"n":1}' });
    expect(events.filter(({ name }) => name === 'record-rejected')).toHaveLength(6);
    expect(store.persistenceStatus().rejected).toHaveLength(6);
    expect(driver.sent).toHaveLength(1);
  });

  it('is written by itself when it changes after its group was refused', async () => {
    const { store, stored } = await small({ batchRecords: 5 });
    store.transaction(() => {
      for (let n = 0; n < 6; n += 1) store.setSymbolMetadata(`big${n}`, { n });
    });
    await rejection(store.flush());
    store.setSymbolMetadata('big0', { n: 9 });
    expect((await rejection(store.flush()))['records']).toHaveLength(5);
    expect(await stored()).toEqual({ 'metadata/big0': '{"n":9}' });
  });

  it('is never halved when the driver refuses a batch without naming a record', async () => {
    const { store, driver, stored } = await small({});
    driver.faults.push('too-large');
    store.transaction(() => {
      for (const symbol of ['A', 'B']) store.setSymbolMetadata(symbol, { n: 1 });
    });
    expect((await rejection(store.flush())).code).toBe('TOO_LARGE');
    expect(await stored()).toEqual({});
    expect(driver.sent).toHaveLength(1);
    store.setSymbolMetadata('C', { n: 1 });
    await rejection(store.flush());
    expect(await stored()).toEqual({ 'metadata/C': '{"n":1}' });
  });

  it('leaves a record alone out that no commit can hold', async () => {
    const { store, driver, stored } = await small({ valueBytes: 500 });
    store.transaction(() => {
      store.setSymbolMetadata('A', { n: 1 });
      store.setSymbolMetadata('B', { n: 1, pad: 'x'.repeat(600) });
    });
    expect(await rejection(store.flush())).toMatchObject({ code: 'TOO_LARGE', records: ['metadata/B'] });
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}' });
    expect(driver.sent).toHaveLength(1);
  });

  it('is never stored by halves, whatever is changed together, taken, refused and lost on the way', async () => {
    const group = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 60 })), {
      minLength: 1,
      maxLength: 4,
    });
    const step = fc.record({ group, flushes: fc.boolean(), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const { store, driver, clock, stored } = await small({ batchRecords: 6, batchBytes: 1_400 });
        const after: ReadonlyMap<string, number | undefined>[] = [new Map()];
        let n = 0;
        for (const { group: members, flushes, fails } of steps) {
          n += 1;
          const state = new Map(after.at(-1));
          store.transaction(() => {
            for (const [symbol, pad] of members) {
              store.setSymbolMetadata(`S${symbol}`, { n, pad: 'x'.repeat(pad) });
              state.set(`metadata/S${symbol}`, n);
            }
          });
          after.push(state);
          await nextGroup();
          if (fails) driver.faults.push('lose-reply');
          if (flushes) await store.flush().catch(() => undefined);
        }
        driver.faults.length = 0;
        await clock.advance(600_000);
        await store.flush();
        const shown = (state: ReadonlyMap<string, number | undefined>): string => JSON.stringify([...state].sort());
        const whole = new Set(after.map(shown));
        for (const state of statesOf(driver)) expect(whole).toContain(shown(state));
        expect(Object.keys(await stored())).toHaveLength(after.at(-1)?.size ?? 0);
      }),
      { numRuns: 300 },
    );
  });
});
