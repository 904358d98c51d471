import ccxt from 'ccxt';
import type { CcxtSyncOptions } from '../../../src/exchanges/ccxt/index.js';
import {
  type BybitSimulatorOptions,
  type MessageShaper,
  startBybitSimulator,
  twice,
} from '../simulator/bybit/bybit-simulator.js';
import { positionIdxOf, timeInForceOf } from '../simulator/bybit/bybit-words.js';
import { defaultTriggerWhen, isConditional } from '../simulator/order.js';
import { inverseInstrument, linearInstrument } from '../simulator/sample-instruments.js';
import { ccxtVenue, closingSide, pointAt } from './ccxt.js';
import type { RunMode, Venue } from './venue.js';
import { bybitPositionFacts, holdAnswersOf, holdMessagesOf } from './venue-parts.js';

type Choice = Pick<BybitSimulatorOptions, 'positionMode'> & { readonly other?: 'ETHUSDT' | 'ETHUSD' };

/** The modes that ccxt runs in at Bybit. */
export const CCXT_BYBIT_MODES: readonly RunMode[] = [
  { name: 'Bybit, one-way', isHedge: false, open: () => openVenue({}) },
  { name: 'Bybit, hedge', isHedge: true, open: () => openVenue({ positionMode: 'HEDGE' }) },
  { name: 'Bybit, one-way, an inverse contract', isHedge: false, open: () => openVenue({ other: 'ETHUSD' }) },
];

const TOPICS = ['position', 'order', 'wallet'];
const SNAPSHOT = { '/v5/position/list': 1, '/v5/order/realtime': 1, '/v5/account/wallet-balance': 1 };
const SYMBOLS: Readonly<Record<string, string>> = {
  BTCUSDT: 'BTC/USDT:USDT',
  ETHUSDT: 'ETH/USDT:USDT',
  ETHUSD: 'ETH/USD:ETH',
};

async function openVenue({ other = 'ETHUSDT', positionMode = 'ONE_WAY' }: Choice): Promise<Venue> {
  const simulator = await startBybitSimulator({
    instruments: [linearInstrument('BTC'), linearInstrument('ETH'), inverseInstrument('ETH')],
    prices: { BTCUSDT: '50000', ETHUSDT: '2000', ETHUSD: '2000' },
    balances: { USDT: '10000', ETH: '10' },
    positionMode,
  });
  const { exchange, controls } = simulator;
  const inverse: CcxtSyncOptions = {
    params: { subType: 'inverse' },
    covers: (symbol: string) => symbol.endsWith(':ETH'),
  };
  return ccxtVenue({
    name: 'ccxt',
    exchange,
    symbols: { main: 'BTCUSDT', other },
    symbolOf: (symbol) => SYMBOLS[symbol] ?? symbol,
    keys: {
      ofPosition: bybitPositionFacts,
      ofOrder: (order) => ({
        positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
        isreduceOnly: order.reduceOnly,
        // ccxt leaves it out where nothing is filled: `omitZero` in `parseOrder`.
        averagePrice: Number(order.averagePrice) || undefined,
        timeInForce: timeInForceOf(order),
        createdAtMs: order.createdAtMs,
        updatedAtMs: order.updatedAtMs,
      }),
    },
    connect: () => {
      const client = new ccxt.pro.bybit({
        apiKey: 'simulated-key',
        secret: 'simulated-secret',
        enableRateLimit: false,
        options: {
          newUpdates: false,
          fetchMarkets: { types: ['linear', 'inverse'] },
          ws: { backoff: { base: 1 } },
        },
      });
      client.has['fetchCurrencies'] = false;
      pointAt(client, simulator.restUrl, simulator.restUrl.replace('http', 'ws'));
      return client;
    },
    syncs: other === 'ETHUSD' ? [{}, inverse] : [{}],
    orderParams: ({ type, side, positionSide = 'BOTH' }) => ({
      positionIdx: positionIdxOf(positionSide),
      ...(isConditional(type)
        ? { triggerDirection: defaultTriggerWhen(type, side) === 'RISES' ? 'ascending' : 'descending' }
        : {}),
    }),
    trader: (client) => ({
      trail: async (symbol, positionSide, distance) => {
        const params = { trailingAmount: distance, positionIdx: positionIdxOf(positionSide) };
        const side = closingSide(exchange, symbol, positionSide);
        await client().createOrder(SYMBOLS[symbol] ?? symbol, 'market', side, 0, undefined, params);
      },
    }),
    cut: () => controls.cut(),
    resume: () => controls.resume(),
    isSubscribed: (messages) =>
      messages.filter(({ op, success }) => op === 'subscribe' && success === true).length === TOPICS.length,
    isCounted: ({ topic }) => TOPICS.includes(String(topic)),
    sentCount: () => simulator.sent.length,
    repeatMessages: (isOn) => controls.shape(isOn ? (twice satisfies MessageShaper) : undefined),
    holdAnswers: () => holdAnswersOf(controls, SNAPSHOT),
    holdMessages: () => holdMessagesOf(controls),
    stop: () => simulator.stop(),
  });
}
