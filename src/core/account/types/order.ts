import type { OrNull } from './or-null.js';

/** Every state an order can be in. `NEW`, `PARTIALLY_FILLED` and `PENDING_CANCEL` are active: they can still fill. */
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

/**
 * An order, as the exchange last reported it. Prices are in the quote currency, quantities in the unit that the exchange
 * counts in (see `Instrument.multiplier`). A field that is not there is not known; 0 means that there is none.
 */
export interface EngineOrder {
  /**
   * The exchange's id, and the key under which the order is held. Where ids are unique per symbol only, or in several
   * spaces, the key has them in front. `''` until the exchange has given one; `customOrderId` is the key until then.
   */
  exchangeOrderId: string;
  /** The client's own order id; `''` when there is none. */
  customOrderId: string;
  symbol: string;
  orderSide: EngineOrderSide;
  positionSide: 'LONG' | 'SHORT' | 'NONE';
  orderType: EngineOrderType;
  status: EngineOrderStatus;
  /** The limit price. */
  price: number;
  originalQuantity: number;
  /** Of all fills together. */
  executedQuantity: number;
  /** Of all fills. */
  averagePrice?: number | undefined;
  /** The price at which a conditional order is triggered. */
  triggerPrice?: number | undefined;
  /** As the exchange calls it, such as `GTC`. */
  timeInForce?: string | undefined;
  /** Closes the whole position, whatever its size then. */
  closePosition?: boolean | undefined;
  /** Exchange time, in milliseconds since the Unix epoch; 0 when it is not known. */
  createdAtMs: number;
  /** Exchange time, in milliseconds since the Unix epoch; 0 when it is not known. */
  updatedAtMs: number;
  isreduceOnly?: boolean | undefined;
}

/** An order as it is given to the store. `null` counts as not known. */
export type EngineOrderUpdate = OrNull<EngineOrder>;
