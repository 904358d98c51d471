import { ENGINE_ORDER_POSITION_SIDE, ENGINE_POSITION_SIDE, type EngineSimplePosition } from '../types/position.js';
import {
  invalidValue,
  requireFinite,
  requireFiniteIfGiven,
  requireKeyOf,
  requireName,
  requireObject,
} from './value-checks.js';

/** @throws `INVALID_VALUE` */
export function requirePositionSide(value: unknown): void {
  requireKeyOf('side', value, ENGINE_POSITION_SIDE);
}

/**
 * A frozen copy of a position that is of this symbol and side. The copy is what is checked: it has neither accessors
 * nor inherited properties.
 *
 * @throws `INVALID_KEY` for the symbol, `INVALID_VALUE` for all else.
 */
export function positionSnapshot(symbol: unknown, side: unknown, value: unknown): Readonly<EngineSimplePosition> {
  requireName('symbol', symbol);
  requirePositionSide(side);
  requireObject('position', value);
  const position = { ...(value as EngineSimplePosition) };
  if (position.symbol !== symbol) throw invalidValue('position.symbol', position.symbol, JSON.stringify(symbol));
  if (position.positionSide !== side && position.positionSide !== 'NONE') {
    throw invalidValue('position.positionSide', position.positionSide, `${side} or NONE`);
  }
  requireKeyOf('position.orderPositionSide', position.orderPositionSide, ENGINE_ORDER_POSITION_SIDE);
  requireFinite('position.timestampMs', position.timestampMs);
  requireFinite('position.positionPrice', position.positionPrice);
  requireFinite('position.assetQty', position.assetQty);
  requireFinite('position.value', position.value);
  requireFinite('position.valueUpnl', position.valueUpnl);
  requireFinite('position.marginValue', position.marginValue);
  requireFinite('position.liquidationPrice', position.liquidationPrice);
  requireFiniteIfGiven('position.stopLossPrice', position.stopLossPrice);
  requireFiniteIfGiven('position.takeProfitPrice', position.takeProfitPrice);
  return Object.freeze(position);
}
