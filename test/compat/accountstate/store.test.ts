import { describe, expect, it, vi } from 'vitest';
import { AccountStateStore, type EngineOrder } from '../../../src/compat/accountstate/index.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { makeOrder, makePosition } from './entries.js';

const ids = (orders: readonly Readonly<EngineOrder>[]): string[] => orders.map((order) => order.exchangeOrderId);

describe('balances and leverage', () => {
  it('are numbers, also when they were given as text', () => {
    const store = new AccountStateStore();
    store.setWalletBalance(Number('10.5'));
    Reflect.apply(store.setSymbolLeverage, store, ['BTCUSDT', '10']);
    store.storePreviousBalance();
    Reflect.apply(store.setWalletBalance, store, ['11']);

    expect([store.getPreviousBalance(), store.getWalletBalance()]).toEqual([10.5, 11]);
    expect(store.getSymbolLeverage('BTCUSDT')).toBe(10);
  });

  it('keep a leverage of 0, which portfolio margin has', () => {
    const store = new AccountStateStore();
    store.setSymbolLeverage('BTCUSDT', 0);

    expect(store.getSymbolLeverageCache()).toEqual({ BTCUSDT: 0 });
  });
});

describe('positions', () => {
  it('are what the last call says, whatever their time, and nothing of what was before', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ stopLossPrice: 90 }));
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ timestampMs: 1, assetQty: 3 }));

    expect(store.getActivePosition('BTCUSDT', 'LONG')).toStrictEqual(makePosition({ timestampMs: 1, assetQty: 3 }));
  });

  it('of one-way mode leave the other side alone', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ orderPositionSide: 'BOTH' }));
    store.setActivePosition('BTCUSDT', 'SHORT', makePosition({ positionSide: 'SHORT', orderPositionSide: 'BOTH' }));

    expect(store.getTotalActivePositions()).toEqual({ total: 2, totalHedged: 1 });
  });

  it('come symbol by symbol, as these were named first, and the side that was reopened comes last', () => {
    const store = new AccountStateStore();
    store.isSymbolInAnyPosition('ETHUSDT');
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      for (const positionSide of ['SHORT', 'LONG'] as const) {
        store.setActivePosition(symbol, positionSide, makePosition({ symbol, positionSide }));
      }
    }
    store.deleteActivePosition('BTCUSDT', 'LONG');
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());

    expect(store.getAllPositions().map((each) => `${each.symbol} ${each.positionSide}`)).toEqual([
      'ETHUSDT LONG',
      'ETHUSDT SHORT',
      'BTCUSDT SHORT',
      'BTCUSDT LONG',
    ]);
  });

  it('that were closed and came back otherwise are listed', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    store.deleteActivePosition('BTCUSDT', 'LONG');
    store.reconcile({ positions: [makePosition()], asOfMs: 1_800_000_000_000 });

    expect(store.getAllPositions()).toHaveLength(1);
  });

  it('keep fields of the user, and have every field of the type', () => {
    const store = new AccountStateStore();
    const { stopLossPrice: _, ...rest } = { ...makePosition(), note: 'mine' };
    Reflect.apply(store.setActivePosition, store, ['BTCUSDT', 'LONG', rest]);

    expect(store.getActivePosition('BTCUSDT', 'LONG')).toStrictEqual({ ...makePosition(), note: 'mine' });
  });

  it('hold numbers that were given as text', () => {
    const store = new AccountStateStore();
    const given = { ...makePosition(), assetQty: '0.5', positionPrice: '100', liquidationPrice: '' };
    Reflect.apply(store.setActivePosition, store, ['BTCUSDT', 'LONG', given]);

    expect(store.getAllPositions()).toStrictEqual([makePosition({ assetQty: 0.5, liquidationPrice: 0 })]);
  });

  it('read as NaN what they were given as NaN', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ marginValue: Number.NaN }));

    expect(store.getAllPositions()[0]?.marginValue).toBeNaN();
    expect(store.getSessionSummary(0).account.quoteBalanceState.quoteMarginLockedSum).toBeNaN();
  });

  it('are frozen snapshots with a prototype, the same ones until something changes', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    const position = store.getActivePosition('BTCUSDT', 'LONG');

    expect(Object.isFrozen(position)).toBe(true);
    expect(Object.getPrototypeOf(position)).toBe(Object.prototype);
    expect(store.getAllPositions()[0]).toBe(position);
  });

  it('on the side NONE count, and are none for the symbol', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'NONE', makePosition({ positionSide: 'NONE', valueUpnl: 5 }));
    store.processPriceEvent({ symbol: 'BTCUSDT', price: 110 });

    expect(store.getTotalActivePositions().total).toBe(1);
    expect(store.isSymbolInAnyPosition('BTCUSDT')).toBe(false);
    expect(store.getActivePosition('BTCUSDT', 'NONE')?.valueUpnl).toBe(5);
  });

  it.each([2, -2])('of a short lose when the price rises, with a size of %d', (assetQty) => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'SHORT', makePosition({ positionSide: 'SHORT', assetQty }));
    store.processPriceEvent({ symbol: 'BTCUSDT', price: 110 });

    expect(store.getActivePosition('BTCUSDT', 'SHORT')?.valueUpnl).toBe(-20);
  });

  it('take prices as text, and prices before there is a position', () => {
    const store = new AccountStateStore();
    store.processPriceEvent({ symbol: 'BTCUSDT', price: 90 });
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    Reflect.apply(store.processPriceEvent, store, [{ symbol: 'BTCUSDT', price: '101.5' }]);

    expect(store.getAllPositions()[0]?.valueUpnl).toBe(3);
  });

  it.each([
    ['an empty symbol', '', 'LONG', makePosition({ symbol: '' })],
    ['an unknown side', 'BTCUSDT', 'UP', makePosition()],
    ['the symbol of another key', 'ETHUSDT', 'LONG', makePosition()],
  ])('with %s are refused', (_, symbol, side, position) => {
    const store = new AccountStateStore();

    expect(() => Reflect.apply(store.setActivePosition, store, [symbol, side, position])).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^INVALID_/) }),
    );
    expect(store.getAllPositions()).toEqual([]);
  });
});

