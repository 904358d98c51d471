import type { AccountTarget as Target } from '../shared/account-target.js';
import { type Following, type FollowOptions, feedsInto, follow } from '../shared/follow.js';
import { turnOff } from '../shared/hooks.js';
import { applyCcxtBalance, applyCcxtOrders, applyCcxtPositions, applyCcxtTicker } from './apply.js';
import { listedType } from './listing.js';
import { type CcxtExchange, type CcxtOptions, type CcxtSyncOptions, has, type Info } from './options.js';
import { syncCcxt } from './sync.js';

/** The part of an exchange of ccxt.pro that {@link followCcxt} uses. */
export interface CcxtPro extends CcxtExchange {
  newUpdates: boolean;
  watchPositions(): Promise<readonly object[]>;
  watchOrders(symbol?: string, since?: number, limit?: number, params?: Info): Promise<readonly object[]>;
  watchBalance(): Promise<object>;
  watchMarkPrice(symbol: string): Promise<object>;
  watchTicker(symbol: string): Promise<object>;
}

/** Options of {@link followCcxt}. */
export interface CcxtFollowOptions extends CcxtOptions, FollowOptions {
  /** Values the positions of these symbols at the mark price or, where ccxt cannot watch it, at the ticker. */
  readonly symbols?: readonly string[] | undefined;
  /** The parts of the account that a sync reads one after the other. @default one: what the exchange lists by default */
  readonly syncs?: readonly CcxtSyncOptions[] | undefined;
}

/** Where conditional orders have a stream of their own. */
const APART = ['bitget', 'gate', 'okx'];

/**
 * Keeps a store up to date: applies what the exchange's streams report, and syncs at the start, every minute, soon after
 * a stream has failed or is confirmed, and again when orders have vanished. Rejects when the first sync fails. Ends with
 * `stop` of what it resolves to, or with `exchange.close()`. It makes the `watch` methods of the exchange resolve to ccxt's
 * caches (`newUpdates`), and turns off the snapshot of `watchPositions`.
 */
export function followCcxt(store: Target, exchange: CcxtPro, options: CcxtFollowOptions = {}): Promise<Following> {
  const { symbols = [], syncs = [{}] } = options;
  exchange.newUpdates = false;
  turnOff(exchange.options, 'watchPositions', 'fetchPositionsSnapshot');
  const can = (method: string): boolean => has(exchange, method) === true;
  const feed = feedsInto(store, options);
  const watchOrders = (params: Info) => () => exchange.watchOrders(undefined, undefined, undefined, params);
  const priceOf = (symbol: string) =>
    can('watchMarkPrice') && symbol.includes(':') ? exchange.watchMarkPrice(symbol) : exchange.watchTicker(symbol);
  const isSpot = listedType(exchange, {}) === 'spot';
  const feeds = [
    can('watchPositions') && !isSpot && feed(() => exchange.watchPositions(), applyCcxtPositions),
    can('watchOrders') && feed(watchOrders({}), applyCcxtOrders),
    can('watchOrders') && APART.includes(exchange.id ?? '') && feed(watchOrders({ trigger: true }), applyCcxtOrders),
    can('watchBalance') && feed(() => exchange.watchBalance(), applyCcxtBalance),
  ];
  const parts = {
    feeds: feeds.filter((each) => each !== false),
    prices: symbols.map((symbol) => feed(() => priceOf(symbol), applyCcxtTicker)),
    syncs: syncs.map((each) => () => syncCcxt(store, exchange, { ...options, symbols: undefined, ...each })),
    hooks: { target: exchange, methods: ['onConnected', 'handleSubscriptionStatus'] },
    closingError: 'ExchangeClosedByUser',
  };
  return follow(parts, options);
}
