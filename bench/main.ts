import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineOrder, openAccount } from 'accountkeeper';
import { type Comparison, compare, OPERATIONS } from './measure.js';

/**
 * The cost of the store's hot paths with an SQLite driver attached, against floors measured in the same run.
 * Exits 1 when a ratio is missed.
 */
interface Entry {
  readonly leaderId: string;
  readonly entryCountLong: number;
  readonly entryCountShort: number;
  readonly firstOpenedAtMs: number;
  readonly trailing: { readonly state: string; readonly price: number; readonly updatedAtMs: number };
  readonly tags: readonly string[];
}

const SYMBOLS = Array.from({ length: 50 }, (_, index) => `S${index}USDT`);
const symbolAt = (index: number): string => SYMBOLS[index % SYMBOLS.length] ?? '';

const entry = (index: number): Entry => ({
  leaderId: `leader-${index % 7}`,
  entryCountLong: index,
  entryCountShort: 0,
  firstOpenedAtMs: 1_700_000_000_000 + index,
  trailing: { state: 'armed', price: 100.5 + index, updatedAtMs: 1_700_000_000_000 },
  tags: ['breakout', 'retest'],
});

const order = (index: number, symbol: string): EngineOrder => ({
  exchangeOrderId: `order-${index}`,
  customOrderId: '',
  symbol,
  orderSide: 'BUY',
  positionSide: 'LONG',
  orderType: 'LIMIT',
  status: 'NEW',
  price: 100 + index,
  originalQuantity: 1,
  executedQuantity: 0,
  averagePrice: 0,
  createdAtMs: index,
  updatedAtMs: index,
});

const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-bench-'));
const account = await openAccount<Entry>({
  accountId: 'bench',
  persistence: `sqlite://${join(folder, 'bench.db')}`,
});
const bare = new Map<string, Entry>();
for (const [index, symbol] of SYMBOLS.entries()) {
  bare.set(symbol, entry(index));
  account.setSymbolMetadata(symbol, entry(index));
}
for (let index = 0; index < 10_000; index += 1) account.upsertActiveOrder(order(index, `O${index % 500}USDT`));
const allOrders = account.getOrders();
let values: Entry[] = [];
const prepareValues = (): void => {
  values = Array.from({ length: OPERATIONS }, (_, index) => entry(index));
};
let kept: unknown;

const comparisons: Comparison[] = [
  {
    title: 'setSymbolMetadataValue: at most 3 times copying and replacing the value in a bare Map',
    floor: {
      name: 'map.set(symbol, { ...map.get(symbol), key: value })',
      run: () => {
        for (let index = 0; index < OPERATIONS; index += 1) {
          const symbol = symbolAt(index);
          bare.set(symbol, { ...(bare.get(symbol) as Entry), entryCountLong: index });
        }
      },
    },
    subject: {
      name: 'setSymbolMetadataValue(symbol, key, value)',
      run: () => {
        for (let index = 0; index < OPERATIONS; index += 1) {
          account.setSymbolMetadataValue(symbolAt(index), 'entryCountLong', index);
        }
      },
    },
    maxRatio: 3,
  },
  {
    title: 'setSymbolMetadata: less than JSON.stringify of the same value',
    floor: {
      name: 'JSON.stringify(value)',
      prepare: prepareValues,
      run: () => {
        for (const value of values) kept = JSON.stringify(value);
      },
    },
    subject: {
      name: 'setSymbolMetadata(symbol, value)',
      prepare: prepareValues,
      run: () => {
        let index = 0;
        for (const value of values) {
          account.setSymbolMetadata(symbolAt(index), value);
          index += 1;
        }
      },
    },
    maxRatio: 1,
  },
  {
    title: 'getOrdersForSymbol, 20 of 10,000 orders: at least 100 times faster than filtering all',
    floor: {
      name: 'getOrders() filtered by symbol',
      run: () => {
        for (let index = 0; index < OPERATIONS; index += 1) {
          const symbol = `O${index % 500}USDT`;
          kept = allOrders.filter((each) => each.symbol === symbol);
        }
      },
    },
    subject: {
      name: 'getOrdersForSymbol(symbol)',
      run: () => {
        for (let index = 0; index < OPERATIONS; index += 1) kept = account.getOrdersForSymbol(`O${index % 500}USDT`);
      },
    },
    maxRatio: 0.01,
  },
];

console.log(`Node.js ${process.version}, medians per operation\n`);
let missed = 0;
for (const comparison of comparisons) if (!(await compare(comparison))) missed += 1;
if (kept === undefined) throw new Error('nothing was measured');
await account.close();
rmSync(folder, { recursive: true, force: true });
process.exitCode = missed === 0 ? 0 : 1;
