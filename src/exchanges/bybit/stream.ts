import type { AccountTarget } from '../shared/account-target.js';
import { Fields } from '../shared/fields.js';
import { applyWhole, ignored, type MessageOutcome, unknown } from '../shared/outcome.js';
import type { BybitOptions } from './categories.js';
import { applyEntries, entriesOf, READ } from './lists.js';

const { positions, orders, wallet, tickers } = READ;
/** By the first word of a topic. */
const TAKEN = new Map(Object.entries({ position: positions, order: orders, wallet, tickers }));

/** Topics that hold nothing which the store keeps; the order and position topics report the sum of executions. */
const IGNORED: readonly string[] = [
  ...'execution greeks dcp strategy spread rfq earn system orderbook publicTrade kline liquidation'.split(' '),
  ...'allLiquidation priceLimit insurance adlAlert lt kline_lt tickers_lt'.split(' '),
];

/**
 * Puts one message of Bybit's v5 stream into the store: an event of bybit-api's WebsocketClient (`update`, `response`),
 * or what a socket received, parsed. An entry that cannot be read is a fault of the outcome; the others are applied.
 */
export function applyBybitMessage(store: AccountTarget, message: unknown, options: BybitOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    const payload = new Fields(message, 'message');
    if (!payload.has('topic')) return readAnswer(payload);
    const topic = payload.text('topic');
    const [name = '', category] = topic.split('.');
    if (IGNORED.includes(name)) return ignored(`the topic ${topic}`);
    const read = TAKEN.get(name);
    if (read === undefined) return unknown(`the topic ${topic}`);
    const list =
      name === 'tickers' && payload.has('data') ? [payload.raw('data')] : entriesOf(payload, 'data', category);
    const atMs = payload.numberIfGiven(payload.has('creationTime') ? 'creationTime' : 'ts');
    return applyEntries(store, read(list, options), atMs);
  });
}

/** Answers to what the client itself sent. */
function readAnswer(payload: Fields): MessageOutcome {
  const operation = payload.textIfGiven('op') || payload.text('type');
  if (operation.startsWith('order.')) return ignored(`the answer to ${operation}: the order topic reports its effect`);
  if (!/^(auth|(un)?subscribe|ping|pong|COMMAND_RESP)$/.test(operation)) return unknown(`the operation ${operation}`);
  const isRefused = payload.raw('success') === false || (payload.numberIfGiven('retCode') ?? 0) !== 0;
  return isRefused ? unknown(`${operation} was refused`) : ignored(`the answer to ${operation}`);
}
