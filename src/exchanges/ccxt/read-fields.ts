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
export const positionKeysOf = (symbol: string, { separateIsolated = false }: CcxtOptions): string[] =>
  separateIsolated ? [symbol, symbol + ISOLATED] : [symbol];

/** The key of the position that a structure speaks of. */
export const positionKeyIn = (fields: Fields, { separateIsolated = false }: CcxtOptions): string =>
  fields.text('symbol') + (separateIsolated && fields.raw('marginMode') === 'isolated' ? ISOLATED : '');

/** The symbol in the key of a position. */
export const symbolOf = (key: string): string => (key.endsWith(ISOLATED) ? key.slice(0, -ISOLATED.length) : key);

/** The side of the hedge mode that the exchange's own words name. */
export function sideIn(info: Info): 'LONG' | 'SHORT' | undefined {
  const named = SIDE_FIELDS.map((name) => SIDES[String(info[name]).toLowerCase()]).find(Boolean);
  return named ?? GATE_MODES[String(info['mode'])];
}
