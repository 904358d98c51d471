import type { BalanceTable } from './tables/balance-table.js';
import { isActiveOrder, orderSnapshot } from './tables/order-checks.js';
import type { OrderTable } from './tables/order-table.js';
import { positionSnapshot } from './tables/position-checks.js';
import type { PositionTable } from './tables/position-table.js';
import { requireArray, requireFinite, requireFiniteIfGiven, requireObject } from './tables/value-checks.js';
import type { EngineOrder } from './types/order.js';
import type { EnginePositionSide, EngineSimplePosition } from './types/position.js';

type Position = Readonly<EngineSimplePosition>;
type Order = Readonly<EngineOrder>;

/** A snapshot of the account, from REST. A part that is left out stays as it is. */
export interface ReconcileInput {
  /** All positions that are open. Of several for one side of a symbol, the newest counts. */
  readonly positions?: readonly Position[] | undefined;
  /** All orders that are active. Of several with one id, the newest counts. */
  readonly orders?: readonly Order[] | undefined;
  /** The wallet balance, in the quote currency. */
  readonly balance?: number | undefined;
  /**
   * The exchange time that the snapshot speaks for, in ms since the Unix epoch: what the store learned later stays.
   * When in doubt, the time at which the request was sent.
   */
  readonly asOfMs: number;
}

/** A position that stayed open, and of which size, entry or exit prices are not what the store held. */
export interface ReconciledChange {
  readonly symbol: string;
  readonly positionSide: EnginePositionSide;
  readonly previous: Position;
  readonly current: Position;
}

/** The changes that a snapshot made. */
export interface ReconcileResult {
  readonly opened: readonly Position[];
  /** As they were. */
  readonly closed: readonly Position[];
  readonly changed: readonly ReconciledChange[];
  /**
   * Symbols that have metadata and no active position: state that would steer the next position. Empty when the
   * snapshot had no positions.
   */
  readonly orphanedMetadata: readonly string[];
}

/** The tables that a snapshot is merged into. */
export interface ReconcileTarget {
  readonly positions: PositionTable;
  readonly orders: OrderTable;
  readonly balance: BalanceTable;
  readonly symbolsWithMetadata: readonly string[];
}

interface Snapshot {
  /** By side and symbol. */
  readonly positions: ReadonlyMap<string, Position> | undefined;
  readonly orders: ReadonlyMap<string, Order> | undefined;
  readonly balance: number | undefined;
  readonly asOfMs: number;
}

/**
 * Merges a snapshot into the tables. Everything is checked before anything is changed.
 *
 * @throws `INVALID_KEY`, `INVALID_VALUE`
 */
export function reconcile(target: ReconcileTarget, input: ReconcileInput): ReconcileResult {
  const { positions, orders, balance, asOfMs } = checkedSnapshot(input);
  if (positions !== undefined) target.positions.assertWritable();
  if (orders !== undefined) target.orders.assertWritable();
  if (balance !== undefined) target.balance.assertWritable();
  const result =
    positions === undefined
      ? { opened: [], closed: [], changed: [], orphanedMetadata: [] }
      : mergePositions(target, positions, asOfMs);
  if (orders !== undefined) mergeOrders(target.orders, orders, asOfMs);
  if (balance !== undefined && balance !== target.balance.balance) target.balance.set(balance);
  return result;
}

function checkedSnapshot(input: ReconcileInput): Snapshot {
  requireObject('reconcile', input);
  const { asOfMs, balance, orders, positions } = input;
  requireFinite('asOfMs', asOfMs);
  requireFiniteIfGiven('balance', balance);
  return {
    positions: positions === undefined ? undefined : checkedPositions(positions),
    orders: orders === undefined ? undefined : checkedOrders(orders),
    balance,
    asOfMs,
  };
}

