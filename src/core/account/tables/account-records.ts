import type { RecordTable, StagedRecords } from './record-table.js';
import type { TableName } from './table-context.js';

/** What was read of an account, to take the place of all its records that are persisted. */
export interface StagedAccount {
  /** @throws `INVALID_VALUE` when the value does not have the table's shape */
  add(table: RecordTable, recordKey: string, value: unknown): void;
  /** Puts all of it in the place of what is there, in one step that takes as long for many records as for few. */
  show(): void;
}

/** The records of an account that are persisted, in whichever table they are. */
export class AccountRecords {
  readonly #tables: readonly RecordTable[];

  constructor(tables: readonly RecordTable[], persisted: ReadonlySet<TableName>) {
    // The copy has no room for more.
    this.#tables = tables.filter(({ name }) => persisted.has(name)).slice();
  }

  /** The table that a record belongs to; `undefined` for one that is not persisted. */
  tableOf(recordKey: string): RecordTable | undefined {
    return this.#tables.find((table) => table.owns(recordKey));
  }

  /** The value to persist, or `undefined` when there is no such record now, or one that is not persisted. */
  valueOf(recordKey: string): unknown {
    for (const table of this.#tables) {
      const value = table.recordValue(recordKey);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  stage(): StagedAccount {
    const staged = new Map<RecordTable, StagedRecords>(this.#tables.map((table) => [table, table.stage()]));
    return {
      add: (table, recordKey, value) => staged.get(table)?.add(recordKey, value),
      show: () => {
        for (const each of staged.values()) each.show();
      },
    };
  }

  /** The keys of all that there are now. */
  keys(): string[] {
    return this.#tables.flatMap((table) => [...table.recordKeys()]);
  }
}
