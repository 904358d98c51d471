import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type { AccountStateStoreOptions } from '../../../src/core/store/store-options.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { order } from '../account/tables/table-harness.js';

const MANY = 20_000;
/** A slice has a few hundred of these records. */
const TURNS = MANY / 1_000;

function storeOn(
  backend: MemoryBackend,
  options: Partial<AccountStateStoreOptions<Record<string, unknown>>> = {},
): AccountStateStore {
  const driver = new MemoryDriver({ backend });
  return new AccountStateStore({ accountId: 'a', driver, persist: ['metadata', 'orders'], ...options });
}

function fill(store: AccountStateStore, n: number): void {
  store.transaction(() => {
    for (let index = 0; index < MANY / 2; index += 1) {
      store.setSymbolMetadata(`S${index}`, { n, text: 'x'.repeat(100) });
      store.upsertActiveOrder(order({ exchangeOrderId: `o${index}`, symbol: `S${index % 10}`, price: n }));
    }
  });
}

async function filled(): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  const store = storeOn(backend);
  await store.restore();
  fill(store, 1);
  await store.flush();
  await store.close();
  return backend;
}

/** How often the event loop turned while the work went on; `atTurn` is called each time. */
async function turnsDuring(work: () => Promise<unknown>, atTurn: () => void = () => undefined): Promise<number> {
  let turns = 0;
  let goesOn = true;
  const turn = (): void => {
    turns += 1;
    atTurn();
    if (goesOn) setImmediate(turn);
  };
  setImmediate(turn);
  await work().finally(() => {
    goesOn = false;
  });
  return turns;
}

describe('the event loop turns', () => {
  it('while many records are restored, and nothing shows until all of them are there', async () => {
    const backend = await filled();
    const store = storeOn(backend);
    const seen = new Set<number>();
    const turns = await turnsDuring(
      () => store.restore(),
      () => {
        seen.add(store.getOrders().length + store.getSymbolsWithMetadata().length);
        seen.add(store.getOrdersForSymbol('S0').length * 20);
      },
    );
    expect(turns).toBeGreaterThan(TURNS);
    seen.delete(MANY);
    expect([...seen]).toEqual([0]);
    expect(store.getOrdersForSymbol('S0')).toHaveLength(MANY / 20);
    expect(store.hasStaleState()).toBe(true);
    await store.close();
  });

  it('while many records are flushed, which stay pending and are committed together', async () => {
    const backend = new MemoryBackend();
    const store = storeOn(backend);
    await store.restore();
    fill(store, 1);
    const before = store.persistenceStatus().revision ?? 0;
    const turns = await turnsDuring(
      () => store.flush(),
      () => expect([0, MANY]).toContain(store.persistenceStatus().pendingRecords),
    );
    // They are measured, made a batch of, and encoded by the driver.
    expect(turns).toBeGreaterThan(2 * TURNS);
    expect(store.persistenceStatus()).toMatchObject({ revision: before + 1, pendingRecords: 0 });
    await store.close();
  });

  it('while a flush is prepared that close has to wait for', async () => {
    const backend = new MemoryBackend();
    const store = storeOn(backend);
    await store.restore();
    fill(store, 1);
    const flushed = store.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.persistenceStatus()).toMatchObject({ state: 'flushing', pendingRecords: MANY });
    await Promise.all([store.close(), flushed]);
    const next = storeOn(backend);
    expect(await next.restore()).toMatchObject({ records: MANY });
    await next.close();
  });

  it('while a reader refreshes, which shows one instant and then another', async () => {
    const backend = await filled();
    const reader = storeOn(backend, { ownership: 'read-only' });
    await reader.restore();
    const owner = storeOn(backend);
    await owner.restore();
    owner.deleteOrder('o1');
    fill(owner, 2);
    owner.deleteOrder('o0');
    await owner.flush();
    const seen = new Set<string>();
    const turns = await turnsDuring(
      () => reader.refresh(),
      () => {
        const last = `S${MANY / 2 - 1}`;
        const shown = ['S0', last].map((symbol) => reader.getSymbolMetadata(symbol)?.['n']);
        seen.add(JSON.stringify([...shown, reader.getOrder(`o${MANY / 2 - 1}`)?.price, reader.getOrders().length]));
      },
    );
    expect(turns).toBeGreaterThan(TURNS);
    seen.add(JSON.stringify([2, 2, 2, MANY / 2 - 2]));
    expect([...seen].sort()).toEqual([JSON.stringify([1, 1, 1, MANY / 2]), JSON.stringify([2, 2, 2, MANY / 2 - 2])]);
    await owner.close();
    await reader.close();
  });
});
