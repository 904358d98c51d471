import type { EngineOrder, EngineOrderSide } from '../types/order.js';

type Order = Readonly<EngineOrder>;
type Compare = (left: Order, right: Order) => number;

export const byId: Compare = (left, right) => left.exchangeOrderId.localeCompare(right.exchangeOrderId);
export const bySymbol: Compare = (left, right) => left.symbol.localeCompare(right.symbol);
export const byPrice: Compare = (left, right) => left.price - right.price;
export const byTimestamp: Compare = (left, right) => left.createdAtMs - right.createdAtMs;

/** A sorted copy. Orders that compare equal keep their order, in both directions. */
export function sortedOrders(orders: readonly Order[], compare: Compare, ascending: boolean): Order[] {
  return orders.toSorted(ascending ? compare : (left, right) => compare(right, left));
}

/** The orders of one side. */
export function ordersOfSide(orders: readonly Order[], side: EngineOrderSide): Order[] {
  return orders.filter(({ orderSide }) => orderSide === side);
}
