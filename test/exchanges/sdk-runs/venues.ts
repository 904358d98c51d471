import { BINANCE_MODES } from './binance.js';
import { BYBIT_MODES } from './bybit.js';
import { CCXT_MODES } from './ccxt-modes.js';
import { OKX_MODES } from './okx.js';
import type { RunMode } from './venue.js';

/** The venues that the script can run at, by name. */
export const VENUES: Readonly<Record<string, readonly RunMode[]>> = {
  bybit: BYBIT_MODES,
  binance: BINANCE_MODES,
  ccxt: CCXT_MODES,
  okx: OKX_MODES,
};
