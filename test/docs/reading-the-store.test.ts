import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { AccountStateStore } from '../../src/index.js';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/reading-the-store.md'), 'utf8');

it('the page on reading names getters that the store has', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const names = rows.flatMap((row) =>
    [...row.matchAll(/`((?:get|is|has|persistence)[A-Z]\w+)\(/g)].map(([, name = '']) => name),
  );
  expect(names.length).toBeGreaterThan(20);
  const store = new AccountStateStore();
  for (const name of names) expect(Reflect.get(store, name), name).toBeTypeOf('function');
});

it('the price moves the profit of a position, and not its value', () => {
  const store = new AccountStateStore();
  const position = { symbol: 'BTCUSDT', positionSide: 'LONG', orderPositionSide: 'BOTH', timestampMs: 1 } as const;
  store.setActivePosition('BTCUSDT', 'LONG', {
    ...position,
    positionPrice: 100,
    assetQty: 2,
    value: 200,
    valueUpnl: 0,
  });
  store.processPriceEvent({ symbol: 'BTCUSDT', price: 110 });
  expect(store.getActivePosition('BTCUSDT', 'LONG')).toMatchObject({ value: 200, valueUpnl: 20 });
});
