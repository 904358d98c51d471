import type { RecordTable } from '../../../../src/core/account/tables/record-table.js';
import type { TableContext } from '../../../../src/core/account/tables/table-context.js';
import { Transactions } from '../../../../src/core/account/transaction.js';
import type { EngineOrder } from '../../../../src/core/account/types/order.js';
import type { EngineSimplePosition } from '../../../../src/core/account/types/position.js';
import { AccountKeeperError } from '../../../../src/core/errors.js';

/** What a table runs in, and what it told. */
export interface Harness {
  readonly context: TableContext;
  readonly transactions: Transactions;
  /** The keys of changed records, in the order in which they were told; `splice` it to begin anew. */
  readonly changes: string[];
  writable: boolean;
  /** The keys told since the last call. */
  told(): string[];
}

export function createHarness(): Harness {
  const changes: string[] = [];
  const transactions = new Transactions({
    assertWritable: () => {
      if (!harness.writable) throw new AccountKeeperError('NOT_RESTORED', 'not restored');
    },
    markChanged: (table, recordKey) => changes.push(`${table}:${recordKey}`),
  });
  const harness: Harness = {
    context: transactions,
    transactions,
    changes,
    writable: true,
    told: () => changes.splice(0),
  };
  return harness;
}

/** Restores a record as if it had been stored beside what the table holds. */
export function restoreRecord(table: RecordTable, recordKey: string, value: unknown): void {
  const staged = table.stage();
  for (const each of table.recordKeys()) if (each !== recordKey) staged.add(each, table.recordValue(each));
  staged.add(recordKey, value);
  staged.show();
}

export function position(part: Partial<EngineSimplePosition> = {}): EngineSimplePosition {
  return {
    symbol: 'BTCUSDT',
    timestampMs: 100,
    positionSide: 'LONG',
    orderPositionSide: 'LONG',
    positionPrice: 10,
    assetQty: 2,
    value: 20,
    valueUpnl: 0,
    marginValue: 4,
    liquidationPrice: 1,
    ...part,
  };
}

export function order(part: Partial<EngineOrder> = {}): EngineOrder {
  return {
    exchangeOrderId: 'o1',
    customOrderId: '',
    symbol: 'BTCUSDT',
    orderSide: 'BUY',
    positionSide: 'LONG',
    orderType: 'LIMIT',
    status: 'NEW',
    price: 9,
    originalQuantity: 1,
    executedQuantity: 0,
    averagePrice: 0,
    createdAtMs: 50,
    updatedAtMs: 100,
    ...part,
  };
}

/** Symbols that reach Object.prototype in a plain object. */
export const ODD_NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a/b',
  ' ',
  '💰',
];

/** What is no name of a symbol or an order. */
export const BAD_NAMES: readonly unknown[] = ['', undefined, null, 5, {}, ['BTCUSDT'], Symbol('x')];

/** What is no finite number. */
export const BAD_NUMBERS: readonly unknown[] = [Number.NaN, Infinity, -Infinity, '1', null, undefined, 1n, {}];

/** The code of the typed error that `fn` throws. */
export function codeOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    return error instanceof AccountKeeperError ? error.code : String(error);
  }
  return 'nothing was thrown';
}
