import {
  ENGINE_ORDER_STATUS,
  ENGINE_ORDER_TYPE,
  type EngineOrder,
  type EngineOrderStatus,
  type EngineOrderUpdate,
} from '../types/order.js';
import { ENGINE_POSITION_SIDE } from '../types/position.js';
import {
  fillIn,
  invalidValue,
  lacksAny,
  requireFinite,
  requireFiniteIfGiven,
  requireKeyOf,
  requireName,
  requireObject,
  requireString,
  withoutNulls,
} from './value-checks.js';

type Order = Readonly<EngineOrder>;

const ORDER_SIDES = { BUY: 'BUY', SELL: 'SELL' };
const FLAGS = ['isreduceOnly', 'closePosition'] as const;
/** What a fill does not change. */
const KEPT_BY_FILLS = [...FLAGS, 'triggerPrice', 'timeInForce'] as const;
const KEPT = [...KEPT_BY_FILLS, 'averagePrice'] as const;

const ACTIVE: ReadonlySet<EngineOrderStatus> = new Set(['NEW', 'PARTIALLY_FILLED', 'PENDING_CANCEL']);

/** How much more than the original quantity rounding can make of the executed one. */
const ROUNDING = 1 + 1e-9;

/**
 * A frozen copy of an order. The copy is what is checked: it has neither accessors nor inherited properties.
 *
 * @param isStrict whether it has to be one that can be. Otherwise it is taken as it is, if it has an id.
 * @throws `INVALID_KEY` for the id and the symbol, `INVALID_VALUE` for all else.
 */
export function orderSnapshot(value: unknown, isStrict = true): Order {
  requireObject('order', value);
  if (!isStrict) return orderOf(value);
  const order = withoutNulls<EngineOrder>(value as EngineOrderUpdate);
  order.exchangeOrderId ??= '';
  order.customOrderId ??= '';
  order.createdAtMs ??= 0;
  order.updatedAtMs ??= 0;
  requireString('order.customOrderId', order.customOrderId);
  if (order.customOrderId === '') requireName('order.exchangeOrderId', order.exchangeOrderId);
  requireString('order.exchangeOrderId', order.exchangeOrderId);
  requireName('order.symbol', order.symbol);
  requireKeyOf('order.orderSide', order.orderSide, ORDER_SIDES);
  requireKeyOf('order.positionSide', order.positionSide, ENGINE_POSITION_SIDE);
  requireKeyOf('order.orderType', order.orderType, ENGINE_ORDER_TYPE);
  requireKeyOf('order.status', order.status, ENGINE_ORDER_STATUS);
  requireFinite('order.price', order.price);
  requireFinite('order.originalQuantity', order.originalQuantity);
  requireFinite('order.executedQuantity', order.executedQuantity);
  requireFiniteIfGiven('order.averagePrice', order.averagePrice);
  requireFiniteIfGiven('order.triggerPrice', order.triggerPrice);
  requireFinite('order.createdAtMs', order.createdAtMs);
  requireFinite('order.updatedAtMs', order.updatedAtMs);
  if (order.timeInForce !== undefined) requireString('order.timeInForce', order.timeInForce);
  for (const name of FLAGS) {
    if (order[name] !== undefined && typeof order[name] !== 'boolean') {
      throw invalidValue(`order.${name}`, order[name], 'a boolean');
    }
  }
  requirePossible(order);
  return Object.freeze(order);
}

/** @throws `INVALID_KEY` without an id */
function orderOf(value: object): Order {
  const order = { ...value } as EngineOrder;
  requireName('order.exchangeOrderId', order.exchangeOrderId);
  return Object.freeze(order);
}

/** @throws `INVALID_VALUE` for quantities below 0, or more executed than ordered */
function requirePossible({ originalQuantity, executedQuantity, closePosition }: Order): void {
  if (originalQuantity < 0) throw invalidValue('order.originalQuantity', originalQuantity, '0 or more');
  if (executedQuantity < 0) throw invalidValue('order.executedQuantity', executedQuantity, '0 or more');
  // An order that closes a position does not always say how much that is.
  if (executedQuantity <= originalQuantity * ROUNDING || closePosition === true) return;
  throw invalidValue('order.executedQuantity', executedQuantity, `at most the original ${originalQuantity}`);
}

/** The order, with what the update leaves out and still holds. */
export function mergedOrder(held: Order | undefined, update: Order): Order {
  if (held === undefined) return update;
  const kept = held.executedQuantity === update.executedQuantity ? KEPT : KEPT_BY_FILLS;
  const isNamed = update.exchangeOrderId !== '' && (update.customOrderId !== '' || held.customOrderId === '');
  const isTimed = update.createdAtMs !== 0 && update.updatedAtMs !== 0;
  if (isNamed && isTimed && !lacksAny(update, kept, held)) return update;
  const merged = withoutNulls<EngineOrder>(update);
  merged.exchangeOrderId ||= held.exchangeOrderId;
  merged.customOrderId ||= held.customOrderId;
  merged.createdAtMs ||= held.createdAtMs;
  // Until the exchange has given an id, it is the time of the bot, whose clock may be ahead.
  if (held.exchangeOrderId === merged.exchangeOrderId) merged.updatedAtMs ||= held.updatedAtMs;
  fillIn(merged, kept, held);
  return Object.freeze(merged);
}

/** Whether the order can still execute; `accountstate` takes one that is being cancelled for over. */
export function isActiveOrder({ status }: Pick<EngineOrder, 'status'>, isStrict = true): boolean {
  return ACTIVE.has(status) && (isStrict || status !== 'PENDING_CANCEL');
}
