import type { AccountStateStore, EngineOrder, EngineSimplePosition, IncomingPriceEvent } from 'accountkeeper';
import { ExchangeMessageError } from './exchange-fields.js';

/** One message of an exchange, with what the payload itself does not say. */
export interface ExchangeMessage {
  readonly transport: 'rest' | 'ws';
  /** The question that a REST response answers: `positions`, `openOrders`, … A stream's message names itself in its payload. */
  readonly channel: string;
  /** The parsed JSON, as the exchange sent it. */
  readonly payload: unknown;
  /**
   * REST only, for responses that carry no time of their own: the exchange's time when the request was sent, in
   * milliseconds since the Unix epoch. Everything learned later stays when the response is reconciled.
   */
  readonly asOfMs?: number | undefined;
}

/** The part of the store that the mappers use. */
export type AccountTarget = Pick<
  AccountStateStore,
  | 'deleteActivePosition'
  | 'getActivePosition'
  | 'getOrder'
  | 'getSymbolLeverage'
  | 'processPriceEvent'
  | 'reconcile'
  | 'setActivePosition'
  | 'setSymbolLeverage'
  | 'setWalletBalance'
  | 'transaction'
  | 'upsertActiveOrder'
>;

/** The result of `store.reconcile`. */
export type ResyncChanges = ReturnType<AccountTarget['reconcile']>;

/** A side on which a position can be. */
export type PositionSide = 'LONG' | 'SHORT';

/** One side of a symbol, before and after a message. `undefined`: no position. */
export interface PositionChange {
  readonly symbol: string;
  readonly side: PositionSide;
  readonly before: EngineSimplePosition | undefined;
  readonly after: EngineSimplePosition | undefined;
}

/** An order that executed further. */
export interface OrderFill {
  readonly order: EngineOrder;
  /** Whether nothing of the order was executed before. */
  readonly first: boolean;
}

/** The effect of a message on the account, in terms that do not depend on the exchange. */
export interface AccountChange {
  /** Exchange time of the message, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The new wallet balance in the quote asset, when the message told one. */
  readonly balance?: number | undefined;
  readonly positions?: readonly PositionChange[];
  readonly fills?: readonly OrderFill[];
  readonly price?: IncomingPriceEvent;
  /** The message was a REST snapshot. */
  readonly resync?: ResyncChanges;
}

/** The fate of a message. */
export type MessageOutcome =
  | ({ readonly kind: 'applied' } & AccountChange)
  /** Known, but nothing that the store keeps; `reason` says what it was. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** Not understood, and the store is unchanged. Count these and look at them: the account may be behind. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** The account, as far as the mappers need it. */
export interface MappingOptions {
  /**
   * The asset that the balance is counted in.
   * @default 'USDT'
   */
  readonly quoteAsset?: string;
}

export function applied(change: AccountChange): MessageOutcome {
  return { kind: 'applied', ...change };
}

export function ignored(reason: string): MessageOutcome {
  return { kind: 'ignored', reason };
}

export function unknown(reason: string): MessageOutcome {
  return { kind: 'unknown', reason };
}

/** All of the message's changes or, when it cannot be read, none and the outcome `unknown`. */
export function applyWhole(store: AccountTarget, apply: () => MessageOutcome): MessageOutcome {
  try {
    return store.transaction(apply);
  } catch (error) {
    if (error instanceof ExchangeMessageError) return unknown(error.message);
    throw error;
  }
}
