import { describe, expect, it, vi } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { RecordTable } from '../../../src/core/account/tables/record-table.js';
import type { TableName } from '../../../src/core/account/tables/table-context.js';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { BAD_NUMBERS, codeOf, ODD_NAMES, order, position } from './tables/table-harness.js';

/** An account whose hooks can be looked at. */
class WatchedState extends AccountState {
  readonly told: string[] = [];
  readonly asked: TableName[] = [];
  readOnly = false;

  get recordTables(): readonly RecordTable[] {
    return this.tables;
  }

  protected override assertWritable(table: TableName): void {
    this.asked.push(table);
    if (this.readOnly) throw new AccountKeeperError('FENCED', 'fenced');
  }

  protected override markChanged(table: TableName, recordKey: string): void {
    super.markChanged(table, recordKey);
    this.told.push(`${table}:${recordKey}`);
  }
}

const ids = (orders: readonly { readonly exchangeOrderId: string }[]): string[] =>
  orders.map(({ exchangeOrderId }) => exchangeOrderId);

describe('the options', () => {
  it('make late messages be ignored', () => {
    const strict = new AccountState({ rejectStale: true });
    const lenient = new AccountState();
    for (const state of [strict, lenient]) {
      state.setActivePosition('BTCUSDT', 'LONG', position({ timestampMs: 100, assetQty: 1 }));
      state.setActivePosition('BTCUSDT', 'LONG', position({ timestampMs: 99, assetQty: 2 }));
      state.upsertActiveOrder(order({ updatedAtMs: 100, price: 1 }));
      state.upsertActiveOrder(order({ updatedAtMs: 99, price: 2 }));
    }
    expect(strict.getActivePosition('BTCUSDT', 'LONG')?.assetQty).toBe(1);
    expect(lenient.getActivePosition('BTCUSDT', 'LONG')?.assetQty).toBe(2);
    expect(strict.getOrder('o1')?.price).toBe(1);
    expect(lenient.getOrder('o1')?.price).toBe(2);
  });
});

describe('the hooks', () => {
  it('are asked before and told after each change, and only then', () => {
    const state = new WatchedState();
    state.setSymbolMetadata('A', { n: 1 });
    state.setSymbolMetadataValue('A', 'n', 2);
    state.updateSymbolMetadata('A', () => ({ n: 3 }));
    state.deletePositionMetadata('A');
    state.setAllSymbolMetadata({ B: { n: 1 } });
    state.setAccountMetadata({ n: 1 });
    state.setAccountMetadataValue('n', 2);
    state.updateAccountMetadata(() => ({ n: 3 }));
    state.setActivePosition('BTCUSDT', 'LONG', position());
    state.deleteActivePosition('BTCUSDT', 'LONG');
    state.upsertActiveOrder(order());
    state.deleteOrder('o1');
    state.upsertActiveOrder(order());
    state.clearAllOrders();
    state.setSymbolLeverage('A', 5);
    state.setWalletBalance(5);
    state.storePreviousBalance();
    expect(state.told).toEqual([
      ...Array.from({ length: 4 }, () => 'metadata:metadata/A'),
      'metadata:metadata/B',
      ...Array.from({ length: 3 }, () => 'metadata:account/metadata'),
      ...Array.from({ length: 2 }, () => 'positions:positions/LONG/BTCUSDT'),
      ...Array.from({ length: 4 }, () => 'orders:orders/o1'),
      'leverage:leverage/A',
      'balance:balance/wallet',
      'balance:balance/wallet',
    ]);
    expect(new Set(state.asked)).toEqual(new Set(['metadata', 'positions', 'orders', 'leverage', 'balance']));
    state.told.length = 0;
    state.asked.length = 0;
    state.processPriceEvent({ symbol: 'BTCUSDT', price: 5 });
    state.getSessionSummary(1);
    state.getAllPositions();
    expect([...state.told, ...state.asked]).toEqual([]);
  });

  it('can refuse every change', () => {
    const state = new WatchedState();
    state.readOnly = true;
    const mutators: (() => unknown)[] = [
      () => state.setSymbolMetadata('A', { n: 1 }),
      () => state.setAllSymbolMetadata({}),
      () => state.deletePositionMetadata('A'),
      () => state.setAccountMetadata({ n: 1 }),
      () => state.setActivePosition('BTCUSDT', 'LONG', position()),
      () => state.deleteActivePosition('BTCUSDT', 'LONG'),
      () => state.upsertActiveOrder(order()),
      () => state.deleteOrder('o1'),
      () => state.clearAllOrders(),
      () => state.setSymbolLeverage('A', 5),
      () => state.setWalletBalance(5),
      () => state.storePreviousBalance(),
      () => state.reconcile({ positions: [], asOfMs: 1 }),
      () => state.reconcile({ orders: [], asOfMs: 1 }),
      () => state.reconcile({ balance: 0, asOfMs: 1 }),
    ];
    for (const mutate of mutators) expect(codeOf(mutate)).toBe('FENCED');
    expect(state.reconcile({ asOfMs: 1 }).closed).toEqual([]);
    expect(state.told).toEqual([]);
  });

  it('see every table, and each record in one of them', () => {
    const state = new WatchedState();
    expect(state.recordTables.map(({ name }) => name)).toEqual([
      'metadata',
      'positions',
      'orders',
      'leverage',
      'balance',
    ]);
    for (const key of [
      'metadata/A',
      'account/metadata',
      'positions/LONG/A',
      'orders/A',
      'leverage/A',
      'balance/wallet',
    ]) {
      expect(state.recordTables.filter((table) => table.owns(key))).toHaveLength(1);
    }
  });
});

