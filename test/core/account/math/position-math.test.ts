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

  it('has two decimals', () => {
    const depth = calculateDepthForPosition('USDT', 'A', 700, 1, 100, 1.005, 1, 3);
    expect(depth).toMatchObject({
      estimatedValueWithLeverage: 33.33,
      positionDepth: 4.76,
      positionDepthUnrealised: 4.62,
      balanceRemaining: 666.67,
      estimatedPnlPct: 3.01,
    });
  });

  it('takes a leverage of 0 for 1', () => {
    expect(calculateDepthForPosition('USDT', 'A', 100, 1, 10, 0, 0, 0).positionDepth).toBe(10);
  });

  it('is 0 where there is nothing to divide by', () => {
    expect(calculateDepthForPosition('USDT', 'A', 0, 1, 10, 1, 1, 1)).toMatchObject({
      positionDepth: 0,
      positionDepthUnrealised: 0,
      balanceRemaining: -10,
    });
    expect(calculateDepthForPosition('USDT', 'A', 100, 0, 10, 1, 1, 1).estimatedPnlPct).toBe(0);
  });

  it('is never NaN nor infinite', () => {
    const any = fc.double();
    fc.assert(
      fc.property(any, any, any, any, any, any, (balance, amount, price, upnl, total, leverage) => {
        const depth = calculateDepthForPosition('USDT', 'A', balance, amount, price, upnl, total, leverage);
        expect(numbersIn(depth).every(Number.isFinite)).toBe(true);
      }),
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
    });
  });

  it('does not with isolated margin', () => {
    expect(calculateDepthSummaryForAllPositions(100, { A: 2 }, positions, 'USDT', 'isolated')).toEqual({
      rawDepthSum: 40,
      estimatedValueWithLeverage: 40,
      unrealisedPnL: 0,
      crossBalance: 100,
      depthWithoutPnL: 40,
      depthWithPnL: 40,
    });
  });

  it('is 100 percent at most', () => {
    const summary = calculateDepthSummaryForAllPositions(10, {}, positions, 'USDT', 'isolated');
    expect(summary).toMatchObject({ depthWithoutPnL: 600, depthWithPnL: 100 });
  });

  it('is 0 with an empty balance, and without positions', () => {
    const zero = calculateDepthSummaryForAllPositions(0, {}, positions, 'USDT', 'isolated');
    expect(zero).toMatchObject({ rawDepthSum: 0, depthWithoutPnL: 0, depthWithPnL: 0, crossBalance: 0 });
    expect(calculateDepthSummaryForAllPositions(0, {}, undefined, 'USDT', 'cross')).toEqual({
      rawDepthSum: 0,
      estimatedValueWithLeverage: 0,
      unrealisedPnL: 0,
      crossBalance: 0,
      depthWithoutPnL: 0,
      depthWithPnL: 0,
    });
  });

  it('is never NaN nor infinite', () => {
    const any = fc.double();
    fc.assert(
      fc.property(any, any, any, any, any, (balance, assetQty, positionPrice, valueUpnl, leverage) => {
        const some = [position({ assetQty, positionPrice, valueUpnl }), position({ symbol: 'B', valueUpnl })];
        for (const type of ['cross', 'isolated'] as const) {
          const summary = calculateDepthSummaryForAllPositions(balance, { BTCUSDT: leverage }, some, 'USDT', type);
          expect(numbersIn(summary).every(Number.isFinite)).toBe(true);
        }
        expect(getUnrealisedPnl(some)).not.toBeNaN();
        expect(Number.isFinite(getUnrealisedPnlPct(some, balance))).toBe(true);
      }),
    );
  });

  it('gives the depth of all positions', () => {
    expect(getDepthPercentForAllPositions(positions, 100, { A: 2 })).toBe(32);
    expect(getDepthPercentForAllPositions(positions, 100, { A: 2 }, 'USDC')).toBe(32);
    expect(getDepthPercentForAllPositions([], 100, {})).toBe(0);
  });
});
