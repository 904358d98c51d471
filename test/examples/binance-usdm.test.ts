import { describe, expect, it } from 'vitest';
import {
  applyBinanceMessage,
  mapOrder,
  mapPosition,
  mapStreamOrder,
  mapStreamPosition,
} from '../../examples/binance-usdm.js';
import { ExchangeMessageError } from '../../examples/exchange-fields.js';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import {
  accountUpdate,
  event,
  markPrice,
  openOrder,
  openOrders,
  orderUpdate,
  positionRisk,
  positionRisks,
  rest,
  streamOrder,
  streamPosition,
  TIME,
} from './fixtures/binance-messages.js';
import { watchedStore } from './fixtures/watched-store.js';

const LATER = TIME + 8_000;

function sidesOf(store: AccountStateStore): string[] {
  return store.getAllPositions().map(({ positionSide }) => positionSide);
}

describe('mapPosition', () => {
  it('reads a short of positionRisk, whose amount is negative', () => {
    expect(mapPosition(positionRisk())).toEqual({
      symbol: 'ETHUSDT',
      timestampMs: TIME,
      positionSide: 'SHORT',
      orderPositionSide: 'BOTH',
      positionPrice: 3_000,
      assetQty: -2,
      value: 6_000,
      valueUpnl: -4,
      marginValue: 600,
      liquidationPrice: 3_290.5,
    });
  });

  it('reads version 3 of positionRisk, which has the margin and no leverage', () => {
    const position = mapPosition(positionRisk({ leverage: undefined, positionInitialMargin: '750' }));

    expect(position).toMatchObject({ marginValue: 750, value: 6_000 });
  });

  it('takes the leverage it is given for a margin that is not told', () => {
    expect(mapPosition(positionRisk({ leverage: undefined }), 20).marginValue).toBe(300);
  });

  it('reads version 3 of account, which leaves out the entry price', () => {
    const values = { entryPrice: undefined, unRealizedProfit: undefined, unrealizedProfit: '-4' };

    expect(mapPosition(positionRisk(values)).positionPrice).toBe(3_000);
  });

  it.each([
    ['LONG', '2', 'LONG'],
    ['SHORT', '-2', 'SHORT'],
    ['LONG', '0', 'NONE'],
    ['BOTH', '0.000', 'NONE'],
  ])('reads a %s of %s', (positionSide, positionAmt, side) => {
    expect(mapPosition(positionRisk({ positionSide, positionAmt }))).toMatchObject({
      positionSide: side,
      orderPositionSide: positionSide,
    });
  });

  it.each([{ positionSide: 'LONG' }, { positionSide: 'UP' }, { positionAmt: '' }, { updateTime: undefined }])(
    'refuses %j',
    (values) => {
      expect(() => mapPosition(positionRisk(values))).toThrow(ExchangeMessageError);
    },
  );
});

describe('mapStreamPosition', () => {
  it('has the time of its message, and the margin that follows from the leverage', () => {
    expect(mapStreamPosition(streamPosition(), TIME, 10)).toMatchObject({
      timestampMs: TIME,
      positionSide: 'SHORT',
      assetQty: -2,
      marginValue: 600,
      valueUpnl: -4,
    });
  });

  it('has the margin of an isolated position', () => {
    expect(mapStreamPosition(streamPosition({ iw: '512.5' }), TIME, 10).marginValue).toBe(512.5);
  });

  it.each([{ ps: 'LONG' }, { ps: '' }, { pa: 'x' }, { ep: '' }])('refuses %j', (values) => {
    expect(() => mapStreamPosition(streamPosition(values), TIME)).toThrow(ExchangeMessageError);
  });
});

