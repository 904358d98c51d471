import type { OrNull } from './or-null.js';

/** The side a position is on. `NONE`: no active position. */
export const ENGINE_POSITION_SIDE = { LONG: 'LONG', SHORT: 'SHORT', NONE: 'NONE' } as const;

/** The position side that an order targets. `BOTH`: one-way trading. */
export const ENGINE_ORDER_POSITION_SIDE = { LONG: 'LONG', SHORT: 'SHORT', BOTH: 'BOTH' } as const;

/** One of {@link ENGINE_POSITION_SIDE}. */
export type EnginePositionSide = keyof typeof ENGINE_POSITION_SIDE;

/** One of {@link ENGINE_ORDER_POSITION_SIDE}. */
export type EngineOrderPositionSide = keyof typeof ENGINE_ORDER_POSITION_SIDE;

/**
 * One side of a symbol's position, as the exchange last reported it. Prices are in the quote currency, amounts in the
 * asset that the position is settled in. A field that is not there is not known; 0 means that there is none.
 */
export interface EngineSimplePosition {
  /** The key under which the position is held. Where symbols collide, it has in it what tells them apart. */
  symbol: string;
  /** Exchange time of the last change, in milliseconds since the Unix epoch; 0 when it is not known. */
  timestampMs: number;
  positionSide: EnginePositionSide;
  /** The side that orders for this position name: `BOTH` in one-way mode. */
  orderPositionSide: EngineOrderPositionSide;
  /** Average entry price. */
  positionPrice: number;
  /**
   * Size, in the unit that the exchange counts in (see `Instrument.multiplier`). The sign of a short depends on the
   * exchange: Bybit positive, Binance negative.
   */
  assetQty: number;
  /** Notional value. */
  value?: number | undefined;
  /** Unrealised profit or loss. */
  valueUpnl?: number | undefined;
  /** Margin allocated to the position, leverage considered. */
  marginValue?: number | undefined;
  liquidationPrice?: number | undefined;
  stopLossPrice?: number | undefined;
  takeProfitPrice?: number | undefined;
}

/** A position as it is given to the store. `null` counts as not known. */
export type EnginePositionUpdate = OrNull<EngineSimplePosition>;

/** A price tick, for `processPriceEvent`. */
export interface IncomingPriceEvent {
  symbol: string;
  /** Mark or last price, in the quote currency; above 0. */
  price: number;
}
