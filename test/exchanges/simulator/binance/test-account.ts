import { once } from 'node:events';
import { WebSocket } from 'ws';
import { linearInstrument } from '../sample-instruments.js';
import type { BinanceSimulator, BinanceSimulatorOptions } from './binance-simulator.js';
import { Received } from './received.js';

/** Two symbols and 10,000 USDT. */
export const TWO_SYMBOLS: Pick<BinanceSimulatorOptions, 'instruments' | 'prices' | 'balances'> = {
  instruments: [
    linearInstrument('BTC', { tickSize: '0.1', takerFeeRate: '0.0004' }),
    linearInstrument('ETH', { takerFeeRate: '0.0004' }),
  ],
  prices: { BTCUSDT: '50000', ETHUSDT: '2000' },
  balances: { USDT: '10000' },
};

/** The fields of answers that tests read. */
export interface AnswerBody {
  readonly code: number;
  readonly orderId: number;
  readonly algoId: number;
  readonly status: string;
  readonly algoStatus: string;
  readonly serverTime: number;
  readonly liquidationPrice: string;
  readonly positionSide: string;
  readonly positionAmt: string;
  readonly assets: readonly object[];
  readonly positions: readonly object[];
}

/** What an endpoint answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: AnswerBody;
  /** The answer as a list; empty when it is none. */
  readonly list: readonly AnswerBody[];
}

/** The fields of stream messages that tests read. */
export interface StreamMessage {
  readonly e: string;
  readonly o?: {
    readonly c: string;
    readonly caid: string;
    readonly S: string;
    readonly x: string;
    readonly X: string;
    readonly i: number | string;
    readonly s: string;
    readonly aid: number | string;
    readonly q: string;
    readonly p: string;
    readonly tp: string;
    readonly z: string;
    readonly er: string;
    readonly rm: string;
  };
  readonly a?: {
    readonly m: string;
    readonly B: readonly { readonly wb: string; readonly cw: string }[];
    readonly P: readonly Readonly<Record<'s' | 'ps' | 'pa' | 'ep' | 'mt', string>>[];
  };
  readonly or?: object;
}

/** Calls an endpoint as a client with a key does. */
export async function call(
  simulator: BinanceSimulator,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  params: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const query = new URLSearchParams({ ...params, timestamp: '1', signature: 'of-a-test' });
  const response = await fetch(`${simulator.restUrl}${path}?${query}`, {
    method,
    headers: { 'X-MBX-APIKEY': 'key-of-a-test' },
  });
  const text = await response.text();
  const body = JSON.parse(text);
  return { status: response.status, text, body, list: Array.isArray(body) ? body : [] };
}

/** The messages of the user data stream so far, parsed. */
export function told(simulator: BinanceSimulator): readonly StreamMessage[] {
  return simulator.userMessages.map((text) => JSON.parse(text));
}

/** The last message of the user data stream. */
export function lastTold(simulator: BinanceSimulator): StreamMessage {
  return JSON.parse(simulator.userMessages.at(-1) ?? '{}');
}

/** What the user data stream told in short: the type, and of orders their status. */
export function story(simulator: BinanceSimulator, from = 0): readonly string[] {
  return told(simulator)
    .slice(from)
    .map(({ e, o, a }) => {
      if (e === 'ORDER_TRADE_UPDATE') return `order ${o?.x} ${o?.X}`;
      if (e === 'ALGO_UPDATE') return `algo ${o?.X}`;
      return e === 'ACCOUNT_UPDATE' ? `account ${a?.m}` : e;
    });
}

/** Opens a stream below the simulator's base, as `/ws/<key>`. */
export async function openStream(
  simulator: BinanceSimulator,
  path: string,
): Promise<{ readonly socket: WebSocket; readonly received: Received<string> }> {
  const socket = new WebSocket(`${simulator.wsUrl}${path}`);
  const received = new Received<string>();
  socket.on('message', (data) => received.push(data.toString()));
  await once(socket, 'open');
  return { socket, received };
}
