import {
  ENGINE_ORDER_POSITION_SIDE,
  ENGINE_POSITION_SIDE,
  type EnginePositionUpdate,
  type EngineSimplePosition,
} from '../types/position.js';
import {
  fillIn,
  invalidValue,
  lacksAny,
  requireFinite,
  requireFiniteIfGiven,
  requireKeyOf,
  requireName,
  requireObject,
  withoutNulls,
} from './value-checks.js';

type Position = Readonly<EngineSimplePosition>;

/** By how much rounding can make equal sizes or prices differ, relative to the larger one. */
export const ROUNDING = 1e-9;

/** What size, entry price and leverage determine. */
const DERIVED = ['value', 'valueUpnl', 'marginValue', 'liquidationPrice'] as const;
const EXITS = ['stopLossPrice', 'takeProfitPrice'] as const;
const KEPT = [...DERIVED, ...EXITS] as const;

/** @throws `INVALID_VALUE` */
export function requirePositionSide(value: unknown): void {
  requireKeyOf('side', value, ENGINE_POSITION_SIDE);
}

/**
 * A frozen copy of a position that is of this symbol and side. The copy is what is checked: it has neither accessors
 * nor inherited properties.
 *
 * @param isStrict whether it has to be one that can be. Otherwise it is taken as it is, if it is of this symbol.
 * @throws `INVALID_KEY` for the symbol, `INVALID_VALUE` for all else.
 */
export function positionSnapshot(symbol: unknown, side: unknown, value: unknown, isStrict = true): Position {
  requireName('symbol', symbol);
  requirePositionSide(side);
  requireObject('position', value);
  if (!isStrict) return positionOf(symbol, value);
  const position = withoutNulls<EngineSimplePosition>(value as EnginePositionUpdate);
  position.timestampMs ??= 0;
  if (position.symbol !== symbol) throw invalidValue('position.symbol', position.symbol, JSON.stringify(symbol));
  if (position.positionSide !== side && position.positionSide !== 'NONE') {
    throw invalidValue('position.positionSide', position.positionSide, `${side} or NONE`);
  }
  requireKeyOf('position.orderPositionSide', position.orderPositionSide, ENGINE_ORDER_POSITION_SIDE);
  requireFinite('position.timestampMs', position.timestampMs);
  requireFinite('position.positionPrice', position.positionPrice);
  requireFinite('position.assetQty', position.assetQty);
  requireFiniteIfGiven('position.value', position.value);
  requireFiniteIfGiven('position.valueUpnl', position.valueUpnl);
  requireFiniteIfGiven('position.marginValue', position.marginValue);
  requireFiniteIfGiven('position.liquidationPrice', position.liquidationPrice);
  requireFiniteIfGiven('position.stopLossPrice', position.stopLossPrice);
  requireFiniteIfGiven('position.takeProfitPrice', position.takeProfitPrice);
  requirePossible(position);
  return Object.freeze(position);
}

/** @throws `INVALID_VALUE` for a position of another symbol. */
function positionOf(symbol: unknown, value: object): Position {
  const position = { ...value } as { symbol?: unknown };
  position.symbol ??= symbol;
  if (position.symbol !== symbol) throw invalidValue('position.symbol', position.symbol, JSON.stringify(symbol));
  return Object.freeze(position) as Position;
}

/** @throws `INVALID_VALUE` for a size on no side, and for a long below 0 */
function requirePossible({ assetQty, positionSide }: Position): void {
  if (positionSide === 'NONE' && assetQty !== 0)
    throw invalidValue('position.assetQty', assetQty, '0 for the side NONE');
  if (positionSide === 'LONG' && assetQty < 0)
    throw invalidValue('position.assetQty', assetQty, '0 or more for a long');
}

/** Whether two values are more than rounding apart; what is not known differs from all that is. */
export function differ(one: number | undefined, other: number | undefined, tolerance: number = ROUNDING): boolean {
  if (one === undefined || other === undefined) return one !== other;
  return Math.abs(one - other) > tolerance * Math.max(Math.abs(one), Math.abs(other));
}

/** The position, with what the update leaves out and still holds: nothing does after a close. */
export function mergedPosition(held: Position | undefined, update: Position): Position {
  if (held === undefined) return update;
  const timestampMs = update.timestampMs === 0 ? held.timestampMs : update.timestampMs;
  const isAnother = held.assetQty === 0 || update.assetQty === 0;
  const isSameSize = !differ(held.assetQty, update.assetQty) && !differ(held.positionPrice, update.positionPrice);
  const kept = isAnother ? [] : isSameSize ? KEPT : EXITS;
  if (timestampMs === update.timestampMs && !lacksAny(update, kept, held)) return update;
  const merged = withoutNulls<EngineSimplePosition>(update);
  merged.timestampMs = timestampMs;
  fillIn(merged, kept, held);
  return Object.freeze(merged);
}

/** The position without what the leverage determines. */
export function withoutMargin(position: Position): Position {
  const changes = { marginValue: undefined, liquidationPrice: undefined };
  return Object.freeze(withoutNulls<EngineSimplePosition>({ ...position, ...changes }));
}

/** The position with another profit. */
export function withProfit(position: Position, valueUpnl: number | undefined): Position {
  return Object.freeze(Object.assign({}, position, { valueUpnl }));
}
