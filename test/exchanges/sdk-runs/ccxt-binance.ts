import ccxt from 'ccxt';
import { startBinanceSimulator } from '../simulator/binance/binance-simulator.js';
import { exchangeId } from '../simulator/binance/order-ids.js';
import { TWO_SYMBOLS } from '../simulator/binance/test-account.js';
import { isConditional } from '../simulator/order.js';
import type { PositionMode } from '../simulator/position.js';
import { ccxtVenue, pointAt } from './ccxt.js';
import type { RunMode, Venue } from './venue.js';

/** The modes that ccxt runs in at Binance's USDⓈ-M futures. */
export const CCXT_BINANCE_MODES: readonly RunMode[] = [
  { name: 'Binance, one-way', isHedge: false, open: () => openVenue('ONE_WAY') },
  { name: 'Binance, hedge', isHedge: true, open: () => openVenue('HEDGE') },
];

const SYMBOLS: Readonly<Record<string, string>> = { BTCUSDT: 'BTC/USDT:USDT', ETHUSDT: 'ETH/USDT:USDT' };
const LISTINGS = ['account', 'positionRisk', 'openOrders', 'openAlgoOrders', 'symbolConfig'];

async function openVenue(positionMode: PositionMode): Promise<Venue> {
  const simulator = await startBinanceSimulator({ ...TWO_SYMBOLS, positionMode });
  const { engine } = simulator;
  let isOpen = false;
  simulator.notices.on('streamOpened', () => {
    isOpen = true;
  });
  return ccxtVenue({
    name: 'ccxt',
    exchange: engine,
    symbols: { main: 'BTCUSDT', other: 'ETHUSDT' },
    symbolOf: (symbol) => SYMBOLS[symbol] ?? symbol,
    idOf: ({ id, type }) => [exchangeId(id).toString(), isConditional(type)],
    keys: {
      ofPosition: ({ positionSide }) => ({ orderPositionSide: positionSide }),
      ofOrder: (order) => ({
        positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
        isreduceOnly: order.reduceOnly,
        closePosition: order.closePosition,
        averagePrice: Number(order.averagePrice) || undefined,
        // `handleOrderUpdate` of ccxt reads only `o` of ALGO_UPDATE, and the times are beside it.
        ...(isConditional(order.type) ? {} : { createdAtMs: order.createdAtMs, updatedAtMs: order.updatedAtMs }),
      }),
    },
    connect: () => {
      isOpen = false;
      const client = new ccxt.pro.binanceusdm({
        apiKey: 'simulated-key',
        secret: 'simulated-secret',
        enableRateLimit: false,
        options: {
          newUpdates: false,
          watchPositions: { fetchPositionsSnapshot: false },
          ws: { backoff: { base: 1 } },
        },
      });
      client.has['fetchCurrencies'] = false;
      // Keeps the listen key alive after 20 minutes, and the process until then.
      client.delay = () => {};
      pointAt(client, simulator.restUrl, simulator.wsUrl);
      return client;
    },
    syncs: [{}],
    // `handleMessage` of ccxt knows no ACCOUNT_CONFIG_UPDATE.
    isLeverageUntold: true,
    orderParams: ({ type, triggerPrice, reduceOnly, positionSide = 'BOTH' }) => ({
      positionSide,
      // In hedge mode the position's side says that an order reduces.
      ...(positionSide === 'BOTH' ? { reduceOnly } : { reduceOnly: undefined }),
      ...(isConditional(type)
        ? { triggerPrice: undefined, [type.startsWith('STOP') ? 'stopLossPrice' : 'takeProfitPrice']: triggerPrice }
        : {}),
    }),
    cut: () => {
      isOpen = false;
      simulator.refuseStreams();
      simulator.cutStreams();
    },
    resume: () => simulator.acceptStreams(),
    isSubscribed: () => isOpen,
    onSubscribed: (listener) => void simulator.notices.on('streamOpened', listener),
    isCounted: ({ e }) => e !== undefined,
    sentCount: () => simulator.userMessages.length,
    repeatMessages: (isOn) => simulator.duplicateMessages(isOn ? () => true : undefined),
    holdAnswers: () => {
      const isPart = (path: string): boolean => LISTINGS.some((name) => path.endsWith(`/${name}`));
      const hold = simulator.holdAnswers(({ method, path }) => method === 'GET' && isPart(path));
      return { arrived: () => hold.whenHeld(LISTINGS.length), release: () => hold.release() };
    },
    holdMessages: () => {
      simulator.stallStreams();
      return { release: () => simulator.resumeStreams('DELIVER') };
    },
    stop: () => simulator.stop(),
  });
}
