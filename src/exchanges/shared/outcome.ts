import type { ReconcileResult } from '../../core/account/reconcile.js';
import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EngineSimplePosition, IncomingPriceEvent } from '../../core/account/types/position.js';
import { ExchangeMessageError } from './fields.js';

/** One side of a symbol, before and after a message. `undefined`: no position. */
export interface PositionChange {
  readonly symbol: string;
  readonly side: 'LONG' | 'SHORT';
  readonly before: Readonly<EngineSimplePosition> | undefined;
  readonly after: Readonly<EngineSimplePosition> | undefined;
}

/** An order that executed further. */
export interface OrderFill {
  readonly order: EngineOrderUpdate;
  /** Whether nothing of the order was executed before. */
  readonly first: boolean;
}

/** An entry of a message that could not be read. The others were applied, and nothing that it spoke of was closed. */
export interface EntryFault {
  /** What could not be read, such as `data[2].size`. */
  readonly field: string;
  readonly message: string;
  /** The entry, as it came. */
  readonly entry: unknown;
}

/** The effect of a message on the account, in terms that do not depend on the exchange. */
export interface AccountChange {
  /** Exchange time, in milliseconds since the Unix epoch; `undefined` when the message has none. */
  readonly atMs: number | undefined;
  readonly positions: readonly PositionChange[];
  readonly fills: readonly OrderFill[];
  /** The wallet balances that the message reported, by asset. */
  readonly balances: Readonly<Record<string, number>>;
  readonly prices: readonly IncomingPriceEvent[];
  /** For a snapshot: what `store.reconcile` returned. */
  readonly resync?: ReconcileResult;
  readonly faults: readonly EntryFault[];
}

/** The fate of a message. */
export type MessageOutcome =
  | ({ readonly kind: 'applied' } & AccountChange)
  /** Known, but not about this account's positions, orders, leverage and balances; `reason` says what it was. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** Not understood, and the store is unchanged. Count these and look at them: the account may be behind. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** @param change what the message changed; the rest is empty. */
export function applied(change: Partial<AccountChange>): MessageOutcome {
  return {
    kind: 'applied',
    atMs: undefined,
    positions: [],
    fills: [],
    balances: {},
    prices: [],
    faults: [],
    ...change,
  };
}

export function ignored(reason: string): MessageOutcome {
  return { kind: 'ignored', reason };
}

export function unknown(reason: string): MessageOutcome {
  return { kind: 'unknown', reason };
}

/** All of the message's changes or, when it cannot be read, none and the outcome `unknown`. */
export function applyWhole(
  store: { transaction<Result>(fn: () => Result): Result },
  apply: () => MessageOutcome,
): MessageOutcome {
  try {
    return store.transaction(apply);
  } catch (error) {
    if (error instanceof ExchangeMessageError || isRefusal(error)) return unknown(error.message);
    throw error;
  }
}

/** As {@link applyWhole}, for what has to be requested first. What a request rejects with, this rejects with. */
export async function applyWhenRead(
  store: Parameters<typeof applyWhole>[0],
  read: () => Promise<() => MessageOutcome>,
): Promise<MessageOutcome> {
  try {
    return applyWhole(store, await read());
  } catch (error) {
    if (error instanceof ExchangeMessageError) return unknown(error.message);
    throw error;
  }
}

/** Whether the store refused a value, such as a price at which a profit is no finite number. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'INVALID_VALUE' || error.code === 'INVALID_KEY');
}
