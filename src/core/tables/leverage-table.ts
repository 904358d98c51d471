import type { RecordTable } from './change-sink.js';
import { JournaledMap } from './journaled-map.js';
import type { TableContext } from './table-context.js';
import { invalidValue, requireName } from './value-checks.js';

const PREFIX = 'leverage/';

/** The leverage of each symbol. */
export class LeverageTable implements RecordTable {
  readonly name = 'leverage';
  readonly #context: TableContext;
  readonly #bySymbol: JournaledMap<string, number>;

  constructor(context: TableContext) {
    this.#context = context;
    this.#bySymbol = new JournaledMap(context);
  }

  get(symbol: string): number | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** A new object without a prototype: every symbol is an own property. */
  getAll(): Record<string, number> {
    const all: Record<string, number> = Object.create(null);
    for (const [symbol, leverage] of this.#bySymbol.entries()) all[symbol] = leverage;
    return all;
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE` */
  set(symbol: string, leverage: number): void {
    requireName('symbol', symbol);
    requireLeverage(leverage);
    this.#context.assertWritable('leverage');
    this.#bySymbol.set(symbol, leverage);
    this.#context.changed('leverage', PREFIX + symbol);
  }

  owns(recordKey: string): boolean {
    return recordKey.startsWith(PREFIX) && recordKey !== PREFIX;
  }

  *recordKeys(): Iterable<string> {
    for (const symbol of this.#bySymbol.keys()) yield PREFIX + symbol;
  }

  recordValue(recordKey: string): unknown {
    return this.owns(recordKey) ? this.#bySymbol.get(recordKey.slice(PREFIX.length)) : undefined;
  }

  restoreRecord(recordKey: string, value: unknown): void {
    if (!this.owns(recordKey)) throw invalidValue('record key', recordKey, `${PREFIX}<symbol>`);
    requireLeverage(value);
    this.#bySymbol.set(recordKey.slice(PREFIX.length), value as number);
  }

  forgetRecord(recordKey: string): void {
    if (this.owns(recordKey)) this.#bySymbol.delete(recordKey.slice(PREFIX.length));
  }
}

function requireLeverage(value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return;
  throw invalidValue('leverage', value, 'a finite number above 0');
}
