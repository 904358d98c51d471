import { describe, expect, it } from 'vitest';
import { BalanceTable } from '../../../../src/core/account/tables/balance-table.js';
import { BAD_NUMBERS, codeOf, createHarness } from './table-harness.js';

describe('BalanceTable', () => {
  it('holds the balance, and the one that was set aside', () => {
    const { context, told } = createHarness();
    const table = new BalanceTable(context);
    expect([table.balance, table.previousBalance]).toEqual([0, 0]);
    table.set(100);
    expect([table.balance, table.previousBalance]).toEqual([100, 0]);
    table.storePrevious();
    table.set(-5);
    expect([table.balance, table.previousBalance]).toEqual([-5, 100]);
    expect(told()).toEqual(Array.from({ length: 3 }, () => 'balance:balance/wallet'));
  });

  it('refuses what is no finite number', () => {
    const harness = createHarness();
    const table = new BalanceTable(harness.context);
    table.set(1);
    harness.told();
    for (const value of BAD_NUMBERS as readonly number[]) {
      expect(codeOf(() => table.set(value))).toBe('INVALID_VALUE');
      for (const wallet of [{ balance: value, previousBalance: 1 }, { balance: 1, previousBalance: value }, value]) {
        expect(codeOf(() => table.restoreRecord('balance/wallet', wallet))).toBe('INVALID_VALUE');
      }
    }
    harness.writable = false;
    expect(codeOf(() => table.set(2))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.storePrevious())).toBe('NOT_RESTORED');
    expect([table.balance, table.previousBalance]).toEqual([1, 0]);
    expect(harness.told()).toEqual([]);
  });

  it('has one record, once there is a balance', () => {
    const { context, told } = createHarness();
    const table = new BalanceTable(context);
    expect([...table.recordKeys()]).toEqual([]);
    expect(table.recordValue('balance/wallet')).toBeUndefined();
    table.restoreRecord('balance/wallet', { balance: 3, previousBalance: 2, other: 1 });
    expect(told()).toEqual([]);
    expect([...table.recordKeys()]).toEqual(['balance/wallet']);
    expect(table.recordValue('balance/wallet')).toEqual({ balance: 3, previousBalance: 2 });
    expect([table.balance, table.previousBalance]).toEqual([3, 2]);
    expect(table.recordValue('balance/other')).toBeUndefined();
    expect(codeOf(() => table.restoreRecord('balance/other', { balance: 3, previousBalance: 2 }))).toBe(
      'INVALID_VALUE',
    );
  });
});
