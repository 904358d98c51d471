import { createHash } from 'node:crypto';
import type { SessionMessage, Wording } from './recorder.js';
import type { Venue, VenueOrder, VenuePosition } from './venue.js';

const EXCHANGE = 'bybit-v5';
const STATUS = {
  WAITING: 'Untriggered',
  NEW: 'New',
  PARTIALLY_FILLED: 'PartiallyFilled',
  FILLED: 'Filled',
  CANCELLED: 'Cancelled',
} as const;

/** Messages as Bybit's v5 API sends them: the size of a short is positive, and its side is `Sell`. */
export const bybitWording: Wording = {
  exchange: EXCHANGE,
  tick: (symbol, price, venue) => [
    ws('ticker', {
      topic: `tickers.${symbol}`,
      type: 'delta',
      data: { symbol, markPrice: String(price), lastPrice: String(price) },
      cs: venue.nowMs % 1_000_000_000,
      ts: venue.nowMs,
    }),
  ],
  order: (order, venue) => [stream('order', orderItem(order), venue)],
  fill: ({ order, position, quantity, price, fee }, venue) => [
    stream('execution', executionItem(order, quantity, price, fee), venue),
    stream('order', orderItem(order), venue),
    stream('position', streamPositionItem(position), venue),
    stream('wallet', wallet(venue), venue),
  ],
  funding: (venue) => [stream('wallet', wallet(venue), venue)],
  leverage: (symbol, venue) => [stream('position', streamPositionItem(venue.position(symbol)), venue)],
  snapshot: (venue) => [
    response('wallet', { list: [wallet(venue)] }, venue),
    response('positions', { list: [...venue.positions.values()].map(positionItem), category: 'linear' }, venue),
    response('orders', { list: [...venue.orders].map(orderItem), category: 'linear' }, venue),
  ],
  streamEnded: () => [],
  streamOpened: (venue) => [
    ws('auth', { success: true, ret_msg: '', op: 'auth', conn_id: id('connection', venue.nowMs) }),
    ws('subscribe', { success: true, ret_msg: '', op: 'subscribe', conn_id: id('connection', venue.nowMs) }),
  ],
};

function ws(channel: string, payload: unknown): SessionMessage {
  return { exchange: EXCHANGE, transport: 'ws', channel, payload };
}

function stream(topic: string, item: object, venue: Venue): SessionMessage {
  const messageId = id(topic, venue.nowMs);
  return ws(topic, { id: messageId, topic, creationTime: venue.nowMs + 4, data: [item] });
}

function response(channel: string, result: object, venue: Venue): SessionMessage {
  const page = channel === 'wallet' ? {} : { nextPageCursor: '' };
  const payload = { retCode: 0, retMsg: 'OK', result: { ...result, ...page }, retExtInfo: {}, time: venue.nowMs };
  return { exchange: EXCHANGE, transport: 'rest', channel, payload, asOfMs: venue.nowMs };
}

function orderItem(order: VenueOrder): object {
  const open = order.status === 'CANCELLED' || order.status === 'FILLED' ? 0 : order.quantity - order.executed;
  return {
    category: 'linear',
    symbol: order.symbol,
    orderId: id('order', order.number),
    orderLinkId: `demo-${order.number}`,
    side: order.side === 'BUY' ? 'Buy' : 'Sell',
    positionIdx: 0,
    orderType: order.type === 'LIMIT' ? 'Limit' : 'Market',
    stopOrderType: order.type === 'STOP_MARKET' ? 'Stop' : '',
    orderStatus: STATUS[order.status],
    cancelType: order.status === 'CANCELLED' ? 'CancelByUser' : 'UNKNOWN',
    rejectReason: 'EC_NoError',
    price: order.price === 0 ? '' : String(order.price),
    triggerPrice: order.triggerPrice === 0 ? '' : String(order.triggerPrice),
    qty: String(order.quantity),
    leavesQty: String(Number(open.toFixed(8))),
    cumExecQty: String(order.executed),
    avgPrice: order.averagePrice === 0 ? '' : String(order.averagePrice),
    timeInForce: order.type === 'LIMIT' ? 'GTC' : 'IOC',
    reduceOnly: order.reduceOnly,
    closeOnTrigger: false,
    createdTime: String(order.createdAtMs),
    updatedTime: String(order.updatedAtMs),
  };
}

function executionItem(order: VenueOrder, quantity: number, price: number, fee: number): object {
  return {
    category: 'linear',
    symbol: order.symbol,
    execId: id('execution', order.number * 100 + order.executed),
    orderId: id('order', order.number),
    side: order.side === 'BUY' ? 'Buy' : 'Sell',
    execType: 'Trade',
    execQty: String(quantity),
    execPrice: String(price),
    execFee: String(fee),
    execTime: String(order.updatedAtMs),
  };
}

function positionItem(position: VenuePosition): Readonly<Record<string, unknown>> {
  const { symbol, amount, entryPrice, leverage, markPrice } = position;
  const value = Math.abs(amount) * entryPrice;
  return {
    positionIdx: 0,
    symbol,
    side: amount === 0 ? '' : amount > 0 ? 'Buy' : 'Sell',
    size: String(Math.abs(amount)),
    avgPrice: String(entryPrice),
    positionValue: value.toFixed(4),
    leverage: String(leverage),
    markPrice: String(markPrice),
    positionIM: (value / leverage).toFixed(4),
    liqPrice: amount === 0 ? '' : (entryPrice * (1 - (0.9 / leverage) * Math.sign(amount))).toFixed(2),
    takeProfit: '0',
    stopLoss: '0',
    trailingStop: '0',
    unrealisedPnl: (amount * (markPrice - entryPrice)).toFixed(4),
    positionStatus: 'Normal',
    createdTime: String(position.createdAtMs),
    updatedTime: String(position.updatedAtMs),
  };
}

/** The stream has `entryPrice` where REST has `avgPrice`. */
function streamPositionItem(position: VenuePosition): object {
  const { avgPrice, ...item } = positionItem(position);
  return { ...item, entryPrice: avgPrice };
}

function wallet(venue: Venue): object {
  const balance = venue.balance.toFixed(4);
  return {
    accountType: 'UNIFIED',
    totalWalletBalance: balance,
    coin: [{ coin: 'USDT', equity: balance, walletBalance: balance, availableToWithdraw: '', locked: '0' }],
  };
}

/** Made up, and the same in every run. */
function id(kind: string, number: number): string {
  const hex = createHash('sha256').update(`${kind} ${number}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
