import { getUnrealisedPnl } from './math/position-math.js';
import { requireFinite } from './tables/value-checks.js';
import type { EngineSimplePosition } from './types/position.js';

/** An active position with the leverage of its symbol, where that is known. */
export type SessionPosition = Readonly<EngineSimplePosition> & { readonly leverage: number | undefined };

/** How a session went since it started with a certain balance. All values are in the quote currency. */
export interface SessionSummary {
  readonly activePositions: readonly SessionPosition[];
  readonly activePositionUpnlSum: number;
  readonly account: {
    readonly quoteBalanceState: {
      readonly startedWith: number;
      /** The wallet balance. */
      readonly now: number;
      /** The margin of all active positions. */
      readonly quoteMarginLockedSum: number;
      /** `now` without the locked margin. */
      readonly nowInclLocked: number;
      /** `now` with the unrealised profit or loss. */
      readonly nowIfEverythingClosedAtMarket: number;
    };
    readonly pnlState: { readonly realisedPnl: number; readonly unrealisedPnl: number };
  };
}

/** @throws `INVALID_VALUE` when the starting balance is no finite number. */
export function sessionSummary(
  startingBalance: number,
  now: number,
  activePositions: readonly SessionPosition[],
): SessionSummary {
  requireFinite('startingBalance', startingBalance);
  const activePositionUpnlSum = getUnrealisedPnl(activePositions);
  let quoteMarginLockedSum = 0;
  for (const { marginValue } of activePositions) quoteMarginLockedSum += marginValue;
  return {
    activePositions,
    activePositionUpnlSum,
    account: {
      quoteBalanceState: {
        startedWith: startingBalance,
        now,
        quoteMarginLockedSum,
        nowInclLocked: now - quoteMarginLockedSum,
        nowIfEverythingClosedAtMarket: now + activePositionUpnlSum,
      },
      pnlState: { realisedPnl: now - startingBalance, unrealisedPnl: activePositionUpnlSum },
    },
  };
}
