/** The side a position is on. `NONE`: no active position. */
export const ENGINE_POSITION_SIDE = { LONG: 'LONG', SHORT: 'SHORT', NONE: 'NONE' } as const;

/** The position side that an order targets. `BOTH`: one-way trading. */
export const ENGINE_ORDER_POSITION_SIDE = { LONG: 'LONG', SHORT: 'SHORT', BOTH: 'BOTH' } as const;

/** One of {@link ENGINE_POSITION_SIDE}. */
export type EnginePositionSide = keyof typeof ENGINE_POSITION_SIDE;

/** One of {@link ENGINE_ORDER_POSITION_SIDE}. */
export type EngineOrderPositionSide = keyof typeof ENGINE_ORDER_POSITION_SIDE;

/** One side of a symbol's position, as the exchange last told it. Prices and values are in the quote currency. */
export interface EngineSimplePosition {
  symbol: string;
  /** Exchange time of the last change, in milliseconds since the Unix epoch. */
  timestampMs: number;
  positionSide: EnginePositionSide;
  /** The side that orders for this position name: `BOTH` in one-way mode. */
  orderPositionSide: EngineOrderPositionSide;
  /** Average entry price. */
  positionPrice: number;
  /** Size in the base asset. The sign of a short depends on the exchange: Bybit positive, Binance negative. */
  assetQty: number;
  /** Notional value. */
  value: number;
  /** Unrealised profit or loss. */
  valueUpnl: number;
  /** Margin allocated to the position, leverage considered. */
  marginValue: number;
  /** 0 where the exchange names none. */
  liquidationPrice: number;
  stopLossPrice?: number | undefined;
  takeProfitPrice?: number | undefined;
}

/** A price tick, for `processPriceEvent`. */
export interface IncomingPriceEvent {
  symbol: string;
  /** Mark or last price, in the quote currency. */
  price: number;
}
