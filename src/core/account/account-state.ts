import { checkedInstruments } from './instruments.js';
import { LINEAR } from './math/profit.js';
import { type ReconcileInput, type ReconcileResult, reconcile } from './reconcile.js';
import { type SessionSummary, type SessionSummaryOptions, sessionSummary } from './session-summary.js';
import { type AccountRules, EXCHANGE_RULES } from './tables/account-rules.js';
import { BalanceTable } from './tables/balance-table.js';
import { LeverageTable } from './tables/leverage-table.js';
import { MetadataTable } from './tables/metadata-table.js';
import { isActiveOrder } from './tables/order-checks.js';
import { OrderTable } from './tables/order-table.js';
import { PositionTable } from './tables/position-table.js';
import type { RecordTable } from './tables/record-table.js';
import type { TableName } from './tables/table-context.js';
import { invalidValue, requireFinite, requireName, requireObject } from './tables/value-checks.js';
import { type TransactionHost, Transactions } from './transaction.js';
import type { InstrumentLookup } from './types/instrument.js';
import type {
  EngineOrder,
  EngineOrderSide,
  EngineOrderStatus,
  EngineOrderType,
  EngineOrderUpdate,
} from './types/order.js';
import type {
  EnginePositionSide,
  EnginePositionUpdate,
  EngineSimplePosition,
  IncomingPriceEvent,
} from './types/position.js';

type Position = Readonly<EngineSimplePosition>;
type Order = Readonly<EngineOrder>;
type Compare = (left: Order, right: Order) => number;

const byId: Compare = (left, right) => left.exchangeOrderId.localeCompare(right.exchangeOrderId);
const bySymbol: Compare = (left, right) => left.symbol.localeCompare(right.symbol);
const byTimestamp: Compare = (left, right) => left.createdAtMs - right.createdAtMs;

/** Options of `setWalletBalance()`. */
export interface WalletBalanceOptions {
  readonly asset?: string | undefined;
  readonly asOfMs?: number | undefined;
}

/** Options of `setSymbolLeverage()`. */
export interface LeverageOptions {
  /** The exchange says that the symbol had another one: this counts where the store does not know which. */
  readonly changed?: boolean | undefined;
}

/** How an account is counted. */
export interface AccountOptions {
  /** The asset of `getWalletBalance()` and of summaries. @default 'USDT' */
  readonly quoteAsset?: string;
  /**
   * Finds a symbol's instrument, synchronously and at any time. Nothing is computed for a symbol that it does not know;
   * sums list it as `unvalued`. Without it, all contracts are linear and settled in the quote asset.
   */
  readonly instruments?: InstrumentLookup;
}

/** The transactions of an account that are running. */
export interface RunningTransactions {
  /** Takes back what they have changed so far, if any. */
  abandon(): void;
}

/** Follows the changes of an account. */
export interface AccountObserver {
  /** Called once, before all else. */
  attach(tables: readonly RecordTable[], transactions: RunningTransactions): void;
  /** @throws when records of this table must not change now. Nothing is changed then. */
  assertWritable(table: TableName): void;
  /** Called after a change, in a transaction after its end, once for each record. */
  markChanged(table: TableName, recordKey: string): void;
}

/** Hands the changes on to the observer, if there is one, and notes that metadata changed. */
class Changes implements TransactionHost {
  areMetadataPending = false;
  readonly #observer: AccountObserver | undefined;

  constructor(observer: AccountObserver | undefined) {
    this.#observer = observer;
  }

  assertWritable(table: TableName): void {
    this.#observer?.assertWritable(table);
  }

  markChanged(table: TableName, recordKey: string): void {
    if (table === 'metadata') this.areMetadataPending = true;
    this.#observer?.markChanged(table, recordKey);
  }
}

/**
 * The state of one trading account, synchronous and in memory. What it returns are frozen snapshots or fresh
 * collections. Mutators check their arguments first and throw `INVALID_KEY` (a symbol or order id that is empty or no
 * string) or `INVALID_VALUE` (all else); nothing is changed then.
 *
 * @typeParam T the shape of a symbol's metadata.
 * @typeParam A the shape of the account's own metadata.
 */
