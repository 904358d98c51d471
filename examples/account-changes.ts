import type { EngineOrder, EngineSimplePosition } from 'accountkeeper';
import type { AccountTarget, OrderFill, PositionChange, PositionSide } from './exchange-message.js';

const SIDES: readonly PositionSide[] = ['LONG', 'SHORT'];

/**
 * Puts a position that an exchange told into the store; one with `positionSide: 'NONE'` says that it is flat.
 *
 * In one-way mode (`orderPositionSide: 'BOTH'`) a symbol has one position, so a flip from long to short removes the
 * long: after the short was set, so that no reader finds the symbol flat. In hedge mode the two sides are independent.
 * A message that is older than what the store holds changes nothing.
 */
export function applyPosition(store: AccountTarget, position: EngineSimplePosition): PositionChange[] {
  const { symbol, positionSide, orderPositionSide, timestampMs } = position;
  const sides = orderPositionSide === 'BOTH' ? SIDES : [orderPositionSide];
  const held = sides.map((side) => ({ side, before: store.getActivePosition(symbol, side) }));
  if (held.some(({ before }) => before !== undefined && before.timestampMs > timestampMs)) return [];

  const changes: PositionChange[] = [];
  if (positionSide !== 'NONE') {
    const before = store.getActivePosition(symbol, positionSide);
    store.setActivePosition(symbol, positionSide, position);
    const after = store.getActivePosition(symbol, positionSide);
    // With `rejectStale` the store also knows what ended after this message was made.
    if (after === before) return [];
    changes.push({ symbol, side: positionSide, before, after });
  }
  for (const { side, before } of held) {
    if (side === positionSide) continue;
    // Binance tells a hedged account, too, that its one-way position is flat. That says nothing of the other two.
    if (positionSide === 'NONE' && before !== undefined && before.orderPositionSide !== orderPositionSide) continue;
    store.deleteActivePosition(symbol, side, timestampMs);
    if (before !== undefined) changes.push({ symbol, side, before, after: undefined });
  }
  return changes;
}

/**
 * Puts an order that an exchange told into the store, which drops it when it is no longer active. One that is older than
 * what the store holds changes nothing.
 *
 * @returns the fill, when the order executed further.
 */
export function applyOrder(store: AccountTarget, order: EngineOrder): OrderFill[] {
  const before = store.getOrder(order.exchangeOrderId);
  if (before !== undefined && before.updatedAtMs > order.updatedAtMs) return [];
  store.upsertActiveOrder(order);
  const executedBefore = before?.executedQuantity ?? 0;
  return order.executedQuantity > executedBefore ? [{ order, first: executedBefore === 0 }] : [];
}

/** The positions of a snapshot that are open, which is what `store.reconcile` takes. */
export function openPositions(positions: readonly EngineSimplePosition[]): EngineSimplePosition[] {
  return positions.filter((position) => position.positionSide !== 'NONE');
}
