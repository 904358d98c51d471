import type { EnginePositionUpdate } from '../../core/account/types/position.js';

/** A listing of positions, in which two sides of one symbol are hedged, whether or not the exchange says so. */
export function hedgedWhereBoth(positions: readonly EnginePositionUpdate[]): EnginePositionUpdate[] {
  const sides = new Set(positions.map(({ symbol, positionSide }) => `${positionSide} ${symbol}`));
  return positions.map((position) => {
    const { symbol, positionSide } = position;
    const isHedged = positionSide !== 'NONE' && sides.has(`LONG ${symbol}`) && sides.has(`SHORT ${symbol}`);
    return isHedged ? { ...position, orderPositionSide: positionSide } : position;
  });
}
