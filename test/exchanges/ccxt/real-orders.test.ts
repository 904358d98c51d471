import ccxt from 'ccxt';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyCcxtOrders, mapCcxtOrder, mapCcxtPosition } from '../../../src/exchanges/ccxt/index.js';
import { withMarkets } from './markets.js';

const binance = () => withMarkets(new ccxt.pro.binanceusdm(), 'BTCUSDT', 1);
const bitget = () => withMarkets(new ccxt.pro.bitget(), 'BTCUSDT', 1);
const gate = () => withMarkets(new ccxt.pro.gate(), 'BTC_USDT', 0.0001);
const kraken = () => withMarkets(new ccxt.pro.krakenfutures(), 'PF_XBTUSD', 1);
const okx = () => withMarkets(new ccxt.pro.okx(), 'BTC-USDT-SWAP', 0.01);

describe('an order that places another one', () => {
  const PUSHED = {
    ...{ caid: 'stop-1', aid: 77, at: 'CONDITIONAL', o: 'STOP_MARKET', s: 'BTCUSDT', S: 'SELL', ps: 'BOTH' },
    ...{ f: 'GTC', q: '0.01', ap: '0', aq: '0', act: '0', tp: '64000', p: '0', cp: false, R: true },
  };

  it.each(['TRIGGERED', 'FINISHED'])('is over without a fill on Binance: %s', (status) => {
    const store = new AccountState();
    const exchange = binance();
    applyCcxtOrders(store, [exchange.parseWsOrder({ ...PUSHED, X: 'NEW' })]);
    expect(store.getOrders()).toMatchObject([{ orderType: 'STOP_MARKET', triggerPrice: 64000 }]);
    const ended = exchange.parseWsOrder({ ...PUSHED, X: status });
    expect(ended['filled']).toBe(0.01);
    expect(applyCcxtOrders(store, [ended])).toMatchObject({ kind: 'applied', fills: [], faults: [] });
    expect(store.getOrders()).toEqual([]);
  });

  const ALGO = {
    ...{ algoId: '431', instId: 'BTC-USDT-SWAP', instType: 'SWAP', ordType: 'conditional', side: 'sell', sz: '2' },
    ...{ posSide: 'net', state: 'live', slTriggerPx: '60000', slOrdPx: '-1', cTime: '1750000000000', last: '65000' },
  };

  it.each([
    ['effective', 'EXPIRED'],
    ['pause', 'NEW'],
    ['partially_effective', 'NEW'],
    ['order_failed', 'CANCELLED'],
    ['partially_failed', 'REJECTED'],
  ])('has no fill on OKX: %s', (state, status) => {
    expect(mapCcxtOrder(okx().parseOrder({ ...ALGO, state }))).toMatchObject({ status, executedQuantity: 0 });
  });

  it.each([
    ['a stop with a limit', { slOrdPx: '59990' }, { orderType: 'STOP', triggerPrice: 60000, price: 59990 }],
    [
      'a take profit with a limit',
      { slTriggerPx: '', slOrdPx: '', tpTriggerPx: '70000', tpOrdPx: '69990' },
      { orderType: 'TAKE_PROFIT', triggerPrice: 70000, price: 69990 },
    ],
    [
      'a trigger at a better price',
      { ordType: 'trigger', slTriggerPx: '', slOrdPx: '', triggerPx: '70000', ordPx: '-1' },
      { orderType: 'TAKE_PROFIT_MARKET', triggerPrice: 70000, price: 0 },
    ],
    [
      'a trigger at a worse price',
      { ordType: 'trigger', slTriggerPx: '', slOrdPx: '', triggerPx: '60000', ordPx: '59980' },
      { orderType: 'STOP', triggerPrice: 60000, price: 59980 },
    ],
    ['limit orders that follow each other', { ordType: 'twap', slTriggerPx: '', slOrdPx: '' }, { orderType: 'LIMIT' }],
  ])('has its type and its prices on OKX: %s', (_, given, expected) => {
    expect(mapCcxtOrder(okx().parseOrder({ ...ALGO, ...given }))).toMatchObject(expected);
  });

  it('is over without a fill on Bitget', () => {
    const plan = {
      ...{ planType: 'profit_plan', symbol: 'BTCUSDT', size: '0.01', orderId: '11', planStatus: 'executed' },
      ...{ triggerPrice: '70000', side: 'sell', posSide: 'long', tradeSide: 'close', orderType: 'market' },
      ...{ executePrice: '0', cTime: '1750000000000', uTime: '1750000000100' },
    };
    expect(mapCcxtOrder(bitget().parseOrder(plan))).toMatchObject({
      orderType: 'TAKE_PROFIT_MARKET',
      status: 'EXPIRED',
      executedQuantity: 0,
    });
  });
});

