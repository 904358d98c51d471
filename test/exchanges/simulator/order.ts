import type { MarginMode, PositionSide } from './position.js';

export type OrderSide = 'BUY' | 'SELL';

export type OrderType =
  | 'LIMIT'
  | 'MARKET'
  | 'STOP'
  | 'STOP_MARKET'
  | 'TAKE_PROFIT'
  | 'TAKE_PROFIT_MARKET'
  | 'TRAILING_STOP_MARKET';

/** `TRIGGERED`: a conditional order that ended by placing another one. All but the first two are final. */
export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELLED' | 'EXPIRED' | 'REJECTED' | 'TRIGGERED';

export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'POST_ONLY';

/** Who made the order. */
export type OrderOrigin = 'USER' | 'LIQUIDATION' | 'ADL';

/** Why an order ended without being filled; `''` when it did not. */
export type OrderEnd =
  | ''
  | 'USER'
  | 'TIME_IN_FORCE'
  | 'POST_ONLY'
  | 'NO_LIQUIDITY'
  | 'NOTHING_TO_REDUCE'
  | 'LIQUIDATION'
  | 'TRIGGERED'
  | 'INSUFFICIENT_MARGIN'
  | 'ADMINISTRATION';

/** How a trailing stop follows the price: by an absolute distance or by a rate of the price (0.01 is 1 %). */
export type Trailing = ({ readonly distance: string } | { readonly rate: string }) & {
  /** It follows from the moment at which the price gets here; at once without one. */
  readonly activationPrice?: string;
};

/** An order as a client asks for it. Amounts are decimal strings. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: OrderSide;
  readonly type: OrderType;
  /** Can be left out with `closePosition`. */
  readonly quantity?: string;
  readonly price?: string;
  readonly triggerPrice?: string;
  /** Where the price comes from to reach the trigger; by default it follows from the type and the side. */
  readonly triggerWhen?: 'RISES' | 'FALLS';
  readonly trailing?: Trailing;
  /** Default: `GTC`. */
  readonly timeInForce?: TimeInForce;
  readonly reduceOnly?: boolean;
  /** Takes the position's quantity when it is triggered. */
  readonly closePosition?: boolean;
  readonly clientId?: string;
  /** Default: `BOTH`. In hedge mode `LONG` or `SHORT` must be given. */
  readonly positionSide?: PositionSide;
  /** Default: the symbol's margin mode. */
  readonly marginMode?: MarginMode;
  /** Anything that the venue wants to find again in the order's view. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** An order as it is at a moment. `'0'` and `''` mean none. */
export interface OrderView {
  readonly id: string;
  readonly clientId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly type: OrderType;
  readonly status: OrderStatus;
  readonly price: string;
  /** Of a trailing stop: `'0'`; see {@link OrderView.stopPrice}. */
  readonly triggerPrice: string;
  readonly triggerWhen: 'RISES' | 'FALLS' | '';
  readonly isTriggered: boolean;
  readonly trailing: Trailing | undefined;
  /** Where a trailing stop stands now; `'0'` while it is not active. */
  readonly stopPrice: string;
  readonly quantity: string;
  readonly executed: string;
  /** The value of all fills, in the settle asset. */
  readonly executedValue: string;
  readonly averagePrice: string;
  readonly fee: string;
  readonly realisedPnl: string;
  readonly timeInForce: TimeInForce;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly positionSide: PositionSide;
  readonly marginMode: MarginMode;
  readonly origin: OrderOrigin;
  readonly end: OrderEnd;
  /** The conditional order that placed this one; `''` without one. */
  readonly parentId: string;
  /** The market price when the order was placed. */
  readonly priceAtCreation: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** One execution. */
export interface FillView {
  readonly id: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly quantity: string;
  readonly price: string;
  readonly value: string;
  readonly isMaker: boolean;
  readonly fee: string;
  readonly feeRate: string;
  readonly feeAsset: string;
  /** Without the fee. */
  readonly realisedPnl: string;
  /** How much of the quantity closed a position. */
  readonly closed: string;
  readonly origin: OrderOrigin;
  readonly timeMs: number;
}

/** An order can still be filled. */
export function isActive(order: { readonly status: OrderStatus }): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
}

/** The type waits for a trigger. */
export function isConditional(type: OrderType): boolean {
  return type !== 'LIMIT' && type !== 'MARKET';
}

/** The type has a limit price. */
export function isLimit(type: OrderType): boolean {
  return type === 'LIMIT' || type === 'STOP' || type === 'TAKE_PROFIT';
}

/** The direction from which the price reaches an order's trigger. */
export function defaultTriggerWhen(type: OrderType, side: OrderSide): 'RISES' | 'FALLS' {
  const isTakeProfit = type === 'TAKE_PROFIT' || type === 'TAKE_PROFIT_MARKET';
  return (side === 'BUY') !== isTakeProfit ? 'RISES' : 'FALLS';
}
