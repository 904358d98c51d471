import { invalidValue, requireFinite, requireName, requireObject } from './tables/value-checks.js';
import type { InstrumentLookup } from './types/instrument.js';
import type { EngineSimplePosition } from './types/position.js';

/** An active position with the leverage of its symbol, where that is known. */
export type SessionPosition = Readonly<EngineSimplePosition> & { readonly leverage: number | undefined };

/** How a session is summed up. */
export interface SessionSummaryOptions {
  /** The asset of all values. @default the store's `quoteAsset` */
  readonly asset?: string | undefined;
  /**
   * The price of other assets in `asset`. With it, their balances, margins and profits count as well; without it, only
   * those in `asset` do. For margin, multiply a price by the exchange's collateral weight.
   */
  readonly rates?: Readonly<Record<string, number>> | undefined;
}

/** How a session went since it started with a certain balance. All values are in one asset. */
export interface SessionSummary {
  /** All of them, also those that the sums leave out. */
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
  /**
   * The symbols of positions that the sums leave out, or of which the profit or the margin is not known; with `rates`
   * also the assets with a balance and no rate. When it is empty, the sums are complete.
   */
  readonly unvalued: readonly string[];
}

/** The account that is summed up. */
export interface SessionState {
  readonly quoteAsset: string;
  readonly balances: Readonly<Record<string, number>>;
  readonly positions: readonly SessionPosition[];
  readonly instruments: InstrumentLookup | undefined;
}

/** @throws `INVALID_VALUE` when the starting balance is no finite number, or a rate is none above 0. */
export function sessionSummary(
  startingBalance: number,
  { quoteAsset, balances, positions, instruments }: SessionState,
  options: SessionSummaryOptions = {},
): SessionSummary {
  requireFinite('startingBalance', startingBalance);
  requireObject('options', options);
  const { asset = quoteAsset, rates } = options;
  requireName('asset', asset);
  const rateOf = ratesOf(asset, rates);
  const unvalued = new Set<string>();
  let now = 0;
  for (const [held, balance] of Object.entries(balances)) {
    const rate = rateOf.get(held);
    if (rate !== undefined) now += balance * rate;
    else if (rates !== undefined && balance !== 0) unvalued.add(held);
  }
  let activePositionUpnlSum = 0;
  let quoteMarginLockedSum = 0;
  for (const { symbol, valueUpnl, marginValue } of positions) {
    // Without instruments, everything is settled in the quote asset.
    const settleAsset = instruments === undefined ? quoteAsset : instruments(symbol)?.settleAsset;
    const rate = settleAsset === undefined ? undefined : rateOf.get(settleAsset);
    if (rate === undefined || valueUpnl === undefined || marginValue === undefined) unvalued.add(symbol);
    activePositionUpnlSum += (valueUpnl ?? 0) * (rate ?? 0);
    quoteMarginLockedSum += (marginValue ?? 0) * (rate ?? 0);
  }
  return {
    activePositions: positions,
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
    unvalued: [...unvalued],
  };
}

function ratesOf(asset: string, rates: unknown): ReadonlyMap<string, number> {
  if (rates === undefined) return new Map([[asset, 1]]);
  requireObject('rates', rates);
  const entries = Object.entries(rates) as [string, number][];
  for (const [name, rate] of entries) {
    if (!(Number.isFinite(rate) && rate > 0)) throw invalidValue(`rates.${name}`, rate, 'a finite number above 0');
  }
  return new Map([...entries, [asset, 1]]);
}
