import ccxt from 'ccxt';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  ccxtInstruments,
  mapCcxtBalances,
  mapCcxtOrder,
  mapCcxtPosition,
  syncCcxt,
} from '../../../src/exchanges/ccxt/index.js';
import { withMarkets } from './markets.js';

const bybit = () => withMarkets(new ccxt.pro.bybit(), 'BTCUSDT', 1);
const binance = () => withMarkets(new ccxt.pro.binanceusdm(), 'BTCUSDT', 1);
const okx = () => withMarkets(new ccxt.pro.okx(), 'BTC-USDT-SWAP', 0.01);

const BYBIT_ORDER = {
  symbol: 'BTCUSDT',
  orderId: 'a-1',
  orderLinkId: 'mine-1',
  side: 'Sell',
  orderType: 'Limit',
  orderStatus: 'PartiallyFilled',
  price: '70000',
  qty: '0.05',
  cumExecQty: '0.02',
  cumExecValue: '1400.2',
  leavesQty: '0.03',
  avgPrice: '70010',
  triggerPrice: '',
  triggerDirection: 0,
  takeProfit: '',
  stopLoss: '',
  stopOrderType: '',
  tpslMode: '',
  positionIdx: 0,
  reduceOnly: true,
  timeInForce: 'GTC',
  createdTime: '1750000000000',
  updatedTime: '1750000000500',
};
const BYBIT_POSITION = {
  symbol: 'BTCUSDT',
  side: 'Buy',
  size: '0.05',
  positionIdx: 0,
  avgPrice: '65000',
  positionValue: '3250',
  positionIM: '325.5',
  positionMM: '16.3',
  leverage: '10',
  liqPrice: '59010.5',
  bustPrice: '58500',
  markPrice: '65100',
  unrealisedPnl: '5',
  stopLoss: '',
  takeProfit: '72000',
  createdTime: '1750000000000',
  updatedTime: '1750000000400',
};

describe("Bybit, read by ccxt's class", () => {
  it('has its positions', () => {
    expect(mapCcxtPosition(bybit().parsePosition(BYBIT_POSITION))).toEqual({
      symbol: 'BTC/USDT:USDT',
      timestampMs: 1750000000400,
      positionSide: 'LONG',
      orderPositionSide: 'BOTH',
      positionPrice: 65000,
      assetQty: 0.05,
      value: 3250,
      valueUpnl: 5,
      marginValue: 325.5,
      liquidationPrice: 59010.5,
      stopLossPrice: 0,
      takeProfitPrice: 72000,
    });
  });

  it('has no margin with portfolio margin, and is flat without a size', () => {
    const margin = mapCcxtPosition(
      bybit().parsePosition({ ...BYBIT_POSITION, leverage: '', positionIM: '', positionMM: '' }),
    );
    expect(margin.marginValue).toBeUndefined();
    const none = {
      ...BYBIT_POSITION,
      side: '',
      size: '0',
      avgPrice: '0',
      liqPrice: '',
      leverage: '0',
      updatedTime: '',
    };
    expect(mapCcxtPosition(bybit().parsePosition(none))).toMatchObject({ positionSide: 'NONE', assetQty: 0 });
  });

  it('opens, turns around and closes in the cache of its stream', () => {
    const exchange = bybit();
    const store = new AccountState();
    const push = (change: object) => {
      const message = { data: [{ ...BYBIT_POSITION, ...change }] };
      Reflect.apply(exchange.handlePositions, exchange, [{ futures: {}, resolve: () => {} }, message]);
      return applyCcxtPositions(store, exchange.positions);
    };
    push({ updatedTime: '1750000000400' });
    push({ updatedTime: '1750000000500', side: 'Sell', size: '0.02', leverage: '5' });
    expect(store.getAllPositions()).toMatchObject([{ positionSide: 'SHORT', assetQty: 0.02 }]);
    push({ updatedTime: '1750000000600', symbol: 'ETHUSDT' });
    expect(store.getTotalActivePositions().total).toBe(2);
    expect(store.getSymbolLeverage('BTC/USDT:USDT')).toBe(5);
    expect(push({ updatedTime: '1750000000700', side: '', size: '0' })).toMatchObject({ faults: [] });
    expect(store.isSymbolInAnyPosition('BTC/USDT:USDT')).toBe(false);
  });

  it('has its orders', () => {
    expect(mapCcxtOrder(bybit().parseOrder(BYBIT_ORDER))).toEqual({
      exchangeOrderId: 'BTC/USDT:USDT:a-1',
      customOrderId: 'mine-1',
      symbol: 'BTC/USDT:USDT',
      orderSide: 'SELL',
      positionSide: 'NONE',
      orderType: 'LIMIT',
      status: 'PARTIALLY_FILLED',
      price: 70000,
      originalQuantity: 0.05,
      executedQuantity: 0.02,
      averagePrice: 70010,
      timeInForce: 'GTC',
      createdAtMs: 1750000000000,
      updatedAtMs: 1750000000500,
      isreduceOnly: true,
    });
    const stop = { ...BYBIT_ORDER, orderStatus: 'Untriggered', cumExecQty: '0', avgPrice: '', triggerPrice: '60000' };
    const falls = { ...stop, triggerDirection: 2, stopOrderType: 'Stop', positionIdx: 1 };
    expect(mapCcxtOrder(bybit().parseOrder(falls))).toMatchObject({ orderType: 'STOP', positionSide: 'LONG' });
    const rises = { ...stop, triggerDirection: 1, stopOrderType: 'Stop', orderType: 'Market', price: '0' };
    expect(mapCcxtOrder(bybit().parseOrder(rises))).toMatchObject({ orderType: 'TAKE_PROFIT_MARKET', price: 0 });
  });

  it('has its balances', () => {
    const coin = {
      coin: 'USDT',
      walletBalance: '1200.5',
      equity: '1205.5',
      totalPositionIM: '325.5',
      totalOrderIM: '0',
    };
    const list = [{ accountType: 'UNIFIED', coin: [coin, { coin: 'BTC', walletBalance: '0.25', locked: '0' }] }];
    expect(mapCcxtBalances(bybit().parseBalance({ result: { list }, time: 1 }))).toEqual({ USDT: 1200.5, BTC: 0.25 });
  });

  it('is synchronised with all pages of its listing', async () => {
    const exchange = bybit();
    const store = new AccountState();
    exchange.publicGetV5MarketTime = async () => ({ time: '1750000001000' });
    exchange.privateGetV5PositionList = async () => ({ result: { list: [BYBIT_POSITION], nextPageCursor: '' } });
    exchange.privateGetV5OrderRealtime = async ({ cursor = '0' }: { cursor?: string } = {}) => {
      const list = Number(cursor) > 2 ? [] : [{ ...BYBIT_ORDER, orderId: `a-${cursor}` }];
      return { result: { list, nextPageCursor: String(Number(cursor) + 1) } };
    };
    exchange.fetchBalance = async () => exchange.parseBalance({ result: { list: [] } });
    applyCcxtOrders(store, [exchange.parseOrder({ ...BYBIT_ORDER, orderId: 'a-2' })]);
    for (let round = 0; round < 2; round += 1) {
      expect(await syncCcxt(store, exchange)).toMatchObject({ kind: 'applied', atMs: 1750000001000, faults: [] });
    }
    const ids = ['a-0', 'a-1', 'a-2'].map((id) => `BTC/USDT:USDT:${id}`);
    expect(new Set(store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId))).toEqual(new Set(ids));
    expect(store.getSymbolLeverage('BTC/USDT:USDT')).toBe(10);
  });
});

