import type { Instrument } from '../types/instrument.js';
import type { EnginePositionSide, EngineSimplePosition } from '../types/position.js';

/** What the value of a quantity depends on. */
export type Valuation = Pick<Instrument, 'kind' | 'multiplier'>;

/** One unit is one of the base asset. */
export const LINEAR: Valuation = { kind: 'linear', multiplier: 1 };

type Sized = Pick<EngineSimplePosition, 'assetQty' | 'positionPrice'>;

/**
 * The profit of a position at a price, in the asset that the instrument is settled in. With quantity q, multiplier m,
 * entry price e and price p, for a long: `q × m × (p − e)`, and for an inverse contract, which is worth a fixed amount
 * of the quote currency, `q × m × (1 / e − 1 / p)`, which is `q × m × (p − e) / (p × e)`. A short has the opposite,
 * whichever sign its quantity has: Bybit's is positive, Binance's negative. `undefined` for an inverse contract whose entry
 * price is not known (0).
 */
export function profitAt(
  price: number,
  { assetQty, positionPrice }: Sized,
  side: EnginePositionSide,
  { kind, multiplier }: Valuation,
): number | undefined {
  if (kind === 'inverse' && positionPrice === 0) return undefined;
  const quantity = side === 'NONE' ? assetQty : Math.abs(assetQty) * (side === 'LONG' ? 1 : -1);
  if (quantity === 0) return 0;
  const gain = quantity * multiplier * (price - positionPrice);
  return kind === 'inverse' ? gain / price / positionPrice : gain;
}

/** The value of a position at a price, in the asset that the instrument is settled in; never negative. */
export function notionalAt(price: number, quantity: number, { kind, multiplier }: Valuation): number {
  const units = Math.abs(quantity * multiplier);
  if (units === 0) return 0;
  return kind === 'inverse' ? units / price : Math.abs(units * price);
}
