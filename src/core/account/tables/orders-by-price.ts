import type { EngineOrder } from '../types/order.js';
import type { JournaledMap } from './journaled-map.js';

type Order = Readonly<EngineOrder>;

/** The orders in their order, as of a version of the maps. */
interface Sorted {
  readonly version: number;
  readonly orders: readonly Order[];
}

const NEVER: Sorted = { version: -1, orders: [] };

const upward = (left: Order, right: Order): number => left.price - right.price;
const downward = (left: Order, right: Order): number => right.price - left.price;

/**
 * The orders of some maps by price. They are sorted when they are asked for, and again only after a change: a change
 * costs nothing here. Orders of the same price stand in the order of the maps, whichever way the prices go.
 */
export class OrdersByPrice {
  readonly #maps: readonly JournaledMap<string, Order>[];
  #ascending = NEVER;
  #descending = NEVER;

  constructor(maps: readonly JournaledMap<string, Order>[]) {
    this.#maps = maps;
  }

  /** A copy, which the caller may change. */
  get(ascending: boolean): Order[] {
    return (ascending ? this.#upward() : this.#downward()).slice();
  }

  #upward(): readonly Order[] {
    const version = this.#version();
    if (this.#ascending.version !== version) this.#ascending = { version, orders: this.#all().sort(upward) };
    return this.#ascending.orders;
  }

  #downward(): readonly Order[] {
    const version = this.#version();
    if (this.#descending.version !== version) this.#descending = { version, orders: this.#all().sort(downward) };
    return this.#descending.orders;
  }

  /** Each map's version only grows, so the sum stays the same only if all of them do. */
  #version(): number {
    let sum = 0;
    for (const { version } of this.#maps) sum += version;
    return sum;
  }

  #all(): Order[] {
    const all: Order[] = [];
    for (const map of this.#maps) for (const order of map.values()) all.push(order);
    return all;
  }
}
