import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';

/** What the exchange sent: `info` of ccxt's structures. */
export type Info = Readonly<Record<string, unknown>>;

/** How to read an exchange's structures where ccxt does not say. Give the same to all functions. */
export interface CcxtOptions {
  /**
   * Whether the exchange holds an isolated and a cross position of one symbol at the same time, as OKX does. The key of
   * the isolated one is `BTC/USDT:USDT:isolated` then, in positions and leverage. @default false
   */
  readonly separateIsolated?: boolean | undefined;
  /**
   * What the amounts of a market count: contracts of its `contractSize`, or units of the base asset (of the quote
   * currency where it is inverse), as on Deribit. @default 'contracts' for all
   */
  readonly amounts?: ((symbol: string) => 'contracts' | 'base') | undefined;
  /** Fields of a position that `info` knows better, such as `orderPositionSide` on Gate in dual mode. */
  readonly refinePosition?: ((info: Info) => Partial<EnginePositionUpdate>) | undefined;
  /** Fields of an order that `info` knows better, such as `orderType`. */
  readonly refineOrder?: ((info: Info) => Partial<EngineOrderUpdate>) | undefined;
  /** Wallet balances that `info` knows better: on many exchanges ccxt's total has the unrealised profit in it. */
  readonly refineBalances?: ((info: unknown) => Readonly<Record<string, number>>) | undefined;
}
