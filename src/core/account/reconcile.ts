import type { BalanceTable } from './tables/balance-table.js';
import { orderSnapshot } from './tables/order-checks.js';
import type { OrderTable } from './tables/order-table.js';
import { positionSnapshot } from './tables/position-checks.js';
import type { PositionTable } from './tables/position-table.js';
import { invalidValue, requireArray, requireFinite, requireName, requireObject } from './tables/value-checks.js';
import type { EngineOrder, EngineOrderUpdate } from './types/order.js';
import type { EnginePositionSide, EnginePositionUpdate, EngineSimplePosition } from './types/position.js';

type Position = Readonly<EngineSimplePosition>;
type Order = Readonly<EngineOrder>;

/** The parts of a snapshot. */
type Part = 'positions' | 'orders' | 'balances';

/** A snapshot of the account, from REST. A part that is left out stays as it is. */
export interface ReconcileInput {
  /** All positions that are open. Of several for one side of a symbol, the newest counts. */
  readonly positions?: readonly EnginePositionUpdate[] | undefined;
  /** All orders that are active. Of several with one id, the newest counts. */
  readonly orders?: readonly EngineOrderUpdate[] | undefined;
  /** The wallet balances of all assets. One that is missing becomes 0. */
  readonly balances?: Readonly<Record<string, number>> | ReadonlyMap<string, number> | undefined;
  /** The wallet balance of the quote asset, in place of `balances`; the others stay. */
  readonly balance?: number | undefined;
  /**
   * The exchange time that the snapshot speaks for, in ms since the Unix epoch, in one or for each part: what the store
   * learned later stays. It is the time before the request was sent.
   */
  readonly asOfMs: number | { readonly [Each in Part]?: number | undefined };
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

const DEFAULT_TOLERANCE = 1e-9;

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

function checkedSnapshot({ orders, balance: table }: ReconcileTarget, input: ReconcileInput): Snapshot {
  requireObject('reconcile', input);
  const { asOfMs, balance, balances, scope = {}, tolerance = DEFAULT_TOLERANCE } = input;
  requireObject('scope', scope);
  if (!(Number.isFinite(tolerance) && tolerance >= 0)) throw invalidValue('tolerance', tolerance, '0 or more');
  if (balance !== undefined && balances !== undefined) {
    throw invalidValue('balance', balance, 'nothing beside balances');
  }
  if (typeof asOfMs !== 'object') requireFinite('asOfMs', asOfMs);
  const scoped = <Values, Entry>(part: Part, values: Values): Scoped<Values, Entry> => {
    const isOne = typeof asOfMs !== 'object' || asOfMs === null;
    const time = isOne ? asOfMs : asOfMs[part];
    requireFinite(isOne ? 'asOfMs' : `asOfMs.${part}`, time);
    const covers: unknown = scope[part] ?? (() => true);
    if (typeof covers !== 'function') throw invalidValue(`scope.${part}`, covers, 'a function');
    return { values, asOfMs: time as number, covers: covers as (entry: Entry) => boolean };
  };
  const wallet = balance === undefined ? balances : { [table.quoteAsset]: balance };
  return {
    positions: input.positions && scoped('positions', checkedPositions(input.positions)),
    orders: input.orders && scoped('orders', checkedOrders(orders, input.orders)),
    balances: wallet && {
      ...scoped('balances', checkedBalances(wallet)),
      ...(balance === undefined ? {} : { covers: () => false }),
    },
    tolerance,
  };
}

function checkedBalances(given: NonNullable<ReconcileInput['balances']>): ReadonlyMap<string, number> {
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
    const other = bySide.get(key);
    if (other === undefined || other.timestampMs <= position.timestampMs) bySide.set(key, position);
  }
  return bySide;
}

function checkedOrders(table: OrderTable, orders: readonly EngineOrderUpdate[]): ReadonlyMap<string, Order> {
  requireArray('orders', orders);
  const byId = new Map<string, Order>();
  for (const each of orders) {
    const order = table.identified(orderSnapshot(each));
    const key = order.exchangeOrderId || `client/${order.customOrderId}`;
    const other = byId.get(key);
    if (other === undefined || other.updatedAtMs <= order.updatedAtMs) byId.set(key, order);
  }
  return byId;
}

function mergePositions(
  { positions, symbolsWithMetadata }: ReconcileTarget,
  { values, asOfMs, covers }: Scoped<ReadonlyMap<string, Position>, Position>,
  tolerance: number,
): Omit<ReconcileResult, 'vanishedOrders'> {
  const opened: Position[] = [];
  const closed: Position[] = [];
  const changed: ReconciledChange[] = [];
  const before = [...positions.held()];
  for (const { side, position: previous } of before) {
    if (previous.timestampMs > asOfMs || !covers(previous)) continue;
    const current = values.get(keyOf(side, previous.symbol));
    if (current !== undefined && current.assetQty !== 0) continue;
    positions.remove(previous.symbol, side, asOfMs);
    if (previous.assetQty !== 0) closed.push(previous);
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
  const inPosition = new Set(positions.active().map(({ symbol }) => symbol));
  const orphanedMetadata = symbolsWithMetadata.filter((symbol) => !inPosition.has(symbol));
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
    if (held !== undefined) listed.add(held);
  }
  const vanished = orders.all().filter((order) => !listed.has(order) && order.updatedAtMs <= asOfMs && covers(order));
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
  const differs = (one: number | undefined, other: number | undefined): boolean =>
    one === undefined || other === undefined
      ? one !== other
      : Math.abs(one - other) > tolerance * Math.max(Math.abs(one), Math.abs(other));
  return (
    differs(previous.assetQty, current.assetQty) ||
    differs(previous.positionPrice, current.positionPrice) ||
    differs(previous.stopLossPrice, current.stopLossPrice) ||
    differs(previous.takeProfitPrice, current.takeProfitPrice)
  );
}

function keyOf(side: EnginePositionSide, symbol: string): string {
  return `${side}/${symbol}`;
}
