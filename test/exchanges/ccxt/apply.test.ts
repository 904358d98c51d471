import { beforeEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  applyCcxtTicker,
  ccxtInstruments,
  ccxtOrderKey,
  ExchangeMessageError,
  mapCcxtOrder,
  mapCcxtPosition,
} from '../../../src/exchanges/ccxt/index.js';
import { anOrder, aPosition } from './structures.js';

const SYMBOL = 'BTC/USDT:USDT';
let store: AccountState;

beforeEach(() => {
  store = new AccountState();
});

describe('positions that were watched', () => {
  it('open, change and close in the store', () => {
    expect(applyCcxtPositions(store, [aPosition()])).toMatchObject({
      kind: 'applied',
      atMs: 1_000,
      positions: [{ symbol: SYMBOL, side: 'LONG', before: undefined, after: { assetQty: 2 } }],
    });
    applyCcxtPositions(store, [aPosition({ contracts: 3, lastUpdateTimestamp: 2_000 })]);
    expect(store.getActivePosition(SYMBOL, 'LONG')?.assetQty).toBe(3);
    applyCcxtPositions(store, [aPosition({ contracts: 0, side: undefined, lastUpdateTimestamp: 3_000 })]);
    expect(store.getAllPositions()).toEqual([]);
  });

  it('are one per symbol in one-way mode, and two in hedge mode', () => {
    applyCcxtPositions(store, [aPosition(), aPosition({ side: 'short', lastUpdateTimestamp: 1_001 })]);
    expect(store.getAllPositions()).toMatchObject([{ positionSide: 'SHORT' }]);
    const both = ['long', 'short'].map((side) => aPosition({ symbol: 'ETH/USDT:USDT', side, hedged: true }));
    applyCcxtPositions(store, both);
    expect(store.getTotalActivePositions()).toEqual({ total: 3, totalHedged: 1 });
    applyCcxtPositions(store, [
      aPosition({ symbol: 'ETH/USDT:USDT', contracts: 0, hedged: true, lastUpdateTimestamp: 1_002 }),
    ]);
    expect(store.isSymbolSideInPosition('ETH/USDT:USDT', 'LONG')).toBe(false);
    expect(store.isSymbolSideInPosition('ETH/USDT:USDT', 'SHORT')).toBe(true);
  });

  it('keep what an update does not report, and forget it when the size is another', () => {
    applyCcxtPositions(store, [aPosition({ liquidationPrice: 60, initialMargin: 20, stopLossPrice: 80 })]);
    applyCcxtPositions(store, [aPosition({ lastUpdateTimestamp: 1_100 })]);
    expect(store.getActivePosition(SYMBOL, 'LONG')).toMatchObject({ liquidationPrice: 60, marginValue: 20 });
    applyCcxtPositions(store, [aPosition({ contracts: 4, lastUpdateTimestamp: 1_200 })]);
    const grown = store.getActivePosition(SYMBOL, 'LONG');
    expect(grown).toMatchObject({ assetQty: 4, stopLossPrice: 80 });
    expect(grown?.liquidationPrice).toBeUndefined();
    expect(grown?.marginValue).toBeUndefined();
  });

  it('set the leverage, and keep the margin that came with it', () => {
    store.setSymbolLeverage(SYMBOL, 5);
    applyCcxtPositions(store, [aPosition({ leverage: 10, initialMargin: 20 })]);
    expect(store.getSymbolLeverage(SYMBOL)).toBe(10);
    expect(store.getActivePosition(SYMBOL, 'LONG')?.marginValue).toBe(20);
    applyCcxtPositions(store, [aPosition({ leverage: 3, lastUpdateTimestamp: 999 })]);
    applyCcxtPositions(store, [aPosition({ leverage: 0, lastUpdateTimestamp: 1_100 })]);
    expect(store.getSymbolLeverage(SYMBOL)).toBe(10);
    applyCcxtPositions(store, [aPosition({ contracts: 0, leverage: 10, lastUpdateTimestamp: 1_200 })]);
    applyCcxtPositions(store, [aPosition({ leverage: 3, lastUpdateTimestamp: 1_150 })]);
    expect(store.getSymbolLeverage(SYMBOL)).toBe(10);
  });

  it('of the cache do not undo what the store has learned since from elsewhere', () => {
    const cached = aPosition({ lastUpdateTimestamp: undefined, leverage: 10, unrealizedPnl: 1 });
    const other = aPosition({ symbol: 'ETH/USDT:USDT' });
    applyCcxtPositions(store, [cached, other]);
    store.reconcile({ positions: [], asOfMs: 5_000 });
    store.setSymbolLeverage(SYMBOL, 20);
    const outcome = applyCcxtPositions(store, [cached, { ...other, lastUpdateTimestamp: 6_000 }]);
    expect(outcome).toMatchObject({ positions: [{ symbol: 'ETH/USDT:USDT' }] });
    expect(store.isSymbolInAnyPosition(SYMBOL)).toBe(false);
    expect(store.getSymbolLeverage(SYMBOL)).toBe(20);
  });

  it('of the cache are read again where ccxt has changed them in place', () => {
    const cached = { ...aPosition(), contracts: 2, lastUpdateTimestamp: 1_000 };
    const other = aPosition({ symbol: 'ETH/USDT:USDT' });
    applyCcxtPositions(store, [cached, other]);
    cached.contracts = 7;
    cached.lastUpdateTimestamp = 2_000;
    applyCcxtPositions(store, [cached, other]);
    expect(store.getActivePosition(SYMBOL, 'LONG')?.assetQty).toBe(7);
  });

  it('of the cache that were turned around end as the newest says', () => {
    const before = aPosition();
    const after = aPosition({ side: 'short', lastUpdateTimestamp: 2_000 });
    applyCcxtPositions(store, [before]);
    applyCcxtPositions(store, [before, after]);
    applyCcxtPositions(store, [before, after]);
    expect(store.getAllPositions()).toMatchObject([{ positionSide: 'SHORT' }]);
  });

  it('hold isolated and cross apart where the exchange does', () => {
    const options = { separateIsolated: true };
    const positions = ['isolated', 'cross'].map((marginMode) => aPosition({ marginMode, leverage: 7 }));
    applyCcxtPositions(store, positions, options);
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual([`${SYMBOL}:isolated`, SYMBOL]);
    expect(store.getSymbolLeverageCache()).toEqual({ [SYMBOL]: 7, [`${SYMBOL}:isolated`]: 7 });
    applyCcxtTicker(store, { symbol: SYMBOL, last: 110 }, options);
    expect(store.getAllPositions().map(({ valueUpnl }) => valueUpnl)).toEqual([20, 20]);
  });

  it('that cannot be read are faults, and the others are applied', () => {
    const sideless = aPosition({ side: undefined });
    const outcome = applyCcxtPositions(store, [sideless, aPosition({ symbol: 'ETH/USDT:USDT' })]);
    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: 'positions[0].side', entry: sideless }] });
    expect(store.getAllPositions()).toMatchObject([{ symbol: 'ETH/USDT:USDT' }]);
  });

  it('change nothing when they are delivered twice', () => {
    const message = [aPosition({ leverage: 5, liquidationPrice: 60 })];
    applyCcxtPositions(store, message);
    expect(applyCcxtPositions(store, [{ ...message[0] }])).toMatchObject({ kind: 'applied', positions: [] });
  });

  it.each([
    ['no symbol', { symbol: undefined }],
    ['a size that is no number', { contracts: 'many' }],
    ['a size that is missing beside a price', { contracts: null }],
    ['a size that is missing beside a value', { contracts: undefined, entryPrice: null, notional: -5 }],
    ['a time in nanoseconds', { timestamp: 1_750_000_000_000_000_000 }],
    ['a price that is missing', { entryPrice: null }],
    ['a price below 0', { entryPrice: -100 }],
    ['a liquidation price that is no number', { liquidationPrice: Number.NaN }],
    ['no side in hedge mode', { contracts: 0, side: 'both', hedged: true }],
  ])('throw when mapped: %s', (_, given) => {
    expect(() => mapCcxtPosition(aPosition(given))).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });
});

