import type { EngineOrder } from '../types/order.js';
import { JournaledMap } from './journaled-map.js';
import { OrdersByPrice } from './orders-by-price.js';
import type { TableContext } from './table-context.js';

type Order = Readonly<EngineOrder>;

/** The orders by the text in one of their fields; those in which it is `''` are left out. */
export class OrderIndex {
  readonly #context: TableContext;
  readonly #field: 'symbol' | 'customOrderId';
  readonly #byText: JournaledMap<string, JournaledMap<string, Order>>;
  /** Of the maps of orders that were asked for by price. */
  #byPrice: WeakMap<JournaledMap<string, Order>, OrdersByPrice> | undefined;

  constructor(context: TableContext, field: 'symbol' | 'customOrderId') {
    this.#context = context;
    this.#field = field;
    this.#byText = new JournaledMap(context);
  }

  /** Touches the orders that have this text only. */
  get(text: string): Order[] {
    return [...(this.#byText.get(text)?.values() ?? [])];
  }

  /** The same by price. */
  byPrice(text: string, ascending: boolean): Order[] {
    const orders = this.#byText.get(text);
    if (orders === undefined) return [];
    this.#byPrice ??= new WeakMap();
    let byPrice = this.#byPrice.get(orders);
    if (byPrice === undefined) {
      byPrice = new OrdersByPrice([orders]);
      this.#byPrice.set(orders, byPrice);
    }
    return byPrice.get(ascending);
  }

  /** @param before the order that was held under this key. */
  put(recordKey: string, order: Order, before: Order | undefined): void {
    const text = order[this.#field];
    if (before !== undefined && before[this.#field] !== text) this.remove(recordKey, before);
    if (text === '') return;
    let orders = this.#byText.get(text);
    if (orders === undefined) {
      orders = new JournaledMap(this.#context);
      this.#byText.set(text, orders);
    }
    orders.set(recordKey, order);
  }

  remove(recordKey: string, order: Order): void {
    const text = order[this.#field];
    const orders = this.#byText.get(text);
    orders?.delete(recordKey);
    if (orders?.size === 0) this.#byText.delete(text);
  }

  clear(): void {
    this.#byText.clear();
  }
}