describe('isPendingPersist', () => {
  it('is set by changes of metadata only, and by setIsPendingPersist', () => {
    const state = new AccountState();
    state.setWalletBalance(1);
    state.storePreviousBalance();
    state.setSymbolLeverage('A', 1);
    state.setActivePosition('BTCUSDT', 'LONG', position());
    state.upsertActiveOrder(order());
    expect(state.isPendingPersist()).toBe(false);
    state.setAccountMetadata({});
    expect(state.isPendingPersist()).toBe(true);
    state.setIsPendingPersist(false);
    expect(state.isPendingPersist()).toBe(false);
    state.deletePositionMetadata('A');
    expect(state.isPendingPersist()).toBe(true);
    state.setIsPendingPersist(false);
    state.setAllSymbolMetadata({ A: {} });
    expect(state.isPendingPersist()).toBe(true);
    state.setIsPendingPersist(true);
    expect(state.isPendingPersist()).toBe(true);
  });
});

describe('metadata', () => {
  it('is typed by symbol and by account', () => {
    const state = new AccountState<{ leaderId: string; count?: number }, { cursor: number }>();
    expect(state.setSymbolMetadata('A', { leaderId: 'L1' })).toEqual({ leaderId: 'L1' });
    expect(state.setSymbolMetadataValue('A', 'count', 2)).toEqual({ leaderId: 'L1', count: 2 });
    expect(state.getSymbolMetadata('A')).toEqual({ leaderId: 'L1', count: 2 });
    expect(state.getSymbolMetadata('B')).toBeUndefined();
    expect(state.getSymbolsWithMetadata()).toEqual(['A']);
    expect(state.getAllSymbolMetadata()).toEqual({ A: { leaderId: 'L1', count: 2 } });
    expect(state.getAccountMetadata()).toBeUndefined();
    expect(state.setAccountMetadata({ cursor: 1 })).toEqual({ cursor: 1 });
    expect(state.setAccountMetadataValue('cursor', 2)).toEqual({ cursor: 2 });
    expect(state.updateAccountMetadata((previous) => ({ cursor: (previous?.cursor ?? 0) + 1 }))).toEqual({ cursor: 3 });
    expect(state.getAccountMetadata()).toEqual({ cursor: 3 });
  });
});

describe('positions', () => {
  it('are counted: a symbol with a long and a short is one hedged symbol', () => {
    const state = new AccountState();
    for (const symbol of ODD_NAMES) {
      expect(state.isSymbolInAnyPosition(symbol)).toBe(false);
      state.setActivePosition(symbol, 'LONG', position({ symbol }));
      expect(state.isSymbolInAnyPosition(symbol)).toBe(true);
    }
    state.setActivePosition('constructor', 'SHORT', position({ symbol: 'constructor', positionSide: 'SHORT' }));
    state.setActivePosition('X', 'NONE', position({ symbol: 'X', positionSide: 'NONE' }));
    state.setActivePosition('Y', 'SHORT', position({ symbol: 'Y', positionSide: 'SHORT' }));
    state.setActivePosition('Z', 'LONG', position({ symbol: 'Z', assetQty: 0 }));
    expect(state.getTotalActivePositions()).toEqual({ total: ODD_NAMES.length + 3, totalHedged: 1 });
    expect(state.getTotalHedgedPositions()).toBe(1);
    expect(state.getAllPositions()).toHaveLength(ODD_NAMES.length + 3);
    expect(['X', 'Y', 'Z'].map((symbol) => state.isSymbolInAnyPosition(symbol))).toEqual([true, true, false]);
    expect(state.isSymbolSideInPosition('Y', 'SHORT')).toBe(true);
    expect(state.isSymbolSideInPosition('Y', 'LONG')).toBe(false);
    expect(state.isSymbolSideInPosition('Z', 'LONG')).toBe(false);
    expect(state.isDualPositionMode()).toBe(true);
  });

  it('are valued by price events', () => {
    const state = new AccountState();
    state.setActivePosition('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT', assetQty: 2, positionPrice: 10 }));
    state.processPriceEvent({ symbol: 'BTCUSDT', price: 12 });
    expect(state.getActivePosition('BTCUSDT', 'SHORT')?.valueUpnl).toBe(-4);
    expect(state.getActivePosition('BTCUSDT', 'SHORT')?.timestampMs).toBe(100);
    for (const event of [undefined, null, 5, { symbol: 'BTCUSDT' }, { symbol: 'BTCUSDT', price: Number.NaN }]) {
      expect(codeOf(() => state.processPriceEvent(event as never))).toBe('INVALID_VALUE');
    }
    expect(codeOf(() => state.processPriceEvent({ symbol: '', price: 1 }))).toBe('INVALID_KEY');
  });
});

