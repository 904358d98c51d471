import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { InstrumentLookup } from '../../../src/core/account/types/instrument.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, ODD_NAMES, order, position } from './tables/table-harness.js';
import { Notes, WatchedState } from './watched-state.js';

const ids = (orders: readonly { readonly exchangeOrderId: string }[]): string[] =>
  orders.map(({ exchangeOrderId }) => exchangeOrderId);

const OTHER_RULES = { rejectStale: false, entries: 'exchange' } as const;

describe('the options', () => {
  it('make late messages count, which are ignored by default', () => {
    const strict = new AccountState();
    const lenient = new AccountState({}, OTHER_RULES);
    for (const state of [strict, lenient]) {
      state.setActivePosition('BTCUSDT', 'LONG', position({ timestampMs: 100, assetQty: 1 }));
      state.setActivePosition('BTCUSDT', 'LONG', position({ timestampMs: 99, assetQty: 2 }));
      state.upsertActiveOrder(order({ updatedAtMs: 100, price: 1 }));
      state.upsertActiveOrder(order({ updatedAtMs: 99, price: 2 }));
      state.setWalletBalance(1, { asOfMs: 100 });
      state.setWalletBalance(2, { asOfMs: 99 });
    }
    const shown = (state: AccountState): unknown[] => [
      state.getActivePosition('BTCUSDT', 'LONG')?.assetQty,
      state.getOrder('o1')?.price,
      state.getWalletBalance(),
    ];
    expect(shown(strict)).toEqual([1, 1, 1]);
    expect(shown(lenient)).toEqual([2, 2, 2]);
  });

  it('name the asset of the wallet balance', () => {
    const state = new AccountState({ quoteAsset: 'USDC' });
    state.setWalletBalance(5);
    state.setWalletBalance(6, { asset: 'USDT' });
    expect([state.quoteAsset, state.getWalletBalance(), state.getWalletBalance('USDT')]).toEqual(['USDC', 5, 6]);
    expect({ ...state.getWalletBalances() }).toEqual({ USDC: 5, USDT: 6 });
    expect(new AccountState().quoteAsset).toBe('USDT');
    for (const bad of [null, 5, { asset: '' }, { asOfMs: Number.NaN }] as unknown as readonly never[]) {
      expect(codeOf(() => state.setWalletBalance(7, bad))).toMatch(/^INVALID/);
    }
    expect(state.getWalletBalance()).toBe(5);
  });
});

describe('the instruments', () => {
  const inverse = { kind: 'inverse', multiplier: 1, settleAsset: 'BTC' } as const;

  it('value the contracts', () => {
    const state = new AccountState({ instruments: () => inverse });
    state.setActivePosition('BTCUSD', 'LONG', position({ symbol: 'BTCUSD', assetQty: 10_000, positionPrice: 50_000 }));
    state.processPriceEvent({ symbol: 'BTCUSD', price: 60_000 });
    expect(state.getActivePosition('BTCUSD', 'LONG')?.valueUpnl).toBeCloseTo(0.0333333, 6);
  });

  it('leave alone what they do not know', () => {
    for (const unknown of [undefined, null] as unknown as readonly undefined[]) {
      const state = new AccountState({ instruments: () => unknown });
      state.setActivePosition('BTCUSDT', 'LONG', position({ valueUpnl: 3 }));
      state.processPriceEvent({ symbol: 'BTCUSDT', price: 60_000 });
      expect(state.getActivePosition('BTCUSDT', 'LONG')?.valueUpnl).toBe(3);
      expect(state.getSessionSummary(0)).toMatchObject({ activePositionUpnlSum: 0, unvalued: ['BTCUSDT'] });
    }
  });

  it.each([
    5,
    { ...inverse, kind: 'perpetual' },
    { ...inverse, multiplier: 0 },
    { ...inverse, multiplier: Number.NaN },
    { ...inverse, settleAsset: '' },
  ])('are refused when they are none: %o', (bad) => {
    const state = new AccountState({ instruments: () => bad as never });
    state.setActivePosition('BTCUSDT', 'LONG', position());
    expect(codeOf(() => state.processPriceEvent({ symbol: 'BTCUSDT', price: 5 }))).toMatch(/^INVALID/);
    expect(state.getActivePosition('BTCUSDT', 'LONG')?.valueUpnl).toBe(0);
  });

  it('without an entry price leave an inverse position alone', () => {
    const state = new AccountState({ instruments: () => inverse });
    state.setActivePosition('BTCUSD', 'LONG', position({ symbol: 'BTCUSD', positionPrice: 0, valueUpnl: 3 }));
    state.processPriceEvent({ symbol: 'BTCUSD', price: 60_000 });
    expect(state.getActivePosition('BTCUSD', 'LONG')?.valueUpnl).toBe(3);
  });
});