describe('mapStreamOrder', () => {
  it.each([
    ['NEW', 'NEW'],
    ['PARTIALLY_FILLED', 'PARTIALLY_FILLED'],
    ['FILLED', 'FILLED'],
    ['CANCELED', 'CANCELLED'],
    ['EXPIRED', 'EXPIRED'],
    ['EXPIRED_IN_MATCH', 'EXPIRED'],
    ['REJECTED', 'REJECTED'],
  ])('maps the status %s to %s', (X, status) => {
    expect(mapStreamOrder(streamOrder({ X })).status).toBe(status);
    expect(mapOrder(openOrder({ status: X })).status).toBe(status);
  });

  it.each([
    ['LIMIT', 'LIMIT'],
    ['MARKET', 'MARKET'],
    ['STOP', 'STOP'],
    ['STOP_MARKET', 'STOP_MARKET'],
    ['TAKE_PROFIT', 'TAKE_PROFIT'],
    ['TAKE_PROFIT_MARKET', 'TAKE_PROFIT_MARKET'],
    ['TRAILING_STOP_MARKET', 'TRAILING_STOP_MARKET'],
    ['LIQUIDATION', 'MARKET'],
  ])('maps the type %s to %s', (o, orderType) => {
    expect(mapStreamOrder(streamOrder({ o })).orderType).toBe(orderType);
    expect(mapOrder(openOrder({ type: o })).orderType).toBe(orderType);
  });

  it('is dated by the T of the order', () => {
    expect(mapStreamOrder(streamOrder())).toMatchObject({ createdAtMs: TIME, updatedAtMs: TIME });
    expect(mapStreamOrder(streamOrder(), TIME - 7)).toMatchObject({ createdAtMs: TIME - 7, updatedAtMs: TIME });
  });

  it.each([
    [{ p: '0', sp: '2890' }, 2_890],
    [{ p: '0', sp: '0', AP: '2880' }, 2_880],
    [{ p: '0', sp: '0' }, 0],
  ])('has the trigger price where there is no price: %j', (values, price) => {
    expect(mapStreamOrder(streamOrder(values)).price).toBe(price);
  });

  it('has the side of hedge mode, and none in one-way mode', () => {
    expect(mapStreamOrder(streamOrder({ ps: 'BOTH' })).positionSide).toBe('NONE');
    expect(mapStreamOrder(streamOrder({ ps: 'SHORT' })).positionSide).toBe('SHORT');
  });

  it.each([{ X: 'SLEEPING' }, { o: 'ICEBERG' }, { S: '' }, { i: Number.MAX_SAFE_INTEGER + 1 }, { z: '' }])(
    'refuses %j',
    (values) => {
      expect(() => mapStreamOrder(streamOrder(values))).toThrow(ExchangeMessageError);
    },
  );
});

describe('ACCOUNT_UPDATE', () => {
  it('has a short that loses when the price rises', () => {
    const store = new AccountStateStore();

    applyBinanceMessage(store, accountUpdate([{ pa: '-2' }]));
    applyBinanceMessage(store, markPrice('3050'));

    expect(store.getActivePosition('ETHUSDT', 'SHORT')?.valueUpnl).toBe(-100);
  });

  it('replaces the long when it flips, and is never flat in between', () => {
    const { store, seen } = watchedStore((watched) => watched.getAllPositions().length);
    applyBinanceMessage(store, accountUpdate([{ pa: '2' }]));
    seen.length = 0;

    applyBinanceMessage(store, accountUpdate([{ pa: '-2' }], LATER));

    expect(sidesOf(store)).toEqual(['SHORT']);
    expect(seen).not.toContain(0);
  });

  it('closes with the amount 0', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ pa: '2' }]));

    applyBinanceMessage(store, accountUpdate([{ pa: '0', ep: '0' }], LATER));

    expect(sidesOf(store)).toEqual([]);
  });

  it.each([[['BOTH', 'LONG', 'SHORT']], [['SHORT', 'LONG', 'BOTH']]])(
    'keeps both sides of hedge mode, told in the order %j',
    (sides) => {
      const store = new AccountStateStore();
      const amounts: Readonly<Record<string, string>> = { BOTH: '0', LONG: '2', SHORT: '-1' };

      applyBinanceMessage(store, accountUpdate(sides.map((ps) => ({ ps, pa: amounts[ps] }))));

      expect(sidesOf(store).sort()).toEqual(['LONG', 'SHORT']);
    },
  );

  it('closes one side of hedge mode', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(
      store,
      accountUpdate([
        { ps: 'LONG', pa: '2' },
        { ps: 'SHORT', pa: '-1' },
      ]),
    );

    applyBinanceMessage(store, accountUpdate([{ ps: 'SHORT', pa: '0', ep: '0' }], LATER));

    expect(sidesOf(store)).toEqual(['LONG']);
  });

  it('changes no position when it is older than what the store holds', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ pa: '2' }], LATER));

    applyBinanceMessage(store, accountUpdate([{ pa: '-2' }], TIME));

    expect(sidesOf(store)).toEqual(['LONG']);
  });

  it('sets the wallet balance, also without positions', () => {
    const store = new AccountStateStore();

    applyBinanceMessage(
      store,
      event({ e: 'ACCOUNT_UPDATE', T: TIME, a: { m: 'FUNDING_FEE', B: [{ a: 'USDT', wb: '7' }] } }),
    );

    expect(store.getWalletBalance()).toBe(7);
  });
});

