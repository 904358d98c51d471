import type { BalanceTable } from './tables/balance-table.js';
import { isActiveOrder, orderSnapshot } from './tables/order-checks.js';
import type { OrderTable } from './tables/order-table.js';
import { differ, positionSnapshot, ROUNDING } from './tables/position-checks.js';
import type { PositionTable } from './tables/position-table.js';
import {
  invalidValue,
  requireArray,
  requireFinite,
  requireName,
  requireObject,
  requireSynchronous,
} from './tables/value-checks.js';
import type { EngineOrder, EngineOrderUpdate } from './types/order.js';
import type { EnginePositionSide, EnginePositionUpdate, EngineSimplePosition } from './types/position.js';

type Position = Readonly<EngineSimplePosition>;
type Order = Readonly<EngineOrder>;

/** The parts of a snapshot. */
type Part = 'positions' | 'orders' | 'balances';

type Balances = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

/** A snapshot of the account, from REST. A part that is left out stays as it is. */
export interface ReconcileInput {
  /** All positions that are open. Of several for one side of a symbol, the newest counts. */
  readonly positions?: readonly EnginePositionUpdate[] | undefined;
  /** All orders that are active. Of several with one id, the newest counts. */
  readonly orders?: readonly EngineOrderUpdate[] | undefined;
  /** The wallet balances of all assets. One that is missing becomes 0. */
  readonly balances?: Balances | undefined;
  /** Another name of `balances`. A number is the balance of the quote asset; the others stay. */
  readonly balance?: Balances | number | undefined;
  /**
   * The exchange time that the snapshot speaks for, in ms since the Unix epoch, in one or for each part: what the store
   * learned later stays. It is the time before the request was sent.
   */
  readonly asOfMs: number | { readonly [Each in Part | 'balance']?: number | undefined };
  /**
   * What the snapshot speaks for: one category, one settle coin, one symbol. What is held and outside of it stays.
   * @default everything
   */
  readonly scope?:
    | {
        readonly positions?: ((position: Position) => boolean) | undefined;
        readonly orders?: ((order: Order) => boolean) | undefined;
        readonly balances?: ((asset: string) => boolean) | undefined;
      }
    | undefined;
  /**
   * By how much a size or a price may differ, relative to the larger one, without counting as `changed`.
   * @default 1e-9
   */
  readonly tolerance?: number | undefined;
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
   * Orders that the snapshot should have and has not. Pages of a listing race with what happens meanwhile, so one is
   * still held after the first snapshot without it, and gone after the second one. To know at once, look it up by its
   * id and give the answer to `upsertActiveOrder`.
   */
  readonly vanishedOrders: readonly Order[];
  /**
   * Symbols within scope that have metadata and no active position: state that would steer the next position. Empty when
   * the snapshot had no positions. `scope.positions` is asked about a flat position of the symbol.
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

interface Scoped<Values, Entry> {
  readonly values: Values;
  readonly asOfMs: number;
  readonly covers: (entry: Entry) => boolean;
}

interface Snapshot {
  /** By side and symbol. */
  readonly positions: Scoped<ReadonlyMap<string, Position>, Position> | undefined;
  /** By id, or client id. */
  readonly orders: Scoped<ReadonlyMap<string, Order>, Order> | undefined;
  readonly balances: Scoped<ReadonlyMap<string, number>, string> | undefined;
  readonly tolerance: number;
}

const NOTHING = { opened: [], closed: [], changed: [], orphanedMetadata: [] };

const FLAT = {
  timestampMs: 0,
  positionSide: 'NONE',
  orderPositionSide: 'BOTH',
  positionPrice: 0,
  assetQty: 0,
} as const;

/**
 * Merges a snapshot into the tables. Everything is checked before anything is changed.
 *
 * @throws `INVALID_KEY`, `INVALID_VALUE`
 */
export function reconcile(target: ReconcileTarget, input: ReconcileInput): ReconcileResult {
  const { positions, orders, balances, tolerance } = checkedSnapshot(target, input);
  if (positions !== undefined) target.positions.assertWritable();
  if (orders !== undefined) target.orders.assertWritable();
  if (balances !== undefined) target.balance.assertWritable();
  const result = positions === undefined ? NOTHING : mergePositions(target, positions, tolerance);
  const vanishedOrders = orders === undefined ? [] : mergeOrders(target.orders, orders);
  if (balances !== undefined) mergeBalances(target.balance, balances);
  return { ...result, vanishedOrders };
}