describe('positions that cannot be', () => {
  it('are held, as a program stores them that reads a field of another name', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ positionPrice: Number.NaN, value: Number.NaN }));
    store.processPriceEvent({ symbol: 'BTCUSDT', price: 101 });

    expect(store.getAllPositions()).toStrictEqual([
      makePosition({ positionPrice: Number.NaN, value: Number.NaN, valueUpnl: Number.NaN }),
    ]);
  });

  it('may be of another side than their key, or of none', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ positionSide: 'SHORT' }));
    const given = { ...makePosition(), positionSide: undefined, orderPositionSide: null };
    Reflect.apply(store.setActivePosition, store, ['BTCUSDT', 'SHORT', given]);

    expect(store.getAllPositions()).toStrictEqual([makePosition({ positionSide: 'SHORT' }), given]);
  });

  it('have numbers that are NaN for those that were left out, and the symbol of their key', () => {
    const store = new AccountStateStore();
    Reflect.apply(store.setActivePosition, store, ['BTCUSDT', 'LONG', { assetQty: 2, liquidationPrice: null }]);

    expect(store.getActivePosition('BTCUSDT', 'LONG')).toMatchObject({
      symbol: 'BTCUSDT',
      assetQty: 2,
      positionPrice: Number.NaN,
      marginValue: Number.NaN,
      liquidationPrice: null,
    });
  });

  it('and whose size is not known are not active', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ assetQty: Number.NaN }));
    store.setActivePosition('BTCUSDT', 'SHORT', makePosition({ positionSide: 'SHORT' }));

    expect(store.getTotalActivePositions()).toEqual({ total: 1, totalHedged: 0 });
    expect(store.getTotalHedgedPositions()).toBe(0);
    expect(store.isSymbolSideInPosition('BTCUSDT', 'LONG')).toBe(false);
  });

  it('are closed by setting none, and not by what names none', () => {
    const store = new AccountStateStore();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    Reflect.apply(store.deleteActivePosition, store, ['BTCUSDT', undefined]);
    expect(store.getAllPositions()).toHaveLength(1);
    Reflect.apply(store.setActivePosition, store, ['BTCUSDT', 'LONG', undefined]);

    expect(store.getAllPositions()).toEqual([]);
  });
});

