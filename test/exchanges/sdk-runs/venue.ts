import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type { ExchangeSimulator } from '../simulator/exchange-simulator.js';
import type { OrderRequest } from '../simulator/order.js';
import type { PositionSide } from '../simulator/position.js';
import type { StoreKeys } from './compare-with-truth.js';

/** What a trader does through the exchange's own SDK. */
export interface Trader {
  place(order: OrderRequest): Promise<void>;
  cancel(clientId: string, symbol: string): Promise<void>;
  setLeverage(symbol: string, leverage: string): Promise<void>;
  /** Without it, the steps that amend an order are left out. */
  amend?(
    clientId: string,
    symbol: string,
    changes: { readonly quantity: string; readonly price: string },
  ): Promise<void>;
  /**
   * Places a stop that follows the price at a distance and closes the whole position. Without it, the steps about trailing
   * stops are left out.
   */
  trail?(symbol: string, positionSide: PositionSide, distance: string): Promise<void>;
  /** Places a stop loss that closes the whole position. Without it, the steps about those are left out. */
  protect?(symbol: string, positionSide: PositionSide, stopLoss: string): Promise<void>;
}

/** An exchange that is simulated, the SDK of that exchange, and the adapter that feeds a store from it. */
export interface Venue {
  readonly name: string;
  readonly exchange: ExchangeSimulator;
  readonly keys: StoreKeys;
  /** Symbols of the simulator: a linear contract for most steps, and another contract. */
  readonly symbols: { readonly main: string; readonly other: string };
  readonly trader: Trader;
  /** A new store, which takes the place of the former one: the bot was started again. */
  start(): Promise<AccountStateStore>;
  /** Takes a snapshot over. */
  resync(store: AccountStateStore): Promise<void>;
  /** Cuts the streams; what the exchange sends meanwhile is lost. */
  cut(): void;
  /** Takes connections again; resolves when the SDK has subscribed anew. */
  reconnect(): Promise<void>;
  /** Sends each message of the stream twice from now on, or not. */
  repeatMessages(isOn: boolean): void;
  /** Holds the answers of the snapshot's requests until `release`, so that the stream overtakes them. */
  holdAnswers(): { arrived(): Promise<void>; release(): void };
  /** Holds the messages of the stream until `release`. Without it, the steps that do so are left out. */
  holdMessages?(): { release(): void };
  /** Calls the listener whenever a message was applied to the store. */
  onMessage(listener: () => void): () => void;
  /**
   * Whether everything that the stream sent has come: then a step is over. Without it, a step is over as soon as the store
   * equals the exchange.
   */
  isQuiet?(): boolean;
  /** Outcomes that say that the adapter did not understand something. */
  readonly complaints: readonly string[];
  stop(): Promise<void>;
}

/** A way to run the script at a venue. */
export interface RunMode {
  readonly name: string;
  readonly isHedge: boolean;
  open(): Promise<Venue>;
}