function checkedSnapshot({ orders: table, balance: { quoteAsset } }: ReconcileTarget, input: ReconcileInput): Snapshot {
  requireObject('reconcile', input);
  const { positions, orders, balance, asOfMs, scope = {}, tolerance = ROUNDING } = input;
  // Also `null`, when the caller does not check types.
  const isGiven = <Value>(value: Value): value is NonNullable<Value> => value !== undefined && value !== null;
  requireObject('scope', scope);
  if (!(Number.isFinite(tolerance) && tolerance >= 0)) throw invalidValue('tolerance', tolerance, '0 or more');
  if (isGiven(balance) && isGiven(input.balances)) throw invalidValue('balance', balance, 'nothing beside balances');
  if (typeof asOfMs !== 'object') requireFinite('asOfMs', asOfMs);
  const scoped = <Values, Entry>(part: Part, values: Values): Scoped<Values, Entry> => {
    const isOne = typeof asOfMs !== 'object' || asOfMs === null;
    const time = isOne ? asOfMs : (asOfMs[part] ?? (part === 'balances' ? asOfMs.balance : undefined));
    requireFinite(isOne ? 'asOfMs' : `asOfMs.${part}`, time);
    const covers: unknown = scope[part] ?? (() => true);
    requireSynchronous(`scope.${part}`, covers);
    return { values, asOfMs: time as number, covers: covers as (entry: Entry) => boolean };
  };
  const isQuoteAlone = isGiven(balance) && typeof balance !== 'object';
  const wallet = isQuoteAlone ? { [quoteAsset]: balance } : (input.balances ?? balance);
  return {
    positions: isGiven(positions) ? scoped('positions', checkedPositions(positions)) : undefined,
    orders: isGiven(orders) ? scoped('orders', checkedOrders(table, orders)) : undefined,
    balances: isGiven(wallet)
      ? { ...scoped('balances', checkedBalances(wallet)), ...(isQuoteAlone ? { covers: () => false } : {}) }
      : undefined,
    tolerance,
  };
}

function checkedBalances(given: Balances): ReadonlyMap<string, number> {
  requireObject('balances', given);
  const balances = new Map(given instanceof Map ? given : Object.entries(given));
  for (const [asset, balance] of balances) {
    requireName('balances: an asset', asset);
    requireFinite(`balances.${asset}`, balance);
  }
  return balances;
}

function checkedPositions(positions: readonly EnginePositionUpdate[]): ReadonlyMap<string, Position> {
  requireArray('positions', positions);
  const bySide = new Map<string, Position>();
  for (const each of positions as readonly (EnginePositionUpdate | null | undefined)[]) {
    const position = positionSnapshot(each?.symbol, each?.positionSide, each);
    const key = keyOf(position.positionSide, position.symbol);
    const otherKey = keyOf(position.positionSide === 'LONG' ? 'SHORT' : 'LONG', position.symbol);
    const other = bySide.get(otherKey);
    const excludesOther = other !== undefined && exclude(position, other);
    const rivals = [bySide.get(key), excludesOther ? other : undefined];
    if (rivals.some((rival) => rival !== undefined && rival.timestampMs > position.timestampMs)) continue;
    if (excludesOther) bySide.delete(otherKey);
    bySide.set(key, position);
  }
  return bySide;
}

/** In one-way mode a symbol has one position. */
function exclude(one: Position, other: Position): boolean {
  const isOneWay = one.orderPositionSide === 'BOTH' || other.orderPositionSide === 'BOTH';
  return isOneWay && one.assetQty !== 0 && other.assetQty !== 0;
}

function checkedOrders(table: OrderTable, orders: readonly EngineOrderUpdate[]): ReadonlyMap<string, Order> {
  requireArray('orders', orders);
  const byId = new Map<string, Order>();
  for (const each of orders) {
    const order = table.identified(orderSnapshot(each));
    const key = order.exchangeOrderId || `client/${order.customOrderId}`;
    const other = byId.get(key);
    if (other === undefined || !isNewer(other, order)) byId.set(key, order);
  }
  return byId;
}

