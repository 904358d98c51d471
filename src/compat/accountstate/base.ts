import type { AccountRules } from '../../core/account/tables/account-rules.js';
import type { EngineOrder, EngineOrderUpdate } from '../../core/account/types/order.js';
import type {
  EnginePositionSide,
  EnginePositionUpdate,
  EngineSimplePosition,
  IncomingPriceEvent,
} from '../../core/account/types/position.js';
import type { RestoreOptions, RestoreResult } from '../../core/restore/restore-options.js';
import { AccountStateStore } from '../../core/store/account-state-store.js';
import type { AccountStateStoreOptions, CloseOptions, FlushCallOptions } from '../../core/store/store-options.js';

/**
 * The core's methods with the signatures of `accountstate`, for subclasses that override them: in one of the core that
 * returns more, `void` would not be allowed.
 */
interface Overridable<T extends object> {
  dumpLogState(): void;
  processPriceEvent(event: IncomingPriceEvent): void;
  isPendingPersist(): boolean;
  setIsPendingPersist(value: boolean): void;
  setWalletBalance(balance: number, options?: { readonly asset?: string; readonly asOfMs?: number }): void;
  getWalletBalance(asset?: string): number;
  storePreviousBalance(): void;
  getPreviousBalance(): number;
  getAllPositions(): Readonly<EngineSimplePosition>[];
  getTotalActivePositions(): { total: number; totalHedged: number };
  getTotalHedgedPositions(): number;
  isSymbolSideInPosition(symbol: string, positionSide: EnginePositionSide): boolean;
  isSymbolInAnyPosition(symbol: string): boolean;
  isDualPositionMode(): boolean;
  setSymbolLeverage(symbol: string, leverage: number): void;
  getSymbolLeverage(symbol: string): number | undefined;
  getSymbolLeverageCache(): Record<string, number>;
  getActivePosition(symbol: string, side: EnginePositionSide): Readonly<EngineSimplePosition> | undefined;
  setActivePosition(symbol: string, side: EnginePositionSide, newState: EnginePositionUpdate): void;
  deleteActivePosition(symbol: string, side: EnginePositionSide): void;
  setAllSymbolMetadata(data: Readonly<Record<string, Readonly<T> | undefined>>): void;
  getAllSymbolMetadata(): Record<string, Readonly<T> | undefined>;
  getSymbolsWithMetadata(): string[];
  getSymbolMetadata(symbol: string): Readonly<T> | undefined;
  setSymbolMetadata(symbol: string, data: Readonly<T>): Readonly<T>;
  deletePositionMetadata(symbol: string): void;
  setSymbolMetadataValue<Key extends keyof T>(symbol: string, key: Key, newValue: T[Key]): Readonly<T>;
  getOrders(): Readonly<EngineOrder>[];
  getOrder(orderId: string): Readonly<EngineOrder> | undefined;
  upsertActiveOrder(order: EngineOrderUpdate): void;
  deleteOrder(orderId: string): void;
  clearAllOrders(): void;
  restore(options?: RestoreOptions): Promise<RestoreResult>;
  flush(options?: FlushCallOptions): Promise<void>;
  close(options?: CloseOptions): Promise<void>;
}

/** What the core's type has of its own, but for names that a subclass may use for its own fields. */
type Added<T extends object> = Omit<
  AccountStateStore<T>,
  | keyof Overridable<T>
  | 'getSessionSummary'
  | 'getActiveOrders'
  | `getOrders${string}`
  | 'accountId'
  | 'instruments'
  | 'quoteAsset'
>;

/** The core's store, as the drop-in extends it. */
export interface CoreStore<T extends object> extends Overridable<T>, Added<T> {}

/** The same class, under a type that `accountstate`'s subclasses fit. */
export const CoreStore: new <T extends object>(
  options: AccountStateStoreOptions<T>,
  entries: AccountRules['entries'],
) => CoreStore<T> = AccountStateStore;