function checkedPositions(positions: readonly Position[]): ReadonlyMap<string, Position> {
  requireArray('positions', positions);
  const bySide = new Map<string, Position>();
  for (const each of positions as readonly (Position | null | undefined)[]) {
    const position = positionSnapshot(each?.symbol, each?.positionSide, each);
    const key = keyOf(position.positionSide, position.symbol);
    const other = bySide.get(key);
    if (other === undefined || other.timestampMs <= position.timestampMs) bySide.set(key, position);
  }
  return bySide;
}

function checkedOrders(orders: readonly Order[]): ReadonlyMap<string, Order> {
  requireArray('orders', orders);
  const byId = new Map<string, Order>();
  for (const each of orders) {
    const order = orderSnapshot(each);
    const other = byId.get(order.exchangeOrderId);
    if (other === undefined || other.updatedAtMs <= order.updatedAtMs) byId.set(order.exchangeOrderId, order);
  }
  return byId;
}

function mergePositions(
  { positions, symbolsWithMetadata }: ReconcileTarget,
  snapshot: ReadonlyMap<string, Position>,
  asOfMs: number,
): ReconcileResult {
  const opened: Position[] = [];
  const closed: Position[] = [];
  const changed: ReconciledChange[] = [];
  for (const { side, position: previous } of [...positions.held()]) {
    if (previous.timestampMs > asOfMs) continue;
    const current = snapshot.get(keyOf(side, previous.symbol));
    if (current !== undefined && current.assetQty !== 0) continue;
    positions.remove(previous.symbol, side, asOfMs);
    if (previous.assetQty !== 0) closed.push(previous);
  }
  for (const current of snapshot.values()) {
    const { positionSide, symbol } = current;
    const previous = positions.get(symbol, positionSide);
    const knownMs = previous?.timestampMs ?? positions.endedAtMs(symbol, positionSide);
    if (current.assetQty === 0 || (knownMs !== undefined && knownMs > asOfMs)) continue;
    if (previous === undefined || !isSameRecord(previous, current)) positions.put(positionSide, current);
    if (previous === undefined || previous.assetQty === 0) opened.push(current);
    else if (isDifferentPosition(previous, current)) changed.push({ symbol, positionSide, previous, current });
  }
  positions.clearStale();
  const inPosition = new Set(positions.active().map(({ symbol }) => symbol));
  const orphanedMetadata = symbolsWithMetadata.filter((symbol) => !inPosition.has(symbol));
  return { opened, closed, changed, orphanedMetadata };
}

function mergeOrders(orders: OrderTable, snapshot: ReadonlyMap<string, Order>, asOfMs: number): void {
  for (const { exchangeOrderId, updatedAtMs } of orders.all()) {
    if (updatedAtMs <= asOfMs && !snapshot.has(exchangeOrderId)) orders.remove(exchangeOrderId, asOfMs);
  }
  for (const current of snapshot.values()) {
    const { exchangeOrderId, updatedAtMs } = current;
    const previous = orders.get(exchangeOrderId);
    const knownMs = previous?.updatedAtMs ?? orders.endedAtMs(exchangeOrderId);
    if (knownMs !== undefined && knownMs > asOfMs) continue;
    if (!isActiveOrder(current)) orders.remove(exchangeOrderId, updatedAtMs);
    else if (previous === undefined || !isSameRecord(previous, current)) orders.put(current);
  }
  orders.clearStale();
}

function isDifferentPosition(previous: Position, current: Position): boolean {
  return (
    previous.assetQty !== current.assetQty ||
    previous.positionPrice !== current.positionPrice ||
    previous.stopLossPrice !== current.stopLossPrice ||
    previous.takeProfitPrice !== current.takeProfitPrice
  );
}

/** Whether all properties are equal; one that is `undefined` counts as absent. */
function isSameRecord(left: object, right: object): boolean {
  const names = Object.keys({ ...left, ...right });
  return names.every((name) => Object.is(Reflect.get(left, name), Reflect.get(right, name)));
}

function keyOf(side: EnginePositionSide, symbol: string): string {
  return `${side}/${symbol}`;
}
