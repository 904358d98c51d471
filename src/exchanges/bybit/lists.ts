import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { IncomingPriceEvent } from '../../core/account/types/position.js';
import { applyOrder, applyPosition } from '../shared/account-changes.js';
import type { AccountTarget } from '../shared/account-target.js';
import { type ReadEntries, readEntries } from '../shared/entries.js';
import { type Fields, fieldsList } from '../shared/fields.js';
import { applied, ignored, type MessageOutcome } from '../shared/outcome.js';
import { type BybitOptions, bybitSymbolKey, categoryOf, isTaken } from './categories.js';
import { readOrder } from './orders.js';
import { type PositionEntry, readPosition, setLeverage } from './positions.js';

/** The requests: `/v5/position/list`, `/v5/order/realtime`, `/v5/account/wallet-balance`, `/v5/market/tickers`. */
export type BybitRequest = 'positions' | 'orders' | 'wallet' | 'tickers';

type List = readonly unknown[];
type Coin = readonly [coin: string, walletBalance: number];

/** What was read of one or several lists. */
export interface BybitEntries {
  readonly positions?: ReadEntries<PositionEntry>;
  readonly orders?: ReadEntries<EngineOrderUpdate>;
  readonly coins?: ReadEntries<Coin>;
  readonly ticks?: ReadEntries<IncomingPriceEvent>;
}

/** The entries of a list, each with the category that the message gives for all. @throws ExchangeMessageError */
export function entriesOf(parent: Fields, name: string, category?: string): List {
  return parent.array(name).map((each) => (typeof each === 'object' && each !== null ? { category, ...each } : each));
}

export const READ: Readonly<Record<BybitRequest, (list: List, options: BybitOptions) => BybitEntries>> = {
  positions: (list, options) => ({ positions: readTaken(list, 'positions', options, readPosition) }),
  orders: (list, options) => ({ orders: readTaken(list, 'orders', options, readOrder) }),
  wallet: (list) => {
    const isAccount = (each: unknown) => typeof each === 'object' && each !== null && 'coin' in each;
    const coins = list.flatMap((each) => (isAccount(each) ? each.coin : [each]));
    return { coins: readEntries(coins, 'wallet.coin', readCoin, (coin) => coin.text('coin')) };
  },
  tickers: (list) => ({ ticks: readEntries(list, 'tickers', readTick, (ticker) => ticker.text('symbol')) }),
};

function readTaken<Value>(
  list: List,
  kind: 'positions' | 'orders',
  options: BybitOptions,
  read: (item: Fields, category: string) => Value,
): ReadEntries<Value> {
  const readIfTaken = (item: Fields): Value | undefined => {
    const category = categoryOf(item);
    return isTaken(category, options) && (kind === 'orders' || category !== 'spot') ? read(item, category) : undefined;
  };
  return readEntries(list, kind, readIfTaken, (item) => bybitSymbolKey(categoryOf(item), item.text('symbol')));
}

/** The wallet balances of accounts by coin, as in the wallet topic and in REST. @throws ExchangeMessageError */
export function mapBybitWallet(accounts: readonly object[]): Record<string, number> {
  return Object.fromEntries(fieldsList(accounts, 'accounts').flatMap((each) => each.list('coin').map(readCoin)));
}

function readCoin(coin: Fields): Coin {
  return [coin.text('coin'), coin.number('walletBalance')];
}

const OPTION = /-[CP](-[A-Z]+)?$/;

/** The mark price; `undefined` for options, and where there is none: on spot, and in some deltas. */
function readTick(ticker: Fields): IncomingPriceEvent | undefined {
  const price = ticker.numberIfGiven('markPrice') ?? 0;
  return price <= 0 || OPTION.test(ticker.text('symbol')) ? undefined : { symbol: ticker.text('symbol'), price };
}

/** Puts entries into the store one by one. What they do not name stays. */
export function applyEntries(store: AccountTarget, entries: BybitEntries, atMs?: number): MessageOutcome {
  const { positions, orders, coins, ticks } = entries;
  const faults = Object.values(entries).flatMap((read) => read.faults);
  const isNothing = faults.length === 0 && Object.values(entries).every((read) => read.values.length === 0);
  if (isNothing) return ignored('nothing that the store keeps');
  setLeverage(store, positions?.values);
  // A balance whose time is known counts more than one without.
  for (const [asset, balance] of coins?.values ?? []) store.setWalletBalance(balance, { asset, asOfMs: atMs ?? 0 });
  for (const tick of ticks?.values ?? []) store.processPriceEvent(tick);
  return applied({
    atMs,
    positions: positions?.values.flatMap(({ update }) => applyPosition(store, update)) ?? [],
    fills: orders?.values.flatMap((order) => applyOrder(store, order)) ?? [],
    balances: Object.fromEntries(coins?.values ?? []),
    prices: ticks?.values ?? [],
    faults,
  });
}

/** Merges what was requested at a time. What it speaks for and does not name is gone, unless that is in doubt. */
export function reconcileEntries(
  store: AccountTarget,
  entries: BybitEntries,
  asOfMs: number,
  speaksFor: { symbol(key: string): boolean; coin(asset: string): boolean },
): MessageOutcome {
  const { positions, orders, coins } = entries;
  const balances = Object.fromEntries(coins?.values ?? []);
  setLeverage(store, positions?.values, asOfMs);
  const resync = store.reconcile({
    positions: positions?.values.map(({ update }) => update),
    orders: orders?.values,
    balances: coins && balances,
    asOfMs,
    scope: {
      positions: ({ symbol }) => speaksFor.symbol(symbol) && positions?.isInDoubt(symbol) === false,
      orders: ({ symbol }) => speaksFor.symbol(symbol) && orders?.isInDoubt(symbol) === false,
      balances: (asset) => speaksFor.coin(asset) && coins?.isInDoubt(asset) === false,
    },
  });
  return applied({ atMs: asOfMs, balances, resync, faults: Object.values(entries).flatMap((read) => read.faults) });
}
