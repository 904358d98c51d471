import type { PositionSide } from './engine-metadata.js';

/** Follows the price of a position at a distance, and never goes back. Prices in the quote currency. */
export type TrailingStop = LongTrailingStop | ShortTrailingStop;

/** The trailing stop of a long. */
export interface LongTrailingStop {
  /** Whether the profit was ever large enough for the stop to count. */
  readonly active: boolean;
  readonly highWaterPrice: number;
  readonly stopPrice: number;
}

/** The trailing stop of a short. */
export interface ShortTrailingStop {
  /** Whether the profit was ever large enough for the stop to count. */
  readonly active: boolean;
  readonly lowWaterPrice: number;
  readonly stopPrice: number;
}

/** The stop counts once the price was this much better than the entry. */
const ACTIVATION = 0.01;
/** How far the stop stays behind the best price. */
const DISTANCE = 0.006;

/**
 * The stop after one more price. `previous` itself when the price is no better than the best so far, so that a tick
 * which changes nothing causes no write; `null` while the price was never better than the entry.
 */
export function advanceTrailingStop(
  side: PositionSide,
  previous: TrailingStop | null,
  entryPrice: number,
  price: number,
): TrailingStop | null {
  const direction = side === 'LONG' ? 1 : -1;
  const best = previous === null ? entryPrice : bestPriceOf(previous);
  if ((price - best) * direction <= 0) return previous;
  const active = (previous?.active ?? false) || (price - entryPrice) * direction >= entryPrice * ACTIVATION;
  const stopPrice = Number((price * (1 - direction * DISTANCE)).toPrecision(8));
  return side === 'LONG' ? { active, highWaterPrice: price, stopPrice } : { active, lowWaterPrice: price, stopPrice };
}

function bestPriceOf(stop: TrailingStop): number {
  return 'highWaterPrice' in stop ? stop.highWaterPrice : stop.lowWaterPrice;
}
