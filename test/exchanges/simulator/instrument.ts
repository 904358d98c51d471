import { Decimal } from './decimal.js';

/** A derivative that is traded on the simulated exchange. Amounts are decimal strings. */
export interface MarketInstrument {
  readonly symbol: string;
  /** `linear`: valued and settled in the quote currency. `inverse`: settled in the coin. */
  readonly kind: 'linear' | 'inverse';
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly settleAsset: string;
  /** What one unit of a quantity is worth: of the base asset (`linear`), of the quote currency (`inverse`). */
  readonly contractSize: string;
  readonly tickSize: string;
  readonly quantityStep: string;
  readonly maxLeverage: string;
  readonly makerFeeRate: string;
  readonly takerFeeRate: string;
  /** Of the position's value at entry. */
  readonly maintenanceRate: string;
}

/** The digits after the point of every amount that is booked into a wallet. */
export const AMOUNT_DIGITS = 8;

const PRICE_DIGITS = 10;

/** What a quantity is worth at a price, in the settle asset. */
export function contractValue(instrument: MarketInstrument, quantity: Decimal, price: Decimal): Decimal {
  const units = quantity.times(Decimal.of(instrument.contractSize));
  return instrument.kind === 'linear' ? units.times(price) : units.dividedBy(price);
}

/** The price at which a quantity is worth a value: the average (`linear`) or the harmonic mean (`inverse`) of fills. */
export function priceOfValue(instrument: MarketInstrument, quantity: Decimal, value: Decimal): Decimal {
  if (quantity.isZero || value.isZero) return Decimal.zero;
  const units = quantity.times(Decimal.of(instrument.contractSize));
  return (instrument.kind === 'linear' ? value.dividedBy(units) : units.dividedBy(value)).round(PRICE_DIGITS);
}

/** The profit of what was worth `from` and is worth `to`. `direction` is 1 for a long, -1 for a short. */
export function profit(instrument: MarketInstrument, direction: number, from: Decimal, to: Decimal): Decimal {
  const gain = instrument.kind === 'linear' ? to.minus(from) : from.minus(to);
  return direction < 0 ? gain.negated() : gain;
}