describe('ORDER_TRADE_UPDATE', () => {
  it('holds an order while it is active, and tells its fills', () => {
    const store = new AccountStateStore();
    const fill = { X: 'PARTIALLY_FILLED', z: '0.5', ap: '2950' };

    applyBinanceMessage(store, orderUpdate({}));
    const first = applyBinanceMessage(store, orderUpdate({ ...fill, T: TIME + 1 }));
    const held = store.getOrder('1001');
    const last = applyBinanceMessage(store, orderUpdate({ ...fill, X: 'FILLED', z: '1.5', T: TIME + 2 }));

    expect(first).toMatchObject({ fills: [{ first: true }] });
    expect(held).toMatchObject({ executedQuantity: 0.5, createdAtMs: TIME, updatedAtMs: TIME + 1 });
    expect(last).toMatchObject({ fills: [{ first: false }] });
    expect(store.getOrders()).toEqual([]);
  });

  it('changes nothing when it is older than what the store holds', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, orderUpdate({ T: LATER }));

    applyBinanceMessage(store, orderUpdate({ X: 'CANCELED', T: TIME }));

    expect(store.getOrders()).toHaveLength(1);
  });
});

describe('the other events', () => {
  it('takes the leverage of a symbol', () => {
    const store = new AccountStateStore();

    applyBinanceMessage(store, event({ e: 'ACCOUNT_CONFIG_UPDATE', T: TIME, ac: { s: 'ETHUSDT', l: 25 } }));

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(25);
  });

  it('takes the last price of a ticker, and an event in the wrapping of a combined stream', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ pa: '2' }]));

    const { payload } = event({ e: '24hrTicker', s: 'ETHUSDT', c: '3007' });
    applyBinanceMessage(store, {
      transport: 'ws',
      channel: 'ticker',
      payload: { stream: 'ethusdt@ticker', data: payload },
    });

    expect(store.getActivePosition('ETHUSDT', 'LONG')?.valueUpnl).toBe(14);
  });

  it.each([
    event({ e: 'MARGIN_CALL' }),
    event({ e: 'TRADE_LITE' }),
    event({ e: 'STRATEGY_UPDATE' }),
    event({ e: 'GRID_UPDATE' }),
    event({ e: 'listenKeyExpired' }),
    event({ e: 'ACCOUNT_CONFIG_UPDATE', T: TIME, ai: { j: true } }),
    { transport: 'ws', channel: 'response', payload: { result: null, id: 1 } },
  ] as const)('knows $channel, and does not need it', (message) => {
    expect(applyBinanceMessage(new AccountStateStore(), message).kind).toBe('ignored');
  });
});