describe('orders that were watched', () => {
  it('are held under symbol and id, as ids are unique per symbol only', () => {
    applyCcxtOrders(store, [anOrder(), anOrder({ symbol: 'ETH/USDT:USDT' })]);
    expect(store.getOrder(ccxtOrderKey(SYMBOL, '1'))?.symbol).toBe(SYMBOL);
    expect(store.getOrder('ETH/USDT:USDT:1')?.symbol).toBe('ETH/USDT:USDT');
  });

  it('report what was filled once, although the cache repeats them', () => {
    const order = { ...anOrder(), filled: 1, status: 'open', lastUpdateTimestamp: 1_001 };
    const other = anOrder({ id: '2' });
    expect(applyCcxtOrders(store, [order, other])).toMatchObject({
      fills: [{ first: true, order: { status: 'PARTIALLY_FILLED', executedQuantity: 1 } }],
    });
    Object.assign(order, { filled: 3, status: 'closed', lastUpdateTimestamp: 1_002 });
    expect(applyCcxtOrders(store, [other, order])).toMatchObject({ fills: [{ first: false }] });
    expect(applyCcxtOrders(store, [other, order])).toMatchObject({ fills: [] });
    expect(store.getOrders()).toMatchObject([{ exchangeOrderId: `${SYMBOL}:2` }]);
  });

  it('end although the cancellation does not say how much was filled', () => {
    applyCcxtOrders(store, [anOrder({ filled: 2 })]);
    const cancelled = { filled: undefined, amount: null, status: 'canceled', lastUpdateTimestamp: 1_100 };
    expect(applyCcxtOrders(store, [anOrder(cancelled)])).toMatchObject({ kind: 'applied', fills: [], faults: [] });
    expect(store.getOrders()).toEqual([]);
  });

  it('can still fill while they are being cancelled', () => {
    applyCcxtOrders(store, [anOrder({ status: 'canceling' })]);
    expect(store.getActiveOrders()).toMatchObject([{ status: 'PENDING_CANCEL' }]);
  });

  it('take over the id that the exchange has given them', () => {
    applyCcxtOrders(store, [anOrder({ id: undefined, clientOrderId: 'mine' })]);
    applyCcxtOrders(store, [anOrder({ clientOrderId: 'mine' })]);
    expect(store.getOrders()).toMatchObject([{ exchangeOrderId: `${SYMBOL}:1`, customOrderId: 'mine' }]);
  });

  it('can be known better from what the exchange sent', () => {
    const options = {
      refineOrder: (info: Readonly<Record<string, unknown>>) =>
        info['direction'] === 'up' ? { orderType: 'TAKE_PROFIT_MARKET' as const } : {},
    };
    const stop = { type: 'market', side: 'sell', triggerPrice: 120 };
    applyCcxtOrders(store, [anOrder({ ...stop, info: { direction: 'up' } })], options);
    expect(store.getOrders()).toMatchObject([{ orderType: 'TAKE_PROFIT_MARKET', triggerPrice: 120 }]);
  });

  it('that cannot be read are faults, and the others are applied', () => {
    const outcome = applyCcxtOrders(store, [anOrder({ status: 'melting' }), anOrder({ id: '2' })]);
    expect(outcome).toMatchObject({ faults: [{ field: 'orders[0].status' }] });
    expect(store.getOrders()).toMatchObject([{ exchangeOrderId: `${SYMBOL}:2` }]);
  });

  it.each([
    ['no id at all', { id: null }],
    ['an id that has lost digits', { id: Number('8389765512340011223') }],
    ['no side', { side: null }],
    ['no status', { status: null }],
    ['an active order without an amount', { amount: null }],
    ['more filled than ordered', { filled: 3.1 }],
    ['a negative amount', { amount: -1, filled: -2 }],
  ])('throw when mapped: %s', (_, given) => {
    expect(() => mapCcxtOrder(anOrder(given))).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });
});

