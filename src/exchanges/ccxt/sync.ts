import { mergeEntries } from '../shared/account-entries.js';
import type { AccountTarget } from '../shared/account-target.js';
import { readEntries } from '../shared/entries.js';
import type { Fields } from '../shared/fields.js';
import { applyWhole, type MessageOutcome, unknown } from '../shared/outcome.js';
import { readOrders, readPositions } from './apply.js';
import { isListed, listedType, openOrdersOf, positionsOf } from './listing.js';
import { readBalances } from './map-balances.js';
import { type CcxtExchange, type CcxtSyncOptions, has } from './options.js';
import { positionKeyIn, symbolOf } from './read-fields.js';

/**
 * Reads positions, open orders, balances and leverage, and merges them into the store in one step: at start and after
 * each reconnect. What came meanwhile stays, even balances without a time. Nothing changes when the exchange rejects.
 */
export async function syncCcxt(
  store: AccountTarget,
  exchange: CcxtExchange,
  options: CcxtSyncOptions = {},
): Promise<MessageOutcome> {
  const { symbols, params, covers = (symbol: string) => isListed(symbol, exchange, options) } = options;
  const isBySymbol = exchange.features?.swap?.linear?.fetchOpenOrders?.symbolRequired === true;
  if (isBySymbol && symbols === undefined) return unknown('options.symbols: orders are listed by symbol here');
  if (params && !symbols && !options.covers) return unknown('options.covers: expected beside params');
  const asOfMs =
    (has(exchange, 'fetchTime') === true ? await exchange.fetchTime?.() : undefined) ?? exchange.milliseconds();
  const balancesBefore = store.getWalletBalances();
  const isSpot = listedType(exchange, options) === 'spot';
  const [positionList, orderList, balance, leverageList] = await Promise.all([
    isSpot || has(exchange, 'fetchPositions') === false ? undefined : positionsOf(exchange, options),
    openOrdersOf(exchange, options),
    exchange.fetchBalance(params),
    isSpot || has(exchange, 'fetchLeverages') !== true ? undefined : exchange.fetchLeverages?.(symbols, params),
  ]);
  return applyWhole(store, () => {
    const readLeverage = (fields: Fields) => ({
      symbol: positionKeyIn(fields, options),
      leverage: fields.positiveIfGiven('longLeverage') ?? fields.positiveIfGiven('shortLeverage'),
    });
    const entries = {
      positions: positionList && readPositions(positionList, options),
      leverages: readEntries(Object.values(leverageList ?? {}), 'leverages', readLeverage),
      orders: readOrders(orderList, store, options),
      balances: readBalances(balance, options),
    };
    return mergeEntries(store, entries, { asOfMs, balancesBefore, covers, symbolOf });
  });
}
