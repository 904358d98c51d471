import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';

/** What the exchange sent: `info` of ccxt's structures. */
export type Info = Readonly<Record<string, unknown>>;

/** How to read an exchange's structures where ccxt does not say. Give the same to all functions. */
export interface CcxtOptions {
  /** Gives isolated positions a key of their own, `BTC/USDT:USDT:isolated`, as OKX can hold both. @default false */
  readonly separateIsolated?: boolean | undefined;
  /** What amounts count: contracts, or units of the base asset (inverse: of the quote). @default 'contracts' for all */
  readonly amounts?: ((symbol: string) => 'contracts' | 'base') | undefined;
  /** Fields of a position that `info` knows better, such as `orderPositionSide` on Gate in dual mode. */
  readonly refinePosition?: ((info: Info) => Partial<EnginePositionUpdate>) | undefined;
  /** Fields of an order that `info` knows better, such as `orderType`. */
  readonly refineOrder?: ((info: Info) => Partial<EngineOrderUpdate>) | undefined;
  /** Wallet balances in `info`, where ccxt's total has profits in it. Binance futures, Bybit and OKX do not need it. */
  readonly refineBalances?: BalanceReader | undefined;
}

type BalanceReader = { read(info: object): Readonly<Record<string, number>> }['read'];
type Listings = { readonly fetchOpenOrders?: { readonly trigger?: unknown; readonly symbolRequired?: unknown } };

/** The part of an exchange of ccxt or ccxt.pro that {@link syncCcxt} uses. */
export interface CcxtExchange {
  readonly id?: string;
  readonly has: object;
  readonly options?: object;
  readonly features?: { readonly swap?: { readonly linear?: Listings | undefined } | undefined };
  milliseconds(): number;
  fetchTime?(): Promise<number | undefined>;
  fetchPositions?(symbols?: string[], params?: Info): Promise<readonly object[]>;
  fetchOpenOrders(symbol?: string, since?: number, limit?: number, params?: Info): Promise<readonly object[]>;
  fetchBalance(params?: Info): Promise<object>;
  fetchLeverages?(symbols?: readonly string[], params?: Info): Promise<object>;
}

/** Whether ccxt has a method of the exchange, or a kind of market; `undefined` where it does not say. */
export const has = ({ has }: CcxtExchange, name: string): unknown => Reflect.get(has, name);

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
