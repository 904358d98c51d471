import type { EnginePositionSide, EngineSimplePosition } from '../types/position.js';
import type { RecordTable } from './change-sink.js';
import { JournaledMap } from './journaled-map.js';
import { positionSnapshot, requirePositionSide } from './position-checks.js';
import type { StaleRule } from './stale-rule.js';
import type { TableContext } from './table-context.js';
import { Tombstones } from './tombstones.js';
import { invalidValue, requireFinite, requireFiniteIfGiven, requireName } from './value-checks.js';

const PREFIX = 'positions/';
const SIDES: readonly EnginePositionSide[] = ['LONG', 'SHORT', 'NONE'];

type Position = Readonly<EngineSimplePosition>;

/** A position as it is held: under a side of a symbol. */
export interface HeldPosition {
  readonly side: EnginePositionSide;
  readonly position: Position;
}

/** The positions, by side and symbol. Each is a frozen snapshot that a change replaces. */
export class PositionTable implements RecordTable {
  readonly name = 'positions';
  readonly #context: TableContext;
  readonly #rejectStale: boolean;
  readonly #bySide: Readonly<Record<EnginePositionSide, JournaledMap<string, Position>>>;
  readonly #tombstones: Tombstones;
  /** The keys of records that were restored, and not told by the exchange since. */
  readonly #stale: JournaledMap<string, true>;