describe('a market order on OKX', () => {
  const ORDER = {
    ...{ ordId: '9', instId: 'BTC-USDT-SWAP', instType: 'SWAP', ordType: 'market', side: 'buy', sz: '2', px: '' },
    ...{ posSide: 'net', state: 'live', accFillSz: '0', avgPx: '', tdMode: 'cross', cTime: '1750000000000' },
  };

  it('is no stop for the exits that it brings along', () => {
    const order = okx().parseOrder({ ...ORDER, slTriggerPx: '60000', tpTriggerPx: '70000' });
    const mapped = mapCcxtOrder(order);
    expect(mapped).toMatchObject({ orderType: 'MARKET', status: 'NEW' });
    expect(mapped.triggerPrice).toBeUndefined();
  });

  it('that counts in the quote currency has no amount until it is filled', () => {
    const spot = { instId: 'BTC-USDT', instType: 'SPOT', tdMode: 'cash', tgtCcy: 'quote_ccy', sz: '100' };
    const exchange = okx();
    expect(mapCcxtOrder(exchange.parseOrder({ ...ORDER, ...spot }))).toMatchObject({
      status: 'NEW',
      originalQuantity: 0,
    });
    const filled = { state: 'filled', accFillSz: '0.0016', avgPx: '62500' };
    expect(mapCcxtOrder(exchange.parseOrder({ ...ORDER, ...spot, ...filled }))).toMatchObject({
      status: 'FILLED',
      originalQuantity: 0.0016,
      executedQuantity: 0.0016,
    });
  });
});

describe('Gate', () => {
  const ORDER = {
    ...{ id: 15, contract: 'BTC_USDT', size: 60, left: 60, price: '65000', fill_price: '0', tif: 'gtc', text: 't-1' },
    ...{ create_time: 1750000000, is_reduce_only: false, status: 'finished' },
  };

  it.each(['auto_deleveraged', 'reduce_only', 'reduce_out', 'position_closed', 'stp'])(
    'tells why an order ended: %s',
    (reason) => {
      const order = gate().parseOrder({ ...ORDER, finish_as: reason });
      expect(mapCcxtOrder(order)).toMatchObject({ status: 'CANCELLED', executedQuantity: 0 });
    },
  );

  it('tells that an order was updated, and how much is filled', () => {
    const update = { ...ORDER, status: 'open', finish_as: '_update' };
    expect(mapCcxtOrder(gate().parseOrder({ ...update, left: 20 }))).toMatchObject({
      status: 'PARTIALLY_FILLED',
      executedQuantity: 40,
    });
    expect(mapCcxtOrder(gate().parseOrder({ ...update, left: 0 }))).toMatchObject({ status: 'FILLED' });
  });

  it.each([
    ['dual_long', 5, 'LONG'],
    ['dual_short', -5, 'SHORT'],
    ['dual_short', 0, 'SHORT'],
    ['single', -5, 'BOTH'],
  ])('names the side of the hedge mode: %s, %d', (mode, size, side) => {
    const position = { contract: 'BTC_USDT', mode, size, entry_price: size === 0 ? '0' : '65000', value: '0' };
    expect(mapCcxtPosition(gate().parsePosition(position))).toMatchObject({ orderPositionSide: side });
  });
});

it('Kraken Futures has no status for an order as long as it is open', () => {
  const order = {
    ...{ instrument: 'PF_XBTUSD', time: 1750000000000, last_update_time: 1750000000000, qty: 5, filled: 2 },
    ...{ limit_price: 65000, stop_price: 0, type: 'limit', order_id: 'k-1', direction: 0, reduce_only: false },
  };
  expect(mapCcxtOrder(kraken().parseWsOrder(order))).toMatchObject({
    status: 'PARTIALLY_FILLED',
    originalQuantity: 7,
    executedQuantity: 2,
  });
});
