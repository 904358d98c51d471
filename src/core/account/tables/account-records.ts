import type { RecordTable } from './record-table.js';
import type { TableName } from './table-context.js';

/** The records of an account that are persisted, in whichever table they are. */
export class AccountRecords {
  readonly #tables: readonly RecordTable[];

  constructor(tables: readonly RecordTable[], persisted: ReadonlySet<TableName>) {
    this.#tables = tables.filter(({ name }) => persisted.has(name));
  }

  /** The table that a record belongs to; `undefined` for one that is not persisted. */
  tableOf(recordKey: string): RecordTable | undefined {
    return this.#tables.find((table) => table.owns(recordKey));
  }

  /** The keys of all that there are now. */
  keys(): string[] {
    return this.#tables.flatMap((table) => [...table.recordKeys()]);
  }
}