describe('orders', () => {
  const state = new AccountState();
  const all = [
    order({ exchangeOrderId: 'b', symbol: 'B', price: 3, createdAtMs: 2, orderSide: 'SELL' }),
    order({ exchangeOrderId: 'a10', symbol: 'A', price: 1, createdAtMs: 3, status: 'PARTIALLY_FILLED' }),
    order({ exchangeOrderId: 'C', symbol: 'A', price: 2, createdAtMs: 1, orderType: 'STOP' }),
    order({ exchangeOrderId: 'a2', symbol: 'A', price: 2, createdAtMs: 2, orderSide: 'SELL' }),
  ];
  for (const each of all) state.upsertActiveOrder(each);

  it('are found', () => {
    expect(state.getOrders()).toEqual(all);
    expect(state.getActiveOrders()).toEqual(all);
    expect(state.getOrder('C')).toEqual(all[2]);
    expect(state.getOrder('x')).toBeUndefined();
    expect(ids(state.getOrdersForSymbol('A'))).toEqual(['a10', 'C', 'a2']);
    expect(state.getOrdersForSymbol('constructor')).toEqual([]);
    expect(ids(state.getOrdersForSymbolSide('A', 'BUY'))).toEqual(['a10', 'C']);
    expect(ids(state.getOrdersForSymbolSide('A', 'SELL'))).toEqual(['a2']);
    expect(ids(state.getOrdersByStatus('PARTIALLY_FILLED'))).toEqual(['a10']);
    expect(state.getOrdersByStatus('FILLED')).toEqual([]);
    expect(ids(state.getOrdersByType('STOP'))).toEqual(['C']);
  });

  it('are sorted, those that compare equal in the order of their arrival', () => {
    expect(ids(state.getOrdersSortedById())).toEqual(['a10', 'a2', 'b', 'C']);
    expect(ids(state.getOrdersSortedById(false))).toEqual(['C', 'b', 'a2', 'a10']);
    expect(ids(state.getOrdersSortedBySymbol())).toEqual(['a10', 'C', 'a2', 'b']);
    expect(ids(state.getOrdersSortedBySymbol(false))).toEqual(['b', 'a10', 'C', 'a2']);
    expect(ids(state.getOrdersSortedByPrice())).toEqual(['a10', 'C', 'a2', 'b']);
    expect(ids(state.getOrdersSortedByPrice(false))).toEqual(['b', 'C', 'a2', 'a10']);
    expect(ids(state.getOrdersSortedByTimestamp())).toEqual(['C', 'b', 'a2', 'a10']);
    expect(ids(state.getOrdersSortedByTimestamp(false))).toEqual(['a10', 'b', 'a2', 'C']);
    expect(ids(state.getOrdersForSymbolSortedByPrice('A'))).toEqual(['a10', 'C', 'a2']);
    expect(ids(state.getOrdersForSymbolSortedByPrice('A', false))).toEqual(['C', 'a2', 'a10']);
    expect(ids(state.getOrdersForSymbolSideSortedByPrice('A', 'BUY'))).toEqual(['a10', 'C']);
    expect(ids(state.getOrdersForSymbolSideSortedByPrice('A', 'BUY', false))).toEqual(['C', 'a10']);
    expect(state.getOrders()).toEqual(all);
  });
});

