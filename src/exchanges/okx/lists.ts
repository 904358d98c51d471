import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { applyOrder, applyPosition } from '../shared/account-changes.js';
import type { AccountTarget } from '../shared/account-target.js';
import { type ReadEntries, readEntries } from '../shared/entries.js';
import { type Fields, fieldsList } from '../shared/fields.js';
import { applyLeverage } from '../shared/leverage.js';
import { applied, ignored, type MessageOutcome } from '../shared/outcome.js';
import { isHeld, okxSymbolKey, symbolKeyOf } from './instruments.js';
import { mapOkxAlgoOrder, mapOkxOrder, okxAlgoOrderKey } from './orders.js';
import { mapOkxPosition } from './positions.js';

/** The leverage of a symbol, 0 in portfolio margin mode, and the position that reports it. */
type Held = { symbol: string; leverage: number; position?: EnginePositionUpdate; atMs: number };
type Balance = { asset: string; balance: number; atMs: number };
type Price = { instId: string; price: number; atMs: number };

/** What a message or a response lists. A list that is not there says nothing. */
type Lists = {
  readonly held?: ReadEntries<Held>;
  readonly orders?: ReadEntries<EngineOrderUpdate>;
  readonly algoOrders?: ReadEntries<EngineOrderUpdate>;
  readonly balances?: ReadEntries<Balance>;
  readonly prices?: ReadEntries<Price>;
};
const NONE: ReadEntries<never> = { values: [], faults: [], isInDoubt: () => true };

/** How to apply a response: its entries one by one, all else stays, or with `asOfMs` as a snapshot. */
export interface OkxOptions {
  /** The exchange's time (ms) before the request was sent. Join all pages, and all types of algo orders, first. */
  readonly asOfMs?: number | undefined;
  /** Which symbol keys were asked for. What is held of others stays. @default all */
  readonly covers?: ((symbol: string) => boolean) | undefined;
}

/** Reads the `data` of a response or of a channel. */
export const READERS = {
  positions: (data: unknown): Lists => ({ held: readHeld(data, 'mgnMode', positionOf) }),
  leverage: (data: unknown): Lists => ({ held: readHeld(data, 'mgnMode', leverageOf) }),
  orders: (data: unknown): Lists => ({ orders: readHeld(data, 'tdMode', mapOkxOrder) }),
  algoOrders: (data: unknown): Lists => ({ algoOrders: readHeld(data, 'tdMode', mapOkxAlgoOrder) }),
  balance: (data: unknown): Lists => ({ balances: readBalances(data, 'details') }),
  tickers: (data: unknown): Lists => ({ prices: readPrices(data, 'last') }),
  markPrices: (data: unknown): Lists => ({ prices: readPrices(data, 'markPx') }),
  balanceAndPosition: (data: unknown): Lists => ({
    balances: readBalances(data, 'balData'),
    held: readHeld(nested(data, 'posData'), 'mgnMode', positionOf),
  }),
} as const;

/** The cash balances in the `details` of accounts, as a `balance` response or an `account` message lists them. */
export function mapOkxBalances(accounts: readonly object[]): Record<string, number> {
  return byAsset(fieldsList(accounts, 'accounts').flatMap((account) => account.list('details').map(balanceOf)));
}

/** Puts entries into the store. A snapshot closes what it does not name, unless a bad entry may have named it. */
export function applyLists(store: AccountTarget, lists: Lists, options: OkxOptions = {}): MessageOutcome {
  const { asOfMs, covers = () => true } = options;
  const { held = NONE, orders = NONE, algoOrders = NONE, balances = NONE, prices = NONE } = lists;
  const faults = [held, orders, algoOrders, balances, prices].flatMap((list) => list.faults);
  const allOrders = [...orders.values, ...algoOrders.values];
  const change = { balances: byAsset(balances.values), faults };
  for (const { symbol, leverage, position } of held.values) {
    const changedMs = position?.timestampMs ?? 0;
    applyLeverage(store, symbol, leverage, asOfMs ?? changedMs, changedMs);
  }
  if (asOfMs !== undefined) {
    const listOf = (orderId: string) => (orderId.startsWith(okxAlgoOrderKey('')) ? algoOrders : orders);
    const resync = store.reconcile({
      positions: lists.held && held.values.flatMap(({ position }) => (position?.assetQty ? [position] : [])),
      orders: (lists.orders ?? lists.algoOrders) && allOrders,
      balances: lists.balances && change.balances,
      asOfMs,
      scope: {
        positions: ({ symbol }) => covers(symbol) && !held.isInDoubt(symbol),
        orders: ({ symbol, exchangeOrderId: id }) => covers(symbol) && !listOf(id).isInDoubt(symbol),
        balances: (asset) => !balances.isInDoubt(asset),
      },
    });
    return applied({ ...change, atMs: asOfMs, resync });
  }
  const times = [...held.values, ...balances.values, ...prices.values].map(({ atMs }) => atMs);
  times.push(...allOrders.map(({ updatedAtMs }) => updatedAtMs));
  if (times.length + faults.length === 0) return ignored('nothing that is held');
  for (const { asset, balance, atMs } of balances.values)
    store.setWalletBalance(balance, { asset, asOfMs: atMs || undefined });
  const positions = held.values.flatMap(({ position }) => (position ? applyPosition(store, position) : []));
  const fills = allOrders.flatMap((order) => applyOrder(store, order));
  const ticks = prices.values.flatMap(({ instId, price }) =>
    ['cross', 'isolated'].map((mode) => ({ symbol: okxSymbolKey(instId, mode), price })),
  );
  for (const tick of ticks) store.processPriceEvent(tick);
  return applied({ ...change, atMs: Math.max(0, ...times) || undefined, positions, fills, prices: ticks });
}

function readHeld<Value>(list: unknown, mode: 'mgnMode' | 'tdMode', map: (entry: Fields) => Value): ReadEntries<Value> {
  const read = (entry: Fields) => (isHeld(entry) ? map(entry) : undefined);
  return readEntries(list, 'data', read, (entry) => symbolKeyOf(entry, mode));
}

function positionOf(entry: Fields): Held {
  return { ...leverageOf(entry), position: mapOkxPosition(entry) };
}

function leverageOf(entry: Fields): Held {
  const atMs = entry.time('pTime') || entry.time('uTime');
  return { symbol: symbolKeyOf(entry, 'mgnMode'), leverage: entry.numberIfGiven('lever') ?? 0, atMs };
}

function readBalances(data: unknown, name: string): ReadEntries<Balance> {
  return readEntries(nested(data, name), name, balanceOf, (entry) => entry.text('ccy'));
}

function balanceOf(entry: Fields): Balance {
  return { asset: entry.text('ccy'), balance: entry.number('cashBal'), atMs: entry.time('uTime') };
}

function byAsset(balances: readonly Balance[]): Record<string, number> {
  return Object.fromEntries(balances.map(({ asset, balance }) => [asset, balance]));
}

function readPrices(data: unknown, field: 'last' | 'markPx'): ReadEntries<Price> {
  const read = (entry: Fields) => {
    const price = isHeld(entry) ? (entry.numberIfGiven(field) ?? 0) : 0;
    return price > 0 ? { instId: entry.text('instId'), price, atMs: entry.time('ts') } : undefined;
  };
  return readEntries(data, 'data', read, (entry) => entry.text('instId'));
}

/** The lists in the entries of a list, as one. */
function nested(data: unknown, name: string): unknown[] {
  return fieldsList(data, 'data').flatMap((entry) => {
    const list = entry.raw(name);
    if (Array.isArray(list)) return list;
    throw entry.error(name, 'expected a list');
  });
}
