import {
  ENGINE_ORDER_POSITION_SIDE,
  ENGINE_POSITION_SIDE,
  type EnginePositionUpdate,
  type EngineSimplePosition,
} from '../types/position.js';
import {
  invalidValue,
  requireFinite,
  requireFiniteIfGiven,
  requireKeyOf,
  requireName,
  requireObject,
  withoutNulls,
} from './value-checks.js';

type Position = Readonly<EngineSimplePosition>;

/** What size, entry price and leverage determine. */
const DERIVED = ['value', 'valueUpnl', 'marginValue', 'liquidationPrice'] as const;
const KEPT = [...DERIVED, 'stopLossPrice', 'takeProfitPrice'] as const;

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
  for (const name of KEPT) requireFiniteIfGiven(`position.${name}`, position[name]);
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

/** The position, with what the update leaves out and still holds: nothing does after a close. */
export function mergedPosition(held: Position | undefined, update: Position): Position {
  if (held === undefined) return update;
  const timestampMs = update.timestampMs === 0 ? held.timestampMs : update.timestampMs;
  const isAnother = held.assetQty === 0 || update.assetQty === 0;
  const isSameSize = held.assetQty === update.assetQty && held.positionPrice === update.positionPrice;
  const kept = isAnother ? [] : isSameSize ? KEPT : (['stopLossPrice', 'takeProfitPrice'] as const);
  const missing = kept.filter((name) => update[name] === undefined && held[name] !== undefined);
  if (missing.length === 0 && timestampMs === update.timestampMs) return update;
  return Object.freeze({
    ...update,
    timestampMs,
    ...Object.fromEntries(missing.map((name) => [name, held[name]])),
  });
}

/** The position without what the leverage determines. */
export function withoutMargin({ marginValue: _margin, liquidationPrice: _price, ...position }: Position): Position {
  return Object.freeze(position);
}
