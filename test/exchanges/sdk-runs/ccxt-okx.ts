import ccxt from 'ccxt';
import type { CcxtOptions } from '../../../src/exchanges/ccxt/index.js';
import { algoIdOf, isAlgo } from '../simulator/okx/okx-id.js';
import { linearSwap } from '../simulator/okx/okx-instrument.js';
import { startOkxSimulator } from '../simulator/okx/okx-simulator.js';
import { positionSideOf } from '../simulator/okx/okx-words.js';
import { isConditional } from '../simulator/order.js';
import type { PositionMode } from '../simulator/position.js';
import { ccxtVenue, pointAt } from './ccxt.js';
import type { RunMode, Venue } from './venue.js';
import { holdAnswersOf, holdMessagesOf } from './venue-parts.js';

/** The modes that ccxt runs in at OKX. */
export const CCXT_OKX_MODES: readonly RunMode[] = [
  { name: 'OKX, net', isHedge: false, open: () => openVenue('ONE_WAY') },
  { name: 'OKX, long/short', isHedge: true, open: () => openVenue('HEDGE') },
];

const SYMBOLS: Readonly<Record<string, string>> = {
  'BTC-USDT-SWAP': 'BTC/USDT:USDT',
  'ETH-USDT-SWAP': 'ETH/USDT:USDT',
};
const CHANNELS = ['account', 'positions', 'orders', 'orders-algo'];
/** The requests of a snapshot, and how many there are of each: ccxt asks for the algo orders by type. */
const SNAPSHOT = {
  '/api/v5/account/positions': 1,
  '/api/v5/account/balance': 1,
  '/api/v5/trade/orders-pending': 1,
  '/api/v5/trade/orders-algo-pending': 3,
};

const OPTIONS: CcxtOptions = {
  separateIsolated: true,
  // `parseOrder` of ccxt reads neither the client's id of an algo order nor the price of one with a limit.
  refineOrder: ({ algoClOrdId, accFillSz, tpTriggerPx, tpOrdPx, slOrdPx }) => {
    if (accFillSz !== undefined) return {};
    const kind = Number(tpTriggerPx) > 0 ? 'TAKE_PROFIT' : 'STOP';
    const price = Math.max(0, Number(tpOrdPx), Number(slOrdPx));
    return {
      ...(typeof algoClOrdId === 'string' ? { customOrderId: algoClOrdId } : {}),
      orderType: price > 0 ? kind : `${kind}_MARKET`,
      price,
    };
  },
};

async function openVenue(positionMode: PositionMode): Promise<Venue> {
  const simulator = await startOkxSimulator({
    // A contract is worth half a coin, so that a quantity in coins would be noticed.
    instruments: [linearSwap('BTC', { ctVal: '0.05', ctMult: '10' }), linearSwap('ETH', { ctVal: '0.5' })],
    prices: { 'BTC-USDT-SWAP': '50000', 'ETH-USDT-SWAP': '2000' },
    balances: { USDT: '5000', ETH: '10' },
    positionMode,
  });
  const { exchange, controls } = simulator;
  return ccxtVenue({
    name: 'ccxt',
    exchange,
    symbols: { main: 'BTC-USDT-SWAP', other: 'ETH-USDT-SWAP' },
    symbolOf: (symbol) => SYMBOLS[symbol] ?? symbol,
    idOf: ({ id }) => [algoIdOf(id), isAlgo(id)],
    keys: {
      ofPosition: ({ positionSide }) => ({ orderPositionSide: positionSide }),
      ofOrder: (order) => ({
        clientId: order.clientId.replace(/^algo:/, ''),
        positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
        isreduceOnly: order.tags['reduceOnly'] === 'true',
        averagePrice: Number(order.averagePrice) || undefined,
        createdAtMs: order.createdAtMs,
        updatedAtMs: order.updatedAtMs,
      }),
    },
    connect: () => {
      const client = new ccxt.pro.okx({
        apiKey: 'simulated-key',
        secret: 'simulated-secret',
        password: 'simulated-password',
        enableRateLimit: false,
        options: { newUpdates: false, fetchMarkets: { types: ['swap'] }, ws: { backoff: { base: 1 } } },
      });
      client.has['fetchCurrencies'] = false;
      pointAt(client, simulator.restUrl, simulator.restUrl.replace('http', 'ws'));
      return client;
    },
    syncs: [OPTIONS],
    orderStreams: [{}, { trigger: true }],
    orderParams: ({ type, clientId, triggerPrice, positionSide = 'BOTH' }) => {
      const prices = {
        triggerPrice: undefined,
        [type.startsWith('STOP') ? 'stopLossPrice' : 'takeProfitPrice']: triggerPrice,
      };
      return {
        ...(positionSide === 'BOTH' ? {} : { positionSide: positionSideOf(positionSide) }),
        ...(isConditional(type) ? { ...prices, clientOrderId: undefined, algoClOrdId: clientId } : {}),
      };
    },
    cut: () => controls.cut(),
    resume: () => controls.resume(),
    isSubscribed: (messages) => messages.filter(({ event }) => event === 'subscribe').length === CHANNELS.length,
    isCounted: ({ arg, data }) => data !== undefined && CHANNELS.includes(String(Object(arg).channel)),
    sentCount: () => simulator.pushed,
    isCountedFromConnect: true,
    repeatMessages: (isOn) => controls.repeatEach(isOn),
    holdAnswers: () => holdAnswersOf(controls, SNAPSHOT),
    holdMessages: () => holdMessagesOf(controls),
    stop: () => simulator.stop(),
  });
}
