import { applyBinanceMessage } from '../binance-usdm.js';
import { applyBybitMessage } from '../bybit-v5.js';
import type { ApplyMessage } from '../engine.js';

/** An exchange that the demo can replay. */
export interface Exchange {
  readonly title: string;
  readonly applyMessage: ApplyMessage;
}

/** By the name that recorded messages give. */
export const EXCHANGES: Readonly<Record<string, Exchange>> = {
  'bybit-v5': { title: 'Bybit v5', applyMessage: applyBybitMessage },
  'binance-usdm': { title: 'Binance USDⓈ-M', applyMessage: applyBinanceMessage },
};
