import { applyBinanceMessage, applyBinanceResponse, type BinanceRequest } from 'accountkeeper/binance';
import { applyBybitMessage, applyBybitResponse, type BybitRequest } from 'accountkeeper/bybit';
import type { ApplyMessage } from '../engine.js';

/** An exchange that the demo can replay. */
export interface Exchange {
  readonly title: string;
  readonly applyMessage: ApplyMessage;
}

const BYBIT_REQUESTS: readonly BybitRequest[] = ['wallet', 'positions', 'orders'];
const BINANCE_REQUESTS: readonly BinanceRequest[] = ['account', 'balance', 'positionRisk', 'openOrders'];

/** By the name that recorded messages give. */
export const EXCHANGES: Readonly<Record<string, Exchange>> = {
  'bybit-v5': {
    title: 'Bybit v5',
    applyMessage: (account, { transport, channel, payload, asOfMs }) => {
      if (transport === 'ws') return applyBybitMessage(account, payload);
      const request = BYBIT_REQUESTS.find((each) => each === channel);
      if (request === undefined) return { kind: 'unknown', reason: `the REST channel ${channel}` };
      return applyBybitResponse(account, request, payload, { asOfMs, settleCoin: 'USDT' });
    },
  },
  'binance-usdm': {
    title: 'Binance USDⓈ-M',
    applyMessage: (account, { transport, channel, payload, asOfMs }) => {
      if (transport === 'ws') return applyBinanceMessage(account, payload);
      const request = BINANCE_REQUESTS.find((each) => each === channel);
      if (request === undefined) return { kind: 'unknown', reason: `the REST channel ${channel}` };
      return applyBinanceResponse(account, request, payload, { asOfMs });
    },
  },
};