describe('balance and leverage', () => {
  it('are what was set', () => {
    const state = new AccountState();
    expect([state.getWalletBalance(), state.getPreviousBalance()]).toEqual([0, 0]);
    state.setWalletBalance(10);
    state.storePreviousBalance();
    state.setWalletBalance(12);
    expect([state.getWalletBalance(), state.getPreviousBalance()]).toEqual([12, 10]);
    expect(state.getSymbolLeverage('__proto__')).toBeUndefined();
    state.setSymbolLeverage('__proto__', 5);
    expect(state.getSymbolLeverage('__proto__')).toBe(5);
    expect(Object.entries(state.getSymbolLeverageCache())).toEqual([['__proto__', 5]]);
    for (const value of BAD_NUMBERS as readonly number[]) {
      expect(codeOf(() => state.setWalletBalance(value))).toBe('INVALID_VALUE');
      expect(codeOf(() => state.setSymbolLeverage('A', value))).toBe('INVALID_VALUE');
    }
    expect(state.getWalletBalance()).toBe(12);
  });
});

describe('getSessionSummary', () => {
  it('sums up the active positions', () => {
    const state = new AccountState();
    state.setWalletBalance(110);
    state.setSymbolLeverage('A', 5);
    const long = position({ symbol: 'A', valueUpnl: 4, marginValue: 10 });
    const short = position({ symbol: 'B', positionSide: 'SHORT', valueUpnl: -1, marginValue: 20 });
    state.setActivePosition('A', 'LONG', long);
    state.setActivePosition('B', 'SHORT', short);
    state.setActivePosition('C', 'LONG', position({ symbol: 'C', assetQty: 0, valueUpnl: 99, marginValue: 99 }));
    expect(state.getSessionSummary(100)).toEqual({
      activePositions: [
        { ...long, leverage: 5 },
        { ...short, leverage: undefined },
      ],
      activePositionUpnlSum: 3,
      account: {
        quoteBalanceState: {
          startedWith: 100,
          now: 110,
          quoteMarginLockedSum: 30,
          nowInclLocked: 80,
          nowIfEverythingClosedAtMarket: 113,
        },
        pnlState: { realisedPnl: 10, unrealisedPnl: 3 },
      },
    });
    expect(codeOf(() => state.getSessionSummary(Number.NaN))).toBe('INVALID_VALUE');
  });
});

describe('dumpLogState', () => {
  it('prints the state as JSON, and nothing else prints', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const state = new AccountState();
      state.setWalletBalance(5);
      state.setSymbolLeverage('A', 3);
      state.upsertActiveOrder(order());
      state.setActivePosition('BTCUSDT', 'LONG', { ...position(), extra: 10n } as never);
      state.setActivePosition('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT' }));
      state.getTotalActivePositions();
      expect(write).not.toHaveBeenCalled();
      state.dumpLogState();
      const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
      expect(JSON.parse(text.slice(text.indexOf('{')))).toEqual({
        balance: { balance: 5, previousBalance: 0 },
        positions: [
          { side: 'LONG', position: { ...position(), extra: '10' } },
          { side: 'SHORT', position: position({ positionSide: 'SHORT' }) },
        ],
        orders: [order()],
        leverage: { A: 3 },
      });
    } finally {
      write.mockRestore();
    }
  });
});

