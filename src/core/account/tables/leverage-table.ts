import { type AccountRules, EXCHANGE_RULES } from './account-rules.js';
import { RecordTable } from './record-table.js';
import type { TableContext } from './table-context.js';
import { invalidValue, requireName } from './value-checks.js';

/** The leverage of each symbol. */
export class LeverageTable extends RecordTable {
  readonly name = 'leverage';
  readonly #bySymbol = this.recordMap<number>('leverage/');

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

  protected checked(_symbol: string, leverage: unknown): unknown {
    if (Number.isFinite(leverage) && (Number(leverage) > 0 || (leverage === 0 && !this.#isStrict))) return leverage;
    throw invalidValue('leverage', leverage, `a finite number${this.#isStrict ? ' above 0' : ', 0 or more'}`);
  }
}