describe('a balance that was watched', () => {
  it('is set by currency, and what it leaves out stays', () => {
    store.setWalletBalance(5, { asset: 'BTC' });
    const outcome = applyCcxtBalance(store, { timestamp: 2_000, total: { USDT: 100, ETH: null } });
    expect(outcome).toMatchObject({ kind: 'applied', atMs: 2_000, balances: { USDT: 100 } });
    expect(store.getWalletBalances()).toEqual({ BTC: 5, USDT: 100 });
  });

  it('does not overwrite a newer one', () => {
    applyCcxtBalance(store, { timestamp: 2_000, total: { USDT: 100 } });
    applyCcxtBalance(store, { timestamp: 1_000, total: { USDT: 50 } });
    expect(store.getWalletBalance()).toBe(100);
  });

  it('is what refineBalances returns, and not what ccxt repeats of other currencies', () => {
    store.setWalletBalance(5, { asset: 'BTC' });
    applyCcxtBalance(store, { total: { USDT: 110, BTC: 7 } }, { refineBalances: () => ({ USDT: 100 }) });
    expect(store.getWalletBalances()).toEqual({ BTC: 5, USDT: 100 });
  });

  it('has a fault for a currency whose total is no number', () => {
    const outcome = applyCcxtBalance(store, { total: { USDT: 'much', BTC: '1.5' } });
    expect(outcome).toMatchObject({ balances: { BTC: 1.5 }, faults: [{ field: 'balance[0].total' }] });
  });
});

