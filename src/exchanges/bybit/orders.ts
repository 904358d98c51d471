import type { EngineOrderStatus, EngineOrderType, EngineOrderUpdate } from '../../core/account/types/order.js';
import { Fields } from '../shared/fields.js';
import { type BybitCategory, bybitSymbolKey, categoryOf } from './categories.js';

/** A conditional order is active before its trigger, and on its way into the book, where it keeps its id. */
const STATUS = byName<EngineOrderStatus>([
  ['NEW', 'Created New Untriggered Triggered Active'],
  ['PARTIALLY_FILLED', 'PartiallyFilled'],
  ['PENDING_CANCEL', 'PendingCancel'],
  ['FILLED', 'Filled'],
  ['CANCELLED', 'Cancelled PartiallyFilledCanceled Deactivated'],
  ['REJECTED', 'Rejected'],
  ['EXPIRED', 'Expired'],
]);

/** By `stopOrderType`. A two-sided order counts as a stop, the part not to lose sight of. */
const KIND = byName<'PLAIN' | 'BY_DIRECTION' | 'STOP' | 'TAKE_PROFIT' | 'TRAILING_STOP'>([
  ['PLAIN', 'UNKNOWN'],
  ['BY_DIRECTION', 'Stop tpslOrder'],
  ['STOP', 'StopLoss PartialStopLoss MmRateClose OcoOrder BidirectionalTpslOrder'],
  ['TAKE_PROFIT', 'TakeProfit PartialTakeProfit'],
  ['TRAILING_STOP', 'TrailingStop'],
]);

/** Those that, in the mode `Full`, close the whole position. */
const CLOSING: readonly unknown[] = ['StopLoss', 'TakeProfit', 'TrailingStop'];
const POSITION_SIDE = { 0: 'NONE', 1: 'LONG', 2: 'SHORT' } as const;

/**
 * An entry of the order topic or of `/v5/order/realtime`, whose `category` is beside the list. The key is `orderId`,
 * which is unique across categories. @throws ExchangeMessageError
 */
export function mapBybitOrder(entry: object, category?: BybitCategory): EngineOrderUpdate {
  const item = new Fields({ category, ...entry }, 'order');
  return readOrder(item, categoryOf(item));
}

export function readOrder(item: Fields, category: string): EngineOrderUpdate {
  const orderSide = item.oneOf('side', { Buy: 'BUY', Sell: 'SELL' } as const);
  const isMarket = item.oneOf('orderType', { Limit: false, Market: true });
  const executedQuantity = item.numberIfGiven('cumExecQty') ?? 0;
  // A market order to buy on spot is for an amount in the quote coin, unless it says otherwise.
  const unit = item.textIfGiven('marketUnit') || (orderSide === 'BUY' ? 'quoteCoin' : 'baseCoin');
  const isForAmount = category === 'spot' && isMarket && unit === 'quoteCoin';
  const originalQuantity = isForAmount ? executedQuantity : item.number('qty');
  const closeOnTrigger = item.flagIfGiven('closeOnTrigger');
  const isFull = item.raw('tpslMode') === 'Full' && CLOSING.includes(item.raw('stopOrderType'));
  const closePosition = closeOnTrigger && (isFull || originalQuantity === 0);
  if (originalQuantity < 0) throw item.error('qty', `expected 0 or more, received ${originalQuantity}`);
  if (executedQuantity < 0 || !(closePosition || executedQuantity <= originalQuantity)) {
    throw item.error('cumExecQty', `expected 0 to ${originalQuantity}, received ${executedQuantity}`);
  }
  return {
    exchangeOrderId: item.id('orderId'),
    customOrderId: item.textIfGiven('orderLinkId'),
    symbol: bybitSymbolKey(category, item.text('symbol')),
    orderSide,
    positionSide: item.has('positionIdx') ? item.oneOf('positionIdx', POSITION_SIDE) : 'NONE',
    orderType: typeOf(item, orderSide, isMarket),
    status: item.oneOf('orderStatus', STATUS),
    // The price of a market order is no limit of the user's, but a bound that Bybit gave it.
    price: isMarket ? 0 : (item.numberOrNone('price') ?? 0),
    originalQuantity,
    executedQuantity,
    averagePrice: item.numberOrNone('avgPrice'),
    triggerPrice: item.numberOrNone('triggerPrice'),
    timeInForce: item.textIfGiven('timeInForce') || undefined,
    closePosition,
    createdAtMs: item.numberIfGiven('createdTime') ?? 0,
    updatedAtMs: item.numberIfGiven('updatedTime') ?? 0,
    // An order that closes on its trigger never increases the position.
    isreduceOnly: closeOnTrigger || item.flagIfGiven('reduceOnly'),
  };
}

function typeOf(item: Fields, orderSide: 'BUY' | 'SELL', isMarket: boolean): EngineOrderType {
  const triggerPrice = item.numberIfGiven('triggerPrice') ?? 0;
  const named = item.has('stopOrderType') ? item.oneOf('stopOrderType', KIND) : 'PLAIN';
  const kind = named === 'PLAIN' && triggerPrice !== 0 ? 'BY_DIRECTION' : named;
  if (kind === 'PLAIN') return isMarket ? 'MARKET' : 'LIMIT';
  if (kind === 'TRAILING_STOP') return 'TRAILING_STOP_MARKET';
  // Spot does not report the direction. It follows from the price at which the order was placed.
  const placedAt = item.numberIfGiven('basePrice') || item.numberIfGiven('lastPriceOnCreated') || triggerPrice;
  const rises = { 1: 1, 2: -1 }[item.numberIfGiven('triggerDirection') ?? 0] ?? triggerPrice - placedAt;
  const isTakeProfit = orderSide === 'BUY' ? rises < 0 : rises > 0;
  const type = kind === 'BY_DIRECTION' ? (isTakeProfit ? 'TAKE_PROFIT' : 'STOP') : kind;
  return isMarket ? `${type}_MARKET` : type;
}

/** A table of what each of the names, which are separated by spaces, stands for. */
function byName<Meaning>(rows: readonly (readonly [Meaning, names: string])[]): Readonly<Record<string, Meaning>> {
  return Object.fromEntries(rows.flatMap(([meaning, names]) => names.split(' ').map((name) => [name, meaning])));
}
