import type { DepthSummary as CoreDepthSummary, PositionStateSummary } from '../../core/account/math/depth-types.js';
import type { EngineOrder as CoreOrder } from '../../core/account/types/order.js';
import type { EngineSimplePosition as CorePosition } from '../../core/account/types/position.js';

/** The union of the types of an object's values. */
export type ValueOf<T> = T[keyof T];

/** A number that the store does not know reads as NaN. */
export interface EngineSimplePosition
  extends Pick<
    CorePosition,
    'symbol' | 'timestampMs' | 'positionSide' | 'orderPositionSide' | 'positionPrice' | 'assetQty'
  > {
  /** Notional value. */
  value: number;
  /** Unrealised profit or loss, in the quote asset. */
  valueUpnl: number;
  /** Margin allocated to the position, leverage considered. */
  marginValue: number;
  liquidationPrice: number;
  stopLossPrice: number | undefined;
  takeProfitPrice: number | undefined;
}

/** A number that the store does not know reads as NaN. */
export interface EngineOrder
  extends Omit<CoreOrder, 'averagePrice' | 'triggerPrice' | 'timeInForce' | 'closePosition'> {
  /** Of all fills. */
  averagePrice: number;
}

/** How long a position has been open. */
export type PositionAgeState = Pick<PositionStateSummary, 'symbol' | 'hours' | 'minutes' | 'seconds'>;

/** How much of the balance all positions take. Percentages and `crossBalance` have two decimals. */
export type DepthSummary = Omit<CoreDepthSummary, 'unvalued'>;

/** How a session went since it started with a certain balance, which is what two of its balances count from. */
export interface SessionSummary {
  activePositions: (EngineSimplePosition & { leverage: number | undefined })[];
  activePositionUpnlSum: number;
  account: {
    quoteBalanceState: {
      startedWith: number;
      /** The wallet balance. */
      now: number;
      /** The margin of all active positions. */
      quoteMarginLockedSum: number;
      /** `startedWith` without the locked margin. */
      nowInclLocked: number;
      /** `startedWith` with the unrealised profit or loss. */
      nowIfEverythingClosedAtMarket: number;
    };
    pnlState: { realisedPnl: number; unrealisedPnl: number };
  };
}
