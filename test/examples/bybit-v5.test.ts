import { describe, expect, it } from 'vitest';
import { applyBybitMessage, mapOrder, mapPosition, mapWallet } from '../../examples/bybit-v5.js';
import { ExchangeMessageError, Fields } from '../../examples/exchange-fields.js';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import {
  FLAT,
  LONG,
  order,
  ordersResponse,
  orderUpdate,
  position,
  positionsResponse,
  positionUpdate,
  response,
  SHORT,
  stream,
  ticker,
  walletUpdate,
} from './fixtures/bybit-messages.js';
import { watchedStore } from './fixtures/watched-store.js';

const LATER = 1_700_000_009_000;

describe('mapPosition', () => {
  it('reads a short, whose size is positive', () => {
    expect(mapPosition(position(SHORT))).toEqual({
      symbol: 'ETHUSDT',
      timestampMs: 1_700_000_001_000,
      positionSide: 'SHORT',
      orderPositionSide: 'BOTH',
      positionPrice: 3_000,
      assetQty: 2,
      value: 6_000,
      valueUpnl: -4,
      marginValue: 600,
      liquidationPrice: 3_290.5,
      stopLossPrice: undefined,
      takeProfitPrice: 2_700,
    });
  });

  it('reads the entry price of the stream', () => {
    expect(mapPosition(position({ avgPrice: undefined, entryPrice: '3010.5' })).positionPrice).toBe(3_010.5);
  });

  it('reads a flat position, with the empty texts that come with it', () => {
    expect(mapPosition(position({ ...FLAT, leverage: '' }))).toMatchObject({
      positionSide: 'NONE',
      assetQty: 0,
      liquidationPrice: 0,
    });
  });

  it.each([
    [1, LONG, 'LONG'],
    [2, SHORT, 'SHORT'],
  ])('reads position %i of hedge mode', (positionIdx, values, side) => {
    expect(mapPosition(position({ ...values, positionIdx }))).toMatchObject({
      positionSide: side,
      orderPositionSide: side,
    });
  });

  it.each([{ side: 'Hold' }, { positionIdx: 3 }, { positionIdx: 1, side: 'Sell' }, { size: '' }, { updatedTime: '' }])(
    'refuses %j',
    (values) => {
      expect(() => mapPosition(position(values))).toThrow(ExchangeMessageError);
    },
  );
});

