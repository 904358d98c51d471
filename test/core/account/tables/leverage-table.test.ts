import { describe, expect, it } from 'vitest';
import { LeverageTable } from '../../../../src/core/account/tables/leverage-table.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, createHarness, ODD_NAMES, restoreRecord } from './table-harness.js';

describe('LeverageTable', () => {
  it('holds the leverage of each symbol', () => {
    const { context, told } = createHarness();
    const table = new LeverageTable(context);
    for (const symbol of ODD_NAMES) expect(table.get(symbol)).toBeUndefined();
    for (const [index, symbol] of ODD_NAMES.entries()) table.set(symbol, index + 0.5);
    for (const [index, symbol] of ODD_NAMES.entries()) expect(table.get(symbol)).toBe(index + 0.5);
    expect(told()).toEqual(ODD_NAMES.map((symbol) => `leverage:leverage/${symbol}`));
    const all = table.getAll();
    expect(Object.getPrototypeOf(all)).toBeNull();
    expect(Object.keys(all)).toEqual(ODD_NAMES);
    all['constructor'] = 99;
    expect(table.get('constructor')).toBe(1.5);
  });

  it('refuses what is no symbol, and what is not above 0', () => {
    const harness = createHarness();
    const table = new LeverageTable(harness.context);
    for (const symbol of BAD_NAMES as readonly string[]) expect(codeOf(() => table.set(symbol, 1))).toBe('INVALID_KEY');
    for (const leverage of [...BAD_NUMBERS, 0, -0, -1] as readonly number[]) {
      expect(codeOf(() => table.set('A', leverage))).toBe('INVALID_VALUE');
      expect(codeOf(() => restoreRecord(table, 'leverage/A', leverage))).toBe('INVALID_VALUE');
    }
    harness.writable = false;
    expect(codeOf(() => table.set('A', 1))).toBe('NOT_RESTORED');
    expect(table.getAll()).toEqual({});
    expect(harness.told()).toEqual([]);
  });

  it('has a record for each symbol', () => {
    const { context, told } = createHarness();
    const table = new LeverageTable(context);
    restoreRecord(table, 'leverage/a/b', 5);
    expect(told()).toEqual([]);
    expect(table.get('a/b')).toBe(5);
    expect([...table.recordKeys()]).toEqual(['leverage/a/b']);
    expect(table.recordValue('leverage/a/b')).toBe(5);
    expect(table.recordValue('leverage/x')).toBeUndefined();
    for (const key of ['leverage/', 'leverage', 'metadata/a', '']) {
      expect(table.owns(key)).toBe(false);
      expect(table.recordValue(key)).toBeUndefined();
      expect(codeOf(() => restoreRecord(table, key, 5))).toBe('INVALID_VALUE');
    }
  });
});
