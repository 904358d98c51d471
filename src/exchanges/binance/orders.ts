import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import { Fields } from '../shared/fields.js';
import { isCoinMargined } from './instruments.js';
import { ORDER } from './names.js';

/** Whose ids are in a space of their own: the matching engine's, the algo service's, portfolio margin's conditional. */
export type OrderSpace = keyof typeof ORDER;

const OPEN = { NEW: 'NEW', PENDING_NEW: 'NEW', TRIGGERING: 'NEW', NEW_INSURANCE: 'NEW', NEW_ADL: 'NEW' } as const;
const FILLING = { PARTIALLY_FILLED: 'PARTIALLY_FILLED', FILLED: 'FILLED', REJECTED: 'REJECTED' } as const;
const CANCEL = { PENDING_CANCEL: 'PENDING_CANCEL', CANCELED: 'CANCELLED' } as const;
/** An order that was triggered is over: what it became has another id. */
const OVER = { EXPIRED: 'EXPIRED', EXPIRED_IN_MATCH: 'EXPIRED', TRIGGERED: 'EXPIRED', FINISHED: 'EXPIRED' } as const;
const STATUS = { ...OPEN, ...FILLING, ...CANCEL, ...OVER };

const PLAIN = { LIMIT: 'LIMIT', MARKET: 'MARKET', LIQUIDATION: 'MARKET' } as const;
const STOP = { STOP: 'STOP', STOP_MARKET: 'STOP_MARKET', TRAILING_STOP_MARKET: 'TRAILING_STOP_MARKET' } as const;
const TAKE_PROFIT = { TAKE_PROFIT: 'TAKE_PROFIT', TAKE_PROFIT_MARKET: 'TAKE_PROFIT_MARKET' } as const;
const TYPE = { ...PLAIN, ...STOP, ...TAKE_PROFIT };

const SIDE = { BUY: 'BUY', SELL: 'SELL' } as const;
const POSITION_SIDE = { BOTH: 'NONE', LONG: 'LONG', SHORT: 'SHORT' } as const;

/** How much more than the ordered quantity rounding can make of the executed one. */
const ROUNDING = 1 + 1e-9;

/** The `exchangeOrderId` of an order, whose id is unique for its symbol only. */
export function binanceOrderKey(symbol: string, orderId: string | number): string {
  return `${symbol}:${orderId}`;
}

/** The `exchangeOrderId` of an order of the algo service. */
export function binanceAlgoOrderKey(algoId: string | number): string {
  return `algo:${algoId}`;
}

/** An order: an entry of `openOrders`, the answer to a request about one, or the `o` of an ORDER_TRADE_UPDATE. */
export function mapBinanceOrder(entry: object): EngineOrderUpdate {
  return readOrder(new Fields(entry, 'order'), 'order');
}

/**
 * A conditional order: an entry of `openAlgoOrders`, or the `o` of an ALGO_UPDATE, with the `T` beside it as `atMs`. It
 * never executes anything itself; the order that it becomes does.
 */
export function mapBinanceAlgoOrder(entry: object, atMs?: number): EngineOrderUpdate {
  return readOrder(new Fields(entry, 'algoOrder'), 'algo', atMs);
}

/** @param atMs its time, where the entry has none. */
export function readOrder(entry: Fields, space: OrderSpace, atMs = 0): EngineOrderUpdate {
  const item = entry.renamed(ORDER[space]);
  const symbol = item.text('symbol');
  const orderType = item.oneOf('type', TYPE);
  const closePosition = item.flagIfGiven('closePosition');
  const originalQuantity = closePosition ? (item.numberOrNone('quantity') ?? 0) : item.number('quantity');
  const executedQuantity = space === 'order' ? item.number('executed') : 0;
  const isTooMuch = executedQuantity > originalQuantity * ROUNDING && !closePosition;
  if (isTooMuch || executedQuantity < 0 || originalQuantity < 0) {
    throw item.error('executed', `expected 0 to ${originalQuantity}, received ${executedQuantity}`);
  }
  const isTrailing = orderType === 'TRAILING_STOP_MARKET';
  // A liquidation's order does not say in its status how much is executed.
  const told = item.oneOf('status', STATUS);
  const isFilled = executedQuantity * ROUNDING >= originalQuantity;
  const status = told !== 'NEW' || executedQuantity === 0 ? told : isFilled ? 'FILLED' : 'PARTIALLY_FILLED';
  const updatedAtMs = item.numberIfGiven('updatedAt') ?? atMs;
  return {
    exchangeOrderId: binanceOrderKey(space === 'order' ? symbol : space, item.id('id')),
    customOrderId: item.textIfGiven('clientId'),
    symbol,
    orderSide: item.oneOf('side', SIDE),
    positionSide: item.oneOf('positionSide', POSITION_SIDE),
    orderType,
    status,
    price: space === 'order' ? item.number('price') : (item.numberOrNone('price') ?? 0),
    originalQuantity,
    executedQuantity,
    averagePrice: item.numberIfGiven('averagePrice'),
    // The stop price of a trailing stop is to be ignored, says Binance.
    triggerPrice: isTrailing ? item.numberIfGiven('activatePrice') || undefined : item.numberOrNone('triggerPrice'),
    timeInForce: item.textIfGiven('timeInForce') || undefined,
    closePosition,
    createdAtMs: item.numberIfGiven('createdAt') ?? (item.raw('cause') === 'NEW' ? updatedAtMs : 0),
    updatedAtMs,
    isreduceOnly: item.flagIfGiven('reduceOnly'),
  };
}

/** Whether the order waits for its trigger. */
export function isConditional({ orderType }: Pick<EngineOrderUpdate, 'orderType'>): boolean {
  return orderType !== 'LIMIT' && orderType !== 'MARKET';
}

/** The space that an order is in or, as long as it has a client id alone, will be in. */
export function orderSpaceOf(order: EngineOrderUpdate): OrderSpace {
  const [prefix] = order.exchangeOrderId.split(':');
  if (prefix === '' && isConditional(order)) return isCoinMargined(order.symbol) ? 'strategy' : 'algo';
  return prefix === 'algo' || prefix === 'strategy' ? prefix : 'order';
}
