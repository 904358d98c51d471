import type { MarginMode, PositionSide } from '../position.js';

/** `net`, `long` or `short`. */
export function positionSideOf(side: PositionSide): 'net' | 'long' | 'short' {
  return side === 'BOTH' ? 'net' : side === 'LONG' ? 'long' : 'short';
}

export function marginModeOf(mode: MarginMode): 'cross' | 'isolated' {
  return mode === 'CROSS' ? 'cross' : 'isolated';
}
