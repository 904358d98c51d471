import { ENGINE_ORDER_STATUS, ENGINE_ORDER_TYPE, type EngineOrder } from '../types/order.js';
import { ENGINE_POSITION_SIDE } from '../types/position.js';
import {
  invalidValue,
  requireFinite,
  requireKeyOf,
  requireName,
  requireObject,
  requireString,
} from './value-checks.js';

const ORDER_SIDES = { BUY: 'BUY', SELL: 'SELL' };

/**
 * A frozen copy of an order. The copy is what is checked: it has neither accessors nor inherited properties.
 *
 * @throws `INVALID_KEY` for the id and the symbol, `INVALID_VALUE` for all else.
 */
export function orderSnapshot(value: unknown): Readonly<EngineOrder> {
  requireObject('order', value);
  const order = { ...(value as EngineOrder) };
  requireName('order.exchangeOrderId', order.exchangeOrderId);
  requireName('order.symbol', order.symbol);
  requireString('order.customOrderId', order.customOrderId);
  requireKeyOf('order.orderSide', order.orderSide, ORDER_SIDES);
  requireKeyOf('order.positionSide', order.positionSide, ENGINE_POSITION_SIDE);
  requireKeyOf('order.orderType', order.orderType, ENGINE_ORDER_TYPE);
  requireKeyOf('order.status', order.status, ENGINE_ORDER_STATUS);
  requireFinite('order.price', order.price);
  requireFinite('order.originalQuantity', order.originalQuantity);
  requireFinite('order.executedQuantity', order.executedQuantity);
  requireFinite('order.averagePrice', order.averagePrice);
  requireFinite('order.createdAtMs', order.createdAtMs);
  requireFinite('order.updatedAtMs', order.updatedAtMs);
  if (order.isreduceOnly !== undefined && typeof order.isreduceOnly !== 'boolean') {
    throw invalidValue('order.isreduceOnly', order.isreduceOnly, 'a boolean');
  }
  return Object.freeze(order);
}

/** Whether the order can still execute. */
export function isActiveOrder(order: Pick<EngineOrder, 'status'>): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
}