describe('a ticker that was watched', () => {
  it('is ignored when it has no price', () => {
    expect(applyCcxtTicker(store, { symbol: SYMBOL, last: 0 })).toMatchObject({ kind: 'ignored' });
  });

  it('values a position by its instrument', () => {
    const market = { symbol: SYMBOL, settle: 'USDT', contract: true, linear: true, contractSize: 0.01 };
    store = new AccountState({ instruments: ccxtInstruments({ [SYMBOL]: market }) });
    applyCcxtPositions(store, [aPosition()]);
    applyCcxtTicker(store, { symbol: SYMBOL, markPrice: 150 });
    expect(store.getActivePosition(SYMBOL, 'LONG')?.valueUpnl).toBe(1);
  });
});

describe('instruments', () => {
  const coin = { symbol: 'BTC/USD:BTC', settle: 'BTC', contract: true, inverse: true, contractSize: 100 };
  const lookup = ccxtInstruments({
    'BTC/USD:BTC': coin,
    'BTC/USD:BTC-261225-90000-C': { ...coin, option: true },
    'ETH/USD:ETH': { symbol: 'ETH/USD:ETH', settle: 'ETH', inverse: true },
  });

  it('are found by the key of an isolated position, too', () => {
    expect(lookup('BTC/USD:BTC')).toEqual({ kind: 'inverse', multiplier: 100, settleAsset: 'BTC' });
    expect(lookup('BTC/USD:BTC:isolated')).toEqual(lookup('BTC/USD:BTC'));
  });

  it.each(['BTC/USD:BTC-261225-90000-C', 'ETH/USD:ETH', 'DOGE/USDT', 'constructor'])(
    'are not made up where they are not known: %s',
    (symbol) => expect(lookup(symbol)).toBeUndefined(),
  );

  it('need markets that are loaded', () => {
    expect(() => ccxtInstruments(undefined)).toThrow(ExchangeMessageError);
  });
});

describe('nonsense', () => {
  const HOSTILE: readonly unknown[] = [undefined, null, 'text', 7, [null], [[]]];

  it.each(HOSTILE)('never throws, and changes nothing: %o', (message) => {
    const given = message as never;
    const outcomes = [
      applyCcxtPositions(store, given),
      applyCcxtOrders(store, given),
      applyCcxtBalance(store, given),
      applyCcxtTicker(store, given),
    ];
    for (const outcome of outcomes) {
      expect(outcome.kind === 'unknown' || (outcome.kind === 'applied' && outcome.faults.length === 1)).toBe(true);
    }
    expect([store.getAllPositions(), store.getOrders(), store.getWalletBalances()]).toEqual([[], [], {}]);
  });
});

describe('the orders of an algo service', () => {
  it('have keys of their own', () => {
    applyCcxtOrders(store, [anOrder(), anOrder({ info: { algoId: '1', ordId: '' } })]);
    const keys = store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId);
    expect(keys).toEqual([ccxtOrderKey(SYMBOL, '1'), ccxtOrderKey(SYMBOL, '1', true)]);
  });

  it('and the orders that they made are told apart on OKX, where ccxt gives both the same id', () => {
    const made = anOrder({ id: '1', info: { algoId: '1', ordId: '2', accFillSz: '0' } });
    expect(mapCcxtOrder(made).exchangeOrderId).toBe(ccxtOrderKey(SYMBOL, '2'));
  });
});

it('an order that is called open and is wholly executed is filled, as an ADL order on Binance', () => {
  const order = { id: '7', amount: 3, filled: 3 };
  expect(mapCcxtOrder(anOrder({ ...order, status: 'NEW_ADL' })).status).toBe('FILLED');
  expect(mapCcxtOrder(anOrder({ ...order, status: 'NEW_ADL', filled: 1 })).status).toBe('PARTIALLY_FILLED');
});
