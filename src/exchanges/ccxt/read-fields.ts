import type { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';

type Sides = Readonly<Record<string, 'LONG' | 'SHORT'>>;
export const SIDES: Sides = { long: 'LONG', short: 'SHORT', 1: 'LONG', 2: 'SHORT' };
/** Where exchanges name the side of the hedge mode that a position or an order is of. */
const SIDE_FIELDS = ['positionSide', 'ps', 'posSide', 'positionIdx', 'position_side'];
const GATE_MODES: Sides = { dual_long: 'LONG', dual_short: 'SHORT' };
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
  const named = SIDE_FIELDS.map((name) => SIDES[String(info[name]).toLowerCase()]).find(Boolean);
  return named ?? GATE_MODES[String(info['mode'])];
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