describe('what is not understood', () => {
  it.each([
    event({ e: 'HOROSCOPE' }),
    event({ e: 'constructor' }),
    rest('horoscope', []),
    rest('openOrders', { code: -1003, msg: 'Too many requests' }),
    rest('openOrders', []),
    accountUpdate([{ ps: 'UP' }], LATER),
    orderUpdate({ X: 'SLEEPING' }),
    { transport: 'ws', channel: 'response', payload: { error: { code: 1 }, id: 1 } },
    { transport: 'ws', channel: 'ticker', payload: [] },
  ] as const)('is unknown, and changes nothing: %j', (message) => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ s: 'BTCUSDT' }]));
    applyBinanceMessage(store, orderUpdate({}));

    expect(applyBinanceMessage(store, message).kind).toBe('unknown');
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
    expect(store.getOrders()).toHaveLength(1);
  });

  it('takes the rest of its message with it', () => {
    const store = new AccountStateStore();

    applyBinanceMessage(store, accountUpdate([{ s: 'BTCUSDT' }, { ps: 'UP' }]));

    expect(store.getAllPositions()).toEqual([]);
  });
});

describe('a REST snapshot', () => {
  it('closes what it does not name, and opens what it does', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ s: 'BTCUSDT' }]));

    applyBinanceMessage(store, positionRisks(LATER, {}, { symbol: 'SOLUSDT', positionAmt: '0', updateTime: 0 }));

    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
  });

  it('is never flat in between', () => {
    const { store, seen } = watchedStore((watched) => watched.isSymbolInAnyPosition('ETHUSDT'));
    applyBinanceMessage(store, accountUpdate([{ pa: '-2' }]));
    seen.length = 0;

    applyBinanceMessage(store, positionRisks(LATER, { positionAmt: '-3' }));

    expect(store.getActivePosition('ETHUSDT', 'SHORT')?.assetQty).toBe(-3);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(false);
  });

  it('without a time of its own speaks for the newest time in it', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{ s: 'BTCUSDT' }], TIME));
    applyBinanceMessage(store, accountUpdate([{ s: 'SOLUSDT' }], LATER));

    const outcome = applyBinanceMessage(store, positionRisks(undefined, { updateTime: TIME }));

    expect(outcome).toMatchObject({ kind: 'applied', atMs: TIME, resync: { closed: [{ symbol: 'BTCUSDT' }] } });
    expect(store.isSymbolInAnyPosition('SOLUSDT')).toBe(true);
  });

  it('of orders closes the rest, also when it is empty', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, orderUpdate({}));
    applyBinanceMessage(store, orderUpdate({ i: 1002 }));

    applyBinanceMessage(store, openOrders(LATER, {}));
    expect(store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(['1001']);
    applyBinanceMessage(store, openOrders(LATER));
    expect(store.getOrders()).toEqual([]);
  });

  it('of the account sets balance, leverage and positions of both modes', () => {
    const store = new AccountStateStore();
    const entry = { entryPrice: '3000', unrealizedProfit: '0', leverage: '12', updateTime: TIME };
    const positions = [
      { ...entry, symbol: 'ETHUSDT', positionSide: 'LONG', positionAmt: '1' },
      { ...entry, symbol: 'ETHUSDT', positionSide: 'SHORT', positionAmt: '-1' },
      { ...entry, symbol: 'ETHUSDT', positionSide: 'BOTH', positionAmt: '0', updateTime: 0 },
      { ...entry, symbol: 'BTCUSDT', positionSide: 'BOTH', positionAmt: '-1' },
    ];

    applyBinanceMessage(store, rest('account', { assets: [{ asset: 'USDT', walletBalance: '33' }], positions }, LATER));

    expect(store.getWalletBalance()).toBe(33);
    expect(store.getSymbolLeverage('ETHUSDT')).toBe(12);
    expect(store.getTotalActivePositions()).toEqual({ total: 3, totalHedged: 1 });
  });

  it('of the balance sets nothing else', () => {
    const store = new AccountStateStore();
    applyBinanceMessage(store, accountUpdate([{}]));

    applyBinanceMessage(store, rest('balance', [{ asset: 'USDT', balance: '44', updateTime: TIME }]));

    expect(store.getWalletBalance()).toBe(44);
    expect(store.getAllPositions()).toHaveLength(1);
    expect(applyBinanceMessage(store, rest('balance', [], LATER)).kind).toBe('ignored');
  });
});
