import type { EngineOrder } from '../types/order.js';
import type { RecordTable } from './change-sink.js';
import { JournaledMap } from './journaled-map.js';
import { isActiveOrder, orderSnapshot } from './order-checks.js';
import type { StaleRule } from './stale-rule.js';
import type { TableContext } from './table-context.js';
import { Tombstones } from './tombstones.js';
import { invalidValue, requireFiniteIfGiven, requireName } from './value-checks.js';

const PREFIX = 'orders/';

type Order = Readonly<EngineOrder>;

/** The active orders, by id and by symbol. Each is a frozen snapshot that a change replaces. */
export class OrderTable implements RecordTable {
  readonly name = 'orders';
  readonly #context: TableContext;
  readonly #rejectStale: boolean;
  readonly #byId: JournaledMap<string, Order>;
  readonly #bySymbol: JournaledMap<string, JournaledMap<string, Order>>;
  readonly #tombstones: Tombstones;
  /** The ids of orders that were restored, and not told by the exchange since. */
  readonly #stale: JournaledMap<string, true>;

  constructor(context: TableContext, { rejectStale = false }: StaleRule = {}) {
    this.#context = context;
    this.#rejectStale = rejectStale;
    this.#byId = new JournaledMap(context);
    this.#bySymbol = new JournaledMap(context);
    this.#tombstones = new Tombstones(context);
    this.#stale = new JournaledMap(context);
  }

  get(orderId: string): Order | undefined {
    return this.#byId.get(orderId);
  }

  all(): Order[] {
    return [...this.#byId.values()];
  }

  /** Touches the orders of this symbol only. */
  forSymbol(symbol: string): Order[] {
    const orders = this.#bySymbol.get(symbol);
    return orders === undefined ? [] : [...orders.values()];
  }

  /**
   * Holds an order that is active, and drops one that no longer is.
   *
   * @throws `INVALID_KEY`, `INVALID_VALUE`
   */
  upsert(order: Order): void {
    const snapshot = orderSnapshot(order);
    this.#context.assertWritable('orders');
    if (this.#rejectStale && this.#isOutdated(snapshot)) return;
    if (isActiveOrder(snapshot)) this.put(snapshot);
    else this.remove(snapshot.exchangeOrderId, snapshot.updatedAtMs);
  }

  /**
   * @param atMs when the order ended, in exchange time. Default: the time of the order that is held.
   * @throws `INVALID_KEY`, `INVALID_VALUE`
   */
  delete(orderId: string, atMs?: number): void {
    requireName('orderId', orderId);
    requireFiniteIfGiven('atMs', atMs);
    this.#context.assertWritable('orders');
    this.remove(orderId, atMs);
  }

  clear(): void {
    this.#context.assertWritable('orders');
    const orders = this.all();
    this.#byId.clear();
    this.#bySymbol.clear();
    this.#stale.clear();
    for (const { exchangeOrderId, updatedAtMs } of orders) {
      this.#tombstones.bury(exchangeOrderId, updatedAtMs);
      this.#context.changed('orders', PREFIX + exchangeOrderId);
    }
  }

  /** Takes over a checked snapshot of an active order, whatever its time. */
  put(snapshot: Order): void {
    const { exchangeOrderId } = snapshot;
    this.#hold(snapshot);
    this.#stale.delete(exchangeOrderId);
    this.#tombstones.forget(exchangeOrderId);
    this.#context.changed('orders', PREFIX + exchangeOrderId);
  }

  /** Forgets an order, and remembers when it ended. */
  remove(orderId: string, atMs?: number): void {
    const held = this.#byId.get(orderId);
    const endedAtMs = atMs ?? held?.updatedAtMs;
    if (endedAtMs !== undefined) this.#tombstones.bury(orderId, endedAtMs);
    this.#stale.delete(orderId);
    if (held === undefined) return;
    this.#byId.delete(orderId);
    this.#unindex(held);
    this.#context.changed('orders', PREFIX + orderId);
  }

  /** When an order that is no longer held ended, in exchange time. */
  endedAtMs(orderId: string): number | undefined {
    return this.#tombstones.get(orderId);
  }

  isStale(orderId: string): boolean {
    return this.#stale.has(orderId);
  }

  hasStale(): boolean {
    return this.#stale.size > 0;
  }

  /** The exchange has told the state of all orders. */
  clearStale(): void {
    this.#stale.clear();
  }

  owns(recordKey: string): boolean {
    return recordKey.startsWith(PREFIX) && recordKey !== PREFIX;
  }

  *recordKeys(): Iterable<string> {
    for (const orderId of this.#byId.keys()) yield PREFIX + orderId;
  }

  recordValue(recordKey: string): unknown {
    return this.owns(recordKey) ? this.#byId.get(recordKey.slice(PREFIX.length)) : undefined;
  }

  restoreRecord(recordKey: string, value: unknown): void {
    if (!this.owns(recordKey)) throw invalidValue('record key', recordKey, `${PREFIX}<exchangeOrderId>`);
    const order = orderSnapshot(value);
    const orderId = recordKey.slice(PREFIX.length);
    if (order.exchangeOrderId !== orderId) {
      throw invalidValue('order.exchangeOrderId', order.exchangeOrderId, JSON.stringify(orderId));
    }
    if (!isActiveOrder(order)) throw invalidValue('order.status', order.status, 'NEW or PARTIALLY_FILLED');
    this.#hold(order);
    this.#stale.set(orderId, true);
  }

  forgetRecord(recordKey: string): void {
    const order = this.owns(recordKey) ? this.#byId.get(recordKey.slice(PREFIX.length)) : undefined;
    if (order === undefined) return;
    this.#unindex(order);
    this.#byId.delete(order.exchangeOrderId);
    this.#stale.delete(order.exchangeOrderId);
  }

  #hold(snapshot: Order): void {
    const { exchangeOrderId, symbol } = snapshot;
    const before = this.#byId.get(exchangeOrderId);
    if (before !== undefined && before.symbol !== symbol) this.#unindex(before);
    this.#byId.set(exchangeOrderId, snapshot);
    let orders = this.#bySymbol.get(symbol);
    if (orders === undefined) {
      orders = new JournaledMap(this.#context);
      this.#bySymbol.set(symbol, orders);
    }
    orders.set(exchangeOrderId, snapshot);
  }

  #unindex({ exchangeOrderId, symbol }: Order): void {
    const orders = this.#bySymbol.get(symbol);
    orders?.delete(exchangeOrderId);
    if (orders?.size === 0) this.#bySymbol.delete(symbol);
  }

  #isOutdated({ exchangeOrderId, updatedAtMs }: Order): boolean {
    const knownMs = this.#byId.get(exchangeOrderId)?.updatedAtMs ?? this.endedAtMs(exchangeOrderId);
    return knownMs !== undefined && updatedAtMs < knownMs;
  }
}
