import type { FillView, OrderView } from './order.js';
import type { MarginMode, PositionMode, PositionView } from './position.js';

/** Why the exchange reports an order. */
export type OrderChange = 'PLACED' | 'AMENDED' | 'TRIGGERED' | 'FILL' | 'ENDED';

/** Why the exchange reports a position. */
export type PositionChange = 'FILL' | 'FUNDING' | 'LEVERAGE' | 'MARGIN' | 'MARGIN_MODE' | 'VENUE';

/** Why a wallet changed. */
export type WalletChange = 'FILL' | 'FUNDING' | 'TRANSFER' | 'INSURANCE';

export interface OrderChanged {
  readonly kind: 'orderChanged';
  readonly reason: OrderChange;
  readonly order: OrderView;
  /** With the reason `FILL`. */
  readonly fill: FillView | undefined;
}

export interface PositionChanged {
  readonly kind: 'positionChanged';
  readonly reason: PositionChange;
  readonly position: PositionView;
}

export interface WalletChanged {
  readonly kind: 'walletChanged';
  readonly reason: WalletChange;
  readonly asset: string;
  readonly balance: string;
  readonly change: string;
}

export interface LeverageChanged {
  readonly kind: 'leverageChanged';
  readonly symbol: string;
  readonly marginMode: MarginMode;
  readonly leverage: string;
}

export interface MarginModeChanged {
  readonly kind: 'marginModeChanged';
  readonly symbol: string;
  readonly marginMode: MarginMode;
}

export interface PositionModeChanged {
  readonly kind: 'positionModeChanged';
  readonly positionMode: PositionMode;
}

export interface PriceChanged {
  readonly kind: 'priceChanged';
  readonly symbol: string;
  readonly price: string;
}

/** Something that happened on the exchange. Sequences rise by 1; several events can have the same time. */
export type SimulatorEvent = { readonly sequence: number; readonly timeMs: number } & (
  | OrderChanged
  | PositionChanged
  | WalletChanged
  | LeverageChanged
  | MarginModeChanged
  | PositionModeChanged
  | PriceChanged
);

/**
 * Receives what belongs together: of a fill, the order with its execution, then the position, then the wallet. A venue
 * turns one such list into one message or several, in its own order.
 */
export type SimulatorListener = (events: readonly SimulatorEvent[]) => void;
