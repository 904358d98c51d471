import type { TableContext, TableName } from './tables/table-context.js';
import { refusePromise, requireSynchronous } from './tables/value-checks.js';

/** The store behind the tables. */
export interface TransactionHost {
  /** @throws `NOT_RESTORED`, `FENCED` or `CLOSED` */
  assertWritable(table: TableName): void;
  markChanged(table: TableName, recordKey: string): void;
}

type Change = readonly [recordKey: string, table: TableName];

/** Runs functions whose changes take place together or not at all, and reports to the host what changed. */
export class Transactions implements TableContext {
  readonly #host: TransactionHost;
  #savepoint = 0;
  #lastSavepoint = 0;
  /** How to take back what was changed, and what to report to the host, since the outermost transaction began. */
  #undos: (() => void)[] = [];
  #changes: Change[] = [];

  constructor(host: TransactionHost) {
    this.#host = host;
  }

  get savepoint(): number {
    return this.#savepoint;
  }

  assertWritable(table: TableName): void {
    this.#host.assertWritable(table);
  }

  markChanged(table: TableName, recordKey: string): void {
    if (this.#savepoint === 0) this.#host.markChanged(table, recordKey);
    else this.#changes.push([recordKey, table]);
  }

  onRollback(undo: () => void): void {
    if (this.#savepoint !== 0) this.#undos.push(undo);
  }

  /**
   * @throws what `fn` throws; `INVALID_VALUE` for an async function, which is not called, and when a promise is returned.
   * Nothing is changed then.
   */
  run<Result>(fn: () => Result): Result {
    requireSynchronous('transaction', fn);
    const outer = this.#savepoint;
    const undoCount = this.#undos.length;
    const changeCount = this.#changes.length;
    this.#lastSavepoint += 1;
    this.#savepoint = this.#lastSavepoint;
    let result: Result;
    try {
      result = fn();
      refusePromise('transaction', result);
    } catch (error) {
      this.#rollBack(undoCount, changeCount);
      throw error;
    } finally {
      this.#savepoint = outer;
    }
    if (outer === 0) this.#deliver();
    return result;
  }

  /** Takes back what the running transactions have changed so far, if any. */
  abandon(): void {
    this.#rollBack(0, 0);
  }

  #rollBack(undoCount: number, changeCount: number): void {
    const undos = this.#undos.splice(undoCount);
    this.#changes.length = changeCount;
    for (const undo of undos.reverse()) undo();
  }

  #deliver(): void {
    const tables = new Map(this.#changes);
    this.#undos = [];
    this.#changes = [];
    for (const [recordKey, table] of tables) this.#host.markChanged(table, recordKey);
  }
}
