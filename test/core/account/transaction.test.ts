import { describe, expect, it } from 'vitest';
import { settle } from '../../support/fake-clock.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';
import { openStore } from '../../support/open-store.js';

const REFUSED = expect.objectContaining({ code: 'INVALID_VALUE' });

describe('transaction() with a function that is not synchronous', () => {
  it('runs nothing of an async function', async () => {
    const { store, driver } = await openStore<{ n: number }>();
    const refused = async (): Promise<void> => {
      store.setSymbolMetadata('A', { n: 1 });
      await settle();
      store.setSymbolMetadata('B', { n: 1 });
    };
    expect(() => store.transaction(refused)).toThrow(REFUSED);
    expect(() => store.updateSymbolMetadata('A', refused as never)).toThrow(REFUSED);
    expect(() => store.updateAccountMetadata(refused as never)).toThrow(REFUSED);
    await settle();
    await settle();
    expect(store.getAllSymbolMetadata()).toEqual({});
    await store.flush();
    expect(driver.sent).toHaveLength(0);
  });

  it.each([
    ['a generator', function* () {}],
    ['an async generator', async function* () {}],
  ])('refuses %s, which would do nothing', async (_, generator) => {
    const { store } = await openStore();
    expect(() => store.transaction<unknown>(generator)).toThrow(REFUSED);
  });

  it('takes back what a function did that returns a promise', async () => {
    const { store } = await openStore<{ n: number }>();
    store.setSymbolMetadata('A', { n: 1 });
    const change = (): Promise<void> => {
      store.setSymbolMetadata('A', { n: 2 });
      return Promise.reject(new Error('unheard'));
    };
    expect(() => store.transaction(change)).toThrow(REFUSED);
    await settle();
    expect(store.getSymbolMetadata('A')).toEqual({ n: 1 });
  });

  it.each(HOSTILE_VALUES)('throws no other error when the function returns $name', async ({ make }) => {
    const { store } = await openStore<{ n: number }>();
    const change = (): unknown => {
      store.setSymbolMetadata('A', { n: 2 });
      return make();
    };
    try {
      store.transaction(change);
      expect(store.getSymbolMetadata('A')).toEqual({ n: 2 });
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'INVALID_VALUE' });
      expect(store.getSymbolMetadata('A')).toBeUndefined();
    }
  });
});