describe("Binance, read by ccxt's class", () => {
  const RISK = {
    symbol: 'BTCUSDT',
    positionSide: 'BOTH',
    positionAmt: '-0.030',
    entryPrice: '65120',
    markPrice: '65000',
    unRealizedProfit: '3.6',
    liquidationPrice: '0',
    isolatedMargin: '0',
    isolatedWallet: '0',
    notional: '-1950',
    initialMargin: '195',
    maintMargin: '7.8',
    updateTime: 1750000010000,
  };

  it('has no leverage in its positions, and the margin that it reports', () => {
    const position = mapCcxtPosition(binance().parsePositionRisk(RISK));
    expect(position).toMatchObject({ positionSide: 'SHORT', assetQty: 0.03, marginValue: 195, value: 1950 });
    expect(position.liquidationPrice).toBeUndefined();
  });

  it('has the margin of the position, without that of the orders', () => {
    const withOrders = { ...RISK, initialMargin: '295', positionInitialMargin: '195', openOrderInitialMargin: '100' };
    expect(mapCcxtPosition(binance().parsePositionRisk(withOrders)).marginValue).toBe(195);
  });

  it('has its positions in the stream, whose flat ones are on no side', () => {
    const pushed = { s: 'BTCUSDT', pa: '0', ep: '0', up: '0', mt: 'cross', ps: 'BOTH' };
    const store = new AccountState();
    applyCcxtPositions(store, [binance().parsePositionRisk(RISK)]);
    const flat = { ...binance().parseWsPosition(pushed), timestamp: 1750000020000 };
    expect(applyCcxtPositions(store, [flat])).toMatchObject({ positions: [{ side: 'SHORT', after: undefined }] });
  });

  it('has its conditional orders', () => {
    const algo = {
      algoId: 2148719,
      clientAlgoId: 'tp-1',
      orderType: 'TAKE_PROFIT_MARKET',
      symbol: 'BTCUSDT',
      side: 'BUY',
      positionSide: 'SHORT',
      quantity: '0.030',
      price: '0.00',
      triggerPrice: '61000.00',
      algoStatus: 'NEW',
      closePosition: false,
      reduceOnly: true,
      createTime: 1750000012000,
      updateTime: 1750000012000,
    };
    expect(mapCcxtOrder(binance().parseOrder(algo))).toMatchObject({
      exchangeOrderId: 'BTC/USDT:USDT:algo:2148719',
      customOrderId: 'tp-1',
      orderType: 'TAKE_PROFIT_MARKET',
      positionSide: 'SHORT',
      triggerPrice: 61000,
      price: 0,
      originalQuantity: 0.03,
    });
  });

  it('has its orders in the stream', () => {
    const pushed = {
      s: 'BTCUSDT',
      c: 'mine-2',
      S: 'SELL',
      o: 'STOP',
      ot: 'STOP',
      f: 'GTC',
      q: '0.03',
      p: '63900',
      ap: '0',
      sp: '64000',
      x: 'NEW',
      X: 'NEW',
      i: 99,
      z: '0',
      T: 1750000013000,
      ps: 'BOTH',
      R: true,
      cp: false,
    };
    expect(mapCcxtOrder(binance().parseWsOrder(pushed))).toMatchObject({
      orderType: 'STOP',
      price: 63900,
      triggerPrice: 64000,
      updatedAtMs: 1750000013000,
      isreduceOnly: true,
    });
  });

  it('has its wallet balances, although ccxt takes its total from the margin balance', () => {
    const asset = {
      asset: 'USDT',
      walletBalance: '500',
      marginBalance: '503.6',
      availableBalance: '305',
      updateTime: 5,
    };
    const balance = binance().parseBalanceCustom({ assets: [asset] }, 'linear');
    expect(balance['USDT']?.total).toBe(503.6);
    expect(mapCcxtBalances(balance)).toEqual({ USDT: 500 });
    expect(mapCcxtBalances(balance, { refineBalances: () => ({ USDT: 1 }) })).toEqual({ USDT: 1 });
  });

  it('has the wallet balances of its stream, and not those that ccxt repeats', () => {
    const exchange = binance();
    const store = new AccountState();
    const push = (a: string, wb: string) => {
      const message = { e: 'ACCOUNT_UPDATE', T: 5, a: { m: 'ORDER', B: [{ a, wb, cw: '1' }], P: [] } };
      const client = { subscriptions: { 'linear:balance': true }, resolve: () => {} };
      Reflect.apply(exchange.handleBalance, exchange, [client, message]);
      const [balance = {}] = Object.values(exchange.balance);
      return applyCcxtBalance(store, Object(balance));
    };
    push('USDT', '500');
    store.setWalletBalance(400);
    expect(push('BNB', '2')).toMatchObject({ balances: { BNB: 2 } });
    expect(store.getWalletBalances()).toEqual({ BNB: 2, USDT: 400 });
  });
});

