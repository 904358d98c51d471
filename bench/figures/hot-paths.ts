import { filledAccount } from '../accounts.js';
import { ACCOUNT_RECORDS, type Entry, nextEntry, range, symbolAt } from '../data.js';
import { type Figure, ratioRow } from '../figure.js';
import { type Comparison, perOperation } from '../measuring/operations.js';
import { orderOf } from './queries.js';

const SYMBOLS = 50;
const ORDER_SYMBOLS = 500;
const OPERATIONS = 1_000;

interface HotPath extends Omit<Comparison, 'operations'> {
  readonly claim: string;
  readonly atMost: number;
}

/** What a setter or a getter costs the trading loop, with SQLite behind the account. */
export const hotPaths: Figure = {
  name: 'hot-paths',
  title: 'The hot paths of an account on SQLite',
  run: async (bench) => {
    const [sqlite] = await bench.backends();
    if (sqlite === undefined) throw new Error('there is no backend');
    const account = await filledAccount(bench.versions[0], sqlite.urlOf('hot-paths'), SYMBOLS);
    for (const index of range(ACCOUNT_RECORDS)) {
      account.upsertActiveOrder(orderOf(index, `O${index % ORDER_SYMBOLS}USDT`));
    }
    const orders = account.getOrders();
    const bare = new Map(range(SYMBOLS).map((index) => [symbolAt(index), nextEntry(index)]));
    let values: readonly Entry[] = [];
    const paths: readonly HotPath[] = [
      {
        claim: 'setSymbolMetadataValue / copying and replacing the value in a Map',
        atMost: 3,
        floor: (index) => {
          const symbol = symbolAt(index % SYMBOLS);
          return bare.set(symbol, { ...(bare.get(symbol) ?? nextEntry(index)), entryCountLong: index });
        },
        subject: (index) => {
          account.setSymbolMetadataValue(symbolAt(index % SYMBOLS), 'entryCountLong', index);
          return account;
        },
      },
      {
        claim: 'setSymbolMetadata / JSON.stringify of the value',
        atMost: 1,
        prepare: () => {
          values = range(OPERATIONS).map(nextEntry);
        },
        floor: (index) => JSON.stringify(values[index]),
        subject: (index) => {
          account.setSymbolMetadata(symbolAt(index % SYMBOLS), values[index] ?? nextEntry(index));
          return account;
        },
      },
      {
        claim: 'getOrdersForSymbol, 20 of 10,000 / filtering all orders',
        atMost: 0.01,
        floor: (index) => {
          const symbol = `O${index % ORDER_SYMBOLS}USDT`;
          return orders.filter((order) => order.symbol === symbol);
        },
        subject: (index) => account.getOrdersForSymbol(`O${index % ORDER_SYMBOLS}USDT`),
      },
    ];
    const rows = [];
    for (const { claim, atMost, ...path } of paths) {
      bench.progress(claim);
      const { subjectNs, floorNs } = await perOperation({ operations: OPERATIONS, ...path }, bench.quick);
      const sides = [
        { side: 'ours', median: subjectNs },
        { side: 'floor', median: floorNs },
      ] as const;
      rows.push(ratioRow({ claim, at: '', asked: { atMost }, sides, sidesUnit: 'ns' }));
    }
    await account.close();
    return { rows };
  },
};