  constructor(context: TableContext, { rejectStale = false }: StaleRule = {}) {
    this.#context = context;
    this.#rejectStale = rejectStale;
    this.#bySide = {
      LONG: new JournaledMap(context),
      SHORT: new JournaledMap(context),
      NONE: new JournaledMap(context),
    };
    this.#tombstones = new Tombstones(context);
    this.#stale = new JournaledMap(context);
  }

  get(symbol: string, side: EnginePositionSide): Position | undefined {
    return Object.hasOwn(this.#bySide, side) ? this.#bySide[side].get(symbol) : undefined;
  }

  /** Whether there is a position with a quantity. */
  isActive(symbol: string, side: EnginePositionSide): boolean {
    const position = this.get(symbol, side);
    return position !== undefined && position.assetQty !== 0;
  }

  /** Also those without a quantity. */
  *held(): Iterable<HeldPosition> {
    for (const side of SIDES) for (const position of this.#bySide[side].values()) yield { side, position };
  }

  /** Those with a quantity. */
  active(): Position[] {
    const positions: Position[] = [];
    for (const side of SIDES) {
      for (const position of this.#bySide[side].values()) if (position.assetQty !== 0) positions.push(position);
    }
    return positions;
  }

  /** How many symbols have both an active long and an active short. */
  countHedged(): number {
    let count = 0;
    for (const [symbol, { assetQty }] of this.#bySide.LONG.entries()) {
      if (assetQty !== 0 && this.isActive(symbol, 'SHORT')) count += 1;
    }
    return count;
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE` */
  set(symbol: string, side: EnginePositionSide, position: Position): void {
    const snapshot = positionSnapshot(symbol, side, position);
    this.#context.assertWritable('positions');
    if (this.#rejectStale && this.#isOutdated(symbol, side, snapshot.timestampMs)) return;
    this.put(side, snapshot);
  }

  /**
   * @param atMs when the position ended, in exchange time. Default: the time of the position that is held.
   * @throws `INVALID_KEY`, `INVALID_VALUE`
   */
  delete(symbol: string, side: EnginePositionSide, atMs?: number): void {
    requireName('symbol', symbol);
    requirePositionSide(side);
    requireFiniteIfGiven('atMs', atMs);
    this.#context.assertWritable('positions');
    this.remove(symbol, side, atMs);
  }

  /** Takes over a checked snapshot, whatever its time. */
  put(side: EnginePositionSide, snapshot: Position): void {
    const recordKey = recordKeyOf(side, snapshot.symbol);
    this.#bySide[side].set(snapshot.symbol, snapshot);
    this.#stale.delete(recordKey);
    this.#tombstones.forget(recordKey);
    this.#context.changed('positions', recordKey);
  }

  /** Forgets a position, and remembers when it ended. */
  remove(symbol: string, side: EnginePositionSide, atMs?: number): void {
    const recordKey = recordKeyOf(side, symbol);
    const endedAtMs = atMs ?? this.#bySide[side].get(symbol)?.timestampMs;
    if (endedAtMs !== undefined) this.#tombstones.bury(recordKey, endedAtMs);
    this.#stale.delete(recordKey);
    if (this.#bySide[side].delete(symbol)) this.#context.changed('positions', recordKey);
  }

  /** When a position that is no longer held ended, in exchange time. */
  endedAtMs(symbol: string, side: EnginePositionSide): number | undefined {
    return this.#tombstones.get(recordKeyOf(side, symbol));
  }

  /**
   * Values the symbol's positions at a price. Not a change of what is persisted: it needs no writability and marks
   * nothing.
   *
   * @throws `INVALID_KEY`, `INVALID_VALUE`
   */
  tick(symbol: string, price: number): void {
    requireName('symbol', symbol);
    requireFinite('price', price);
    for (const side of SIDES) this.#requireUpnl(symbol, side, price);
    for (const side of SIDES) {
      const position = this.#bySide[side].get(symbol);
      if (position === undefined) continue;
      const valueUpnl = upnlAt(price, position, side);
      if (valueUpnl !== position.valueUpnl) {
        this.#bySide[side].set(symbol, Object.freeze({ ...position, valueUpnl }));
      }
    }
  }

  isStale(symbol: string, side: EnginePositionSide): boolean {
    return this.#stale.has(recordKeyOf(side, symbol));
  }

  hasStale(): boolean {
    return this.#stale.size > 0;
  }

  /** The exchange has told the state of all positions. */
  clearStale(): void {
    this.#stale.clear();
  }

  owns(recordKey: string): boolean {
    return sideOf(recordKey) !== undefined;
  }

  *recordKeys(): Iterable<string> {
    for (const side of SIDES) for (const symbol of this.#bySide[side].keys()) yield recordKeyOf(side, symbol);
  }

  recordValue(recordKey: string): unknown {
    const side = sideOf(recordKey);
    return side === undefined ? undefined : this.#bySide[side].get(symbolOf(recordKey, side));
  }

  restoreRecord(recordKey: string, value: unknown): void {
    const side = sideOf(recordKey);
    if (side === undefined) throw invalidValue('record key', recordKey, `${PREFIX}<side>/<symbol>`);
    const symbol = symbolOf(recordKey, side);
    this.#bySide[side].set(symbol, positionSnapshot(symbol, side, value));
    this.#stale.set(recordKey, true);
  }

  forgetRecord(recordKey: string): void {
    const side = sideOf(recordKey);
    if (side === undefined) return;
    this.#bySide[side].delete(symbolOf(recordKey, side));
    this.#stale.delete(recordKey);
  }

  #requireUpnl(symbol: string, side: EnginePositionSide, price: number): void {
    const position = this.#bySide[side].get(symbol);
    if (position === undefined || Number.isFinite(upnlAt(price, position, side))) return;
    throw invalidValue('price', price, 'a price at which the profit is a finite number');
  }

  #isOutdated(symbol: string, side: EnginePositionSide, timestampMs: number): boolean {
    const knownMs = this.#bySide[side].get(symbol)?.timestampMs ?? this.endedAtMs(symbol, side);
    return knownMs !== undefined && timestampMs < knownMs;
  }
}

/** Whichever sign a short's quantity has: Bybit's is positive, Binance's negative. */
function upnlAt(price: number, { assetQty, positionPrice }: Position, side: EnginePositionSide): number {
  const gain = price - positionPrice;
  if (side === 'NONE') return assetQty * gain;
  return Math.abs(assetQty) * (side === 'LONG' ? gain : -gain);
}

function recordKeyOf(side: EnginePositionSide, symbol: string): string {
  return `${PREFIX}${side}/${symbol}`;
}

function sideOf(recordKey: string): EnginePositionSide | undefined {
  return SIDES.find((side) => {
    const prefix = recordKeyOf(side, '');
    return recordKey.startsWith(prefix) && recordKey.length > prefix.length;
  });
}

function symbolOf(recordKey: string, side: EnginePositionSide): string {
  return recordKey.slice(recordKeyOf(side, '').length);
}
