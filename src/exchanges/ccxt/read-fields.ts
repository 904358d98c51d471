import type { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';

export const SIDES: Readonly<Record<string, 'LONG' | 'SHORT'>> = {
  ...({ long: 'LONG', dual_long: 'LONG', 1: 'LONG', short: 'SHORT', dual_short: 'SHORT', 2: 'SHORT' } as const),
};
/** Where exchanges name the side of the hedge mode that a position or an order is of. */
const SIDE_FIELDS = ['positionSide', 'ps', 'posSide', 'positionIdx', 'position_side', 'mode'];
const ISOLATED = ':isolated';

/** An order's key, `BTC/USDT:USDT:4711`; `isAlgo`: of Binance's or OKX's algo service, `BTC/USDT:USDT:algo:4711`. */
export function ccxtOrderKey(symbol: string, id: string, isAlgo = false): string {
  return `${symbol}:${isAlgo ? 'algo:' : ''}${id}`;
}

/** The keys that the positions of a symbol can have. */
export function positionKeysOf(symbol: string, { separateIsolated = false }: CcxtOptions): string[] {
  return separateIsolated ? [symbol, symbol + ISOLATED] : [symbol];
}

/** The key of the position that a structure speaks of. */
export function positionKeyIn(fields: Fields, { separateIsolated = false }: CcxtOptions): string {
  return fields.text('symbol') + (separateIsolated && fields.raw('marginMode') === 'isolated' ? ISOLATED : '');
}

/** The symbol in the key of a position. */
export function symbolOf(key: string): string {
  return key.endsWith(ISOLATED) ? key.slice(0, -ISOLATED.length) : key;
}

export const symbolIn = (fields: Fields): string => fields.text('symbol');

/** The side of the hedge mode that the exchange's own words name. */
export function sideIn(info: Info): 'LONG' | 'SHORT' | undefined {
  return SIDE_FIELDS.map((name) => SIDES[String(info[name]).toLowerCase()]).find(Boolean);
}

/** A number above 0: exchanges write "none" and "at market" as 0 and as -1, too. */
export function positiveIn(fields: Fields, name: string): number | undefined {
  const value = fields.numberIfGiven(name);
  return value !== undefined && value > 0 ? value : undefined;
}

/** The newest of these times (ms); 0 when there is none. `timestamp` alone is often the time of creation. */
export function newestIn(fields: Fields, ...names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => fields.time(name)));
}
