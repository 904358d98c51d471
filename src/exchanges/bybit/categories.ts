import type { Fields } from '../shared/fields.js';

/** The categories whose positions and orders the store keeps. */
export type BybitCategory = 'linear' | 'inverse' | 'spot';

export interface BybitOptions {
  /** Entries of other categories are ignored. @default all three */
  readonly categories?: readonly BybitCategory[] | undefined;
}

export const BYBIT_CATEGORIES: readonly BybitCategory[] = ['linear', 'inverse', 'spot'];

/**
 * The key of a symbol in the store. `BTCUSDT` is a linear contract and a spot pair, so spot has a prefix. The symbols
 * of inverse contracts (`BTCUSD`, `BTCUSDH25`) are unambiguous.
 */
export function bybitSymbolKey(category: string, symbol: string): string {
  return category === 'spot' ? `spot:${symbol}` : symbol;
}

export function categoryOf(item: Fields): string {
  return item.textIfGiven('category') || 'linear';
}

export function isTaken(category: string, { categories = BYBIT_CATEGORIES }: BybitOptions): boolean {
  return categories.some((each) => each === category);
}

/** What else a request asked for. With another filter than these, such as `orderFilter`, leave `asOfMs` out. */
export interface ListingScope {
  /** A linear listing that was requested with neither this nor a symbol closes nothing. */
  readonly settleCoin?: string | undefined;
  readonly symbol?: string | undefined;
}

/** The coin, and the month of delivery of a future. */
const INVERSE = /^(.+)USD(?:[HMUZ]\d\d)?$/;

/** Whether a listing speaks for a symbol's key, judged by the names that Bybit gives its symbols. */
export function isInScope(key: string, category: string, { settleCoin, symbol }: ListingScope): boolean {
  if (symbol) return key === bybitSymbolKey(category, symbol);
  const isSpot = key.startsWith('spot:');
  if (isSpot || category === 'spot') return isSpot && category === 'spot';
  const inverseCoin = INVERSE.exec(key)?.[1];
  if (category === 'inverse') return inverseCoin !== undefined && (settleCoin || inverseCoin) === inverseCoin;
  if (!settleCoin) return false;
  // BTCUSDT and BTCUSDT-21FEB25 are settled in USDT, BTCPERP and BTC-24MAR23 in USDC.
  const [pair = '', delivery] = key.split('-');
  const isUsdc = pair.endsWith('PERP') || (delivery !== undefined && !pair.endsWith('USDT'));
  return pair.endsWith(settleCoin) || (isUsdc && settleCoin === 'USDC');
}
