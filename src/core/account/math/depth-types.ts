import type { EnginePositionSide } from '../types/position.js';

/** How much of the balance one position takes. Values are in the quote asset, percentages of the balance. */
export interface PositionDepthState {
  /** The quote asset. */
  asset: string;
  symbol: string;
  /** Size in the base asset. */
  positionAmount: number;
  /** |size × entry price| */
  estimatedValue: number;
  /** `estimatedValue` / leverage */
  estimatedValueWithLeverage: number;
  /** `estimatedValueWithLeverage`, in percent of the balance; infinite when there is no balance. */
  positionDepth: number;
  /** The same without the unrealised profit of all positions. */
  positionDepthUnrealised: number;
  /** The balance without `estimatedValueWithLeverage`. */
  balanceRemaining: number;
  unrealisedPnL: number;
  /** `unrealisedPnL`, in percent of `estimatedValueWithLeverage`. */
  estimatedPnlPct: number;
}

/** How much of the balance all positions take. Values are in the quote asset, percentages of the balance. */
export interface DepthSummary {
  /** The sum of all positions' depths, in percent. */
  rawDepthSum: number;
  estimatedValueWithLeverage: number;
  /** The share that counts towards `crossBalance`: of all positions with cross margin, 0 with isolated. */
  unrealisedPnL: number;
  crossBalance: number;
  /** `estimatedValueWithLeverage`, in percent of the balance. */
  depthWithoutPnL: number;
  /** `estimatedValueWithLeverage`, in percent of `crossBalance`; infinite when nothing is left of that. */
  depthWithPnL: number;
  /** Symbols whose profit or value is not known in the quote asset, so that the sums are not complete. */
  unvalued: readonly string[];
}

/** One position in a log: its age, size and cost. */
export interface PositionStateSummary {
  symbol: string;
  hours: number;
  minutes: number;
  seconds: number;
  /** Entries on the leading side. */
  ECLeader: number;
  /** Entries on the hedging side. */
  ECHedge: number;
  leadingSide: EnginePositionSide;
  size: number;
  price: number;
  /** Value, leverage considered. */
  valWithLev: number;
  valMargin: number;
  upnl: number;
  /** In percent of the balance. */
  depthPct: number;
  reason: string;
  isHedged: boolean;
}