export class AccountState<T extends object = Record<string, unknown>, A extends object = Record<string, unknown>> {
  /** Finds a symbol's instrument, where the options had it. */
  readonly instruments: InstrumentLookup | undefined;
  /** The asset of `getWalletBalance()` and of summaries. */
  readonly quoteAsset: string;
  /** Its own: a subclass may have fields of these names for purposes of its own. */
  readonly #instruments: InstrumentLookup | undefined;
  readonly #rules: AccountRules;
  readonly #changes: Changes;
  readonly #transactions: Transactions;
  readonly #metadata: MetadataTable<T, A>;
  readonly #positions: PositionTable;
  readonly #orders: OrderTable;
  readonly #leverage: LeverageTable;
  readonly #balance: BalanceTable;

  /**
   * @param rules how the entries of the exchange are judged.
   * @param observer follows the changes. It is no method, so that subclasses can have methods of any name.
   */
  constructor(
    { quoteAsset = 'USDT', instruments }: AccountOptions = {},
    rules: AccountRules = EXCHANGE_RULES,
    observer?: AccountObserver,
  ) {
    const changes = new Changes(observer);
    const context = new Transactions(changes);
    this.#instruments = instruments && checkedInstruments(instruments);
    this.instruments = this.#instruments;
    this.quoteAsset = quoteAsset;
    this.#rules = rules;
    this.#changes = changes;
    this.#transactions = context;
    this.#metadata = new MetadataTable(context);
    this.#positions = new PositionTable(context, rules);
    this.#orders = new OrderTable(context, rules);
    this.#leverage = new LeverageTable(context, rules);
    this.#balance = new BalanceTable(context, quoteAsset, rules);
    const tables = [this.#metadata, this.#positions, this.#orders, this.#leverage, this.#balance];
    observer?.attach(tables, context);
  }

  /**
   * Sets the wallet balance of an asset, by default of the quote asset.
   *
   * @param options `asOfMs`: its exchange time (ms). What is older than the balance that is held is ignored then.
   */
  setWalletBalance(balance: number, options: WalletBalanceOptions = {}): void {
    requireObject('options', options);
    this.#balance.set(balance, options.asset ?? undefined, options.asOfMs ?? undefined);
  }

  /** The wallet balance of an asset, by default of the quote asset; 0 before it was set. */
  getWalletBalance(asset?: string): number {
    return this.#balance.get(asset);
  }

  /** The wallet balances of all assets that were set, in a new object without a prototype. */
  getWalletBalances(): Record<string, number> {
    return this.#balance.all();
  }

  /** Sets the balance of now aside, for {@link getPreviousBalance}. */
  storePreviousBalance(): void {
    this.#balance.storePrevious(this.getWalletBalance());
  }

  /** The balance that was set aside last; 0 before. */
  getPreviousBalance(): number {
    return this.#balance.previousBalance;
  }

  /**
   * Sets the position on a side of a symbol. With `assetQty` 0 it is held, and not active.
   *
   * One that is older (`timestampMs`) than what is held, or than the end of what was, is ignored (see `rejectStale`).
   * What the update leaves out is kept where it still holds: exit prices until the position is closed; value, profit,
   * margin and liquidation price as long as size and entry price stay the same. In one-way mode (`orderPositionSide`
   * `BOTH`) it ends the symbol's other sides.
   */
  setActivePosition(symbol: string, side: EnginePositionSide, position: EnginePositionUpdate): void {
    this.#positions.set(symbol, side, position);
  }

  /** The position as it was set, active or not. */
  getActivePosition(symbol: string, side: EnginePositionSide): Position | undefined {
    return this.#positions.get(symbol, side);
  }

  /** @param atMs when it ended, in exchange time (ms). Default: the time of the position that is held. */
  deleteActivePosition(symbol: string, side: EnginePositionSide, atMs?: number): void {
    this.#positions.delete(symbol, side, atMs);
  }

  /** All positions whose `assetQty` is not 0. */
  getAllPositions(): Position[] {
    return this.#positions.active();
  }

  /** How many positions are active, and how many symbols have both a long and a short. */
  getTotalActivePositions(): { total: number; totalHedged: number } {
    return { total: this.#positions.active().length, totalHedged: this.#positions.countHedged() };
  }

  /** How many symbols have both an active long and an active short. */
  getTotalHedgedPositions(): number {
    return this.#positions.countHedged();
  }

  /** Whether the symbol has an active position on any side. */
  isSymbolInAnyPosition(symbol: string): boolean {
    return (
      this.#positions.isActive(symbol, 'LONG') ||
      this.#positions.isActive(symbol, 'SHORT') ||
      this.#positions.isActive(symbol, 'NONE')
    );
  }

  /** Whether the symbol has an active position on this side. */
  isSymbolSideInPosition(symbol: string, side: EnginePositionSide): boolean {
    return this.#positions.isActive(symbol, side);
  }

  /** Whether a symbol can have a long and a short at the same time: always. */
  isDualPositionMode(): boolean {
    return true;
  }

  /** Whether the position was restored, and the exchange has not told its state since. */
  isPositionStale(symbol: string, side: EnginePositionSide): boolean {
    return this.#positions.isStale(symbol, side);
  }

  /** Values the symbol's positions (`valueUpnl`) at a price above 0. Never makes anything pending. */
  processPriceEvent(event: IncomingPriceEvent): void {
    requireObject('event', event);
    const { symbol, price } = event;
    requireName('symbol', symbol);
    if (this.#rules.entries === 'exchange') {
      requireFinite('price', price);
      if (price <= 0) throw invalidValue('price', price, 'a price above 0');
    }
    const instrument = this.#instruments === undefined ? LINEAR : this.#instruments(symbol);
    if (instrument !== undefined) this.#positions.tick(symbol, price, instrument);
  }

  /**
   * Sets a symbol's leverage, a number above 0. When it had another one, margin and liquidation price of its positions
   * are not known any more.
   */
  setSymbolLeverage(symbol: string, leverage: number, options: LeverageOptions = {}): void {
    requireObject('options', options);
    const before = this.#leverage.get(symbol);
    const isChange = before === undefined ? options.changed === true : before !== leverage;
    this.#transactions.run(() => {
      this.#leverage.set(symbol, leverage);
      if (isChange && this.#rules.entries === 'exchange') this.#positions.forgetMargin(symbol);
    });
  }

  /** A symbol's leverage, where it was set. */
  getSymbolLeverage(symbol: string): number | undefined {
    return this.#leverage.get(symbol);
  }

  /** The leverage of all symbols, in a new object without a prototype. */
  getSymbolLeverageCache(): Record<string, number> {
    return this.#leverage.getAll();
  }

  /**
   * How the session went since it started with this balance, at the prices that were seen last.
   *
   * @param options `asset`: of all values, by default the quote asset. `rates`: the price of other assets in it, to
   * count them as well.
   */
  getSessionSummary(startingBalance: number, options?: SessionSummaryOptions): SessionSummary {
    const instruments = this.#instruments;
    const { quoteAsset } = this.#balance;
    const positions = this.getAllPositions().map((position) => ({
      ...position,
      leverage: this.getSymbolLeverage(position.symbol),
    }));
    const state = { quoteAsset, balances: this.getWalletBalances(), positions, instruments };
    return sessionSummary(startingBalance, state, options);
  }

  /** Prints balance, positions, orders and leverage to standard output, as JSON. The only method that prints. */
  dumpLogState(): void {
    const balance = { balance: this.getWalletBalance(), previousBalance: this.getPreviousBalance() };
    const positions = [...this.#positions.held()];
    const state = { balance, positions, orders: this.getOrders(), leverage: this.getSymbolLeverageCache() };
    const withoutBigInt = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
    process.stdout.write(`Account state: ${JSON.stringify(state, withoutBigInt, 2)}\n`);
  }

  /** Sets a symbol's metadata. It is deep-frozen, and belongs to the store from then on. */
  setSymbolMetadata(symbol: string, data: Readonly<T>): Readonly<T> {
    return this.#metadata.set(symbol, data);
  }

  /** Replaces one value of a symbol's metadata, which has to be there. Returns the new metadata. */
  setSymbolMetadataValue<Key extends keyof T>(symbol: string, key: Key, value: T[Key]): Readonly<T> {
    return this.#metadata.setValue(symbol, key, value);
  }

  /** Replaces a symbol's metadata by what `update` makes of the previous. It is synchronous, and returns an object. */
  updateSymbolMetadata(symbol: string, update: (previous: Readonly<T> | undefined) => Readonly<T>): Readonly<T> {
    return this.#metadata.update(symbol, update);
  }

  /** A symbol's metadata, deep-frozen. */
  getSymbolMetadata(symbol: string): Readonly<T> | undefined {
    return this.#metadata.get(symbol);
  }

  /** The metadata of all symbols, in a new object without a prototype. */
  getAllSymbolMetadata(): Record<string, Readonly<T>> {
    return this.#metadata.getAll();
  }

  /** Replaces the metadata of all symbols, keyed by symbol. Symbols that are left out, or `undefined`, lose theirs. */
  setAllSymbolMetadata(record: Readonly<Record<string, Readonly<T> | undefined>>): void {
    this.#metadata.setAll(record);
  }

  /** The symbols that have metadata. */
  getSymbolsWithMetadata(): string[] {
    return this.#metadata.symbols();
  }

  /** Deletes a symbol's metadata. */
  deletePositionMetadata(symbol: string): void {
    this.#metadata.delete(symbol);
  }

  /** Sets the metadata that belongs to no symbol, as {@link setSymbolMetadata} does. */
  setAccountMetadata(data: Readonly<A>): Readonly<A> {
    return this.#metadata.setAccount(data);
  }

  /** Replaces one value of the account's metadata, which has to be there. Returns the new metadata. */
  setAccountMetadataValue<Key extends keyof A>(key: Key, value: A[Key]): Readonly<A> {
    return this.#metadata.setAccountValue(key, value);
  }

  /** Replaces the account's metadata by what `update` makes of the previous. */
  updateAccountMetadata(update: (previous: Readonly<A> | undefined) => Readonly<A>): Readonly<A> {
    return this.#metadata.updateAccount(update);
  }

  /** The metadata that belongs to no symbol, deep-frozen. */
  getAccountMetadata(): Readonly<A> | undefined {
    return this.#metadata.getAccount();
  }

  /** Whether metadata changed since `setIsPendingPersist(false)`, for callers who persist on their own. */
  isPendingPersist(): boolean {
    return this.#changes.areMetadataPending;
  }

  /** Sets what {@link isPendingPersist} answers. */
  setIsPendingPersist(value: boolean): void {
    this.#changes.areMetadataPending = value;
  }

  /**
   * Holds an order that is active, and drops one that no longer is; that is final as long as the process lives.
   *
   * One that is older (`updatedAtMs`) than what is held, or than the end of what was, is ignored (see `rejectStale`), and
   * so is one of which less is executed. What the update leaves out is kept. An order that the exchange has given no id
   * yet is held under its client id alone, until one with both comes.
   *
   * @returns whether the order was taken over; `false` when it was ignored.
   */
  upsertActiveOrder(order: EngineOrderUpdate): boolean {
    return this.#orders.upsert(order);
  }

  /** @param atMs when it ended, in exchange time (ms). Default: the time of the order that is held. */
  deleteOrder(orderId: string, atMs?: number): void {
    this.#orders.delete(orderId, atMs);
  }

  /** Deletes all orders. For a resync {@link reconcile} is the better way: no reader sees the orders gone. */
  clearAllOrders(): void {
    this.#orders.clear();
  }

  /** The order with this `exchangeOrderId`. */
  getOrder(orderId: string): Order | undefined {
    return this.#orders.get(orderId);
  }

  /** The order with this client id; of several, the newest. */
  getOrderByCustomId(customOrderId: string): Order | undefined {
    return this.#orders.getByCustomId(customOrderId);
  }

  /** All orders that are held. */
  getOrders(): Order[] {
    return this.#orders.all();
  }

  /** All orders that can still execute. */
  getActiveOrders(): Order[] {
    return this.#orders.all().filter((order) => isActiveOrder(order));
  }

  /** Whether the order was restored, and the exchange has not told its state since. */
  isOrderStale(orderId: string): boolean {
    return this.#orders.isStale(orderId);
  }

  /** The orders of a symbol; touches no others. */
  getOrdersForSymbol(symbol: string): Order[] {
    return this.#orders.forSymbol(symbol);
  }

  /** The orders of one side of a symbol; touches those of no other symbol. */
  getOrdersForSymbolSide(symbol: string, side: EngineOrderSide): Order[] {
    return this.#orders.forSymbol(symbol).filter(({ orderSide }) => orderSide === side);
  }

  /** The orders with this status. */
  getOrdersByStatus(status: EngineOrderStatus): Order[] {
    return this.#orders.all().filter((order) => order.status === status);
  }

  /** The orders of this type. */
  getOrdersByType(orderType: EngineOrderType): Order[] {
    return this.#orders.all().filter((order) => order.orderType === orderType);
  }

  /** All orders by `exchangeOrderId`. */
  getOrdersSortedById(ascending = true): Order[] {
    return sorted(this.#orders.all(), byId, ascending);
  }

  /** All orders by symbol. */
  getOrdersSortedBySymbol(ascending = true): Order[] {
    return sorted(this.#orders.all(), bySymbol, ascending);
  }

  /** All orders by price; those of one price in the order of {@link getOrders}, both ways. Sorted once after a change. */
  getOrdersSortedByPrice(ascending = true): Order[] {
    return this.#orders.allByPrice(ascending);
  }

  /** All orders by `createdAtMs`. */
  getOrdersSortedByTimestamp(ascending = true): Order[] {
    return sorted(this.#orders.all(), byTimestamp, ascending);
  }

  /** The orders of a symbol by price, likewise; touches no others. */
  getOrdersForSymbolSortedByPrice(symbol: string, ascending = true): Order[] {
    return this.#orders.forSymbolByPrice(symbol, ascending);
  }

  /** The orders of one side of a symbol by price, likewise. */
  getOrdersForSymbolSideSortedByPrice(symbol: string, side: EngineOrderSide, ascending = true): Order[] {
    return this.#orders.forSymbolByPrice(symbol, ascending).filter(({ orderSide }) => orderSide === side);
  }

  /** Whether any position or order was restored, and the exchange has not told its state since. */
  hasStaleState(): boolean {
    return this.#positions.hasStale() || this.#orders.hasStale();
  }

  /**
   * Runs a synchronous function: all of its changes take place or, if it throws, none; what changed is handed to the
   * persistence together, at the end. A transaction within another one is a savepoint of it.
   */
  transaction<Result>(fn: () => Result): Result {
    return this.#transactions.run(fn);
  }

  /**
   * Takes over a REST snapshot in one synchronous step. What the store learned after `asOfMs` stays; what is within
   * `scope` and not in the snapshot goes, an order after a second snapshot. Returns what that changed, and the symbols
   * whose metadata outlived their position.
   */
  reconcile(snapshot: ReconcileInput): ReconcileResult {
    const symbolsWithMetadata = this.#metadata.symbols();
    const target = { positions: this.#positions, orders: this.#orders, balance: this.#balance, symbolsWithMetadata };
    return this.transaction(() => reconcile(target, snapshot));
  }
}

/** A sorted copy. Orders that compare equal keep their order, in both directions. */
function sorted(orders: readonly Order[], compare: Compare, ascending: boolean): Order[] {
  return orders.toSorted(ascending ? compare : (left, right) => compare(right, left));
}
