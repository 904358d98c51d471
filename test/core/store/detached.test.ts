import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { rejection } from '../../support/open-store.js';

describe('a store without a driver', () => {
  it('is in memory only, and lets its user persist: the flag is theirs', () => {
    const store = new AccountStateStore();
    expect(store.isPendingPersist()).toBe(false);
    store.setWalletBalance(5);
    expect(store.isPendingPersist()).toBe(false);
    store.setSymbolMetadata('A', { n: 1 });
    expect(store.isPendingPersist()).toBe(true);
    store.setIsPendingPersist(false);
    expect(store.isPendingPersist()).toBe(false);
    store.deletePositionMetadata('A');
    expect(store.isPendingPersist()).toBe(true);
    store.setIsPendingPersist(false);
    store.setAllSymbolMetadata({ B: { n: 2 } });
    expect(store.isPendingPersist()).toBe(true);
    store.setIsPendingPersist(true);
    expect(store.isPendingPersist()).toBe(true);
    expect(store.getAllSymbolMetadata()).toEqual({ B: { n: 2 } });
  });

  it('never claims that anything is durable', async () => {
    const store = new AccountStateStore();
    expect(store.persistenceStatus()).toEqual({
      state: 'detached',
      ownership: 'none',
      pendingRecords: 0,
      oldestPendingMs: 0,
      revision: undefined,
      lastFlushedAt: undefined,
      consecutiveFailures: 0,
      lastError: undefined,
      rejected: [],
      nextRetryAt: undefined,
    });
    for (const call of [() => store.flush(), () => store.persistAll(), () => store.restore()]) {
      expect((await rejection(call())).code).toBe('CONFIG');
    }
    expect(() => store.requireDurable()).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('can be closed, which does nothing', async () => {
    const store = new AccountStateStore();
    await store.close();
    await store[Symbol.asyncDispose]();
    store.setSymbolMetadata('A', { n: 1 });
    expect(store.getSymbolMetadata('A')).toEqual({ n: 1 });
  });
});
