import type { EngineOrder, EngineOrderUpdate } from '../types/order.js';
import { ExchangeTable, FINAL_MS } from './exchange-table.js';
import { JournaledMap } from './journaled-map.js';
import { isActiveOrder, mergedOrder, orderSnapshot } from './order-checks.js';
import { OrderIndex } from './order-index.js';
import { OrdersByPrice } from './orders-by-price.js';
import { RecordMap, type StagedRecords } from './record-table.js';
import { invalidValue, isSameRecord, requireFiniteIfGiven, requireName } from './value-checks.js';

type Order = Readonly<EngineOrder>;

/** The active orders, by id, by client id and by symbol. Each is a frozen snapshot that a change replaces. */
export class OrderTable extends ExchangeTable {
  readonly name = 'orders';
  readonly #byId = new RecordMap<Order>(this.context, 'orders/');
  /** Those that the exchange has given no id yet, by client id. */
  readonly #withoutId = new RecordMap<Order>(this.context, 'client-orders/');
  protected readonly maps: readonly RecordMap<Order>[] = [this.#byId, this.#withoutId];
  #byPrice: OrdersByPrice | undefined;
  #bySymbol = new OrderIndex(this.context, 'symbol');
  #byCustomId = new OrderIndex(this.context, 'customOrderId');
  /** The times of the listings that did not have the order, by record key: the first one, of which pages may have raced. */
  readonly #missedAtMs = new JournaledMap<string, number>(this.context);

  get(orderId: string): Order | undefined {
    return this.#byId.get(orderId);
  }

  /** Of several, the newest. */
  getByCustomId(customOrderId: string): Order | undefined {
    return newestOf(this.#byCustomId.get(customOrderId));
  }

  all(): Order[] {
    return [...this.#byId.values(), ...this.#withoutId.values()];
  }

  /** Touches the orders of this symbol only. */
  forSymbol(symbol: string): Order[] {
    return this.#bySymbol.get(symbol);
  }

  /** Those of one price in the order of {@link all}. */
  allByPrice(ascending: boolean): Order[] {
    this.#byPrice ??= new OrdersByPrice(this.maps);
    return this.#byPrice.get(ascending);
  }

  /** Those of one price in the order of {@link forSymbol}. */
  forSymbolByPrice(symbol: string, ascending: boolean): Order[] {
    return this.#bySymbol.byPrice(symbol, ascending);
  }

  /** Holds an order that is active, and drops one that no longer is. `false` when it is older than what is known. */
  upsert(update: EngineOrderUpdate): boolean {
    const order = this.identified(orderSnapshot(update, this.isStrict));
    this.assertWritable();
    if (this.isOutdated(this.knownMs(order), order.updatedAtMs) || this.isOvertaken(order)) return false;
    this.take(order);
    return true;
  }

  /** @param atMs when the order ended, in exchange time. Default: the time of the order that is held. */
  delete(orderId: string, atMs?: number): void {
    requireName('orderId', orderId);
    requireFiniteIfGiven('atMs', atMs);
    this.assertWritable();
    const held = this.#byId.get(orderId) ?? this.#withoutId.get(orderId);
    this.remove(held ?? { exchangeOrderId: orderId, customOrderId: '' }, atMs);
  }

  clear(): void {
    this.assertWritable();
    for (const order of this.all()) this.remove(order);
  }

  /** The order with the exchange's id, where one of the symbol is held under the same client id. */
  identified(order: Order): Order {
    if (order.exchangeOrderId !== '') return order;
    const namesakes = this.#byCustomId.get(order.customOrderId).filter(({ symbol }) => symbol === order.symbol);
    const exchangeOrderId = newestOf(namesakes)?.exchangeOrderId;
    return exchangeOrderId ? Object.freeze({ ...order, exchangeOrderId }) : order;
  }

  /** The order as it is held under its id or, as long as it has none, under its client id. */
  find(order: Order): Order | undefined {
    return this.#map(order).get(keyOf(order));
  }

  /** The cumulative fill only grows: one that is smaller was told earlier, whatever its time. Nothing overtakes the end. */
  isOvertaken(order: Order): boolean {
    const held = this.find(order) ?? this.#intentOf(order);
    if (!this.isStrict || held === undefined || !isActiveOrder(order)) return false;
    return order.executedQuantity < held.executedQuantity;
  }

  /** The newest exchange time that is known of an order that the exchange has given an id. */
  knownMs(order: Order): number | undefined {
    if (order.exchangeOrderId === '') return undefined;
    return this.#byId.get(order.exchangeOrderId)?.updatedAtMs ?? this.recordEndedAtMs(recordKeyOf(order));
  }

  /** Takes over a checked snapshot, whatever its time: holds it or, when it is not active, drops what is held. */
  take(order: Order): void {
    const { exchangeOrderId } = order;
    const held = this.find(order);
    const intent = this.#intentOf(order);
    if (isActiveOrder(order, this.isStrict)) {
      this.#hold(this.isStrict ? mergedOrder(held ?? intent, order) : order, held);
    } else {
      this.remove(order, this.isStrict && exchangeOrderId !== '' ? FINAL_MS : order.updatedAtMs);
    }
    if (intent !== undefined && exchangeOrderId !== '') this.remove(intent);
  }

  /** Takes over a checked snapshot, unless it is what is held already. */
  takeIfNew(order: Order): void {
    const held = this.find(order);
    const isHeld = held !== undefined && isSameRecord(held, mergedOrder(held, order));
    if (!isHeld) this.take(order);
    else this.confirmed(recordKeyOf(order));
  }

  /** Notes that a listing has the order. */
  found(order: Order): void {
    this.#missedAtMs.delete(recordKeyOf(order));
  }

  /** Forgets an order, and remembers when it ended. */
  remove(order: Pick<Order, 'exchangeOrderId' | 'customOrderId'>, atMs?: number): void {
    const recordKey = recordKeyOf(order);
    const held = this.#map(order).get(keyOf(order));
    this.ended(recordKey, atMs ?? held?.updatedAtMs);
    this.#missedAtMs.delete(recordKey);
    if (held === undefined) return;
    this.#map(order).delete(keyOf(order));
    this.#unindex(recordKey, held);
    this.context.markChanged('orders', recordKey);
  }

  /**
   * Notes that a listing of this time does not have the order. Pages race with what happens between them: only after
   * a second one the order goes.
   */
  miss(order: Order, asOfMs: number): void {
    const recordKey = recordKeyOf(order);
    const missedAtMs = this.#missedAtMs.get(recordKey);
    if (missedAtMs === undefined) this.#missedAtMs.set(recordKey, asOfMs);
    else if (missedAtMs <= asOfMs) this.remove(order, asOfMs);
  }

  isStale(orderId: string): boolean {
    return this.isStaleRecord(`orders/${orderId}`) || this.isStaleRecord(`client-orders/${orderId}`);
  }

  override stage(): StagedRecords {
    const staged = super.stage();
    const bySymbol = new OrderIndex(this.context, 'symbol');
    const byCustomId = new OrderIndex(this.context, 'customOrderId');
    return {
      add: (recordKey, value) => {
        const order = staged.add(recordKey, value) as Order;
        bySymbol.put(recordKey, order, undefined);
        byCustomId.put(recordKey, order, undefined);
        return order;
      },
      show: () => {
        staged.show();
        this.#bySymbol = bySymbol;
        this.#byCustomId = byCustomId;
      },
    };
  }

  /** An id is that of one order. */
  protected override heldKey(key: string): string {
    return key;
  }

  protected checked(key: string, value: unknown, map: RecordMap<unknown>): Order {
    const order = orderSnapshot(value, this.isStrict);
    const field = map === this.#byId ? 'exchangeOrderId' : 'customOrderId';
    if (this.#map(order) !== map || order[field] !== key) {
      throw invalidValue(`order.${field}`, order[field], JSON.stringify(key));
    }
    if (!isActiveOrder(order)) throw invalidValue('order.status', order.status, 'one that is active');
    return order;
  }

  #hold(order: Order, before: Order | undefined): void {
    const recordKey = recordKeyOf(order);
    this.#map(order).set(keyOf(order), order);
    this.#index(recordKey, order, before);
    this.#missedAtMs.delete(recordKey);
    this.told(recordKey);
  }

  #map({ exchangeOrderId }: Pick<Order, 'exchangeOrderId'>): RecordMap<Order> {
    return exchangeOrderId === '' ? this.#withoutId : this.#byId;
  }

  /** The order of this symbol that is held under the client id alone. */
  #intentOf({ customOrderId, symbol }: Order): Order | undefined {
    const intent = this.#withoutId.get(customOrderId);
    return intent?.symbol === symbol ? intent : undefined;
  }

  #index(recordKey: string, order: Order, before: Order | undefined): void {
    this.#bySymbol.put(recordKey, order, before);
    this.#byCustomId.put(recordKey, order, before);
  }

  #unindex(recordKey: string, order: Order): void {
    this.#bySymbol.remove(recordKey, order);
    this.#byCustomId.remove(recordKey, order);
  }
}

function newestOf(orders: Order[]): Order | undefined {
  return orders.sort((one, other) => other.updatedAtMs - one.updatedAtMs)[0];
}

function keyOf({ exchangeOrderId, customOrderId }: Pick<Order, 'exchangeOrderId' | 'customOrderId'>): string {
  return exchangeOrderId || customOrderId;
}

function recordKeyOf(order: Pick<Order, 'exchangeOrderId' | 'customOrderId'>): string {
  return `${order.exchangeOrderId === '' ? 'client-orders' : 'orders'}/${keyOf(order)}`;
}