describe('numbers that are none', () => {
  it('read as NaN, and refuse nothing', () => {
    const store = new AccountStateStore();
    store.setWalletBalance(Number.NaN);
    store.storePreviousBalance();
    Reflect.apply(store.setWalletBalance, store, [undefined]);
    store.setSymbolLeverage('BTCUSDT', Number('x'));
    store.setSymbolLeverage('ETHUSDT', -5);
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    store.processPriceEvent({ symbol: 'BTCUSDT', price: Number.NaN });

    expect([store.getWalletBalance(), store.getPreviousBalance()]).toEqual([Number.NaN, Number.NaN]);
    expect(store.getSymbolLeverageCache()).toEqual({ BTCUSDT: Number.NaN, ETHUSDT: -5 });
    expect(store.getActivePosition('BTCUSDT', 'LONG')?.valueUpnl).toBeNaN();
  });
});

describe('the session summary', () => {
  it('counts two of its balances from the starting balance, and is the caller’s to change', () => {
    const store = new AccountStateStore();
    store.setWalletBalance(1_100);
    store.setSymbolLeverage('BTCUSDT', 10);
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ valueUpnl: 50 }));
    const summary = store.getSessionSummary(1_000);

    expect(summary).toStrictEqual({
      activePositions: [{ ...makePosition({ valueUpnl: 50 }), leverage: 10 }],
      activePositionUpnlSum: 50,
      account: {
        quoteBalanceState: {
          startedWith: 1_000,
          now: 1_100,
          quoteMarginLockedSum: 20,
          nowInclLocked: 980,
          nowIfEverythingClosedAtMarket: 1_050,
        },
        pnlState: { realisedPnl: 100, unrealisedPnl: 50 },
      },
    });
    summary.activePositionUpnlSum = 0;
    expect(store.getSessionSummary(1_000).activePositionUpnlSum).toBe(50);
  });
});

