/** Binance futures onto a store: the user data streams of USDⓈ-M and of portfolio margin, public prices, and REST. */
export { parseExchangeJson } from '../shared/exchange-json.js';
export { ExchangeMessageError } from '../shared/fields.js';
export type { AccountChange, EntryFault, MessageOutcome, OrderFill, PositionChange } from '../shared/outcome.js';
export type { ExchangeRequest } from '../shared/snapshot.js';
export { binanceInstruments, mapBinanceInstrument } from './instruments.js';
export { applyBinanceMessage, type BinanceOptions } from './messages.js';
export { binanceAlgoOrderKey, binanceOrderKey, mapBinanceAlgoOrder, mapBinanceOrder } from './orders.js';
export { mapBinanceBalances, mapBinancePosition } from './positions.js';
export { applyBinanceResponse, type BinanceRequest, type BinanceResponseOptions, syncBinance } from './responses.js';
