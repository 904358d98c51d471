import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate, EngineSimplePosition } from '../../core/account/types/position.js';
import type { AccountTarget } from './account-target.js';
import type { OrderFill, PositionChange } from './outcome.js';

const SIDES = ['LONG', 'SHORT'] as const;

/**
 * Puts a position that an exchange reported into the store; one without a size says that it is flat.
 *
 * In one-way mode (`orderPositionSide: 'BOTH'`) a symbol has one position, in hedge mode the two sides are independent. A
 * message that is older than what the store knows changes nothing.
 */
export function applyPosition(store: AccountTarget, update: EnginePositionUpdate): PositionChange[] {
  const { symbol, positionSide, orderPositionSide, timestampMs, assetQty } = update;
  const sides = orderPositionSide === 'BOTH' ? SIDES : [orderPositionSide];
  const held = sides.map((side) => ({ side, before: store.getActivePosition(symbol, side) }));
  if (assetQty === 0 || positionSide === 'NONE') {
    for (const { side, before } of held) {
      // Binance reports to a hedged account, too, that its one-way position is flat. That says nothing of the other two.
      if (before !== undefined && before.orderPositionSide !== orderPositionSide) continue;
      const isOlder = before !== undefined && timestampMs !== 0 && before.timestampMs > timestampMs;
      if (!isOlder) store.deleteActivePosition(symbol, side, timestampMs || undefined);
    }
  } else {
    store.setActivePosition(symbol, positionSide, update);
  }
  return held.flatMap(({ side, before }) => {
    const after = store.getActivePosition(symbol, side);
    return isSame(before, after) ? [] : [{ symbol, side, before, after }];
  });
}

function isSame(before: Partial<EngineSimplePosition> = {}, after: Partial<EngineSimplePosition> = {}): boolean {
  const names = Object.keys({ ...before, ...after }) as (keyof EngineSimplePosition)[];
  return names.every((name) => before[name] === after[name]);
}

/**
 * Puts an order that an exchange reported into the store, which drops it when it is no longer active.
 *
 * @returns the fill, when the order executed further.
 */
export function applyOrder(store: AccountTarget, order: EngineOrderUpdate): OrderFill[] {
  const executedBefore = store.getOrder(order.exchangeOrderId)?.executedQuantity ?? 0;
  if (!store.upsertActiveOrder(order) || order.executedQuantity <= executedBefore) return [];
  return [{ order, first: executedBefore === 0 }];
}
