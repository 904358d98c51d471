import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calculateDepthForPosition,
  calculateDepthForPositions,
  calculateDepthSummaryForAllPositions,
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealisedPnlPct,
} from '../../../../src/core/account/math/position-math.js';
import type { InstrumentLookup } from '../../../../src/core/account/types/instrument.js';
import { position } from '../tables/table-harness.js';

const numbersIn = (value: object): number[] => Object.values(value).filter((each) => typeof each === 'number');

describe('getUnrealisedPnl', () => {
  it('is the sum of all positions', () => {
    expect(getUnrealisedPnl([])).toBe(0);
    expect(getUnrealisedPnl([position({ valueUpnl: 4 }), position({ valueUpnl: -1.5 })])).toBe(2.5);
  });

  it('is in percent of the balance, with two decimals', () => {
    const positions = [position({ valueUpnl: 1 }), position({ valueUpnl: 1 })];
    expect(getUnrealisedPnlPct(positions, 100)).toBe(2);
    expect(getUnrealisedPnlPct(positions, 300)).toBe(0.67);
    expect(getUnrealisedPnlPct([position({ valueUpnl: -1 })], 300)).toBe(-0.33);
    expect(getUnrealisedPnlPct(positions, 0)).toBe(0);
    expect(Object.is(getUnrealisedPnlPct([position({ valueUpnl: -0.0001 })], 100), 0)).toBe(true);
  });
});