describe('orders', () => {
  it('come back after they ended, and with less executed', () => {
    const store = new AccountStateStore();
    store.upsertActiveOrder(makeOrder({ status: 'FILLED', executedQuantity: 2, updatedAtMs: 5 }));
    store.upsertActiveOrder(makeOrder({ status: 'PARTIALLY_FILLED', executedQuantity: 1, updatedAtMs: 4 }));
    store.upsertActiveOrder(makeOrder({ updatedAtMs: 3 }));

    expect(store.getOrders()).toStrictEqual([makeOrder({ updatedAtMs: 3 })]);
  });

  it.each(['FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'PENDING_CANCEL', 'NEW_ADL', undefined])(
    'are dropped with the status %s, whatever else the message says',
    (status) => {
      const store = new AccountStateStore();
      store.upsertActiveOrder(makeOrder());
      const update = { ...makeOrder(), status, orderType: 'UNKNOWN', price: Number.NaN };
      Reflect.apply(store.upsertActiveOrder, store, [update]);

      expect(store.getOrders()).toEqual([]);
    },
  );

  it('may be of a type that the store does not know', () => {
    const store = new AccountStateStore();
    Reflect.apply(store.upsertActiveOrder, store, [{ ...makeOrder(), orderType: 'LIQUIDATION' }]);

    expect(store.getOrder('a')?.orderType).toBe('LIQUIDATION');
  });

  it('hold numbers that were given as text, and NaN for an average price that is not known', () => {
    const store = new AccountStateStore();
    Reflect.apply(store.upsertActiveOrder, store, [{ ...makeOrder(), price: '101.5', averagePrice: undefined }]);

    expect(store.getOrder('a')).toStrictEqual(makeOrder({ price: 101.5, averagePrice: Number.NaN }));
  });

  it('are held whatever they lack, but for an id', () => {
    const store = new AccountStateStore();
    const given = { exchangeOrderId: 'a', status: 'NEW', orderSide: 'Buy', price: Number.NaN };
    Reflect.apply(store.upsertActiveOrder, store, [given]);

    expect(store.getOrdersSortedByPrice()).toStrictEqual([
      {
        ...given,
        originalQuantity: Number.NaN,
        executedQuantity: Number.NaN,
        averagePrice: Number.NaN,
        createdAtMs: Number.NaN,
        updatedAtMs: Number.NaN,
      },
    ]);
    expect(() => store.upsertActiveOrder(makeOrder({ exchangeOrderId: '' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_KEY' }),
    );
  });

  it('have ids that are text, also when they were given as numbers', () => {
    const store = new AccountStateStore();
    Reflect.apply(store.upsertActiveOrder, store, [{ ...makeOrder(), exchangeOrderId: 123 }]);
    expect(store.getOrder('123')).toStrictEqual(makeOrder({ exchangeOrderId: '123' }));
    expect(Reflect.apply(store.getOrder, store, [123])).toBe(store.getOrder('123'));
    Reflect.apply(store.deleteOrder, store, [undefined]);
    store.deleteOrder('');
    expect(store.getOrders()).toHaveLength(1);
    Reflect.apply(store.upsertActiveOrder, store, [{ ...makeOrder({ status: 'FILLED' }), exchangeOrderId: 123 }]);

    expect(store.getOrders()).toEqual([]);
  });

  it('of the end of time can be replaced', () => {
    const store = new AccountStateStore();
    store.upsertActiveOrder(makeOrder({ updatedAtMs: Number.POSITIVE_INFINITY }));
    store.upsertActiveOrder(makeOrder({ updatedAtMs: 1 }));

    expect(store.getOrder('a')).toStrictEqual(makeOrder({ updatedAtMs: 1 }));
  });

  it('are found, filtered and sorted', () => {
    const store = new AccountStateStore();
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'b', price: 3, createdAtMs: 2 }));
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'a', price: 1, createdAtMs: 3, status: 'PARTIALLY_FILLED' }));
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'c', price: 2, createdAtMs: 1, orderSide: 'SELL' }));
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'd', price: 3, symbol: 'ADAUSDT', orderType: 'STOP' }));

    expect(ids(store.getActiveOrders())).toEqual(['b', 'a', 'c', 'd']);
    expect(ids(store.getOrdersForSymbol('BTCUSDT'))).toEqual(['b', 'a', 'c']);
    expect(ids(store.getOrdersForSymbolSide('BTCUSDT', 'SELL'))).toEqual(['c']);
    expect(ids(store.getOrdersByStatus('PARTIALLY_FILLED'))).toEqual(['a']);
    expect(ids(store.getOrdersByType('STOP'))).toEqual(['d']);
    expect(ids(store.getOrdersSortedById(false))).toEqual(['d', 'c', 'b', 'a']);
    expect(ids(store.getOrdersSortedBySymbol())).toEqual(['d', 'b', 'a', 'c']);
    expect(ids(store.getOrdersSortedByPrice(false))).toEqual(['b', 'd', 'c', 'a']);
    expect(ids(store.getOrdersSortedByTimestamp())).toEqual(['c', 'd', 'b', 'a']);
    expect(ids(store.getOrdersForSymbolSortedByPrice('BTCUSDT'))).toEqual(['a', 'c', 'b']);
    expect(ids(store.getOrdersForSymbolSideSortedByPrice('BTCUSDT', 'BUY', false))).toEqual(['b', 'a']);
    store.deleteOrder('b');
    expect(store.getOrder('b')).toBeUndefined();
    store.clearAllOrders();
    expect(store.getOrders()).toEqual([]);
  });
});

