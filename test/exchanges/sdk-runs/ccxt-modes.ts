import { CCXT_BINANCE_MODES } from './ccxt-binance.js';
import { CCXT_BYBIT_MODES } from './ccxt-bybit.js';
import { CCXT_OKX_MODES } from './ccxt-okx.js';
import type { RunMode } from './venue.js';

/** The modes that ccxt runs in, at all exchanges. */
export const CCXT_MODES: readonly RunMode[] = [...CCXT_BYBIT_MODES, ...CCXT_OKX_MODES, ...CCXT_BINANCE_MODES];