/** Whether the first one is. At equal times it is the end, otherwise neither. */
function isNewer(one: Order, other: Order): boolean {
  if (one.updatedAtMs !== other.updatedAtMs) return one.updatedAtMs > other.updatedAtMs;
  return !isActiveOrder(one) && isActiveOrder(other);
}

function mergePositions(
  { positions, symbolsWithMetadata }: ReconcileTarget,
  { values, asOfMs, covers }: Scoped<ReadonlyMap<string, Position>, Position>,
  tolerance: number,
): Omit<ReconcileResult, 'vanishedOrders'> {
  const opened: Position[] = [];
  const changed: ReconciledChange[] = [];
  const before = [...positions.held()];
  for (const { side, position: previous } of before) {
    if (previous.timestampMs > asOfMs) continue;
    const current = values.get(keyOf(side, previous.symbol));
    if (current === undefined ? !covers(previous) : current.assetQty !== 0) continue;
    positions.remove(previous.symbol, side, asOfMs);
  }
  for (const update of values.values()) {
    const { positionSide, symbol } = update;
    const previous = positions.get(symbol, positionSide);
    const knownMs = positions.knownMs(positionSide, update);
    if (update.assetQty === 0 || (knownMs !== undefined && knownMs > asOfMs)) continue;
    positions.putIfNew(positionSide, update);
    const current = positions.get(symbol, positionSide) ?? update;
    if (previous === undefined || previous.assetQty === 0) opened.push(current);
    else if (isDifferentPosition(previous, current, tolerance))
      changed.push({ symbol, positionSide, previous, current });
  }
  // Also what a position in one-way mode has ended.
  const closed = before
    .filter(({ side, position }) => position.assetQty !== 0 && !positions.isActive(position.symbol, side))
    .map(({ position }) => position);
  const inPosition = new Set(positions.active().map(({ symbol }) => symbol));
  const isOrphaned = (symbol: string): boolean => !inPosition.has(symbol) && covers({ ...FLAT, symbol });
  const orphanedMetadata = symbolsWithMetadata.filter(isOrphaned);
  return { opened, closed, changed, orphanedMetadata };
}

/** At equal times the end of an order wins, otherwise the snapshot. */
function mergeOrders(
  orders: OrderTable,
  { values, asOfMs, covers }: Scoped<ReadonlyMap<string, Order>, Order>,
): readonly Order[] {
  const listed = new Set<Order>();
  for (const update of values.values()) {
    const knownMs = orders.knownMs(update);
    const isKnownBefore = knownMs === undefined || (orders.find(update) ? knownMs <= asOfMs : knownMs < asOfMs);
    if (isKnownBefore && !orders.isOvertaken(update)) orders.takeIfNew(update);
    const held = orders.find(update);
    if (held === undefined) continue;
    orders.found(held);
    listed.add(held);
  }
  // As long as the exchange has given it no id, when it was created is by the clock of the bot.
  const isEarlier = ({ exchangeOrderId, createdAtMs, updatedAtMs }: Order): boolean =>
    updatedAtMs <= asOfMs && (exchangeOrderId === '' || createdAtMs <= asOfMs);
  const vanished = orders.all().filter((order) => !listed.has(order) && isEarlier(order) && covers(order));
  for (const order of vanished) orders.miss(order, asOfMs);
  return vanished;
}

function mergeBalances(
  table: BalanceTable,
  { values, asOfMs, covers }: Scoped<ReadonlyMap<string, number>, string>,
): void {
  const missing = Object.keys(table.all()).filter((asset) => !values.has(asset) && covers(asset));
  const told = [...values, ...missing.map((asset) => [asset, 0] as const)];
  for (const [asset, balance] of told) {
    const knownMs = table.knownMs(asset);
    if (knownMs === undefined || knownMs <= asOfMs) table.set(balance, asset, asOfMs);
  }
}

function isDifferentPosition(previous: Position, current: Position, tolerance: number): boolean {
  return (
    differ(previous.assetQty, current.assetQty, tolerance) ||
    differ(previous.positionPrice, current.positionPrice, tolerance) ||
    differ(previous.stopLossPrice, current.stopLossPrice, tolerance) ||
    differ(previous.takeProfitPrice, current.takeProfitPrice, tolerance)
  );
}

function keyOf(side: EnginePositionSide, symbol: string): string {
  return `${side}/${symbol}`;
}
