import { describe, expect, it } from 'vitest';
import { ACCOUNT, createStore, openStore, rejection } from '../../support/open-store.js';

describe('ownership: read-only', () => {
  it('reads the account beside its owner, and never writes', async () => {
    const owner = await openStore();
    owner.store.setSymbolMetadata('A', { n: 1 });
    await owner.store.flush();
    const reader = createStore({ backend: owner.backend, ownership: 'read-only' });
    expect(await reader.store.restore()).toMatchObject({ status: 'restored', records: 1 });
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 1 });
    expect(reader.store.persistenceStatus()).toMatchObject({ state: 'idle', ownership: 'read-only', revision: 2 });
    expect(() => reader.store.setSymbolMetadata('A', { n: 2 })).toThrow(expect.objectContaining({ code: 'READ_ONLY' }));
    for (const call of [() => reader.store.flush(), () => reader.store.persistAll()]) {
      expect((await rejection(call())).code).toBe('READ_ONLY');
    }
    expect(() => reader.store.requireDurable()).toThrow(expect.objectContaining({ code: 'READ_ONLY' }));
    await reader.store.close();
    expect(reader.driver.sent).toHaveLength(0);
    owner.store.setSymbolMetadata('A', { n: 3 });
    await owner.store.flush();
  });

  it('shows on refresh what the owner has written and deleted, in one step', async () => {
    const owner = await openStore({ persist: ['metadata', 'leverage', 'balance'] });
    owner.store.setSymbolMetadata('A', { n: 1 });
    owner.store.setSymbolMetadata('B', { n: 1 });
    owner.store.setSymbolLeverage('A', 3);
    owner.store.setWalletBalance(7);
    await owner.store.flush();
    const reader = createStore({
      backend: owner.backend,
      ownership: 'read-only',
      persist: ['metadata', 'leverage', 'balance'],
    });
    await reader.store.restore();
    owner.store.deletePositionMetadata('A');
    owner.store.setSymbolMetadata('B', { n: 2 });
    await owner.store.flush();
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 }, B: { n: 1 } });
    expect(await reader.store.refresh()).toMatchObject({ status: 'restored', revision: 3, records: 3 });
    expect(reader.store.getAllSymbolMetadata()).toEqual({ B: { n: 2 } });
    expect(reader.store.getSymbolLeverage('A')).toBe(3);
  });

  it('keeps what it has when a refresh fails', async () => {
    const owner = await openStore();
    owner.store.setSymbolMetadata('A', { n: 1 });
    await owner.store.flush();
    const reader = createStore({ backend: owner.backend, ownership: 'read-only' });
    await reader.store.restore();
    reader.driver.failLoads = 1;
    expect((await rejection(reader.store.refresh())).code).toBe('UNAVAILABLE');
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 1 });
  });

  it('never goes back', async () => {
    const owner = await openStore();
    owner.store.setSymbolMetadata('A', { n: 1 });
    await owner.store.flush();
    const reader = createStore({ backend: owner.backend, ownership: 'read-only' });
    await reader.store.restore();
    const older = await createStore({ accountId: ACCOUNT }).driver.load(ACCOUNT);
    reader.driver.load = async () => older;
    expect((await rejection(reader.store.refresh())).code).toBe('ROLLED_BACK');
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 1 });
  });

  it('is what refresh is for', async () => {
    const { store } = await openStore();
    expect((await rejection(store.refresh())).code).toBe('CONFIG');
    expect((await rejection(createStore().store.refresh())).code).toBe('NOT_RESTORED');
  });
});