describe('metadata', () => {
  it('that replaces all of it does not count as a change in memory', () => {
    const store = new AccountStateStore();
    store.setAllSymbolMetadata({ BTCUSDT: { count: 1 }, ETHUSDT: undefined });
    expect(store.isPendingPersist()).toBe(false);
    store.setSymbolMetadataValue('BTCUSDT', 'count', 2);

    expect(store.isPendingPersist()).toBe(true);
    expect(store.getAllSymbolMetadata()).toStrictEqual({ BTCUSDT: { count: 2 } });
  });

  it('of symbols with hostile names is data, in objects with a prototype', () => {
    const store = new AccountStateStore();
    store.setSymbolMetadata('__proto__', { count: 1 });
    store.setSymbolLeverage('constructor', 5);

    expect(store.getSymbolsWithMetadata()).toEqual(['__proto__']);
    expect(Object.keys(store.getAllSymbolMetadata())).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(store.getAllSymbolMetadata())).toBe(Object.prototype);
    expect(Object.getPrototypeOf(store.getSymbolLeverageCache())).toBe(Object.prototype);
    expect(store.getSymbolLeverage('constructor')).toBe(5);
    expect(store.getSymbolLeverage('toString')).toBeUndefined();
  });

  it('is frozen', () => {
    const store = new AccountStateStore<{ count: number }>();
    const data = store.setSymbolMetadata('BTCUSDT', { count: 1 });

    expect(() => Object.assign(data, { count: 2 })).toThrow(TypeError);
  });

  it('of which one value is set has to be there', () => {
    const store = new AccountStateStore();

    expect(() => store.setSymbolMetadataValue('BTCUSDT', 'count', 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
  });
});

describe('printing', () => {
  it('is done by dumpLogState alone', () => {
    const logged = vi.spyOn(console, 'log').mockReturnValue();
    try {
      const store = new AccountStateStore();
      store.setActivePosition('BTCUSDT', 'LONG', makePosition());
      store.setActivePosition('BTCUSDT', 'SHORT', makePosition({ positionSide: 'SHORT' }));
      store.getTotalActivePositions();
      expect(logged).not.toHaveBeenCalled();
      store.setWalletBalance(5);
      store.setSymbolLeverage('BTCUSDT', 10);
      store.isSymbolInAnyPosition('ETHUSDT');
      store.dumpLogState();

      const LONG = makePosition();
      const SHORT = makePosition({ positionSide: 'SHORT' });
      const state = {
        accountLeverageState: { BTCUSDT: 10 },
        acconutPositionState: { BTCUSDT: { LONG, SHORT }, ETHUSDT: {} },
        accountOtherState: { balance: 5, previousBalance: 0, hedgedPositions: 1 },
      };
      expect(logged.mock.calls).toEqual([['Position dump: ', JSON.stringify(state, null, 2)]]);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('with a driver', () => {
  const open = async (backend: MemoryBackend): Promise<AccountStateStore> => {
    const persist = ['metadata', 'positions', 'orders'] as const;
    const driver = new MemoryDriver({ backend });
    const store = new AccountStateStore({ accountId: 'main', driver, closeDriver: true, persist });
    await store.restore();
    return store;
  };

  it('persists, with entries that the main entry would refuse', async () => {
    const backend = new MemoryBackend();
    const first = await open(backend);
    first.setSymbolMetadata('BTCUSDT', { count: 1 });
    first.setActivePosition('BTCUSDT', 'NONE', makePosition({ positionSide: 'NONE' }));
    first.upsertActiveOrder(makeOrder({ executedQuantity: 3 }));
    await first.close();
    const second = await open(backend);

    expect(second.getSymbolMetadata('BTCUSDT')).toEqual({ count: 1 });
    expect(second.getAllPositions()).toStrictEqual([makePosition({ positionSide: 'NONE' })]);
    expect(second.getOrders()).toStrictEqual([makeOrder({ executedQuantity: 3 })]);
    await second.close();
  });

  it('persists what is known of what has numbers that are none', async () => {
    const backend = new MemoryBackend();
    const persist = ['positions', 'orders', 'leverage', 'balance'] as const;
    const opened = async (): Promise<AccountStateStore> => {
      const driver = new MemoryDriver({ backend });
      const store = new AccountStateStore({ accountId: 'main', driver, closeDriver: true, persist });
      await store.restore();
      return store;
    };
    const first = await opened();
    const position = makePosition({ positionPrice: Number.NaN });
    const order = makeOrder({ averagePrice: Number.NaN });
    first.setActivePosition('BTCUSDT', 'LONG', position);
    first.upsertActiveOrder(order);
    first.setSymbolLeverage('BTCUSDT', Number.NaN);
    first.setSymbolLeverage('ETHUSDT', 5);
    first.setWalletBalance(7);
    first.storePreviousBalance();
    first.setWalletBalance(Number.NaN);
    await first.close();
    const second = await opened();

    expect(second.getAllPositions()).toStrictEqual([position]);
    expect(second.getOrders()).toStrictEqual([order]);
    expect(second.getSymbolLeverageCache()).toEqual({ ETHUSDT: 5 });
    expect([second.getWalletBalance(), second.getPreviousBalance()]).toEqual([Number.NaN, 7]);
    await second.close();
  });

  it('knows itself what is pending: a timer of the user that says otherwise is ignored', async () => {
    const store = await open(new MemoryBackend());
    store.setAllSymbolMetadata({ BTCUSDT: { count: 1 } });
    store.setIsPendingPersist(false);
    expect(store.isPendingPersist()).toBe(true);
    await store.flush();
    expect(store.isPendingPersist()).toBe(false);
    store.setIsPendingPersist(true);

    expect(store.isPendingPersist()).toBe(true);
    await store.close();
  });
});
