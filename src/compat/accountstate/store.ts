import type { EngineOrderSide, EngineOrderStatus, EngineOrderType } from '../../core/account/types/order.js';
import type { EnginePositionSide, IncomingPriceEvent } from '../../core/account/types/position.js';
import type { AccountStateStoreOptions } from '../../core/store/store-options.js';
import { CoreStore } from './base.js';
import { orderForCore, orderIdForCore, orderOfCore, positionForCore, positionOfCore, toNumber } from './entries.js';
import type { EngineOrder, EngineSimplePosition, SessionSummary } from './types.js';

type Order = Readonly<EngineOrder>;
type Position = Readonly<EngineSimplePosition>;

/** A position as it is held: under a side of a symbol. */
interface Held {
  readonly symbol: string;
  readonly side: EnginePositionSide;
  readonly position: Position;
}

const CORE_FIELDS = ['instruments', 'quoteAsset'];
const SIDES: readonly EnginePositionSide[] = ['LONG', 'SHORT', 'NONE'];

/**
 * The class of `accountstate`. In memory, unless it is given the options of the main entry's store, which it extends:
 * with `{ accountId, driver }` it persists after `await restore()`.
 *
 * What counts, filters, sorts and sums asks the plain getters, as in `accountstate`, so that a subclass can override them.
 *
 * @typeParam T the shape of a symbol's metadata.
 */
export class AccountStateStore<T extends object = Record<string, unknown>> extends CoreStore<T> {
  /** The symbols in the order in which they were named first, and their sides in that in which they were set. */
  readonly #sides: Map<string, Set<EnginePositionSide>> = new Map();

  constructor(options: AccountStateStoreOptions<T> = {}) {
    super({ rejectStale: false, ...options }, 'accountstate');
    // The core's own fields would hide a subclass's methods and accessors of these names.
    const prototype: object = Object.getPrototypeOf(this);
    for (const name of CORE_FIELDS) if (name in prototype) Reflect.deleteProperty(this, name);
  }

