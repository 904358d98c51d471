import type { InstrumentLookup } from '../types/instrument.js';
import type { EngineSimplePosition } from '../types/position.js';
import type { DepthSummary, PositionDepthState } from './depth-types.js';
import { LINEAR, notionalAt } from './profit.js';

type Position = Readonly<EngineSimplePosition>;
type Positions = readonly Position[];
type LeverageCache = Readonly<Record<string, number>>;

/** The sum of the unrealised profit or loss; one that is not known counts as 0. */
export function getUnrealisedPnl(positions: Positions): number {
  let sum = 0;
  for (const { valueUpnl = 0 } of positions) sum += valueUpnl;
  return numberOrZero(sum);
}

/** The unrealised profit or loss in percent of the balance, with two decimals; 0 when the balance is 0. */
export function getUnrealisedPnlPct(positions: Positions, balance: number): number {
  return roundPercent(balance === 0 ? 0 : (getUnrealisedPnl(positions) / balance) * 100);
}

/**
 * How much of the balance a position takes. Percentages have two decimals; amounts are not rounded. Exposure without a
 * balance has an infinite depth. No result is ever NaN.
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
  const estimatedValue = notionalAt(entryPrice, positionAmount, LINEAR);
  return depthOf({
    asset,
    symbol,
    balance,
    positionAmount,
    estimatedValue,
    unrealisedPnl,
    totalNetUnrealisedPnl,
    leverage,
  });
}

/**
 * {@link calculateDepthForPosition} of each position. A symbol whose leverage is not known has 1.
 *
 * @param instruments values the contracts. Without it all are linear. With it, positions whose symbol it does not know,
 * and those that are not settled in the quote asset, are left out.
 */
export function calculateDepthForPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset = 'USDT',
  instruments?: InstrumentLookup,
): PositionDepthState[] {
  const { valued } = valuedIn(quoteAsset, positions ?? [], instruments);
  const totalNetUnrealisedPnl = getUnrealisedPnl(valued);
  return valued.map(({ assetQty, positionPrice, symbol, valueUpnl = 0 }) =>
    depthOf({
      asset: quoteAsset,
      symbol,
      balance,
      positionAmount: assetQty,
      estimatedValue: notionalAt(positionPrice, assetQty, instruments?.(symbol) ?? LINEAR),
      unrealisedPnl: valueUpnl,
      totalNetUnrealisedPnl,
      leverage: leverageOf(leverageCache, symbol),
    }),
  );
}

/**
 * How much of the balance all positions take. With cross margin the unrealised profit or loss counts towards the
 * balance, with isolated margin it does not. The depth never falls as the loss grows: when nothing is left of the
 * balance, it is infinite. The sums are of values that are not rounded.
 *
 * @param instruments see {@link calculateDepthForPositions}.
 */
export function calculateDepthSummaryForAllPositions(
  balance: number,
  leverageCache: LeverageCache,
  positions: Positions | undefined,
  quoteAsset: string,
  leverageType: 'cross' | 'isolated',
  instruments?: InstrumentLookup,
): DepthSummary {
  let estimatedValueWithLeverage = 0;
  let unrealisedPnL = 0;
  for (const depth of calculateDepthForPositions(balance, leverageCache, positions, quoteAsset, instruments)) {
    estimatedValueWithLeverage += depth.estimatedValueWithLeverage;
    if (leverageType === 'cross') unrealisedPnL += depth.unrealisedPnL;
  }
  const crossBalance = balance + unrealisedPnL;
  const depthWithoutPnL = roundPercent(depthPercent(estimatedValueWithLeverage, balance));
  return {
    rawDepthSum: depthWithoutPnL,
    estimatedValueWithLeverage,
    unrealisedPnL: numberOrZero(unrealisedPnL),
    crossBalance: numberOrZero(crossBalance),
    depthWithoutPnL,
    depthWithPnL: roundPercent(depthPercent(estimatedValueWithLeverage, crossBalance)),
    unvalued: valuedIn(quoteAsset, positions ?? [], instruments).unvalued,
  };
}

/** {@link DepthSummary.depthWithPnL} with cross margin. */
export function getDepthPercentForAllPositions(
  positions: Positions,
  balance: number,
  leverageCache: LeverageCache,
  quoteAsset = 'USDT',
  instruments?: InstrumentLookup,
): number {
  return calculateDepthSummaryForAllPositions(balance, leverageCache, positions, quoteAsset, 'cross', instruments)
    .depthWithPnL;
}

/** The positions that are settled in an asset, and the symbols of all for which a sum in that asset is not complete. */
export function valuedIn(
  asset: string,
  positions: Positions,
  instruments: InstrumentLookup | undefined,
): { readonly valued: Positions; readonly unvalued: readonly string[] } {
  const isSettledIn = ({ symbol }: Position): boolean =>
    instruments === undefined || instruments(symbol)?.settleAsset === asset;
  const valued = positions.filter(isSettledIn);
  const unvalued = positions.filter((position) => !isSettledIn(position) || position.valueUpnl === undefined);
  return { valued, unvalued: [...new Set(unvalued.map(({ symbol }) => symbol))] };
}

interface Exposure {
  readonly asset: string;
  readonly symbol: string;
  readonly balance: number;
  readonly positionAmount: number;
  readonly estimatedValue: number;
  readonly unrealisedPnl: number;
  readonly totalNetUnrealisedPnl: number;
  readonly leverage: number;
}

function depthOf(exposure: Exposure): PositionDepthState {
  const { asset, symbol, balance, positionAmount, totalNetUnrealisedPnl, leverage } = exposure;
  const estimatedValue = numberOrZero(exposure.estimatedValue);
  const valueWithLeverage = numberOrZero(Math.abs(estimatedValue / (leverage || 1)));
  const unrealisedPnL = numberOrZero(exposure.unrealisedPnl);
  return {
    asset,
    symbol,
    positionAmount: numberOrZero(positionAmount),
    estimatedValue,
    estimatedValueWithLeverage: valueWithLeverage,
    positionDepth: roundPercent(depthPercent(valueWithLeverage, balance)),
    positionDepthUnrealised: roundPercent(depthPercent(valueWithLeverage - totalNetUnrealisedPnl, balance)),
    balanceRemaining: numberOrZero(balance - valueWithLeverage),
    unrealisedPnL,
    estimatedPnlPct: roundPercent(valueWithLeverage === 0 ? 0 : (unrealisedPnL / valueWithLeverage) * 100),
  };
}

function leverageOf(cache: LeverageCache, symbol: string): number {
  return (Object.hasOwn(cache, symbol) ? cache[symbol] : undefined) ?? 1;
}

/** In percent; infinite when there is exposure and nothing behind it. */
function depthPercent(exposure: number, equity: number): number {
  if (equity > 0) return (exposure / equity) * 100;
  return exposure > 0 ? Number.POSITIVE_INFINITY : 0;
}

function numberOrZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

/** To two decimals; 0 for NaN and −0. */
function roundPercent(value: number): number {
  return Number(numberOrZero(value).toFixed(2)) + 0;
}
