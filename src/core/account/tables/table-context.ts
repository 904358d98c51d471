/** The tables that can be persisted, by the names that the `persist` option uses. */
export type TableName = 'metadata' | 'positions' | 'orders' | 'leverage' | 'balance';

/** Hears of a table's changes, before and after them. Implemented by the store. */
export interface TableContext {
  /** 0 while no transaction runs; otherwise the number of the innermost savepoint. A number is never used twice. */
  readonly savepoint: number;
  /**
   * Called before anything is changed.
   *
   * @throws `NOT_RESTORED`, `FENCED` or `CLOSED` when records of this table must not change now.
   */
  assertWritable(table: TableName): void;
  /** Called after a change: the record under this key has a new value, or none any more. */
  markChanged(table: TableName, recordKey: string): void;
  /** Called after a change with the way to take it back; kept while a transaction runs, ignored otherwise. */
  onRollback(undo: () => void): void;
}
