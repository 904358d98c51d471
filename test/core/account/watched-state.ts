import { type AccountObserver, AccountState } from '../../../src/core/account/account-state.js';
import { EXCHANGE_RULES } from '../../../src/core/account/tables/account-rules.js';
import type { RecordTable } from '../../../src/core/account/tables/record-table.js';
import type { TableName } from '../../../src/core/account/tables/table-context.js';
import { AccountKeeperError } from '../../../src/core/errors.js';

/** Notes what an account tells its observer. */
export class Notes implements AccountObserver {
  readonly told: string[] = [];
  readonly toldKeys: string[] = [];
  readonly asked: TableName[] = [];
  readOnly = false;
  tables: readonly RecordTable[] = [];

  attach(tables: readonly RecordTable[]): void {
    this.tables = tables;
  }

  assertWritable(table: TableName): void {
    this.asked.push(table);
    if (this.readOnly) throw new AccountKeeperError('FENCED', 'fenced');
  }

  markChanged(table: TableName, recordKey: string): void {
    this.told.push(`${table}:${recordKey}`);
    this.toldKeys.push(recordKey);
  }
}

/** An account whose observer can be looked at. */
export class WatchedState extends AccountState {
  readonly notes: Notes;

  constructor(notes: Notes = new Notes()) {
    super({}, EXCHANGE_RULES, notes);
    this.notes = notes;
  }

  get told(): string[] {
    return this.notes.told;
  }

  get toldKeys(): string[] {
    return this.notes.toldKeys;
  }

  get recordTables(): readonly RecordTable[] {
    return this.notes.tables;
  }
}
