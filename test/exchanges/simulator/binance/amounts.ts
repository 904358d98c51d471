import { Decimal } from '../decimal.js';
import { AMOUNT_DIGITS, type MarketInstrument } from '../instrument.js';

/** Writes an amount with so many digits after the point. */
export function fixed(amount: string | Decimal, digits: number): string {
  const text = Decimal.of(amount).round(digits).toString();
  const fraction = text.split('.')[1] ?? '';
  const rest = '0'.repeat(digits - fraction.length);
  return fraction === '' && rest !== '' ? `${text}.${rest}` : `${text}${rest}`;
}

/** An amount of money with eight digits after the point: `0.00000000`. */
export function money(amount: string | Decimal): string {
  return fixed(amount, AMOUNT_DIGITS);
}

/** As {@link money}, but `0` for none, as the streams write it. */
export function moneyOrZero(amount: string | Decimal): string {
  return Decimal.of(amount).isZero ? '0' : money(amount);
}

/** An amount of money without trailing zeros. */
export function shortMoney(amount: string | Decimal): string {
  return Decimal.of(amount).round(AMOUNT_DIGITS).toString();
}

/** A quantity with the digits of the instrument's step; `0` for none. */
export function quantityText(instrument: MarketInstrument, quantity: string): string {
  return Decimal.of(quantity).isZero ? '0' : fixed(quantity, digitsOf(instrument.quantityStep));
}

/** A price with the digits of the instrument's tick; `0` for none. */
export function priceText(instrument: MarketInstrument, price: string): string {
  return Decimal.of(price).isZero ? '0' : fixed(price, digitsOf(instrument.tickSize));
}

/** The digits after the point of a step: 3 for `0.001`. */
export function digitsOf(step: string): number {
  return (Decimal.of(step).toString().split('.')[1] ?? '').length;
}
