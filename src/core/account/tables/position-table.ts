import { profitAt, type Valuation } from '../math/profit.js';
import type { EnginePositionSide, EnginePositionUpdate, EngineSimplePosition } from '../types/position.js';
import { ExchangeTable } from './exchange-table.js';
import { mergedPosition, positionSnapshot, requirePositionSide, withoutMargin, withProfit } from './position-checks.js';
import { RecordMap } from './record-table.js';
import { invalidValue, isSameRecord, requireFiniteIfGiven, requireName } from './value-checks.js';

const SIDES: readonly EnginePositionSide[] = ['LONG', 'SHORT', 'NONE'];

/** Of the record keys. */
const PREFIXES = { LONG: 'positions/LONG/', SHORT: 'positions/SHORT/', NONE: 'positions/NONE/' } as const;

type Position = Readonly<EngineSimplePosition>;

/** A position as it is held: under a side of a symbol. */
export interface HeldPosition {
  readonly side: EnginePositionSide;
  readonly position: Position;
}

/** The positions, by side and symbol. Each is a frozen snapshot that a change replaces. */
export class PositionTable extends ExchangeTable {
  readonly name = 'positions';
  readonly #bySide: Readonly<Record<EnginePositionSide, RecordMap<Position>>> = {
    LONG: new RecordMap(this.context, PREFIXES.LONG),
    SHORT: new RecordMap(this.context, PREFIXES.SHORT),
    NONE: new RecordMap(this.context, PREFIXES.NONE),
  };
  protected readonly maps: readonly RecordMap<unknown>[] = [this.#bySide.LONG, this.#bySide.SHORT, this.#bySide.NONE];

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

  set(symbol: string, side: EnginePositionSide, update: EnginePositionUpdate): void {
    const position = positionSnapshot(symbol, side, update, this.isStrict);
    this.assertWritable();
    if (!this.isOutdated(this.knownMs(side, position), position.timestampMs)) this.put(side, position);
  }

  /** The newest exchange time that is known of what a position stands for: in one-way mode, of all sides. */
  knownMs(side: EnginePositionSide, { symbol, orderPositionSide }: Position): number | undefined {
    if (!this.isStrict || orderPositionSide !== 'BOTH') return this.#knownMsOf(side, symbol);
    let newest: number | undefined;
    for (const each of SIDES) {
      const knownMs = this.#knownMsOf(each, symbol);
      if (knownMs !== undefined && (newest === undefined || knownMs > newest)) newest = knownMs;
    }
    return newest;
  }

  /** @param atMs when the position ended, in exchange time. Default: the time of the position that is held. */
  delete(symbol: string, side: EnginePositionSide, atMs?: number): void {
    requireName('symbol', symbol);
    requirePositionSide(side);
    requireFiniteIfGiven('atMs', atMs);
    this.assertWritable();
    this.remove(symbol, side, atMs);
  }

  /** Takes over a checked snapshot, whatever its time. */
  put(side: EnginePositionSide, snapshot: Position): void {
    const { symbol } = snapshot;
    if (this.isStrict) this.#endOthers(side, snapshot);
    const held = this.#bySide[side].get(symbol);
    this.#bySide[side].set(symbol, this.isStrict ? mergedPosition(held, snapshot) : snapshot);
    this.told(recordKeyOf(side, symbol));
  }

  /** Takes over a checked snapshot, unless it is what is held already. */
  putIfNew(side: EnginePositionSide, snapshot: Position): void {
    const held = this.#bySide[side].get(snapshot.symbol);
    const isHeld = held !== undefined && isSameRecord(held, mergedPosition(held, snapshot));
    if (isHeld) this.confirmed(recordKeyOf(side, snapshot.symbol));
    else this.put(side, snapshot);
  }

  /** In one-way mode a symbol has one position. That it is flat says nothing of those of the hedge mode. */
  #endOthers(side: EnginePositionSide, { symbol, orderPositionSide, assetQty, timestampMs }: Position): void {
    if (orderPositionSide !== 'BOTH') return;
    for (const other of SIDES) {
      const held = other === side ? undefined : this.#bySide[other].get(symbol);
      if (held === undefined || (assetQty === 0 && held.orderPositionSide !== 'BOTH')) continue;
      this.remove(symbol, other, timestampMs || undefined);
    }
  }

  /** The symbol has another leverage: what follows from it is not known any more. */
  forgetMargin(symbol: string): void {
    for (const side of SIDES) {
      const held = this.#bySide[side].get(symbol);
      if (held?.marginValue === undefined && held?.liquidationPrice === undefined) continue;
      this.assertWritable();
      this.#bySide[side].set(symbol, withoutMargin(held));
      this.context.markChanged('positions', recordKeyOf(side, symbol));
    }
  }

  /** Forgets a position, and remembers when it ended. */
  remove(symbol: string, side: EnginePositionSide, atMs?: number): void {
    const recordKey = recordKeyOf(side, symbol);
    this.ended(recordKey, atMs ?? this.#bySide[side].get(symbol)?.timestampMs);
    if (this.#bySide[side].delete(symbol)) this.context.markChanged('positions', recordKey);
  }

  /**
   * Values the symbol's positions at a price. Not a change of what is persisted: it needs no writability and marks
   * nothing.
   */
  tick(symbol: string, price: number, instrument: Valuation): void {
    // `accountstate` values no position that is on no side.
    const sides = this.isStrict ? SIDES : SIDES.filter((side) => side !== 'NONE');
    if (this.isStrict) for (const side of sides) this.#requireProfit(symbol, side, price, instrument);
    for (const side of sides) {
      const position = this.#bySide[side].get(symbol);
      if (position === undefined) continue;
      const valueUpnl = profitAt(price, position, side, instrument) ?? position.valueUpnl;
      if (valueUpnl !== position.valueUpnl) {
        this.#bySide[side].set(symbol, withProfit(position, valueUpnl));
      }
    }
  }

  isStale(symbol: string, side: EnginePositionSide): boolean {
    return this.isStaleRecord(recordKeyOf(side, symbol));
  }

  protected checked(symbol: string, value: unknown, map: RecordMap<unknown>): Position {
    const side = SIDES.find((each) => this.#bySide[each] === map);
    return positionSnapshot(symbol, side, value, this.isStrict);
  }

  #knownMsOf(side: EnginePositionSide, symbol: string): number | undefined {
    const held = this.#bySide[side].get(symbol);
    return held === undefined ? this.recordEndedAtMs(recordKeyOf(side, symbol)) : held.timestampMs;
  }

  #requireProfit(symbol: string, side: EnginePositionSide, price: number, instrument: Valuation): void {
    const position = this.#bySide[side].get(symbol);
    const valueUpnl = position && profitAt(price, position, side, instrument);
    if (valueUpnl === undefined || Number.isFinite(valueUpnl)) return;
    throw invalidValue('price', price, 'a price at which the profit is a finite number');
  }
}

function recordKeyOf(side: EnginePositionSide, symbol: string): string {
  return PREFIXES[side] + symbol;
}
