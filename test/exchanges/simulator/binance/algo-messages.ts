import { Decimal } from '../decimal.js';
import { isActive, type OrderView } from '../order.js';
import { priceText, quantityText } from './amounts.js';
import type { JsonObject } from './json-text.js';
import { exchangeId } from './order-ids.js';
import { clientOrderId, timeInForce } from './order-messages.js';
import type { Venue } from './venue.js';

const NO_PRICE = '0.0000000';

export type AlgoStatus = 'NEW' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';

/** Where a conditional order stands. */
export function algoStatus(venue: Venue, algo: OrderView): AlgoStatus {
  if (algo.status === 'NEW') return 'NEW';
  if (algo.status === 'TRIGGERED') {
    const child = venue.childOf(algo);
    if (child === undefined || !venue.isRecorded(child)) return 'REJECTED';
    return isActive(child) ? 'TRIGGERED' : 'FINISHED';
  }
  if (algo.isTriggered) return 'REJECTED';
  return algo.end === 'USER' ? 'CANCELED' : 'EXPIRED';
}

/** Why a conditional order could not be placed when it was triggered. */
export function rejectReason(order: OrderView): string {
  if (order.end === 'INSUFFICIENT_MARGIN') return 'Margin is insufficient.';
  if (order.end === 'POST_ONLY') return 'Post Only order will be rejected.';
  if (order.end === 'TIME_IN_FORCE') return 'FOK order has been rejected.';
  return 'Reduce Only reject';
}

/** The `ALGO_UPDATE` of a conditional order; `child` is the order that it became. */
export function algoUpdate(
  venue: Venue,
  algo: OrderView,
  status: AlgoStatus,
  timeMs: number,
  { child, reason }: { readonly child?: OrderView | undefined; readonly reason?: string } = {},
): JsonObject {
  const instrument = venue.instrument(algo.symbol);
  // The end by the user is told in fewer words.
  const isShort = status === 'CANCELED';
  const told = status === 'FINISHED' ? child : undefined;
  const placed = child !== undefined && {
    ap: priceText(instrument, told?.averagePrice ?? '0'),
    aq: quantityText(instrument, told?.executed ?? '0'),
    act: child.type,
  };
  const terms = {
    V: algo.tags['selfTradePreventionMode'] ?? 'EXPIRE_MAKER',
    wt: workingType(algo),
    pm: 'NONE',
    cp: algo.closePosition,
    pP: algo.tags['priceProtect'] === 'true',
  };
  return {
    e: 'ALGO_UPDATE',
    T: timeMs,
    E: timeMs,
    o: {
      caid: clientOrderId(algo),
      aid: exchangeId(algo.id),
      at: 'CONDITIONAL',
      o: algo.type,
      s: algo.symbol,
      S: algo.side,
      ps: algo.positionSide,
      f: algoTimeInForce(algo),
      q: quantityText(instrument, askedQuantity(algo)),
      X: status,
      ai: child === undefined ? '' : exchangeId(child.id).toString(),
      ...(placed === false ? {} : placed),
      tp: algo.triggerPrice,
      p: algo.price,
      ...(isShort ? {} : terms),
      ...(algo.trailing === undefined ? {} : { AP: activationPrice(algo), cr: callbackRate(algo) }),
      R: algo.reduceOnly,
      tt: algo.isTriggered ? timeMs : 0,
      gtd: Number(algo.tags['goodTillDate'] ?? 0),
      ...(reason === undefined ? {} : { rm: reason }),
      ia: algo.trailing !== undefined && algo.stopPrice !== '0',
    },
  };
}

/** The `CONDITIONAL_ORDER_TRIGGER_REJECT` of a conditional order. */
export function triggerReject(algo: OrderView, reason: string, timeMs: number): JsonObject {
  return {
    e: 'CONDITIONAL_ORDER_TRIGGER_REJECT',
    E: timeMs,
    T: timeMs,
    or: { s: algo.symbol, i: exchangeId(algo.id), r: reason },
  };
}

/** What placing a conditional order answers. */
export function algoAnswer(venue: Venue, algo: OrderView): JsonObject {
  return {
    ...algoHead(venue, algo),
    triggerPrice: algo.triggerPrice,
    price: algo.price,
    icebergQuantity: null,
    ...algoTail(venue, algo),
  };
}

/** A conditional order as queries list it. */
export function listedAlgo(venue: Venue, algo: OrderView): JsonObject {
  const instrument = venue.instrument(algo.symbol);
  const child = venue.childOf(algo);
  const average = child === undefined || child.averagePrice === '0' ? NO_PRICE : child.averagePrice;
  return {
    ...algoHead(venue, algo),
    actualOrderId: child !== undefined && venue.isRecorded(child) ? exchangeId(child.id).toString() : '',
    actualPrice: average,
    triggerPrice: algo.triggerPrice === '0' ? NO_PRICE : priceText(instrument, algo.triggerPrice),
    price: algo.price === '0' ? NO_PRICE : priceText(instrument, algo.price),
    icebergQuantity: null,
    tpTriggerPrice: NO_PRICE,
    tpPrice: NO_PRICE,
    slTriggerPrice: NO_PRICE,
    slPrice: NO_PRICE,
    tpOrderType: '',
    ...algoTail(venue, algo),
  };
}

function algoHead(venue: Venue, algo: OrderView): JsonObject {
  return {
    algoId: exchangeId(algo.id),
    clientAlgoId: clientOrderId(algo),
    algoType: 'CONDITIONAL',
    orderType: algo.type,
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    timeInForce: algoTimeInForce(algo),
    quantity: quantityText(venue.instrument(algo.symbol), askedQuantity(algo)),
    algoStatus: algoStatus(venue, algo),
  };
}

function algoTail(venue: Venue, algo: OrderView): JsonObject {
  const isTrailing = algo.trailing !== undefined;
  return {
    selfTradePreventionMode: algo.tags['selfTradePreventionMode'] ?? 'EXPIRE_MAKER',
    workingType: workingType(algo),
    priceMatch: 'NONE',
    closePosition: algo.closePosition,
    priceProtect: algo.tags['priceProtect'] === 'true',
    reduceOnly: algo.reduceOnly,
    ...(isTrailing ? { activatePrice: activationPrice(algo), callbackRate: callbackRate(algo) } : {}),
    createTime: algo.createdAtMs,
    updateTime: venue.childOf(algo)?.updatedAtMs ?? algo.updatedAtMs,
    triggerTime: algo.isTriggered ? algo.updatedAtMs : 0,
    goodTillDate: Number(algo.tags['goodTillDate'] ?? 0),
  };
}

/** Orders that close a position live as long as there is one. */
function algoTimeInForce(algo: OrderView): string {
  return algo.closePosition ? 'GTE_GTC' : timeInForce(algo);
}

/** An order that closes a position asks for no quantity, also when it has been triggered. */
function askedQuantity(algo: OrderView): string {
  return algo.closePosition ? '0' : algo.quantity;
}

function workingType(algo: OrderView): string {
  return algo.tags['workingType'] ?? 'CONTRACT_PRICE';
}

function activationPrice(algo: OrderView): string {
  return algo.trailing?.activationPrice ?? algo.priceAtCreation;
}

/** In per cent. */
function callbackRate(algo: OrderView): string {
  if (algo.trailing === undefined || !('rate' in algo.trailing)) return '0';
  return Decimal.of(algo.trailing.rate).times(Decimal.of('100')).toString();
}
