import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/core/write-behind/backoff.js';

const bounds = { initialMs: 100, maxMs: 1_000 };

describe('backoffMs', () => {
  it('doubles its bound with each failure', () => {
    const waits = [1, 2, 3, 4].map((failures) => backoffMs(failures, bounds, () => 0.5));
    expect(waits).toEqual([50, 100, 200, 400]);
  });

  it('never exceeds the cap', () => {
    expect(backoffMs(5, bounds, () => 0.5)).toBe(500);
    expect(backoffMs(60, bounds, () => 0.5)).toBe(500);
  });

  it('stays finite after any number of failures', () => {
    expect(backoffMs(5_000, bounds, () => 0.999)).toBeCloseTo(999);
  });

  it('draws from the whole range below the bound', () => {
    expect(backoffMs(3, bounds, () => 0)).toBe(0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, draw) => {
          const wait = backoffMs(failures, bounds, () => draw);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(Math.min(bounds.maxMs, bounds.initialMs * 2 ** (failures - 1)));
        },
      ),
    );
  });
});
