/** Every state an order can be in. Only `NEW` and `PARTIALLY_FILLED` are active. */
export const ENGINE_ORDER_STATUS = {
  NEW: 'NEW',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELLED: 'CANCELLED',
  EXPIRED: 'EXPIRED',
  REJECTED: 'REJECTED',
  PENDING_CANCEL: 'PENDING_CANCEL',
} as const;

/** Every order type that the store knows. */
export const ENGINE_ORDER_TYPE = {
  LIMIT: 'LIMIT',
  MARKET: 'MARKET',
  STOP: 'STOP',
  STOP_MARKET: 'STOP_MARKET',
  TAKE_PROFIT: 'TAKE_PROFIT',
  TAKE_PROFIT_MARKET: 'TAKE_PROFIT_MARKET',
  TRAILING_STOP_MARKET: 'TRAILING_STOP_MARKET',
} as const;

/** One of {@link ENGINE_ORDER_STATUS}. */
export type EngineOrderStatus = keyof typeof ENGINE_ORDER_STATUS;

/** One of {@link ENGINE_ORDER_TYPE}. */
export type EngineOrderType = keyof typeof ENGINE_ORDER_TYPE;

/** The direction of an order. */
export type EngineOrderSide = 'BUY' | 'SELL';

/** An order, as the exchange last told it. Prices are in the quote currency, quantities in the base asset. */
export interface EngineOrder {
  exchangeOrderId: string;
  /** The client's own order id; `''` when there is none. */
  customOrderId: string;
  symbol: string;
  orderSide: EngineOrderSide;
  positionSide: 'LONG' | 'SHORT' | 'NONE';
  orderType: EngineOrderType;
  status: EngineOrderStatus;
  price: number;
  originalQuantity: number;
  executedQuantity: number;
  averagePrice: number;
  /** Exchange time, in milliseconds since the Unix epoch. */
  createdAtMs: number;
  /** Exchange time, in milliseconds since the Unix epoch. */
  updatedAtMs: number;
  isreduceOnly?: boolean | undefined;
}
