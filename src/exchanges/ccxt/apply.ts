import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import { applyEntries, type PositionEntry } from '../shared/account-entries.js';
import type { AccountTarget as Target } from '../shared/account-target.js';
import { type ReadEntries, readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';
import { applied, applyWhole, ignored, type MessageOutcome } from '../shared/outcome.js';
import { newsFor } from '../shared/repeats.js';
import { readBalances } from './map-balances.js';
import { mapCcxtOrder } from './map-order.js';
import { mapCcxtPosition } from './map-position.js';
import type { CcxtOptions } from './options.js';
import { positionKeysOf } from './read-fields.js';

/** Puts the positions that `watchPositions` resolved to into the store. */
export function applyCcxtPositions(store: Target, list: readonly object[], options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => applyEntries(store, { positions: readPositions(newsFor(store, list), options) }));
}

/** Puts the orders that `watchOrders` resolved to into the store. */
export function applyCcxtOrders(store: Target, list: readonly object[], options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => applyEntries(store, { orders: readOrders(newsFor(store, list), store, options) }));
}

/** Puts the balance that `watchBalance` resolved to into the store. Currencies that it leaves out stay. */
export function applyCcxtBalance(store: Target, balance: object, options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    // ccxt repeats what former messages told of other currencies; `info` has this message's alone.
    const part = options.refineBalances === undefined ? balance : { ...balance, total: {} };
    const atMs = new Fields(balance, 'balance').numberIfGiven('timestamp');
    return applyEntries(store, { balances: readBalances(part, options) }, atMs);
  });
}

/** Values a symbol's positions at the price of `watchTicker`: the mark price or, without one, the last. */
export function applyCcxtTicker(store: Target, ticker: object, options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    const fields = new Fields(ticker, 'ticker');
    const price = ['markPrice', 'last', 'close'].map((name) => fields.positiveIfGiven(name)).find(Boolean);
    if (price === undefined) return ignored('a ticker without a price');
    const prices = positionKeysOf(fields.text('symbol'), options).map((symbol) => ({ symbol, price }));
    for (const event of prices) store.processPriceEvent(event);
    return applied({ atMs: fields.numberIfGiven('timestamp'), prices });
  });
}

export function readPositions(list: unknown, options: CcxtOptions): ReadEntries<PositionEntry> {
  const read = (it: Fields) => ({ position: mapCcxtPosition(it, options), leverage: it.positiveIfGiven('leverage') });
  return readEntries(list, 'positions', read);
}

export function readOrders(list: unknown, store: Target, options: CcxtOptions): ReadEntries<EngineOrderUpdate> {
  const executed = (key: string): number | undefined => store.getOrder(key)?.executedQuantity;
  return readEntries(list, 'orders', (fields) => mapCcxtOrder(fields, options, executed));
}