describe('mapOrder', () => {
  it.each([
    ['Created', 'NEW'],
    ['New', 'NEW'],
    ['Active', 'NEW'],
    ['Untriggered', 'NEW'],
    ['Triggered', 'NEW'],
    ['PartiallyFilled', 'PARTIALLY_FILLED'],
    ['Filled', 'FILLED'],
    ['Cancelled', 'CANCELLED'],
    ['PartiallyFilledCanceled', 'CANCELLED'],
    ['Deactivated', 'CANCELLED'],
    ['Rejected', 'REJECTED'],
  ])('maps the status %s to %s', (orderStatus, status) => {
    expect(mapOrder(order({ orderStatus })).status).toBe(status);
  });

  it.each([
    ['', 'LIMIT', 'MARKET'],
    ['UNKNOWN', 'LIMIT', 'MARKET'],
    ['Stop', 'STOP', 'STOP_MARKET'],
    ['StopLoss', 'STOP', 'STOP_MARKET'],
    ['PartialStopLoss', 'STOP', 'STOP_MARKET'],
    ['MmRateClose', 'STOP', 'STOP_MARKET'],
    ['tpslOrder', 'STOP', 'STOP_MARKET'],
    ['OcoOrder', 'STOP', 'STOP_MARKET'],
    ['BidirectionalTpslOrder', 'STOP', 'STOP_MARKET'],
    ['TakeProfit', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET'],
    ['PartialTakeProfit', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET'],
    ['TrailingStop', 'TRAILING_STOP_MARKET', 'TRAILING_STOP_MARKET'],
  ])('maps the stop order type %j to %s and %s', (stopOrderType, limit, market) => {
    expect(mapOrder(order({ stopOrderType, orderType: 'Limit' })).orderType).toBe(limit);
    expect(mapOrder(order({ stopOrderType, orderType: 'Market' })).orderType).toBe(market);
  });

  it.each([null, ''])('has no average price for %j', (avgPrice) => {
    expect(mapOrder(order({ avgPrice })).averagePrice).toBe(0);
  });

  it('has the trigger price where there is no price', () => {
    expect(mapOrder(order({ orderType: 'Market', price: '', triggerPrice: '2890' })).price).toBe(2_890);
  });

  it('has the side of hedge mode, and none in one-way mode', () => {
    expect(mapOrder(order({ positionIdx: 0 })).positionSide).toBe('NONE');
    expect(mapOrder(order({ positionIdx: 2 })).positionSide).toBe('SHORT');
  });

  it.each([
    { orderStatus: 'Sleeping' },
    { stopOrderType: 'Hope' },
    { orderType: 'Iceberg' },
    { side: '' },
    { qty: 'x' },
  ])('refuses %j', (values) => {
    expect(() => mapOrder(order(values))).toThrow(ExchangeMessageError);
  });
});

describe('mapWallet', () => {
  const accounts = [
    new Fields(
      {
        coin: [
          { coin: 'BTC', walletBalance: '1' },
          { coin: 'USDT', walletBalance: '950.25' },
        ],
      },
      'wallet',
    ),
  ];

  it('finds the asset', () => {
    expect(mapWallet(accounts, 'USDT')).toBe(950.25);
  });

  it('has nothing for an asset that is not named', () => {
    expect(mapWallet(accounts, 'USDC')).toBeUndefined();
  });
});

describe('a position on the stream', () => {
  it('loses when a short is open and the price rises', () => {
    const store = new AccountStateStore();

    applyBybitMessage(store, positionUpdate(SHORT));
    store.processPriceEvent({ symbol: 'ETHUSDT', price: 3_050 });

    expect(store.getActivePosition('ETHUSDT', 'SHORT')?.valueUpnl).toBe(-100);
  });

  it('replaces the long when it flips, and is never flat in between', () => {
    const { store, seen } = watchedStore((watched) => watched.getAllPositions().length);
    applyBybitMessage(store, positionUpdate(LONG));
    seen.length = 0;

    const outcome = applyBybitMessage(store, positionUpdate({ ...SHORT, updatedTime: String(LATER) }));

    expect(store.getAllPositions().map(({ positionSide }) => positionSide)).toEqual(['SHORT']);
    expect(seen).not.toContain(0);
    expect(outcome).toMatchObject({
      kind: 'applied',
      positions: [
        { side: 'SHORT', before: undefined },
        { side: 'LONG', after: undefined },
      ],
    });
  });

  it('clears both sides when it is flat in one-way mode', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate(SHORT));

    applyBybitMessage(store, positionUpdate({ ...FLAT, updatedTime: String(LATER) }));

    expect(store.isSymbolInAnyPosition('ETHUSDT')).toBe(false);
  });

  it('clears its own side when it is flat in hedge mode', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate({ ...LONG, positionIdx: 1 }, { ...SHORT, positionIdx: 2 }));

    applyBybitMessage(store, positionUpdate({ ...FLAT, positionIdx: 1, updatedTime: String(LATER) }));

    expect(store.getAllPositions().map(({ positionSide }) => positionSide)).toEqual(['SHORT']);
  });

  it('changes nothing when it is older than what the store holds', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate({ ...LONG, updatedTime: String(LATER) }));

    applyBybitMessage(store, positionUpdate(SHORT));
    applyBybitMessage(store, positionUpdate(FLAT));

    expect(store.getAllPositions().map(({ positionSide }) => positionSide)).toEqual(['LONG']);
  });

  it('does not come back when it is older than its end, in a store that rejects what is stale', () => {
    const store = new AccountStateStore({ rejectStale: true });
    applyBybitMessage(store, positionUpdate({ ...FLAT, updatedTime: String(LATER) }));

    const outcome = applyBybitMessage(store, positionUpdate(SHORT));

    expect(store.getAllPositions()).toEqual([]);
    expect(outcome).toMatchObject({ kind: 'applied', positions: [] });
  });

  it('tells the leverage, where the symbol has one', () => {
    const store = new AccountStateStore();

    applyBybitMessage(store, positionUpdate({ leverage: '8' }, { symbol: 'BTCUSDT', leverage: '' }));

    expect(store.getSymbolLeverageCache()).toEqual(expect.objectContaining({ ETHUSDT: 8 }));
    expect(store.getSymbolLeverage('BTCUSDT')).toBeUndefined();
  });

  it('is left out when it is of another category', () => {
    const store = new AccountStateStore();

    expect(applyBybitMessage(store, positionUpdate({ category: 'option' })).kind).toBe('ignored');
    expect(store.getAllPositions()).toEqual([]);
  });
});

describe('an order on the stream', () => {
  it('is held while it is active, and tells its fills', () => {
    const store = new AccountStateStore();
    const fill = { orderStatus: 'PartiallyFilled', cumExecQty: '0.5', avgPrice: '2950', updatedTime: '1700000001000' };

    expect(applyBybitMessage(store, orderUpdate({}))).toMatchObject({ fills: [] });
    expect(applyBybitMessage(store, orderUpdate(fill))).toMatchObject({ fills: [{ first: true }] });
    expect(store.getOrder('order-1')?.executedQuantity).toBe(0.5);
    const last = { ...fill, orderStatus: 'Filled', cumExecQty: '1.5', updatedTime: '1700000002000' };
    expect(applyBybitMessage(store, orderUpdate(last))).toMatchObject({ fills: [{ first: false }] });
    expect(store.getOrders()).toEqual([]);
  });

  it('changes nothing when it is older than what the store holds', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, orderUpdate({ price: '2951', updatedTime: String(LATER) }));

    applyBybitMessage(store, orderUpdate({ orderStatus: 'Cancelled' }));

    expect(store.getOrder('order-1')?.price).toBe(2_951);
  });
});

