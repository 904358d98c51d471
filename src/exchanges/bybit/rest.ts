import type { AccountTarget } from '../shared/account-target.js';
import { Fields } from '../shared/fields.js';
import { applyWhenRead, applyWhole, ignored, type MessageOutcome } from '../shared/outcome.js';
import { type ExchangeRequest, readPages } from '../shared/snapshot.js';
import type { BybitCategory, BybitOptions, ListingScope } from './categories.js';
import { BYBIT_CATEGORIES, isInScope, isTaken } from './categories.js';
import { applyEntries, type BybitRequest, entriesOf, READ, reconcileEntries } from './lists.js';

/** What a response does not say itself: when it was requested, and with which parameters. */
export interface BybitResponseOptions extends BybitOptions, ListingScope {
  /** The exchange's time (ms) before the request was sent, not the response's `time`. Without it nothing is closed. */
  readonly asOfMs?: number | undefined;
  /** Default: what the response says. */
  readonly category?: BybitCategory | undefined;
  /** A page that has one, or names a next one, closes nothing, though it may be the last: `syncBybit` reads on. */
  readonly cursor?: string | undefined;
  /** Of the wallet: coins, separated by commas. */
  readonly coin?: string | undefined;
}

/** Puts one response of REST, `{ retCode, result }`, into the store. What it speaks for and does not name, closes. */
export function applyBybitResponse(
  store: AccountTarget,
  request: BybitRequest,
  response: unknown,
  options: BybitResponseOptions = {},
): MessageOutcome {
  return applyWhole(store, () => {
    const result = answered(response, request).object('result');
    const { asOfMs, coin, cursor } = options;
    const category = result.textIfGiven('category') || options.category;
    if (category !== undefined && !isTaken(category, options)) return ignored(`the category ${category}`);
    const entries = READ[request](entriesOf(result, 'list', category), options);
    if (asOfMs === undefined || request === 'tickers') return applyEntries(store, entries, asOfMs);
    const isWhole = category !== undefined && !result.has('nextPageCursor') && !cursor;
    return reconcileEntries(store, entries, asOfMs, {
      symbol: (key) => isWhole && isInScope(key, category, options),
      coin: (asset) => coin === undefined || coin.split(',').includes(asset),
    });
  });
}

/** @throws ExchangeMessageError when the exchange refused the request. */
function answered(response: unknown, request: string): Fields {
  const fields = new Fields(response, request);
  const code = fields.number('retCode');
  if (code === 0) return fields;
  throw fields.error('retCode', `expected 0, received ${code}`);
}

export interface BybitSyncOptions extends BybitOptions {
  /** What linear contracts are settled in; positions and orders in other coins stay. @default ['USDT', 'USDC'] */
  readonly settleCoins?: readonly string[] | undefined;
}

/**
 * Takes over positions, leverage, open orders (conditional ones, too) and wallet of a unified account, in one
 * synchronous step when all pages have come. What the stream reports after the first request stays. With bybit-api:
 *
 *     await syncBybit(store, (path, parameters) => client.getPrivate(path, parameters));
 *
 * Resolves to `unknown`, with the store unchanged, when the exchange refuses a request or a response cannot be read.
 */
export async function syncBybit(
  store: AccountTarget,
  request: ExchangeRequest,
  options: BybitSyncOptions = {},
): Promise<MessageOutcome> {
  const { categories = BYBIT_CATEGORIES, settleCoins = ['USDT', 'USDC'] } = options;
  const list = (path: string, parameters: { category?: string } & Parameters<ExchangeRequest>[1]): Promise<unknown[]> =>
    readPages(path, async (cursor) => {
      const response = await request(path, { ...parameters, ...(cursor && { cursor }) });
      const result = answered(response, path).object('result');
      const entries = entriesOf(result, 'list', parameters.category);
      return { entries, next: result.textIfGiven('nextPageCursor') };
    });
  const scopes = categories.flatMap((category): { category: string; settleCoin?: string }[] =>
    category === 'linear' ? settleCoins.map((settleCoin) => ({ category, settleCoin })) : [{ category }],
  );
  const contracts = scopes.filter(({ category }) => category !== 'spot');
  return applyWhenRead(store, async () => {
    const asOfMs = answered(await request('/v5/market/time', {}), 'time').number('time');
    // The limits are the longest pages. Without an orderFilter, open orders of all kinds are listed.
    const [positions, orders, wallet] = await Promise.all([
      Promise.all(contracts.map((scope) => list('/v5/position/list', { ...scope, limit: 200 }))),
      Promise.all(scopes.map((scope) => list('/v5/order/realtime', { ...scope, openOnly: 0, limit: 50 }))),
      list('/v5/account/wallet-balance', { accountType: 'UNIFIED' }),
    ]);
    const contents = { ...READ.orders(orders.flat(), options), ...READ.wallet(wallet, options) };
    const entries = { ...READ.positions(positions.flat(), options), ...contents };
    const symbol = (key: string): boolean => scopes.some((scope) => isInScope(key, scope.category, scope));
    return () => reconcileEntries(store, entries, asOfMs, { symbol, coin: () => true });
  });
}
