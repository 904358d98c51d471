import type { CcxtOptions, Info } from './options.js';

type Listings = { readonly fetchOpenOrders?: { readonly trigger?: unknown; readonly symbolRequired?: unknown } };

/** The part of an exchange of ccxt or ccxt.pro that {@link syncCcxt} uses. */
export interface CcxtExchange {
  readonly id?: string;
  readonly has: { readonly [Name in 'fetchTime' | 'fetchPositions' | 'fetchLeverages' | 'spot']?: unknown };
  readonly options?: object;
  readonly features?: { readonly swap?: { readonly linear?: Listings | undefined } | undefined };
  milliseconds(): number;
  fetchTime?(): Promise<number | undefined>;
  fetchPositions?(symbols?: string[], params?: Info): Promise<readonly object[]>;
  fetchOpenOrders(symbol?: string, since?: number, limit?: number, params?: Info): Promise<readonly object[]>;
  fetchBalance(params?: Info): Promise<object>;
  fetchLeverages?(symbols?: string[], params?: Info): Promise<object>;
}

/** Options of {@link syncCcxt}. */
export interface CcxtSyncOptions extends CcxtOptions {
  /** Asks for these symbols one by one, and speaks for them alone. Some exchanges list open orders only so. */
  readonly symbols?: readonly string[] | undefined;
  /** Parameters of every call, such as `{ subType: 'inverse' }`; `covers` says then what the answers speak for. */
  readonly params?: Info | undefined;
  /** The symbols that the snapshot speaks for; others stay as they are. @default what the exchange lists by default */
  readonly covers?: ((symbol: string) => boolean) | undefined;
  /** Parameters of each call for open orders. @default as the exchange needs, such as `[{}, { trigger: true }]` */
  readonly orderQueries?: readonly Info[] | undefined;
}
