import type { AccountTarget } from '../shared/account-target.js';
import { parseExchangeJson } from '../shared/exchange-json.js';
import { Fields } from '../shared/fields.js';
import { applyWhole, ignored, type MessageOutcome, unknown } from '../shared/outcome.js';
import { applyLists, READERS } from './lists.js';

const CHANNELS: Readonly<Record<string, keyof typeof READERS>> = {
  ...{ account: 'balance', positions: 'positions', balance_and_position: 'balanceAndPosition', orders: 'orders' },
  ...{ 'orders-algo': 'algoOrders', 'algo-advance': 'algoOrders', tickers: 'tickers', 'mark-price': 'markPrices' },
};
const IGNORED: readonly (readonly [RegExp, string])[] = [
  [/^fills$/, 'single fills: the channel orders reports their sum'],
  [/^(liquidation-warning|adl-warning|account-greeks)$/, 'figures about positions that the channel positions reports'],
  [/^(deposit|withdrawal)-info$/, 'a transfer: the channel account reports the balance'],
  [/^(grid-|algo-recurring|copytrading-|dca-|rfqs$|quotes$|struc-|sprd-|block-)/, 'bots, block and spread trading'],
  [
    /^(books|bbo-|candle|mark-price-|index-|trades|option-|opt-|event-|instruments|status|open-interest)/,
    'market data',
  ],
  [/^(funding-|price-limit|estimated-|liquidation-orders|public-|call-auction|economic-)/, 'market data'],
];
/** Answers to what the client sent, and what the exchange says of the connection. */
const EVENTS: ReadonlySet<string> = new Set(['login', 'subscribe', 'unsubscribe', 'channel-conn-count', 'notice']);

/**
 * Puts one message of the stream into the store, in one synchronous step: parsed, as text of the socket, or as the SDK
 * hands it out in `update` and `response`. A reason never quotes `msg`, which can have the request in it, and its key.
 */
export function applyOkxMessage(store: AccountTarget, message: unknown): MessageOutcome {
  if (message === 'ping' || message === 'pong') return ignored('a sign of life');
  return applyWhole(store, () => {
    const payload = new Fields(typeof message === 'string' ? parsed(message) : message, 'message');
    if (payload.has('event') || payload.has('op')) return controlOutcome(payload, payload.textIfGiven('event'));
    const channel = payload.object('arg').text('channel');
    const reader = Object.hasOwn(CHANNELS, channel) ? CHANNELS[channel] : undefined;
    if (reader !== undefined) return applyLists(store, READERS[reader](payload.raw('data')));
    const [, reason] = IGNORED.find(([pattern]) => pattern.test(channel)) ?? [];
    return reason === undefined ? unknown(`the channel ${channel}`) : ignored(reason);
  });
}

function parsed(text: string): unknown {
  try {
    return parseExchangeJson(text);
  } catch {
    return undefined;
  }
}

/** An event, or the answer to a request: one that was refused changed nothing. The code of a notice is its subject. */
function controlOutcome(payload: Fields, event: string): MessageOutcome {
  const code = event === '' || payload.has('code') ? payload.id('code') : '0';
  const name = event || `the answer to ${payload.text('op')}`;
  const isFine = event === '' || event === 'notice' || (code === '0' && EVENTS.has(event));
  return isFine ? ignored(`${name} with code ${code}`) : unknown(`${name} with code ${code}`);
}
