import type { EngineSimplePosition } from '../types/position.js';
import type { DepthSummary, PositionDepthState } from './depth-types.js';

type Positions = readonly Readonly<EngineSimplePosition>[];
type LeverageCache = Readonly<Record<string, number>>;

/** The sum of the unrealised profit or loss, in the quote currency. */
export function getUnrealisedPnl(positions: Positions): number {
  let sum = 0;
  for (const { valueUpnl } of positions) sum += valueUpnl;
  return finiteOrZero(sum);
}

/** The unrealised profit or loss in percent of the balance, with two decimals; 0 when the balance is 0. */
export function getUnrealisedPnlPct(positions: Positions, balance: number): number {
  return roundToCents(percentOf(getUnrealisedPnl(positions), balance));
}

/**
 * How much of the balance a position takes, with two decimals. A division by zero (an empty balance, a position without
 * value) gives 0; no result is ever NaN or infinite.
 *
 * @param asset the quote asset.
 * @param balance in the quote asset.
 * @param positionAmount size in the base asset; its sign does not matter.
 * @param unrealisedPnl of this position.
 * @param totalNetUnrealisedPnl of all positions.
 * @param leverage 0 counts as 1.
 */
export function calculateDepthForPosition(
  asset: string,
  symbol: string,
  balance: number,
  positionAmount: number,
  entryPrice: number,
  unrealisedPnl: number,
  totalNetUnrealisedPnl: number,
  leverage: number,
): PositionDepthState {
  const value = Math.abs(positionAmount * entryPrice);
  const valueWithLeverage = Math.abs(value / (leverage || 1));
  return {
    asset,
    symbol,
    positionAmount: finiteOrZero(positionAmount),
    estimatedValue: roundToCents(value),
    estimatedValueWithLeverage: roundToCents(valueWithLeverage),
    positionDepth: roundToCents(percentOf(valueWithLeverage, balance)),
    positionDepthUnrealised: roundToCents(percentOf(valueWithLeverage - totalNetUnrealisedPnl, balance)),
    balanceRemaining: roundToCents(balance - valueWithLeverage),
    unrealisedPnL: roundToCents(unrealisedPnl),
    estimatedPnlPct: roundToCents(percentOf(unrealisedPnl, valueWithLeverage)),
  };
}

/** {@link calculateDepthForPosition} of each position. A symbol whose leverage is not known has 1. */
export function calculateDepthForPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset = 'USDT',
): PositionDepthState[] {
  if (positions === undefined) return [];
  const totalNetUnrealisedPnl = getUnrealisedPnl(positions);
  return positions.map(({ assetQty, positionPrice, symbol, valueUpnl }) =>
    calculateDepthForPosition(
      quoteAsset,
      symbol,
      balance,
      assetQty,
      positionPrice,
      valueUpnl,
      totalNetUnrealisedPnl,
      leverageOf(leverageCache, symbol),
    ),
  );
}

/**
 * How much of the balance all positions take. With cross margin the unrealised profit or loss counts towards the
 * balance, with isolated margin it does not. A balance of 0 gives a depth of 0.
 */
export function calculateDepthSummaryForAllPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset: string,
  leverageType: 'cross' | 'isolated',
): DepthSummary {
  let rawDepthSum = 0;
  let estimatedValueWithLeverage = 0;
  let unrealisedPnL = 0;
  for (const depth of calculateDepthForPositions(balance, leverageCache, positions, quoteAsset)) {
    rawDepthSum += depth.positionDepth;
    estimatedValueWithLeverage += depth.estimatedValueWithLeverage;
    if (leverageType === 'cross') unrealisedPnL += depth.unrealisedPnL;
  }
  const crossBalance = balance + unrealisedPnL;
  return {
    rawDepthSum: finiteOrZero(rawDepthSum),
    estimatedValueWithLeverage: finiteOrZero(estimatedValueWithLeverage),
    unrealisedPnL: finiteOrZero(unrealisedPnL),
    crossBalance: roundToCents(crossBalance),
    depthWithoutPnL: roundToCents(percentOf(estimatedValueWithLeverage, balance)),
    depthWithPnL: roundToCents(Math.min(100, percentOf(estimatedValueWithLeverage, crossBalance))),
  };
}

/** {@link DepthSummary.depthWithPnL} with cross margin. */
export function getDepthPercentForAllPositions(
  positions: Positions,
  balance: number,
  leverageCache: LeverageCache,
  quoteAsset = 'USDT',
): number {
  return calculateDepthSummaryForAllPositions(balance, leverageCache, positions, quoteAsset, 'cross').depthWithPnL;
}

function leverageOf(cache: LeverageCache, symbol: string): number {
  return (Object.hasOwn(cache, symbol) ? cache[symbol] : undefined) ?? 1;
}

/** The number, or 0 when it is none that can be counted with: NaN or infinite. */
function finiteOrZero(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** To two decimals; 0 for NaN, ±Infinity and −0. */
function roundToCents(value: number): number {
  return Number(finiteOrZero(value).toFixed(2)) + 0;
}

/** In percent; 0 when the whole is 0. */
function percentOf(part: number, whole: number): number {
  return finiteOrZero((part / whole) * 100);
}
