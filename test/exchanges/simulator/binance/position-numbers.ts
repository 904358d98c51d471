import { Decimal } from '../decimal.js';
import type { PositionView } from '../position.js';

/** The quantity of a position, negative for a short. */
export function signedQuantity(position: PositionView): Decimal {
  const quantity = Decimal.of(position.quantity);
  return position.side === 'SHORT' ? quantity.negated() : quantity;
}

/** The value at the mark price, negative for a short. */
export function signedNotional(position: PositionView): Decimal {
  const value = Decimal.of(position.markValue);
  return position.side === 'SHORT' ? value.negated() : value;
}

/** The price at which closing gains what the position has cost so far; 0 without a position. */
export function breakEvenPrice(position: PositionView): string {
  const quantity = signedQuantity(position);
  if (quantity.isZero) return '0';
  const cost = Decimal.of(position.netProfitSinceOpened).dividedBy(quantity);
  return Decimal.of(position.entryPrice).minus(cost).round(10).toString();
}

/** The initial margin at the mark price. */
export function marginAtMark(position: PositionView): Decimal {
  return Decimal.of(position.markValue).dividedBy(Decimal.of(position.leverage)).round(8);
}
