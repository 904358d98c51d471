import { Decimal } from '../decimal.js';
import type { OrderChange } from '../events.js';
import type { MarketInstrument } from '../instrument.js';
import type { FillView, OrderView, TimeInForce } from '../order.js';
import { moneyOrZero, priceText, quantityText, shortMoney } from './amounts.js';
import type { JsonObject } from './json-text.js';
import { exchangeId } from './order-ids.js';
import type { Venue } from './venue.js';

const TIMES_IN_FORCE: Readonly<Record<TimeInForce, string>> = { GTC: 'GTC', IOC: 'IOC', FOK: 'FOK', POST_ONLY: 'GTX' };

/** The client's id, or the one that the exchange makes where the client gave none. */
export function clientOrderId(order: OrderView): string {
  if (order.origin === 'LIQUIDATION') return `autoclose-${order.createdAtMs}`;
  if (order.origin === 'ADL') return `adl_autoclose_${exchangeId(order.id)}`;
  return order.clientId === '' ? `web_${exchangeId(order.id)}` : order.clientId;
}

export function orderStatus(order: OrderView): string {
  if (order.origin === 'ADL' && order.status === 'FILLED') return 'NEW_ADL';
  if (order.status === 'CANCELLED') return order.end === 'USER' ? 'CANCELED' : 'EXPIRED';
  // What the exchange ends to keep an account from trading with itself.
  return order.status === 'EXPIRED' && order.end === 'ADMINISTRATION' ? 'EXPIRED_IN_MATCH' : order.status;
}

/** Why an order expired, as a number in a string; `0` when it did not. */
function expireReason(order: OrderView): string {
  if (order.end === 'TIME_IN_FORCE') return '2';
  if (order.end === 'NOTHING_TO_REDUCE') return '4';
  if (order.end === 'LIQUIDATION') return '5';
  if (order.end === 'NO_LIQUIDITY') return '9';
  return orderStatus(order) === 'EXPIRED_IN_MATCH' ? '1' : '0';
}

function executionType(order: OrderView, change: OrderChange): string {
  if (change === 'FILL') return order.origin === 'USER' ? 'TRADE' : 'CALCULATED';
  if (change === 'AMENDED') return 'AMENDMENT';
  if (change !== 'ENDED') return 'NEW';
  const status = orderStatus(order);
  return status === 'EXPIRED_IN_MATCH' ? 'EXPIRED' : status;
}

function orderTypeOf(order: OrderView): string {
  // The orders of the exchange itself are limit orders that take what they can.
  return order.origin === 'USER' ? order.type : 'LIMIT';
}

export function timeInForce(order: OrderView): string {
  if (order.origin !== 'USER') return 'IOC';
  return order.tags['timeInForce'] ?? TIMES_IN_FORCE[order.timeInForce];
}

function limitPrice(order: OrderView): string {
  return order.origin === 'USER' ? order.price : order.priceAtCreation;
}

/** The `ORDER_TRADE_UPDATE` of an order. */
export function orderTradeUpdate(
  venue: Venue,
  order: OrderView,
  change: OrderChange,
  fill: FillView | undefined,
  timeMs: number,
): JsonObject {
  const instrument = venue.instrument(order.symbol);
  return {
    e: 'ORDER_TRADE_UPDATE',
    T: timeMs,
    E: timeMs,
    o: {
      s: order.symbol,
      c: clientOrderId(order),
      S: order.side,
      o: orderTypeOf(order),
      f: timeInForce(order),
      q: quantityText(instrument, order.quantity),
      p: priceText(instrument, limitPrice(order)),
      ap: priceText(instrument, order.averagePrice),
      sp: '0',
      x: executionType(order, change),
      X: orderStatus(order),
      i: exchangeId(order.id),
      l: quantityText(instrument, fill?.quantity ?? '0'),
      z: quantityText(instrument, order.executed),
      L: priceText(instrument, fill?.price ?? '0'),
      n: moneyOrZero(fill?.fee ?? '0'),
      N: instrument.settleAsset,
      T: timeMs,
      t: fill === undefined ? 0 : exchangeId(fill.id),
      b: shortMoney(venue.openNotional(order.symbol, 'BUY')),
      a: shortMoney(venue.openNotional(order.symbol, 'SELL')),
      m: fill?.isMaker ?? false,
      R: order.origin !== 'USER' || order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: orderTypeOf(order),
      ps: order.positionSide,
      cp: order.closePosition,
      rp: moneyOrZero(fill?.realisedPnl ?? '0'),
      pP: false,
      si: 0,
      ss: 0,
      V: order.tags['selfTradePreventionMode'] ?? 'EXPIRE_MAKER',
      pm: 'NONE',
      gtd: Number(order.tags['goodTillDate'] ?? 0),
      er: expireReason(order),
    },
  };
}

