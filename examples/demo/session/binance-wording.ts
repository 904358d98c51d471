import type { SessionMessage, Wording } from './recorder.js';
import type { Venue, VenueFill, VenueOrder, VenuePosition } from './venue.js';

const EXCHANGE = 'binance-usdm';
/** Ids of 19 digits, as some of Binance's symbols have: two of them in a row are the same double. */
const FIRST_ORDER_ID = 8_389_770_000_000_000_001n;
const STATUS = {
  WAITING: 'NEW',
  NEW: 'NEW',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELLED: 'CANCELED',
} as const;

/** Messages as Binance's USDⓈ-M futures send them: the amount of a short is negative, and `ps` is `BOTH` in one-way mode. */
export const binanceWording: Wording = {
  exchange: EXCHANGE,
  tick: (symbol, price, venue) => [
    event('ticker', venue, { e: 'markPriceUpdate', s: symbol, p: String(price), i: String(price), r: '0.00010000' }),
  ],
  order: (order, venue) => [orderEvent(order, venue)],
  fill: (fill, venue) => [
    event('TRADE_LITE', venue, {
      e: 'TRADE_LITE',
      s: fill.order.symbol,
      q: String(fill.order.quantity),
      i: orderId(fill.order),
      S: fill.order.side,
      L: String(fill.price),
      l: String(fill.quantity),
    }),
    accountEvent('ORDER', venue, [fill.position]),
    orderEvent(fill.order, venue, fill),
  ],
  funding: (venue) => [accountEvent('FUNDING_FEE', venue, [])],
  leverage: (symbol, venue) => [
    event('ACCOUNT_CONFIG_UPDATE', venue, {
      e: 'ACCOUNT_CONFIG_UPDATE',
      T: venue.nowMs,
      ac: { s: symbol, l: venue.position(symbol).leverage },
    }),
  ],
  snapshot: (venue) => [
    rest('account', venue, {
      totalWalletBalance: venue.balance.toFixed(8),
      assets: [{ asset: 'USDT', walletBalance: venue.balance.toFixed(8), updateTime: venue.nowMs }],
      positions: [...venue.positions.values()].map(accountPosition),
    }),
    rest('positionRisk', venue, [...venue.positions.values()].filter(({ amount }) => amount !== 0).map(positionRisk)),
    rest('openOrders', venue, [...venue.orders].map(openOrder)),
  ],
  streamEnded: (venue) => [event('listenKeyExpired', venue, { e: 'listenKeyExpired', listenKey: 'invented' })],
  streamOpened: () => [{ exchange: EXCHANGE, transport: 'ws', channel: 'response', payload: { result: null, id: 1 } }],
};

function event(channel: string, venue: Venue, payload: object): SessionMessage {
  return { exchange: EXCHANGE, transport: 'ws', channel, payload: { ...payload, E: venue.nowMs + 3 } };
}

function rest(channel: string, venue: Venue, payload: unknown): SessionMessage {
  return { exchange: EXCHANGE, transport: 'rest', channel, payload, asOfMs: venue.nowMs };
}

function accountEvent(reason: string, venue: Venue, positions: readonly VenuePosition[]): SessionMessage {
  const balance = venue.balance.toFixed(8);
  return event('ACCOUNT_UPDATE', venue, {
    e: 'ACCOUNT_UPDATE',
    T: venue.nowMs,
    a: {
      m: reason,
      B: [{ a: 'USDT', wb: balance, cw: balance, bc: '0' }],
      P: positions.map((position) => ({
        s: position.symbol,
        pa: String(position.amount),
        ep: String(position.entryPrice),
        up: profit(position),
        mt: 'cross',
        iw: '0',
        ps: 'BOTH',
      })),
    },
  });
}

function orderEvent(order: VenueOrder, venue: Venue, fill?: VenueFill): SessionMessage {
  return event('ORDER_TRADE_UPDATE', venue, {
    e: 'ORDER_TRADE_UPDATE',
    T: order.updatedAtMs,
    o: {
      s: order.symbol,
      c: `demo-${order.number}`,
      S: order.side,
      // A stop becomes a market order when it is triggered.
      o: order.type === 'STOP_MARKET' && order.status !== 'WAITING' ? 'MARKET' : order.type,
      ot: order.type,
      f: 'GTC',
      q: String(order.quantity),
      p: String(order.price),
      ap: String(order.averagePrice),
      sp: String(order.triggerPrice),
      x: fill === undefined ? STATUS[order.status] : 'TRADE',
      X: STATUS[order.status],
      i: orderId(order),
      l: String(fill?.quantity ?? 0),
      z: String(order.executed),
      L: String(fill?.price ?? 0),
      n: String(fill?.fee ?? 0),
      T: order.updatedAtMs,
      R: order.reduceOnly,
      ps: 'BOTH',
      rp: String(fill?.realised ?? 0),
    },
  });
}

function openOrder(order: VenueOrder): object {
  return {
    orderId: orderId(order),
    clientOrderId: `demo-${order.number}`,
    symbol: order.symbol,
    side: order.side,
    positionSide: 'BOTH',
    type: order.type,
    origType: order.type,
    status: STATUS[order.status],
    price: String(order.price),
    stopPrice: String(order.triggerPrice),
    avgPrice: String(order.averagePrice),
    origQty: String(order.quantity),
    executedQty: String(order.executed),
    timeInForce: 'GTC',
    reduceOnly: order.reduceOnly,
    time: order.createdAtMs,
    updateTime: order.updatedAtMs,
  };
}

function accountPosition(position: VenuePosition): object {
  const { symbol, leverage, entryPrice, amount, updatedAtMs } = position;
  return {
    symbol,
    leverage: String(leverage),
    isolated: false,
    entryPrice: String(entryPrice),
    positionInitialMargin: (Math.abs(amount * entryPrice) / leverage).toFixed(8),
    unrealizedProfit: profit(position),
    positionSide: 'BOTH',
    positionAmt: String(amount),
    updateTime: amount === 0 ? 0 : updatedAtMs,
  };
}

function positionRisk(position: VenuePosition): object {
  const { symbol, leverage, entryPrice, markPrice, amount, updatedAtMs } = position;
  return {
    symbol,
    positionSide: 'BOTH',
    positionAmt: String(amount),
    entryPrice: String(entryPrice),
    markPrice: String(markPrice),
    unRealizedProfit: profit(position),
    liquidationPrice: (entryPrice * (1 - (0.9 / leverage) * Math.sign(amount))).toFixed(2),
    notional: (amount * markPrice).toFixed(8),
    isolatedMargin: '0',
    positionInitialMargin: (Math.abs(amount * entryPrice) / leverage).toFixed(8),
    updateTime: updatedAtMs,
  };
}

function profit({ amount, markPrice, entryPrice }: VenuePosition): string {
  return (amount * (markPrice - entryPrice)).toFixed(8);
}

/** As text: the session file has it as a number, which a double cannot hold. */
function orderId(order: VenueOrder): string {
  return String(FIRST_ORDER_ID + BigInt(order.number));
}
