import type { EngineOrder } from '../types/order.js';
import { ExchangeTable } from './exchange-table.js';
import { JournaledMap } from './journaled-map.js';
import { isActiveOrder, orderSnapshot } from './order-checks.js';
import { invalidValue, requireFiniteIfGiven, requireName } from './value-checks.js';

const PREFIX = 'orders/';

type Order = Readonly<EngineOrder>;

/** The active orders, by id and by symbol. Each is a frozen snapshot that a change replaces. */
export class OrderTable extends ExchangeTable {
  readonly name = 'orders';
  readonly #byId = this.recordMap<Order>(PREFIX);
  readonly #bySymbol = new JournaledMap<string, JournaledMap<string, Order>>(this.context);

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

  /** Holds an order that is active, and drops one that no longer is. */
  upsert(order: Order): void {
    const snapshot = orderSnapshot(order);
    this.assertWritable();
    const { exchangeOrderId, updatedAtMs } = snapshot;
    if (this.isOutdated(PREFIX + exchangeOrderId, this.#byId.get(exchangeOrderId)?.updatedAtMs, updatedAtMs)) return;
    if (isActiveOrder(snapshot)) this.put(snapshot);
    else this.remove(exchangeOrderId, updatedAtMs);
  }

  /** @param atMs when the order ended, in exchange time. Default: the time of the order that is held. */
  delete(orderId: string, atMs?: number): void {
    requireName('orderId', orderId);
    requireFiniteIfGiven('atMs', atMs);
    this.assertWritable();
    this.remove(orderId, atMs);
  }

  clear(): void {
    this.assertWritable();
    const orders = this.all();
    this.#byId.clear();
    this.#bySymbol.clear();
    for (const { exchangeOrderId, updatedAtMs } of orders) {
      this.ended(PREFIX + exchangeOrderId, updatedAtMs);
      this.context.markChanged('orders', PREFIX + exchangeOrderId);
    }
  }

  /** Takes over a checked snapshot of an active order, whatever its time. */
  put(snapshot: Order): void {
    const { exchangeOrderId } = snapshot;
    const before = this.#byId.get(exchangeOrderId);
    this.#byId.set(exchangeOrderId, snapshot);
    this.#index(snapshot, before);
    this.told(PREFIX + exchangeOrderId);
  }

  /** Forgets an order, and remembers when it ended. */
  remove(orderId: string, atMs?: number): void {
    const held = this.#byId.get(orderId);
    this.ended(PREFIX + orderId, atMs ?? held?.updatedAtMs);
    if (held === undefined) return;
    this.#byId.delete(orderId);
    this.#unindex(held);
    this.context.markChanged('orders', PREFIX + orderId);
  }

  /** When an order that is no longer held ended, in exchange time. */
  endedAtMs(orderId: string): number | undefined {
    return this.recordEndedAtMs(PREFIX + orderId);
  }

  isStale(orderId: string): boolean {
    return this.isStaleRecord(PREFIX + orderId);
  }

  override restoreRecord(recordKey: string, value: unknown): void {
    const before = this.recordValue(recordKey) as Order | undefined;
    super.restoreRecord(recordKey, value);
    this.#index(this.recordValue(recordKey) as Order, before);
  }

  override forgetRecord(recordKey: string): void {
    const order = this.recordValue(recordKey) as Order | undefined;
    if (order !== undefined) this.#unindex(order);
    super.forgetRecord(recordKey);
  }

  protected checked(orderId: string, value: unknown): Order {
    const order = orderSnapshot(value);
    if (order.exchangeOrderId !== orderId) {
      throw invalidValue('order.exchangeOrderId', order.exchangeOrderId, JSON.stringify(orderId));
    }
    if (!isActiveOrder(order)) throw invalidValue('order.status', order.status, 'NEW or PARTIALLY_FILLED');
    return order;
  }

  #index(order: Order, before: Order | undefined): void {
    const { exchangeOrderId, symbol } = order;
    if (before !== undefined && before.symbol !== symbol) this.#unindex(before);
    let orders = this.#bySymbol.get(symbol);
    if (orders === undefined) {
      orders = new JournaledMap(this.context);
      this.#bySymbol.set(symbol, orders);
    }
    orders.set(exchangeOrderId, order);
  }

  #unindex({ exchangeOrderId, symbol }: Order): void {
    const orders = this.#bySymbol.get(symbol);
    orders?.delete(exchangeOrderId);
    if (orders?.size === 0) this.#bySymbol.delete(symbol);
  }
}
