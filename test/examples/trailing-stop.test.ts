import { describe, expect, it } from 'vitest';
import type { PositionSide } from '../../examples/engine-metadata.js';
import { advanceTrailingStop, type TrailingStop } from '../../examples/trailing-stop.js';

function follow(side: PositionSide, entryPrice: number, prices: readonly number[]): TrailingStop | null {
  return prices.reduce<TrailingStop | null>((stop, price) => advanceTrailingStop(side, stop, entryPrice, price), null);
}

describe('a trailing stop', () => {
  it.each([
    ['LONG', [100, 99]],
    ['SHORT', [100, 101]],
  ] as const)('of a %s is not there before the price was better than the entry', (side, prices) => {
    expect(follow(side, 100, prices)).toBeNull();
  });

  it('of a long follows the highest price', () => {
    expect(follow('LONG', 100, [100.5, 102, 101])).toEqual({ active: true, highWaterPrice: 102, stopPrice: 101.388 });
  });

  it('of a short follows the lowest price', () => {
    expect(follow('SHORT', 100, [99.5, 98, 99])).toEqual({ active: true, lowWaterPrice: 98, stopPrice: 98.588 });
  });

  it('is not active before the profit is large enough', () => {
    expect(follow('LONG', 100, [100.5])?.active).toBe(false);
    expect(follow('LONG', 100, [101])?.active).toBe(true);
  });

  it('is the same object after a price that changes nothing', () => {
    const stop = follow('LONG', 100, [102]);

    expect(advanceTrailingStop('LONG', stop, 100, 101)).toBe(stop);
  });
});
