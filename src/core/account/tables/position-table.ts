import type { EnginePositionSide, EngineSimplePosition } from '../types/position.js';
import { ExchangeTable } from './exchange-table.js';
import { positionSnapshot, requirePositionSide } from './position-checks.js';
import type { RecordMap } from './record-table.js';
import { invalidValue, requireFinite, requireFiniteIfGiven, requireName } from './value-checks.js';

const SIDES: readonly EnginePositionSide[] = ['LONG', 'SHORT', 'NONE'];

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
    LONG: this.recordMap(recordKeyOf('LONG', '')),
    SHORT: this.recordMap(recordKeyOf('SHORT', '')),
    NONE: this.recordMap(recordKeyOf('NONE', '')),
  };

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

  set(symbol: string, side: EnginePositionSide, position: Position): void {
    const snapshot = positionSnapshot(symbol, side, position);
    this.assertWritable();
    const heldMs = this.#bySide[side].get(symbol)?.timestampMs;
    if (this.isOutdated(recordKeyOf(side, symbol), heldMs, snapshot.timestampMs)) return;
    this.put(side, snapshot);
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
    this.#bySide[side].set(snapshot.symbol, snapshot);
    this.told(recordKeyOf(side, snapshot.symbol));
  }

  /** Forgets a position, and remembers when it ended. */
  remove(symbol: string, side: EnginePositionSide, atMs?: number): void {
    const recordKey = recordKeyOf(side, symbol);
    this.ended(recordKey, atMs ?? this.#bySide[side].get(symbol)?.timestampMs);
    if (this.#bySide[side].delete(symbol)) this.context.markChanged('positions', recordKey);
  }

  /** When a position that is no longer held ended, in exchange time. */
  endedAtMs(symbol: string, side: EnginePositionSide): number | undefined {
    return this.recordEndedAtMs(recordKeyOf(side, symbol));
  }

  /**
   * Values the symbol's positions at a price. Not a change of what is persisted: it needs no writability and marks
   * nothing.
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
    return this.isStaleRecord(recordKeyOf(side, symbol));
  }

  protected checked(symbol: string, value: unknown, map: RecordMap<unknown>): Position {
    const side = SIDES.find((each) => this.#bySide[each] === map);
    return positionSnapshot(symbol, side, value);
  }

  #requireUpnl(symbol: string, side: EnginePositionSide, price: number): void {
    const position = this.#bySide[side].get(symbol);
    if (position === undefined || Number.isFinite(upnlAt(price, position, side))) return;
    throw invalidValue('price', price, 'a price at which the profit is a finite number');
  }
}

/** Whichever sign a short's quantity has: Bybit's is positive, Binance's negative. */
function upnlAt(price: number, { assetQty, positionPrice }: Position, side: EnginePositionSide): number {
  const gain = price - positionPrice;
  if (side === 'NONE') return assetQty * gain;
  return Math.abs(assetQty) * (side === 'LONG' ? gain : -gain);
}

function recordKeyOf(side: EnginePositionSide, symbol: string): string {
  return `positions/${side}/${symbol}`;
}