describe('the other topics', () => {
  it('takes the wallet balance of the quote asset', () => {
    const store = new AccountStateStore();

    applyBybitMessage(store, walletUpdate([{ coin: 'USDT', walletBalance: '950.25' }]));
    const other = applyBybitMessage(store, walletUpdate([{ coin: 'BTC', walletBalance: '1' }]));

    expect(store.getWalletBalance()).toBe(950.25);
    expect(other.kind).toBe('ignored');
  });

  it('takes the mark price, and the last price where there is none', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate(LONG));

    applyBybitMessage(store, ticker({ markPrice: '3010', lastPrice: '3999' }));
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.valueUpnl).toBe(20);
    applyBybitMessage(store, ticker({ lastPrice: '3020' }));
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.valueUpnl).toBe(40);
    expect(applyBybitMessage(store, ticker({})).kind).toBe('ignored');
  });

  it.each(['position.linear', 'order.linear'])('understands the topic %s', (topic) => {
    const message = topic.startsWith('position') ? positionUpdate({}) : orderUpdate({});
    const payload = { ...(message.payload as object), topic };

    expect(applyBybitMessage(new AccountStateStore(), { ...message, payload }).kind).toBe('applied');
  });

  it.each([
    stream('execution', []),
    stream('execution.fast.linear', []),
    { transport: 'ws', channel: 'pong', payload: { op: 'pong' } },
    { transport: 'ws', channel: 'auth', payload: { op: 'auth', success: true } },
  ] as const)('knows $channel, and does not need it', (message) => {
    expect(applyBybitMessage(new AccountStateStore(), message).kind).toBe('ignored');
  });
});

describe('what is not understood', () => {
  it.each([
    stream('horoscope', []),
    stream('constructor', []),
    response('horoscope', LATER, { list: [] }),
    response('positions', LATER, {}, 10_006),
    positionUpdate({ side: 'Hold' }),
    orderUpdate({ orderStatus: 'Sleeping' }),
    { transport: 'ws', channel: 'auth', payload: { op: 'auth', success: false } },
    { transport: 'ws', channel: 'position', payload: null },
  ] as const)('is unknown, and changes nothing: %j', (message) => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate({ symbol: 'BTCUSDT' }));

    expect(applyBybitMessage(store, message).kind).toBe('unknown');
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
  });

  it('takes the rest of its message with it', () => {
    const store = new AccountStateStore();

    applyBybitMessage(store, positionUpdate({ symbol: 'BTCUSDT' }, { side: 'Hold' }));

    expect(store.getAllPositions()).toEqual([]);
    expect(store.getSymbolLeverage('BTCUSDT')).toBeUndefined();
  });
});

describe('a REST snapshot', () => {
  it('closes what it does not name, and opens what it does', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate({ symbol: 'BTCUSDT' }));

    const outcome = applyBybitMessage(store, positionsResponse(LATER, SHORT, { ...FLAT, symbol: 'SOLUSDT' }));

    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
    expect(outcome).toMatchObject({ resync: { opened: [{ symbol: 'ETHUSDT' }], closed: [{ symbol: 'BTCUSDT' }] } });
  });

  it('is never flat in between', () => {
    const { store, seen } = watchedStore((watched) => watched.isSymbolInAnyPosition('ETHUSDT'));
    applyBybitMessage(store, positionUpdate(SHORT));
    seen.length = 0;

    applyBybitMessage(store, positionsResponse(LATER, { size: '3' }));

    expect(store.getActivePosition('ETHUSDT', 'SHORT')?.assetQty).toBe(3);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(false);
  });

  it('leaves alone what was learned after it', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate({ ...SHORT, updatedTime: String(LATER) }));

    applyBybitMessage(store, positionsResponse(LATER - 1));

    expect(store.getAllPositions()).toHaveLength(1);
  });

  it('of orders leaves positions and balance alone', () => {
    const store = new AccountStateStore();
    applyBybitMessage(store, positionUpdate(SHORT));
    applyBybitMessage(store, walletUpdate([{ coin: 'USDT', walletBalance: '950' }]));
    applyBybitMessage(store, orderUpdate({ orderId: 'gone' }));

    applyBybitMessage(store, ordersResponse(LATER, {}));

    expect(store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(['order-1']);
    expect(store.getAllPositions()).toHaveLength(1);
    expect(store.getWalletBalance()).toBe(950);
  });

  it('of the wallet sets the balance', () => {
    const store = new AccountStateStore();
    const list = [{ accountType: 'UNIFIED', coin: [{ coin: 'USDT', walletBalance: '12.5' }] }];

    applyBybitMessage(store, response('wallet', LATER, { list }));

    expect(store.getWalletBalance()).toBe(12.5);
  });
});
