import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { applyOrder, applyPosition } from '../shared/account-changes.js';
import type { AccountTarget as Target } from '../shared/account-target.js';
import { type ReadEntries, readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';
import { applyLeverage } from '../shared/leverage.js';
import { applied, applyWhole, ignored, type MessageOutcome } from '../shared/outcome.js';
import { newsFor } from '../shared/repeats.js';
import { readBalances } from './map-balances.js';
import { mapCcxtOrder } from './map-order.js';
import { mapCcxtPosition } from './map-position.js';
import type { CcxtOptions } from './options.js';
import { positionKeysOf, positiveIn, symbolIn } from './read-fields.js';

type Leveraged = { readonly position: EnginePositionUpdate; readonly leverage: number | undefined };

/** Puts the positions that `watchPositions` resolved to into the store. */
export function applyCcxtPositions(store: Target, list: readonly object[], options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    const { values, faults } = readPositions(newsFor(store, list), options);
    const positions = values.flatMap(({ leverage, position }) => {
      applyLeverage(store, position.symbol, leverage, position.timestampMs);
      return applyPosition(store, position);
    });
    const atMs = Math.max(0, ...values.map(({ position }) => position.timestampMs)) || undefined;
    return applied({ atMs, positions, faults });
  });
}

/** Puts the orders that `watchOrders` resolved to into the store. */
export function applyCcxtOrders(store: Target, list: readonly object[], options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    const { values, faults } = readOrders(newsFor(store, list), store, options);
    const fills = values.flatMap((order) => applyOrder(store, order));
    return applied({ atMs: Math.max(0, ...values.map(({ updatedAtMs }) => updatedAtMs)) || undefined, fills, faults });
  });
}

/** Puts the balance that `watchBalance` resolved to into the store. Currencies that it leaves out stay. */
export function applyCcxtBalance(store: Target, balance: object, options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    // ccxt repeats what former messages told of other currencies; `info` has this message's alone.
    const part = options.refineBalances === undefined ? balance : { ...balance, total: {} };
    const { values, faults } = readBalances(part, options);
    const atMs = new Fields(balance, 'balance').numberIfGiven('timestamp');
    for (const [asset, total] of values) store.setWalletBalance(total, { asset, asOfMs: atMs });
    return applied({ atMs, balances: Object.fromEntries(values), faults });
  });
}

/** Values a symbol's positions at the price of `watchTicker`: the mark price or, without one, the last. */
export function applyCcxtTicker(store: Target, ticker: object, options: CcxtOptions = {}): MessageOutcome {
  return applyWhole(store, () => {
    const fields = new Fields(ticker, 'ticker');
    const price = positiveIn(fields, 'markPrice') ?? positiveIn(fields, 'last') ?? positiveIn(fields, 'close');
    if (price === undefined) return ignored('a ticker without a price');
    const prices = positionKeysOf(symbolIn(fields), options).map((symbol) => ({ symbol, price }));
    for (const event of prices) store.processPriceEvent(event);
    return applied({ atMs: fields.numberIfGiven('timestamp'), prices });
  });
}

export function readPositions(list: unknown, options: CcxtOptions): ReadEntries<Leveraged> {
  const read = (each: Fields) => ({ position: mapCcxtPosition(each, options), leverage: positiveIn(each, 'leverage') });
  return readEntries(list, 'positions', read, symbolIn);
}

export function readOrders(list: unknown, store: Target, options: CcxtOptions): ReadEntries<EngineOrderUpdate> {
  const executed = (key: string): number | undefined => store.getOrder(key)?.executedQuantity;
  return readEntries(list, 'orders', (fields) => mapCcxtOrder(fields, options, executed), symbolIn);
}
