import { describe, expect, it } from 'vitest';
import {
  calculateDepthForPosition,
  calculateDepthForPositions,
  calulateDepthSummaryForAllPositions,
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealsedPnlPct,
} from '../../../src/compat/accountstate/index.js';
import { makePosition } from './entries.js';

const withTextPnl = { ...makePosition(), valueUpnl: JSON.parse('"1.5"') };

describe('the profit', () => {
  it('is summed, also where it is text', () => {
    expect(getUnrealisedPnl([withTextPnl, makePosition({ valueUpnl: 2 })])).toBe(3.5);
  });

  it('has two decimals in percent, and none without a balance', () => {
    expect(getUnrealsedPnlPct([makePosition({ valueUpnl: 1 })], 300)).toBe(0.33);
    expect(getUnrealsedPnlPct([makePosition({ valueUpnl: 1 })], 0)).toBe(Number.POSITIVE_INFINITY);
    expect(getUnrealsedPnlPct([], 0)).toBeNaN();
  });
});

describe('the depth of a position', () => {
  it('has two decimals', () => {
    expect(calculateDepthForPosition('USDT', 'BTCUSDT', 1_000, -0.3333, 100.01, 1.239, 2, 3)).toStrictEqual({
      asset: 'USDT',
      symbol: 'BTCUSDT',
      positionAmount: -0.3333,
      estimatedValue: 33.33,
      estimatedValueWithLeverage: 11.11,
      positionDepth: 1.11,
      positionDepthUnrealised: 0.91,
      balanceRemaining: 988.89,
      unrealisedPnL: 1.24,
      estimatedPnlPct: 11.15,
    });
  });

  it('takes a leverage of 0, or none, for 1', () => {
    const positions = [makePosition({ symbol: 'A' }), makePosition({ symbol: 'constructor' })];
    const depths = calculateDepthForPositions(1_000, { A: 0 }, positions);

    expect(depths.map((each) => each.estimatedValueWithLeverage)).toEqual([200, 200]);
    expect(calculateDepthForPositions(1_000, {}, undefined)).toEqual([]);
  });
});

describe('the depth of all positions', () => {
  const tiny = Array.from({ length: 10 }, (_, index) => makePosition({ symbol: `S${index}`, assetQty: 0.00004 }));

  it('sums rounded values', () => {
    expect(getDepthPercentForAllPositions(tiny, 0.05, {})).toBe(0);
  });

  it.each(['cross', 'isolated'] as const)('counts the profit with %s margin', (leverageType) => {
    const positions = [makePosition({ valueUpnl: -60 })];

    expect(calulateDepthSummaryForAllPositions(100, { BTCUSDT: 10 }, positions, 'USDT', leverageType)).toStrictEqual({
      rawDepthSum: 20,
      estimatedValueWithLeverage: 20,
      unrealisedPnL: -60,
      crossBalance: 40,
      depthWithoutPnL: 20,
      depthWithPnL: 50,
    });
  });

  it('is 100 % at most, at a balance of zero, and negative below', () => {
    const depthAt = (valueUpnl: number): number =>
      getDepthPercentForAllPositions([makePosition({ valueUpnl })], 100, { BTCUSDT: 10 });

    expect([depthAt(-95), depthAt(-100), depthAt(-101)]).toEqual([100, 100, -2_000]);
  });
});
