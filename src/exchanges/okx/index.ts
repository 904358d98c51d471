/** OKX v5 onto a store: SWAP, FUTURES, MARGIN and SPOT. The `map…` functions throw {@link ExchangeMessageError}. */
export { ExchangeMessageError } from '../shared/fields.js';
export type { AccountChange, EntryFault, MessageOutcome, OrderFill, PositionChange } from '../shared/outcome.js';
export type { ExchangeRequest } from '../shared/snapshot.js';
export { mapOkxInstrument, okxInstruments, okxSymbolKey } from './instruments.js';
export { mapOkxBalances, type OkxOptions } from './lists.js';
export { applyOkxMessage } from './messages.js';
export { mapOkxAlgoOrder, mapOkxOrder, okxAlgoOrderKey } from './orders.js';
export { mapOkxPosition } from './positions.js';
export { applyOkxResponse, type OkxRequest, syncOkx } from './responses.js';
