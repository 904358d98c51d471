import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notionalAt, profitAt } from '../../../../src/core/account/math/profit.js';
import { type Exact, exact, inverseOf, isWithin, minus, times } from '../../../support/exact.js';

const KINDS = ['linear', 'inverse', 'quanto', 'spot'] as const;

/** One part in 10^12. */
const PARTS = 10n ** 12n;

const CASES = 100_000;

/** As exchanges quote them: up to 10 significant digits. */
const decimal = (min: number, max: number): fc.Arbitrary<number> =>
  fc
    .tuple(fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }), fc.integer({ min: 2, max: 10 }))
    .map(([log, digits]) => Number(Math.exp(log).toPrecision(digits)));

function exactProfit(
  kind: (typeof KINDS)[number],
  price: number,
  entry: number,
  quantity: number,
  multiplier: number,
): Exact {
  const size = times(exact(quantity), exact(multiplier));
  return kind === 'inverse'
    ? times(size, minus(inverseOf(exact(entry)), inverseOf(exact(price))))
    : times(size, minus(exact(price), exact(entry)));
}

describe('profitAt', () => {
  it('of an inverse contract is in the coin', () => {
    const long = { assetQty: 10_000, positionPrice: 50_000 };
    const valuation = { kind: 'inverse', multiplier: 1 } as const;
    expect(profitAt(60_000, long, 'LONG', valuation)).toBeCloseTo(0.03333333333, 10);
    expect(profitAt(60_000, long, 'SHORT', valuation)).toBeCloseTo(-0.03333333333, 10);
    expect(profitAt(60_000, { ...long, assetQty: -10_000 }, 'SHORT', valuation)).toBeCloseTo(-0.03333333333, 10);
    expect(profitAt(60_000, { ...long, assetQty: 100 }, 'LONG', { ...valuation, multiplier: 100 })).toBeCloseTo(
      0.0333333,
      6,
    );
  });

  it('counts a contract by its multiplier', () => {
    const long = { assetQty: 10, positionPrice: 100 };
    expect(profitAt(110, long, 'LONG', { kind: 'linear', multiplier: 0.01 })).toBe(1);
    expect(profitAt(110, long, 'LONG', { kind: 'quanto', multiplier: 0.000001 })).toBeCloseTo(0.0001, 15);
  });

  it('is 0 without a size, and not known for an inverse contract without an entry price', () => {
    for (const kind of KINDS) {
      const valuation = { kind, multiplier: 1 };
      expect(profitAt(5, { assetQty: 0, positionPrice: 7 }, 'LONG', valuation)).toBe(0);
      expect(profitAt(5, { assetQty: 1, positionPrice: 0 }, 'LONG', valuation)).toBe(
        kind === 'inverse' ? undefined : 5,
      );
    }
  });

  it('is within one part in 10^12 of the exact value, as is the value of the position', () => {
    const price = decimal(1e-8, 1e8);
    const size = decimal(1e-8, 1e10);
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        fc.constantFrom('LONG' as const, 'SHORT' as const),
        price,
        price,
        size,
        decimal(1e-8, 1e6),
        (kind, side, now, entry, assetQty, multiplier) => {
          const valuation = { kind, multiplier };
          const signed = side === 'LONG' ? assetQty : -assetQty;
          const profit = profitAt(now, { assetQty: signed, positionPrice: entry }, side, valuation) ?? Number.NaN;
          if (!isWithin(profit, exactProfit(kind, now, entry, signed, multiplier), PARTS)) return false;
          const units = times(exact(assetQty), exact(multiplier));
          const value = times(units, kind === 'inverse' ? inverseOf(exact(now)) : exact(now));
          return isWithin(notionalAt(now, signed, valuation), value, PARTS);
        },
      ),
      { numRuns: CASES },
    );
  }, 120_000);

  it('is zero-sum: what a long wins, a short of the same size loses', () => {
    const price = decimal(1e-8, 1e8);
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        price,
        price,
        decimal(1e-8, 1e10),
        (kind, now, positionPrice, assetQty) => {
          const valuation = { kind, multiplier: 1 };
          const long = profitAt(now, { assetQty, positionPrice }, 'LONG', valuation) ?? Number.NaN;
          const short = profitAt(now, { assetQty, positionPrice }, 'SHORT', valuation) ?? Number.NaN;
          return long + short === 0;
        },
      ),
    );
  });
});

describe('the exact value of a double', () => {
  it('is that of its decimal expansion', () => {
    expect(exact(0.5)).toEqual({ numerator: 1n << 52n, denominator: 1n << 53n });
    expect(exact(-3)).toEqual({ numerator: -3n << 51n, denominator: 1n << 51n });
    expect(isWithin(0.1 + 0.2, exact(0.3), 10n ** 15n)).toBe(true);
    expect(isWithin(0.1 + 0.2, exact(0.3), 10n ** 17n)).toBe(false);
    expect(isWithin(1.002, exact(1), 1000n)).toBe(false);
    expect(isWithin(Number.MIN_VALUE, exact(Number.MIN_VALUE), 10n ** 40n)).toBe(true);
  });
});
