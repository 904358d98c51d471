import type { AccountTarget } from '../shared/account-target.js';
import { readEntries } from '../shared/entries.js';
import type { Fields } from '../shared/fields.js';
import { hedgedWhereBoth } from '../shared/hedged.js';
import { applyLeverage } from '../shared/leverage.js';
import { applied, applyWhole, type MessageOutcome, unknown } from '../shared/outcome.js';
import { readOrders, readPositions } from './apply.js';
import type { CcxtExchange, CcxtSyncOptions } from './exchange.js';
import { isListed, listedType, openOrdersOf, positionsOf } from './listing.js';
import { readBalances } from './map-balances.js';
import { positionKeyIn, positiveIn, symbolIn, symbolOf } from './read-fields.js';

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
  const { has, features } = exchange;
  const isBySymbol = features?.swap?.linear?.fetchOpenOrders?.symbolRequired === true;
  if (isBySymbol && symbols === undefined) return unknown('options.symbols: orders are listed by symbol here');
  if (params && !symbols && !options.covers) return unknown('options.covers: expected beside params');
  const asOfMs = (has.fetchTime === true ? await exchange.fetchTime?.() : undefined) ?? exchange.milliseconds();
  const before = store.getWalletBalances();
  const isSpot = listedType(exchange, options) === 'spot';
  const [positionList, orderList, balance, leverageList] = await Promise.all([
    isSpot || has.fetchPositions === false ? undefined : positionsOf(exchange, options),
    openOrdersOf(exchange, options),
    exchange.fetchBalance(params),
    isSpot || has.fetchLeverages !== true ? undefined : exchange.fetchLeverages?.(symbols && [...symbols], params),
  ]);
  return applyWhole(store, () => {
    const positions = readPositions(positionList ?? [], options);
    const orders = readOrders(orderList, store, options);
    const balances = readBalances(balance, options);
    const isNews = (asset: string): boolean => store.getWalletBalances()[asset] !== before[asset];
    const readLeverage = (fields: Fields) => ({
      position: { symbol: positionKeyIn(fields, options), timestampMs: 0 },
      leverage: positiveIn(fields, 'longLeverage') ?? positiveIn(fields, 'shortLeverage'),
    });
    const leverages = readEntries(Object.values(leverageList ?? {}), 'leverages', readLeverage, symbolIn);
    for (const { position, leverage } of [...positions.values, ...leverages.values]) {
      const { symbol, timestampMs } = position;
      if (covers(symbolOf(symbol))) applyLeverage(store, symbol, leverage, asOfMs, timestampMs);
    }
    const resync = store.reconcile({
      positions: positionList && hedgedWhereBoth(positions.values.map(({ position }) => position)),
      orders: orders.values,
      balances: Object.fromEntries(balances.values.filter(([asset]) => !isNews(asset))),
      asOfMs,
      scope: {
        positions: ({ symbol }) => covers(symbolOf(symbol)) && !positions.isInDoubt(symbolOf(symbol)),
        orders: ({ symbol }) => covers(symbol) && !orders.isInDoubt(symbol),
        balances: (asset) => !balances.isInDoubt(asset) && !isNews(asset),
      },
    });
    const faults = [positions, orders, balances, leverages].flatMap((read) => read.faults);
    return applied({ atMs: asOfMs, balances: Object.fromEntries(balances.values), resync, faults });
  });
}
