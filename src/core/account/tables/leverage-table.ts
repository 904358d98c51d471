import { type AccountRules, EXCHANGE_RULES } from './account-rules.js';
import { RecordMap, RecordTable } from './record-table.js';
import type { TableContext } from './table-context.js';
import { invalidValue, requireName } from './value-checks.js';

/** The leverage of each symbol. */
export class LeverageTable extends RecordTable {
  readonly name = 'leverage';
  readonly #bySymbol = new RecordMap<number>(this.context, 'leverage/');
  protected readonly maps: readonly RecordMap<unknown>[] = [this.#bySymbol];
  readonly #isStrict: boolean;

  constructor(context: TableContext, { entries }: AccountRules = EXCHANGE_RULES) {
    super(context);
    this.#isStrict = entries === 'exchange';
  }

  get(symbol: string): number | undefined {
    return this.#bySymbol.get(symbol);
  }

  getAll(): Record<string, number> {
    return this.#bySymbol.toObject();
  }

  set(symbol: string, leverage: number): void {
    requireName('symbol', symbol);
    this.checked(symbol, leverage);
    this.assertWritable();
    this.#bySymbol.set(symbol, leverage);
    this.context.markChanged('leverage', `leverage/${symbol}`);
  }

  protected override persisted(leverage: unknown): unknown {
    return Number.isFinite(leverage) ? leverage : undefined;
  }

  protected checked(_symbol: string, leverage: unknown): unknown {
    if (this.#isStrict ? Number.isFinite(leverage) && Number(leverage) > 0 : typeof leverage === 'number')
      return leverage;
    throw invalidValue('leverage', leverage, this.#isStrict ? 'a finite number above 0' : 'a number');
  }
}
