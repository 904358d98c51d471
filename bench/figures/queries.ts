import type { EngineOrder } from 'accountkeeper';
import { ACCOUNT_RECORDS, range } from '../data.js';
import type { Figure, Row } from '../figure.js';
import { type Comparison, perOperation } from '../measuring/operations.js';
import type { Version } from '../versions.js';

const SYMBOLS = 500;

/** Sorted orders of an account that has 10,000, while nothing changes. */
export const queries: Figure = {
  name: 'queries',
  title: 'Orders by price, 10,000 in all',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const [index, version] of bench.versions.entries()) {
      const state = stateWithOrders(version);
      const symbols = range(SYMBOLS).map(symbolOf);
      const sortedCopies = new Map(symbols.map((symbol) => [symbol, state.getOrdersForSymbolSortedByPrice(symbol)]));
      const all = state.getOrdersSortedByPrice();
      const ofSymbol: Comparison = {
        operations: 1_000,
        floor: (at) => sortedCopies.get(symbols[at % SYMBOLS] ?? '')?.slice(),
        subject: (at) => state.getOrdersForSymbolSortedByPrice(symbols[at % SYMBOLS] ?? ''),
      };
      const ofAll: Comparison = {
        operations: 5,
        floor: () => all.slice(),
        subject: () => state.getOrdersSortedByPrice(),
      };
      const named = { 'of a symbol (20 of 10,000)': [ofSymbol, 0.5], 'all, unchanged': [ofAll, 100] } as const;
      for (const [what, [comparison, atMost]] of Object.entries(named)) {
        bench.progress(`${version.name}: ${what}`);
        const { subjectNs, floorNs } = await perOperation(comparison, bench.quick);
        rows.push({
          claim: `orders by price, ${what}`,
          at: version.name,
          value: subjectNs / 1000,
          unit: 'µs',
          ...(index === 0 ? { asked: { atMost } } : {}),
          sides: [
            { side: version.name, median: subjectNs / 1000 },
            { side: 'copying the sorted array', median: floorNs / 1000 },
          ],
          sidesUnit: 'µs',
        });
      }
    }
    return { rows };
  },
};

function symbolOf(index: number): string {
  return `O${index % SYMBOLS}USDT`;
}

function stateWithOrders({ library }: Version): InstanceType<Version['library']['AccountStateStore']> {
  const state = new library.AccountStateStore();
  for (const index of range(ACCOUNT_RECORDS)) state.upsertActiveOrder(orderOf(index, symbolOf(index)));
  return state;
}

export function orderOf(index: number, symbol: string): EngineOrder {
  return {
    exchangeOrderId: `order-${index}`,
    customOrderId: '',
    symbol,
    orderSide: 'BUY',
    positionSide: 'LONG',
    orderType: 'LIMIT',
    status: 'NEW',
    price: 100 + ((index * 7_919) % 1_000),
    originalQuantity: 1,
    executedQuantity: 0,
    averagePrice: 0,
    createdAtMs: index,
    updatedAtMs: index,
  };
}