/** The `TRADE_LITE` of a fill: the same facts sooner, and fewer. */
export function tradeLite(instrument: MarketInstrument, order: OrderView, fill: FillView): JsonObject {
  return {
    e: 'TRADE_LITE',
    E: fill.timeMs,
    T: fill.timeMs,
    s: order.symbol,
    q: quantityText(instrument, order.quantity),
    p: order.price === '0' ? '0.00' : priceText(instrument, order.price),
    m: fill.isMaker,
    c: clientOrderId(order),
    S: order.side,
    L: priceText(instrument, fill.price),
    l: quantityText(instrument, fill.quantity),
    t: exchangeId(fill.id),
    i: exchangeId(order.id),
  };
}

/** What placing, changing and cancelling answer. */
export function orderAnswer(instrument: MarketInstrument, order: OrderView): JsonObject {
  return {
    ...orderHead(instrument, order),
    cumQty: quantityText(instrument, order.executed),
    ...orderTail(order),
    updateTime: order.updatedAtMs,
  };
}

/** What placing answers by default: that the order was taken, not what became of it. */
export function orderAcknowledgement(instrument: MarketInstrument, order: OrderView): JsonObject {
  return orderAnswer(instrument, {
    ...order,
    status: 'NEW',
    end: '',
    executed: '0',
    executedValue: '0',
    averagePrice: '0',
    updatedAtMs: order.createdAtMs,
  });
}

/** An order as queries list it. */
export function listedOrder(instrument: MarketInstrument, order: OrderView): JsonObject {
  return {
    ...orderHead(instrument, order),
    ...orderTail(order),
    time: order.createdAtMs,
    updateTime: order.updatedAtMs,
  };
}

function orderHead(instrument: MarketInstrument, order: OrderView): JsonObject {
  return {
    orderId: exchangeId(order.id),
    symbol: order.symbol,
    status: orderStatus(order),
    clientOrderId: clientOrderId(order),
    price: order.price === '0' ? '0.00' : priceText(instrument, limitPrice(order)),
    avgPrice: order.averagePrice === '0' ? '0.00' : priceText(instrument, order.averagePrice),
    origQty: quantityText(instrument, order.quantity),
    executedQty: quantityText(instrument, order.executed),
  };
}

function orderTail(order: OrderView): JsonObject {
  return {
    cumQuote: shortMoney(order.executedValue),
    timeInForce: timeInForce(order),
    type: orderTypeOf(order),
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: '0',
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: orderTypeOf(order),
    priceMatch: 'NONE',
    selfTradePreventionMode: order.tags['selfTradePreventionMode'] ?? 'EXPIRE_MAKER',
    goodTillDate: Number(order.tags['goodTillDate'] ?? 0),
  };
}

/** One execution as `userTrades` lists it. */
export function listedTrade(instrument: MarketInstrument, fill: FillView, positionSide: string): JsonObject {
  return {
    symbol: fill.symbol,
    id: exchangeId(fill.id),
    orderId: exchangeId(fill.orderId),
    side: fill.side,
    price: priceText(instrument, fill.price),
    qty: quantityText(instrument, fill.quantity),
    realizedPnl: moneyOrZero(fill.realisedPnl),
    quoteQty: shortMoney(Decimal.of(fill.value)),
    commission: moneyOrZero(fill.fee),
    commissionAsset: fill.feeAsset,
    time: fill.timeMs,
    positionSide,
    buyer: fill.side === 'BUY',
    maker: fill.isMaker,
  };
}
