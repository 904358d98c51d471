import type { PositionDepthState } from '../../core/account/math/depth-types.js';
import type { DepthSummary, EngineSimplePosition } from './types.js';

type Positions = readonly Readonly<EngineSimplePosition>[];
type LeverageCache = Readonly<Record<string, number>>;

/** The sum of the positions' unrealised profit or loss. */
export function getUnrealisedPnl(positions: Positions): number {
  let sum = 0;
  for (const { valueUpnl } of positions) sum += Number(valueUpnl);
  return sum;
}

/** The unrealised profit or loss in percent of the balance. */
export function getUnrealsedPnlPct(positions: Positions, walletBalance: number): number {
  return toTwoDecimals(percent(getUnrealisedPnl(positions), walletBalance));
}

/** How much of the balance a position takes, all to two decimals. A leverage of 0 counts as 1. */
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
  const value = Math.abs(Number(positionAmount) * Number(entryPrice));
  const margin = Math.abs(value / (leverage || 1));
  return {
    asset,
    symbol,
    positionAmount,
    estimatedValue: toTwoDecimals(value),
    estimatedValueWithLeverage: toTwoDecimals(margin),
    positionDepth: toTwoDecimals(percent(margin, balance)),
    positionDepthUnrealised: toTwoDecimals(percent(margin - totalNetUnrealisedPnl, balance)),
    balanceRemaining: toTwoDecimals(balance - margin),
    unrealisedPnL: toTwoDecimals(unrealisedPnl),
    estimatedPnlPct: toTwoDecimals(percent(Number(unrealisedPnl), margin)),
  };
}

/** {@link calculateDepthForPosition} of each position. A symbol whose leverage is not known has 1. */
export function calculateDepthForPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset = 'USDT',
): PositionDepthState[] {
  const total = getUnrealisedPnl(positions ?? []);
  return (positions ?? []).map(({ symbol, assetQty, positionPrice, valueUpnl }) => {
    const leverage = (Object.hasOwn(leverageCache, symbol) ? leverageCache[symbol] : undefined) || 1;
    const size = Number(assetQty);
    const price = Number(positionPrice);
    return calculateDepthForPosition(quoteAsset, symbol, balance, size, price, Number(valueUpnl), total, leverage);
  });
}

/** Sums rounded values, counts the profit with either type of margin, and says 100 % for a depth above it. */
export function calulateDepthSummaryForAllPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset: string | undefined,
  leverageType: 'cross' | 'isolated',
): DepthSummary {
  const sums = { rawDepthSum: 0, estimatedValueWithLeverage: 0, unrealisedPnL: 0 };
  for (const depth of calculateDepthForPositions(balance, leverageCache, positions, quoteAsset)) {
    sums.rawDepthSum += depth.positionDepth;
    sums.estimatedValueWithLeverage += depth.estimatedValueWithLeverage;
    if (leverageType) sums.unrealisedPnL += depth.unrealisedPnL;
  }
  const crossBalance = balance + sums.unrealisedPnL;
  const depthWithPnL = percent(sums.estimatedValueWithLeverage, crossBalance);
  return {
    ...sums,
    crossBalance: toTwoDecimals(crossBalance),
    depthWithoutPnL: toTwoDecimals(percent(sums.estimatedValueWithLeverage, balance)),
    depthWithPnL: toTwoDecimals(depthWithPnL >= 100 ? 100 : depthWithPnL),
  };
}

/** The depth of all positions with their profit, in percent. */
export function getDepthPercentForAllPositions(
  positions: Positions,
  walletBalance: number,
  leverageCache: LeverageCache,
  quoteAsset = 'USDT',
): number {
  return calulateDepthSummaryForAllPositions(walletBalance, leverageCache, positions, quoteAsset, 'cross').depthWithPnL;
}

function percent(part: number, whole: number): number {
  return (part / whole) * 100;
}

function toTwoDecimals(value: number): number {
  return Number(Number(value).toFixed(2));
}