describe("OKX, read by ccxt's class", () => {
  const POSITION = {
    instId: 'BTC-USDT-SWAP',
    instType: 'SWAP',
    pos: '-3',
    posSide: 'net',
    mgnMode: 'isolated',
    avgPx: '65100',
    markPx: '65000',
    lever: '10',
    notionalUsd: '1950',
    margin: '195.3',
    imr: '',
    mmr: '7.8',
    upl: '3',
    liqPx: '71000.4',
    posId: '77',
    cTime: '1750000000000',
    uTime: '1750000030000',
  };

  it('has isolated positions in contracts', () => {
    const position = okx().parsePosition(POSITION);
    expect(mapCcxtPosition(position, { separateIsolated: true })).toMatchObject({
      symbol: 'BTC/USDT:USDT:isolated',
      timestampMs: 1750000030000,
      positionSide: 'SHORT',
      orderPositionSide: 'BOTH',
      assetQty: 3,
      liquidationPrice: 71000.4,
    });
    expect(ccxtInstruments(okx().markets)('BTC/USDT:USDT:isolated')).toMatchObject({ multiplier: 0.01 });
  });

  it('has algo orders at the market price', () => {
    const algo = {
      algoId: '431',
      algoClOrdId: '',
      instId: 'BTC-USDT-SWAP',
      instType: 'SWAP',
      ordType: 'trigger',
      ordPx: '-1',
      triggerPx: '60000',
      posSide: 'long',
      side: 'sell',
      state: 'live',
      sz: '2',
      cTime: '1750000032000',
      uTime: '1750000032000',
    };
    expect(mapCcxtOrder(okx().parseOrder(algo))).toMatchObject({
      orderType: 'STOP_MARKET',
      price: 0,
      triggerPrice: 60000,
      positionSide: 'LONG',
      executedQuantity: 0,
    });
    const conditional = { ...algo, ordType: 'conditional', triggerPx: '', slTriggerPx: '61000', slOrdPx: '-1' };
    expect(mapCcxtOrder(okx().parseOrder(conditional))).toMatchObject({
      orderType: 'STOP_MARKET',
      triggerPrice: 61000,
    });
  });

  it('has its cash balances, although ccxt takes the equity', () => {
    const details = [
      { ccy: 'USDT', eq: '800.5', availEq: '600', cashBal: '797.5' },
      { ccy: 'BTC', eq: '0.1', availEq: '0.1', cashBal: '0.1' },
    ];
    const balance = okx().parseTradingBalance({ data: [{ uTime: '1750000033000', details }] });
    expect(balance['USDT']?.total).toBe(800.5);
    expect(mapCcxtBalances(balance)).toEqual({ USDT: 797.5, BTC: 0.1 });
  });
});