describe('a price', () => {
  it('is refused when it is none, or not above 0', () => {
    const state = new AccountState();
    state.setActivePosition('BTCUSDT', 'LONG', position());
    for (const price of [...BAD_NUMBERS, 0, -1] as readonly number[]) {
      expect(codeOf(() => state.processPriceEvent({ symbol: 'BTCUSDT', price }))).toBe('INVALID_VALUE');
    }
    for (const symbol of BAD_NAMES as readonly string[]) {
      expect(codeOf(() => state.processPriceEvent({ symbol, price: 1 }))).toBe('INVALID_KEY');
    }
    expect(state.getActivePosition('BTCUSDT', 'LONG')?.valueUpnl).toBe(0);
    new AccountState({}, { rejectStale: false, entries: 'accountstate' }).processPriceEvent({ symbol: 'A', price: 0 });
  });
});

describe('the leverage', () => {
  it('makes the margin unknown also where the former one is not known, when the exchange says that it has changed', () => {
    const state = new WatchedState();
    state.setActivePosition('BTCUSDT', 'LONG', position());
    state.setSymbolLeverage('BTCUSDT', 5);
    expect(state.getActivePosition('BTCUSDT', 'LONG')?.marginValue).toBe(4);
    state.setSymbolLeverage('BTCUSDT', 5, { changed: true });
    expect(state.getActivePosition('BTCUSDT', 'LONG')?.marginValue).toBe(4);
    state.setActivePosition('ETHUSDT', 'LONG', position({ symbol: 'ETHUSDT' }));
    state.setSymbolLeverage('ETHUSDT', 5, { changed: true });
    expect(state.getActivePosition('ETHUSDT', 'LONG')).toMatchObject({ value: 20, valueUpnl: 0 });
    expect(state.getActivePosition('ETHUSDT', 'LONG')?.marginValue).toBeUndefined();
    expect(state.getActivePosition('ETHUSDT', 'LONG')?.liquidationPrice).toBeUndefined();
    expect(codeOf(() => state.setSymbolLeverage('SOLUSDT', 5, null as never))).toBe('INVALID_VALUE');
    expect(state.getSymbolLeverage('SOLUSDT')).toBeUndefined();
  });

  it('makes margin and liquidation price unknown when it changes, and nothing else', () => {
    const state = new WatchedState();
    state.setActivePosition('BTCUSDT', 'LONG', position());
    state.setSymbolLeverage('BTCUSDT', 5);
    state.setSymbolLeverage('BTCUSDT', 5);
    expect(state.getActivePosition('BTCUSDT', 'LONG')).toEqual(position());
    state.told.length = 0;
    state.setSymbolLeverage('BTCUSDT', 10);
    const { marginValue: _margin, liquidationPrice: _price, ...rest } = position();
    expect(state.getActivePosition('BTCUSDT', 'LONG')).toEqual(rest);
    expect(state.told.sort()).toEqual(['leverage:leverage/BTCUSDT', 'positions:positions/LONG/BTCUSDT']);
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
    expect(new Set(state.notes.asked)).toEqual(new Set(['metadata', 'positions', 'orders', 'leverage', 'balance']));
    state.told.length = 0;
    state.notes.asked.length = 0;
    state.processPriceEvent({ symbol: 'BTCUSDT', price: 5 });
    state.getSessionSummary(1);
    state.getAllPositions();
    expect([...state.told, ...state.notes.asked]).toEqual([]);
  });

  it('can refuse every change', () => {
    const state = new WatchedState();
    state.notes.readOnly = true;
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
    state.setActivePosition('X', 'NONE', position({ symbol: 'X', positionSide: 'NONE', assetQty: 0 }));
    state.setActivePosition('Y', 'SHORT', position({ symbol: 'Y', positionSide: 'SHORT' }));
    state.setActivePosition('Z', 'LONG', position({ symbol: 'Z', assetQty: 0 }));
    expect(state.getTotalActivePositions()).toEqual({ total: ODD_NAMES.length + 2, totalHedged: 1 });
    expect(state.getTotalHedgedPositions()).toBe(1);
    expect(state.getAllPositions()).toHaveLength(ODD_NAMES.length + 2);
    expect(['X', 'Y', 'Z'].map((symbol) => state.isSymbolInAnyPosition(symbol))).toEqual([false, true, false]);
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
      unvalued: [],
    });
    expect(codeOf(() => state.getSessionSummary(Number.NaN))).toBe('INVALID_VALUE');
  });

  const instruments: InstrumentLookup = (symbol) =>
    ({
      BTCUSD: { kind: 'inverse', multiplier: 1, settleAsset: 'BTC' } as const,
      BTCUSDT: { kind: 'linear', multiplier: 1, settleAsset: 'USDT' } as const,
    })[symbol];

  function mixed(): AccountState {
    const state = new AccountState({ instruments });
    state.setWalletBalance(1000);
    state.setWalletBalance(0.5, { asset: 'BTC' });
    state.setWalletBalance(3, { asset: 'ETH' });
    state.setActivePosition('BTCUSDT', 'LONG', position({ valueUpnl: 20, marginValue: 100 }));
    state.setActivePosition('BTCUSD', 'LONG', position({ symbol: 'BTCUSD', valueUpnl: 0.01, marginValue: 0.1 }));
    return state;
  }

  it('counts what is in one asset, and names the rest', () => {
    const state = mixed();
    const inQuote = state.getSessionSummary(900);
    expect(inQuote).toMatchObject({ activePositionUpnlSum: 20, unvalued: ['BTCUSD'] });
    expect(inQuote.account.quoteBalanceState).toMatchObject({ now: 1000, quoteMarginLockedSum: 100 });
    const inCoin = state.getSessionSummary(0.4, { asset: 'BTC' });
    expect(inCoin).toMatchObject({ activePositionUpnlSum: 0.01, unvalued: ['BTCUSDT'] });
    expect(inCoin.account.quoteBalanceState).toMatchObject({ startedWith: 0.4, now: 0.5, quoteMarginLockedSum: 0.1 });
    expect(inCoin.activePositions).toHaveLength(2);
  });

  it('counts all assets that it has rates for, and names those that it has not', () => {
    const state = mixed();
    const summary = state.getSessionSummary(30_000, { rates: { BTC: 60_000 } });
    expect(summary).toMatchObject({ activePositionUpnlSum: 620, unvalued: ['ETH'] });
    expect(summary.account.quoteBalanceState).toMatchObject({ now: 31_000, quoteMarginLockedSum: 6100 });
    expect(state.getSessionSummary(0, { rates: { BTC: 60_000, ETH: 2000 } }).unvalued).toEqual([]);
    for (const rates of [5, { BTC: 0 }, { BTC: Number.NaN }, { BTC: '5' }] as unknown as readonly never[]) {
      expect(codeOf(() => state.getSessionSummary(0, { rates }))).toBe('INVALID_VALUE');
    }
    expect(codeOf(() => state.getSessionSummary(0, { asset: '' }))).toBe('INVALID_KEY');
  });

  it('names the positions of which profit or margin is not known', () => {
    const state = new AccountState();
    const { valueUpnl: _upnl, ...withoutProfit } = position({ symbol: 'A' });
    const { marginValue: _margin, ...withoutMargin } = position({ symbol: 'B', valueUpnl: 5 });
    state.setActivePosition('A', 'LONG', withoutProfit);
    state.setActivePosition('B', 'LONG', withoutMargin);
    expect(state.getSessionSummary(0)).toMatchObject({ activePositionUpnlSum: 5, unvalued: ['A', 'B'] });
  });

  it('is worth the same in whichever asset it is counted', () => {
    const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const rate = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, rate, (wallet, other, valueUpnl, price) => {
        const state = new AccountState({ instruments });
        state.setWalletBalance(wallet);
        state.setWalletBalance(other, { asset: 'BTC' });
        state.setActivePosition('BTCUSD', 'LONG', position({ symbol: 'BTCUSD', valueUpnl, marginValue: 1 }));
        const { account } = state.getSessionSummary(0, { rates: { BTC: price } });
        const inCoin = state.getSessionSummary(0, { asset: 'BTC', rates: { USDT: 1 / price } });
        const equity = inCoin.account.quoteBalanceState.nowIfEverythingClosedAtMarket * price;
        const scale = Math.abs(wallet) + (Math.abs(other) + Math.abs(valueUpnl)) * price + 1;
        expect(Math.abs(account.quoteBalanceState.nowIfEverythingClosedAtMarket - equity) / scale).toBeLessThan(1e-12);
      }),
    );
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
    const state = new AccountState();
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
    const notes = new Notes();
    const state = new WatchedState(notes);
    const note = notes.markChanged.bind(notes);
    notes.markChanged = (table, recordKey) => {
      note(table, recordKey);
      if (table === 'metadata') state.setWalletBalance(state.getWalletBalance() + 1);
    };
    state.transaction(() => {
      state.setSymbolMetadata('A', {});
      state.setSymbolMetadata('B', {});
    });
    expect(state.getWalletBalance()).toBe(2);
    expect(state.told).toHaveLength(4);
  });
});
