/** The tables that can be persisted, by the names that the `persist` option uses. */
export type TableName = 'metadata' | 'positions' | 'orders' | 'leverage' | 'balance';

/** What a table asks before it changes, and tells after it changed. Implemented by the store. */
export interface ChangeSink {
  /**
   * Called before anything is changed.
   *
   * @throws `NOT_RESTORED`, `FENCED` or `CLOSED` when records of this table must not change now.
   */
  assertWritable(table: TableName): void;
  /** Called after a change: the record under this key has a new value, or none any more. */
  changed(table: TableName, recordKey: string): void;
  /** Called after a change with the way to take it back; kept while a transaction runs, ignored otherwise. */
  onRollback(undo: () => void): void;
}

/** A table as the persistence sees it: a set of records with opaque values. */
export interface RecordTable {
  readonly name: TableName;
  /** Whether the record key is one of this table's. */
  owns(recordKey: string): boolean;
  /** The keys of all records that the table holds now. */
  recordKeys(): Iterable<string>;
  /** The value to persist, or `undefined` when there is no such record now. */
  recordValue(recordKey: string): unknown;
  /**
   * Takes over a value that was read from the backend, without telling the sink.
   *
   * @throws `INVALID_VALUE` when the value does not have the table's shape; nothing is changed then.
   */
  restoreRecord(recordKey: string, value: unknown): void;
  /** Forgets a record that the backend does not hold any more, without telling the sink. */
  forgetRecord(recordKey: string): void;
}