describe('transaction', () => {
  const filled = (): WatchedState => {
    const state = new WatchedState();
    state.setWalletBalance(1);
    state.setSymbolLeverage('A', 1);
    for (const symbol of ['A', 'B', 'C']) state.setSymbolMetadata(symbol, { n: 1 });
    state.setAccountMetadata({ n: 1 });
    for (const symbol of ['A', 'B', 'C']) state.setActivePosition(symbol, 'LONG', position({ symbol }));
    for (const id of ['o1', 'o2', 'o3']) state.upsertActiveOrder(order({ exchangeOrderId: id }));
    state.setIsPendingPersist(false);
    state.told.length = 0;
    return state;
  };
  const recordsOf = (state: WatchedState): [string, unknown][] =>
    state.recordTables.flatMap((table) =>
      [...table.recordKeys()].map((key) => [key, table.recordValue(key)] as [string, unknown]),
    );
  const changeAll = (state: WatchedState): void => {
    state.setWalletBalance(2);
    state.storePreviousBalance();
    state.setSymbolLeverage('A', 2);
    state.setSymbolLeverage('B', 2);
    state.setSymbolMetadataValue('A', 'n', 2);
    state.deletePositionMetadata('B');
    state.setSymbolMetadata('D', { n: 2 });
    state.setAllSymbolMetadata({ C: { n: 3 }, A: { n: 3 } });
    state.setAccountMetadataValue('n', 2);
    state.deleteActivePosition('A', 'LONG', 500);
    state.setActivePosition('B', 'LONG', position({ symbol: 'B', assetQty: 5 }));
    state.processPriceEvent({ symbol: 'C', price: 99 });
    state.deleteOrder('o1', 500);
    state.upsertActiveOrder(order({ exchangeOrderId: 'o2', symbol: 'Z' }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'o4' }));
    state.reconcile({ positions: [], orders: [], balance: 7, asOfMs: 1_000 });
    state.clearAllOrders();
    state.upsertActiveOrder(order({ exchangeOrderId: 'o1' }));
  };

  it('returns what the function returns, and hands over each changed record once, at the end', () => {
    const state = filled();
    const result = state.transaction(() => {
      state.setSymbolMetadata('A', { n: 2 });
      state.setWalletBalance(3);
      state.setSymbolMetadata('A', { n: 3 });
      expect(state.told).toEqual([]);
      expect(state.isPendingPersist()).toBe(false);
      return 'result';
    });
    expect(result).toBe('result');
    expect(state.told).toEqual(['metadata:metadata/A', 'balance:balance/wallet']);
    expect(state.isPendingPersist()).toBe(true);
    state.setSymbolMetadata('A', { n: 4 });
    expect(state.told).toHaveLength(3);
  });

  it('changes nothing when the function throws', () => {
    const state = filled();
    const before = recordsOf(state);
    const ordersBefore = state.getOrdersForSymbol('BTCUSDT');
    expect(() =>
      state.transaction(() => {
        changeAll(state);
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    expect(recordsOf(state)).toEqual(before);
    expect(state.getOrdersForSymbol('BTCUSDT')).toEqual(ordersBefore);
    expect(state.getOrdersForSymbol('Z')).toEqual([]);
    expect(state.told).toEqual([]);
    expect(state.isPendingPersist()).toBe(false);
    changeAll(state);
    expect(state.told.length).toBeGreaterThan(10);
  });

  it('takes back what it made known of closed positions and ended orders', () => {
    const state = new AccountState({ rejectStale: true });
    expect(() =>
      state.transaction(() => {
        state.deleteActivePosition('BTCUSDT', 'LONG', 500);
        state.deleteOrder('o1', 500);
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    state.setActivePosition('BTCUSDT', 'LONG', position());
    state.upsertActiveOrder(order());
    expect(state.isSymbolSideInPosition('BTCUSDT', 'LONG')).toBe(true);
    expect(state.getOrder('o1')).toBeDefined();
  });

  it('is a savepoint within another one', () => {
    const state = filled();
    state.transaction(() => {
      state.setSymbolMetadata('A', { n: 10 });
      const before = recordsOf(state);
      expect(() =>
        state.transaction(() => {
          state.transaction(() => changeAll(state));
          throw new RangeError('mine');
        }),
      ).toThrow(RangeError);
      expect(recordsOf(state)).toEqual(before);
      expect(state.transaction(() => state.setWalletBalance(5))).toBeUndefined();
      expect(state.told).toEqual([]);
    });
    expect(state.getWalletBalance()).toBe(5);
    expect(state.told).toEqual(['metadata:metadata/A', 'balance:balance/wallet']);
  });

  it('refuses a function that is none or returns a promise, and changes nothing', () => {
    const state = filled();
    const before = recordsOf(state);
    const asynchronous = async (): Promise<void> => {
      state.setWalletBalance(99);
      throw new Error('unheard');
    };
    const thenable = (): unknown => {
      state.setWalletBalance(99);
      return Object.fromEntries([['then', () => undefined]]);
    };
    expect(codeOf(() => state.transaction(asynchronous))).toBe('INVALID_VALUE');
    expect(codeOf(() => state.transaction(thenable))).toBe('INVALID_VALUE');
    expect(codeOf(() => state.transaction(undefined as never))).toBe('INVALID_VALUE');
    expect(recordsOf(state)).toEqual(before);
    expect(state.told).toEqual([]);
    const noMethod: unknown = JSON.parse('{"then":"no method"}');
    expect(state.transaction(() => noMethod)).toBe(noMethod);
    expect(state.transaction(() => null)).toBeNull();
  });

  it('lets a listener of its changes change more', () => {
    class Chained extends WatchedState {
      protected override markChanged(table: TableName, recordKey: string): void {
        super.markChanged(table, recordKey);
        if (table === 'metadata') this.setWalletBalance(this.getWalletBalance() + 1);
      }
    }
    const state = new Chained();
    state.transaction(() => {
      state.setSymbolMetadata('A', {});
      state.setSymbolMetadata('B', {});
    });
    expect(state.getWalletBalance()).toBe(2);
    expect(state.told).toHaveLength(4);
  });
});