describe('calculateDepthForPosition', () => {
  it('is |quantity × entry price| / leverage, as a percentage of the balance', () => {
    expect(calculateDepthForPosition('USDT', 'BTCUSDT', 1_000, -2, 100, 5, 30, 4)).toEqual({
      asset: 'USDT',
      symbol: 'BTCUSDT',
      positionAmount: -2,
      estimatedValue: 200,
      estimatedValueWithLeverage: 50,
      positionDepth: 5,
      positionDepthUnrealised: 2,
      balanceRemaining: 950,
      unrealisedPnL: 5,
      estimatedPnlPct: 10,
    });
  });

  it('has percentages of two decimals, and amounts as they are', () => {
    const depth = calculateDepthForPosition('USDT', 'A', 700, 1, 100, 1.005, 1, 3);
    expect(depth).toMatchObject({
      estimatedValueWithLeverage: 100 / 3,
      positionDepth: 4.76,
      positionDepthUnrealised: 4.62,
      balanceRemaining: 700 - 100 / 3,
      unrealisedPnL: 1.005,
      estimatedPnlPct: 3.01,
    });
  });

  it('takes a leverage of 0 for 1', () => {
    expect(calculateDepthForPosition('USDT', 'A', 100, 1, 10, 0, 0, 0).positionDepth).toBe(10);
  });

  it('is infinite where there is exposure and no balance', () => {
    for (const balance of [0, -5]) {
      expect(calculateDepthForPosition('USDT', 'A', balance, 1, 10, 1, 1, 1)).toMatchObject({
        positionDepth: Infinity,
        positionDepthUnrealised: Infinity,
        balanceRemaining: balance - 10,
      });
      expect(calculateDepthForPosition('USDT', 'A', balance, 0, 10, 0, 0, 1)).toMatchObject({
        positionDepth: 0,
        positionDepthUnrealised: 0,
        estimatedPnlPct: 0,
      });
    }
  });

  it('is never NaN', () => {
    const any = fc.double();
    fc.assert(
      fc.property(any, any, any, any, any, any, (balance, amount, price, upnl, total, leverage) => {
        const depth = calculateDepthForPosition('USDT', 'A', balance, amount, price, upnl, total, leverage);
        expect(numbersIn(depth).some(Number.isNaN)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('calculateDepthForPositions', () => {
  it('takes each symbol for its leverage, and 1 where that is not known', () => {
    const positions = ['A', 'constructor', '__proto__'].map((symbol) => position({ symbol, valueUpnl: 1 }));
    const depths = calculateDepthForPositions(100, { A: 4 }, positions, 'USDC');
    expect(depths.map(({ symbol, positionDepth }) => [symbol, positionDepth])).toEqual([
      ['A', 5],
      ['constructor', 20],
      ['__proto__', 20],
    ]);
    expect(depths[0]).toMatchObject({ asset: 'USDC', unrealisedPnL: 1, positionDepthUnrealised: 2 });
  });

  it('has a default asset, and takes no positions for none', () => {
    expect(calculateDepthForPositions(100, {}, [position()])[0]?.asset).toBe('USDT');
    expect(calculateDepthForPositions(100, {}, undefined)).toEqual([]);
  });
});

describe('calculateDepthSummaryForAllPositions', () => {
  const positions = [
    position({ symbol: 'A', assetQty: 4, valueUpnl: 30 }),
    position({ symbol: 'B', assetQty: -2, valueUpnl: -5 }),
  ];

  it('counts unrealised profit towards the balance with cross margin', () => {
    expect(calculateDepthSummaryForAllPositions(100, { A: 2 }, positions, 'USDT', 'cross')).toEqual({
      rawDepthSum: 40,
      estimatedValueWithLeverage: 40,
      unrealisedPnL: 25,
      crossBalance: 125,
      depthWithoutPnL: 40,
      depthWithPnL: 32,
      unvalued: [],
    });
  });

  it('does not with isolated margin', () => {
    expect(calculateDepthSummaryForAllPositions(100, { A: 2 }, positions, 'USDT', 'isolated')).toMatchObject({
      unrealisedPnL: 0,
      crossBalance: 100,
      depthWithoutPnL: 40,
      depthWithPnL: 40,
    });
  });

  it.each([
    { valueUpnl: 0, depth: 100 },
    { valueUpnl: -50, depth: 200 },
    { valueUpnl: -99, depth: 10_000 },
    { valueUpnl: -100, depth: Infinity },
    { valueUpnl: -101, depth: Infinity },
  ])('is $depth % of a balance of 100 with a profit of $valueUpnl', ({ valueUpnl, depth }) => {
    const one = [position({ symbol: 'A', assetQty: 100, positionPrice: 10, valueUpnl })];
    expect(getDepthPercentForAllPositions(one, 100, { A: 10 })).toBe(depth);
  });

  it('never falls as the loss grows', () => {
    const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        amount,
        fc.integer({ min: 1, max: 125 }),
        (balance, size, loss, more, leverage) => {
          const depth = (valueUpnl: number): number =>
            getDepthPercentForAllPositions([position({ assetQty: size, valueUpnl })], balance, { BTCUSDT: leverage });
          expect(depth(-loss - more)).toBeGreaterThanOrEqual(depth(-loss));
        },
      ),
    );
  });

  it('does not round before it sums', () => {
    const ten = Array.from({ length: 10 }, (_, index) =>
      position({ symbol: String(index), assetQty: 0.004, positionPrice: 1, valueUpnl: 0 }),
    );
    expect(getDepthPercentForAllPositions(ten, 0.05, {})).toBe(80);
    expect(calculateDepthSummaryForAllPositions(0.05, {}, ten, 'BTC', 'cross').rawDepthSum).toBe(80);
  });

  it('values contracts by their instruments, and names what it leaves out', () => {
    const instruments: InstrumentLookup = (symbol) => {
      if (symbol === 'BTCUSD') return { kind: 'inverse', multiplier: 100, settleAsset: 'BTC' };
      return symbol === 'A' ? { kind: 'linear', multiplier: 1, settleAsset: 'USDT' } : undefined;
    };
    const inverse = position({ symbol: 'BTCUSD', assetQty: 100, positionPrice: 50_000, valueUpnl: 0.1 });
    const all = [...positions, inverse];
    const inCoin = calculateDepthSummaryForAllPositions(1, { BTCUSD: 2 }, all, 'BTC', 'cross', instruments);
    expect(inCoin).toMatchObject({ estimatedValueWithLeverage: 0.1, crossBalance: 1.1, depthWithPnL: 9.09 });
    expect(inCoin.unvalued).toEqual(['A', 'B']);
    const inQuote = calculateDepthSummaryForAllPositions(100, {}, all, 'USDT', 'cross', instruments);
    expect(inQuote).toMatchObject({ estimatedValueWithLeverage: 40, unrealisedPnL: 30, unvalued: ['B', 'BTCUSD'] });
    expect(calculateDepthForPositions(1, {}, all, 'BTC', instruments).map(({ symbol }) => symbol)).toEqual(['BTCUSD']);
  });

  it('counts a profit that is not known as none, and names its symbol', () => {
    const { valueUpnl: _, ...unknown } = position({ symbol: 'A' });
    expect(getUnrealisedPnl([unknown, position({ valueUpnl: 3 })])).toBe(3);
    expect(calculateDepthSummaryForAllPositions(100, {}, [unknown], 'USDT', 'cross')).toMatchObject({
      depthWithPnL: 20,
      unvalued: ['A'],
    });
  });

  it('is 0 without positions', () => {
    expect(calculateDepthSummaryForAllPositions(0, {}, undefined, 'USDT', 'cross')).toEqual({
      rawDepthSum: 0,
      estimatedValueWithLeverage: 0,
      unrealisedPnL: 0,
      crossBalance: 0,
      depthWithoutPnL: 0,
      depthWithPnL: 0,
      unvalued: [],
    });
  });

  it('is never NaN', () => {
    const any = fc.double();
    fc.assert(
      fc.property(any, any, any, any, any, (balance, assetQty, positionPrice, valueUpnl, leverage) => {
        const some = [position({ assetQty, positionPrice, valueUpnl }), position({ symbol: 'B', valueUpnl })];
        for (const type of ['cross', 'isolated'] as const) {
          const summary = calculateDepthSummaryForAllPositions(balance, { BTCUSDT: leverage }, some, 'USDT', type);
          expect(numbersIn(summary).some(Number.isNaN)).toBe(false);
        }
        expect(getUnrealisedPnl(some)).not.toBeNaN();
        expect(getUnrealisedPnlPct(some, balance)).not.toBeNaN();
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives the depth of all positions', () => {
    expect(getDepthPercentForAllPositions(positions, 100, { A: 2 })).toBe(32);
    expect(getDepthPercentForAllPositions(positions, 100, { A: 2 }, 'USDC')).toBe(32);
    expect(getDepthPercentForAllPositions([], 100, {})).toBe(0);
  });
});
