import { describe, expect, it } from 'vitest';
import { BalanceTable } from '../../../../src/core/account/tables/balance-table.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, createHarness, type Harness, restoreRecord } from './table-harness.js';

function createTable(rejectStale = true): Harness & { readonly table: BalanceTable } {
  const harness = createHarness();
  const rules = { rejectStale, entries: 'exchange' } as const;
  return Object.assign(harness, { table: new BalanceTable(harness.context, 'USDT', rules) });
}

describe('BalanceTable', () => {
  it('holds the balance, and the one that was set aside', () => {
    const { table, told } = createTable();
    expect([table.get(), table.previousBalance]).toEqual([0, 0]);
    table.set(100);
    expect([table.get(), table.previousBalance]).toEqual([100, 0]);
    table.storePrevious();
    table.set(-5);
    expect([table.get(), table.previousBalance]).toEqual([-5, 100]);
    expect(told()).toEqual(Array.from({ length: 3 }, () => 'balance:balance/wallet'));
  });

  it('refuses what is no finite number', () => {
    const harness = createTable();
    const { table } = harness;
    table.set(1);
    harness.told();
    for (const value of BAD_NUMBERS as readonly number[]) {
      expect(codeOf(() => table.set(value))).toBe('INVALID_VALUE');
      for (const wallet of [{ balance: value, previousBalance: 1 }, { balance: 1, previousBalance: value }, value]) {
        expect(codeOf(() => restoreRecord(table, 'balance/wallet', wallet))).toBe('INVALID_VALUE');
      }
    }
    harness.writable = false;
    expect(codeOf(() => table.set(2))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.storePrevious())).toBe('NOT_RESTORED');
    expect([table.get(), table.previousBalance]).toEqual([1, 0]);
    expect(harness.told()).toEqual([]);
  });

  it('has one record, once there is a balance', () => {
    const { table, told } = createTable();
    expect([...table.recordKeys()]).toEqual([]);
    expect(table.recordValue('balance/wallet')).toBeUndefined();
    restoreRecord(table, 'balance/wallet', { balance: 3, previousBalance: 2, other: 1 });
    expect(told()).toEqual([]);
    expect([...table.recordKeys()]).toEqual(['balance/wallet']);
    expect(table.recordValue('balance/wallet')).toEqual({ balance: 3, previousBalance: 2 });
    expect([table.get(), table.previousBalance]).toEqual([3, 2]);
    expect(table.recordValue('balance/other')).toBeUndefined();
    expect(codeOf(() => restoreRecord(table, 'balance/other', { balance: 3, previousBalance: 2 }))).toBe(
      'INVALID_VALUE',
    );
  });

  it('holds the balance of each asset by itself', () => {
    const { table, told } = createTable();
    expect({ ...table.all() }).toEqual({});
    table.set(5);
    table.set(0.25, 'BTC');
    table.set(0, '__proto__');
    expect([table.get(), table.get('USDT'), table.get('BTC'), table.get('ETH')]).toEqual([5, 5, 0.25, 0]);
    expect(Object.entries(table.all())).toEqual([
      ['USDT', 5],
      ['BTC', 0.25],
      ['__proto__', 0],
    ]);
    expect(told()).toEqual(['balance:balance/wallet', 'balance:balance/asset/BTC', 'balance:balance/asset/__proto__']);
    expect([...table.recordKeys()]).toEqual(['balance/wallet', 'balance/asset/BTC', 'balance/asset/__proto__']);
    restoreRecord(table, 'balance/asset/BTC', { balance: 1, asOfMs: 5 });
    expect(table.get('BTC')).toBe(1);
    for (const name of BAD_NAMES as readonly string[]) {
      if (name === undefined) continue;
      expect(codeOf(() => table.set(1, name))).toBe('INVALID_KEY');
    }
  });

  it('ignores what is older than what is held, by the time of both', () => {
    const { table } = createTable();
    table.set(10, 'USDT', 100);
    table.set(11, 'USDT', 99);
    expect([table.get(), table.knownMs('USDT')]).toEqual([10, 100]);
    table.set(12, 'USDT', 100);
    expect(table.get()).toBe(12);
    table.storePrevious();
    expect(table.knownMs('USDT')).toBe(100);
    // One without a time is never older, and leaves the time that is known.
    table.set(13);
    expect([table.get(), table.knownMs('USDT')]).toEqual([13, 100]);
    table.set(14, 'USDT', 99);
    expect(table.get()).toBe(13);
    table.set(0.5, 'BTC', 100);
    table.set(0.6, 'BTC');
    expect([table.get('BTC'), table.knownMs('BTC')]).toEqual([0.6, 100]);
    expect(codeOf(() => table.set(1, 'USDT', Number.NaN))).toBe('INVALID_VALUE');
  });

  it('takes what is older where rejectStale is off', () => {
    const { table } = createTable(false);
    table.set(10, 'USDT', 100);
    table.set(11, 'USDT', 99);
    expect(table.get()).toBe(11);
  });

  it('marks nothing when only the time is another one', () => {
    const { table, told } = createTable();
    table.set(10, 'BTC', 100);
    told();
    table.set(10, 'BTC', 200);
    expect(told()).toEqual([]);
    expect(table.knownMs('BTC')).toBe(200);
  });
});