  /** Prints leverage, positions and balances, as `accountstate` does. The only method that prints. */
  override dumpLogState(): void {
    const positions = new Map<string, Record<string, object>>([...this.#sides.keys()].map((symbol) => [symbol, {}]));
    for (const { symbol, side, position } of this.#held())
      positions.set(symbol, { ...positions.get(symbol), [side]: position });
    const accountOtherState = {
      balance: super.getWalletBalance(),
      previousBalance: super.getPreviousBalance(),
      hedgedPositions: this.#countHedged(),
    };
    const state = {
      accountLeverageState: super.getSymbolLeverageCache(),
      acconutPositionState: Object.fromEntries(positions),
      accountOtherState,
    };
    // biome-ignore lint/suspicious/noConsole: where accountstate prints
    console.log('Position dump: ', JSON.stringify(state, withoutBigInt, 2));
  }

  /** Values the symbol's long and short at a price. */
  override processPriceEvent({ symbol, price }: IncomingPriceEvent): void {
    const positions = [this.getActivePosition(symbol, 'LONG'), this.getActivePosition(symbol, 'SHORT')];
    const symbols = new Set(positions.flatMap((position) => position?.symbol ?? []));
    for (const each of symbols) super.processPriceEvent({ symbol: each, price: toNumber(price) });
  }

  /** How the session went since it started with this balance, at the prices that were seen last. */
  getSessionSummary(startingBalance: number): SessionSummary {
    const now = this.getWalletBalance();
    const activePositions = this.getAllPositions().map((position) => ({
      ...position,
      leverage: this.getSymbolLeverage(position.symbol),
    }));
    let upnl = 0;
    let margin = 0;
    for (const { valueUpnl, marginValue } of activePositions) {
      upnl += valueUpnl;
      margin += marginValue;
    }
    return {
      activePositions,
      activePositionUpnlSum: upnl,
      account: {
        quoteBalanceState: {
          startedWith: startingBalance,
          now,
          quoteMarginLockedSum: margin,
          nowInclLocked: startingBalance - margin,
          nowIfEverythingClosedAtMarket: startingBalance + upnl,
        },
        pnlState: { realisedPnl: now - startingBalance, unrealisedPnl: upnl },
      },
    };
  }

  /** Sets what `isPendingPersist()` answers. With a driver, the store knows that itself, and ignores `false`. */
  override setIsPendingPersist(value: boolean): void {
    if (value || this.#isInMemory()) super.setIsPendingPersist(value);
  }

  override setWalletBalance(balance: number, options?: { readonly asset?: string; readonly asOfMs?: number }): void {
    super.setWalletBalance(toNumber(balance), options);
  }

  /** All positions with a size: symbol by symbol, in the order in which they were named first. */
  override getAllPositions(): Position[] {
    return this.#active().map(({ position }) => position);
  }

  override getTotalActivePositions(): { total: number; totalHedged: number } {
    return { total: this.#active().length, totalHedged: this.#countHedged() };
  }

  override getTotalHedgedPositions(): number {
    return this.#countHedged();
  }

  override isSymbolSideInPosition(symbol: string, positionSide: EnginePositionSide): boolean {
    return Boolean(this.getActivePosition(symbol, positionSide)?.assetQty);
  }

  /** Whether the symbol has an active long or short. */
  override isSymbolInAnyPosition(symbol: string): boolean {
    return this.isSymbolSideInPosition(symbol, 'LONG') || this.isSymbolSideInPosition(symbol, 'SHORT');
  }

  override setSymbolLeverage(symbol: string, leverage: number): void {
    super.setSymbolLeverage(symbol, toNumber(leverage));
  }

  override getSymbolLeverageCache(): Record<string, number> {
    return { ...super.getSymbolLeverageCache() };
  }

  override getActivePosition(symbol: string, side: EnginePositionSide): Position | undefined {
    this.#sidesOf(symbol);
    const position = super.getActivePosition(symbol, side);
    return position && positionOfCore(position);
  }

  override setActivePosition(symbol: string, side: EnginePositionSide, newState: EngineSimplePosition): void {
    // JavaScript may close a position by setting none.
    if (newState == null) super.deleteActivePosition(symbol, side);
    else super.setActivePosition(symbol, side, positionForCore(newState));
    this.#sidesOf(symbol).add(side);
  }

  override deleteActivePosition(symbol: string, side: EnginePositionSide): void {
    this.#sidesOf(symbol).delete(side);
    if (symbol !== '' && SIDES.includes(side)) super.deleteActivePosition(symbol, side);
  }

  /** Replaces the metadata of all symbols. In memory, that alone does not count as a change to persist. */
  override setAllSymbolMetadata(data: Readonly<Record<string, Readonly<T> | undefined>>): void {
    const wasPending = super.isPendingPersist();
    super.setAllSymbolMetadata(data);
    if (this.#isInMemory()) super.setIsPendingPersist(wasPending);
  }

  /** Replaces one value of a symbol's metadata, which has to be there. Returns the new metadata. */
  override setSymbolMetadataValue<Key extends keyof T>(symbol: string, key: Key, newValue: T[Key]): Readonly<T> {
    const metadata = this.getSymbolMetadata(symbol);
    // An override may answer with metadata that is not held yet.
    if (metadata && metadata !== super.getSymbolMetadata(symbol)) super.setSymbolMetadata(symbol, metadata);
    return super.setSymbolMetadataValue(symbol, key, newValue);
  }

  override getAllSymbolMetadata(): Record<string, Readonly<T> | undefined> {
    return { ...super.getAllSymbolMetadata() };
  }

  /** Holds an order that is NEW or PARTIALLY_FILLED, and drops one of any other status. */
  override upsertActiveOrder(order: EngineOrder): void {
    if (isActive(order)) super.upsertActiveOrder(orderForCore(order));
    else this.deleteOrder(order.exchangeOrderId);
  }

  override deleteOrder(orderId: string): void {
    const id = orderIdForCore(orderId);
    if (typeof id === 'string' && id !== '') super.deleteOrder(id);
  }

  override getOrders(): Order[] {
    return super.getOrders().map(orderOfCore);
  }

  override getOrder(orderId: string): Order | undefined {
    const order = super.getOrder(orderIdForCore(orderId));
    return order && orderOfCore(order);
  }

  getActiveOrders(): Order[] {
    return this.getOrders().filter(isActive);
  }

  getOrdersForSymbol(symbol: string): Order[] {
    return this.getOrders().filter((order) => order.symbol === symbol);
  }

  getOrdersForSymbolSide(symbol: string, side: EngineOrderSide): Order[] {
    return this.getOrders().filter((order) => order.symbol === symbol && order.orderSide === side);
  }

  getOrdersByStatus(status: EngineOrderStatus): Order[] {
    return this.getOrders().filter((order) => order.status === status);
  }

  getOrdersByType(orderType: EngineOrderType): Order[] {
    return this.getOrders().filter((order) => order.orderType === orderType);
  }

  getOrdersSortedById(ascending = true): Order[] {
    return sorted(this.getOrders(), (a, b) => a.exchangeOrderId.localeCompare(b.exchangeOrderId), ascending);
  }

  getOrdersSortedBySymbol(ascending = true): Order[] {
    return sorted(this.getOrders(), (a, b) => a.symbol.localeCompare(b.symbol), ascending);
  }

  getOrdersSortedByPrice(ascending = true): Order[] {
    return sorted(this.getOrders(), byPrice, ascending);
  }

  getOrdersForSymbolSortedByPrice(symbol: string, ascending = true): Order[] {
    return sorted(this.getOrdersForSymbol(symbol), byPrice, ascending);
  }

  getOrdersForSymbolSideSortedByPrice(symbol: string, side: EngineOrderSide, ascending = true): Order[] {
    return sorted(this.getOrdersForSymbolSide(symbol, side), byPrice, ascending);
  }

  getOrdersSortedByTimestamp(ascending = true): Order[] {
    return sorted(this.getOrders(), (a, b) => a.createdAtMs - b.createdAtMs, ascending);
  }

  #isInMemory(): boolean {
    return super.persistenceStatus().state === 'detached';
  }

  /** The positions with a size. */
  #active(): Held[] {
    return [...this.#held()].filter(({ position }) => position.assetQty);
  }

  #countHedged(): number {
    const active = this.#active();
    const shorts = new Set(active.flatMap(({ symbol, side }) => (side === 'SHORT' ? [symbol] : [])));
    return active.filter(({ symbol, side }) => side === 'LONG' && shorts.has(symbol)).length;
  }

  *#held(): Iterable<Held> {
    // Those that came otherwise than by a call of this class.
    for (const { symbol } of super.getAllPositions()) {
      for (const side of SIDES) if (super.isSymbolSideInPosition(symbol, side)) this.#sidesOf(symbol).add(side);
    }
    for (const [symbol, sides] of this.#sides) {
      for (const side of sides) {
        const position = super.getActivePosition(symbol, side);
        if (position !== undefined) yield { symbol, side, position: positionOfCore(position) };
      }
    }
  }

  #sidesOf(symbol: string): Set<EnginePositionSide> {
    const sides = this.#sides.get(symbol) ?? new Set(SIDES);
    this.#sides.set(symbol, sides);
    return sides;
  }
}

function withoutBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function isActive({ status }: Pick<EngineOrder, 'status'>): boolean {
  return status === 'NEW' || status === 'PARTIALLY_FILLED';
}

function byPrice(left: Order, right: Order): number {
  return left.price - right.price;
}

/** Orders that compare equal keep their order, in both directions. */
function sorted(orders: readonly Order[], compare: (left: Order, right: Order) => number, ascending: boolean): Order[] {
  return orders.toSorted(ascending ? compare : (left, right) => -compare(left, right));
}
