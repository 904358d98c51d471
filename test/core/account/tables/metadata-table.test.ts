import { describe, expect, it } from 'vitest';
import { MetadataTable } from '../../../../src/core/account/tables/metadata-table.js';
import { BAD_NAMES, codeOf, createHarness, type Harness, ODD_NAMES, restoreRecord } from './table-harness.js';

type Loose = Record<string, unknown>;

function createTable(): Harness & { readonly table: MetadataTable<Loose, Loose> } {
  const harness = createHarness();
  return Object.assign(harness, { table: new MetadataTable<Loose, Loose>(harness.context) });
}

const NO_OBJECTS: readonly unknown[] = [undefined, null, 5, 'x', true, [], [{}], () => ({}), 1n];

describe('set', () => {
  it('returns the data itself, deep-frozen, and tells the sink', () => {
    const { table, told } = createTable();
    const data = { list: [{ a: 1 }] };
    expect(table.set('BTCUSDT', data)).toBe(data);
    expect(table.get('BTCUSDT')).toBe(data);
    expect(Object.isFrozen(data) && Object.isFrozen(data.list) && Object.isFrozen(data.list[0])).toBe(true);
    expect(told()).toEqual(['metadata:metadata/BTCUSDT']);
  });

  it.each(NO_OBJECTS.map((data) => ({ data })))('refuses $data', ({ data }) => {
    const { table, told } = createTable();
    expect(codeOf(() => table.set('BTCUSDT', data as Loose))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.setAccount(data as Loose))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.setAll({ A: {}, BTCUSDT: data === undefined ? null : data } as never))).toBe(
      'INVALID_VALUE',
    );
    expect(codeOf(() => restoreRecord(table, 'metadata/A', data))).toBe('INVALID_VALUE');
    expect(table.symbols()).toEqual([]);
    expect(told()).toEqual([]);
  });

  it('refuses what is no symbol', () => {
    const { table, told } = createTable();
    for (const symbol of BAD_NAMES as readonly string[]) {
      expect(codeOf(() => table.set(symbol, {}))).toBe('INVALID_KEY');
      expect(codeOf(() => table.setValue(symbol, 'a', 1))).toBe('INVALID_KEY');
      expect(codeOf(() => table.update(symbol, () => ({})))).toBe('INVALID_KEY');
      expect(codeOf(() => table.delete(symbol))).toBe('INVALID_KEY');
    }
    expect(codeOf(() => table.setAll({ '': {} }))).toBe('INVALID_KEY');
    expect(told()).toEqual([]);
  });

  it('keeps what it held when the new data cannot be protected', () => {
    const { table, told } = createTable();
    table.set('A', { n: 1 });
    told();
    expect(codeOf(() => table.set('A', { bytes: new Uint8Array(1) }))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.setValue('A', 'n', new Uint8Array(1)))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.setAll({ B: {}, A: { bytes: new Uint8Array(1) } }))).toBe('INVALID_VALUE');
    expect(table.getAll()).toEqual({ A: { n: 1 } });
    expect(told()).toEqual([]);
  });

  it('takes any symbol that is a string', () => {
    const { table } = createTable();
    for (const symbol of ODD_NAMES) expect(table.get(symbol)).toBeUndefined();
    for (const symbol of ODD_NAMES) table.set(symbol, { symbol });
    for (const symbol of ODD_NAMES) expect(table.get(symbol)).toEqual({ symbol });
    expect(table.symbols()).toEqual(ODD_NAMES);
    expect(Object.getPrototypeOf(table.getAll())).toBeNull();
    expect(Object.keys(table.getAll())).toEqual(ODD_NAMES);
    expect(Reflect.get(table.getAll(), '__proto__')).toEqual({ symbol: '__proto__' });
  });
});

describe('setValue', () => {
  it('replaces the metadata by a frozen copy with the value', () => {
    const { table, told } = createTable();
    const before = table.set('A', { n: 1, inner: { a: 1 } });
    told();
    const value = { b: [] };
    const after = table.setValue('A', 'inner', value);
    expect(after).toEqual({ n: 1, inner: { b: [] } });
    expect(table.get('A')).toBe(after);
    expect(before).toEqual({ n: 1, inner: { a: 1 } });
    expect(Object.isFrozen(after) && Object.isFrozen(value.b)).toBe(true);
    expect(told()).toEqual(['metadata:metadata/A']);
  });

  it('needs metadata, and a key', () => {
    const { table, told } = createTable();
    expect(codeOf(() => table.setValue('A', 'n', 1))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.setAccountValue('n', 1))).toBe('INVALID_VALUE');
    table.set('A', {});
    told();
    for (const key of [Symbol('x'), undefined, null, {}, true]) {
      expect(codeOf(() => table.setValue('A', key as string, 1))).toBe('INVALID_VALUE');
    }
    expect(told()).toEqual([]);
    expect(table.setValue('A', 5 as never, 1)).toEqual({ 5: 1 });
    expect(table.setValue('A', '', 1)).toEqual({ 5: 1, '': 1 });
  });

  it('takes a __proto__ key as data', () => {
    const { table } = createTable();
    table.set('A', JSON.parse('{"__proto__":{"a":1},"n":1}') as Loose);
    const copied = table.setValue('A', 'n', 2);
    expect(JSON.stringify(copied)).toBe('{"__proto__":{"a":1},"n":2}');
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype);
    const replaced = table.setValue('A', '__proto__', { b: 2 });
    expect(JSON.stringify(replaced)).toBe('{"__proto__":{"b":2},"n":2}');
    expect(Object.getPrototypeOf(replaced)).toBe(Object.prototype);
  });

  it('keeps the prototype', () => {
    const { table } = createTable();
    class Entry {
      [key: string]: unknown;
      n = 1;
      get double(): number {
        return 2 * this.n;
      }
    }
    table.set('A', new Entry());
    const entry = table.setValue('A', 'n', 5);
    expect(entry).toBeInstanceOf(Entry);
    expect(entry['double']).toBe(10);
    expect(Object.isFrozen(entry)).toBe(true);
    table.set('B', Object.assign(Object.create(null) as Loose, { ['__proto__']: 1 }));
    const bare = table.setValue('B', 'n', 5);
    expect(Object.getPrototypeOf(bare)).toBeNull();
    expect(Object.entries(bare)).toEqual([
      ['__proto__', 1],
      ['n', 5],
    ]);
    expect(Object.entries(table.setValue('B', '__proto__', 2))).toEqual([
      ['__proto__', 2],
      ['n', 5],
    ]);
  });

  it('refuses metadata that has no properties to replace', () => {
    const { table } = createTable();
    table.set('A', new Map([['n', 1]]) as unknown as Loose);
    expect(codeOf(() => table.setValue('A', 'n', 2))).toBe('INVALID_VALUE');
  });
});

describe('update', () => {
  it('hands over the previous metadata, and takes the next', () => {
    const { table, told } = createTable();
    const seen: unknown[] = [];
    const count = (previous: Readonly<Loose> | undefined): Loose => {
      seen.push(previous);
      return { n: Number(previous?.['n'] ?? 0) + 1 };
    };
    expect(table.update('A', count)).toEqual({ n: 1 });
    expect(table.update('A', count)).toEqual({ n: 2 });
    expect(table.updateAccount(count)).toEqual({ n: 1 });
    expect(table.updateAccount(count)).toEqual({ n: 2 });
    expect(seen).toEqual([undefined, { n: 1 }, undefined, { n: 1 }]);
    expect(Object.isFrozen(table.get('A')) && Object.isFrozen(table.getAccount())).toBe(true);
    expect(told()).toEqual([
      'metadata:metadata/A',
      'metadata:metadata/A',
      'metadata:account/metadata',
      'metadata:account/metadata',
    ]);
  });

  it('changes nothing when the function fails, returns no object, or is none', () => {
    const { table, told } = createTable();
    table.set('A', { n: 1 });
    table.setAccount({ n: 1 });
    told();
    for (const next of [...NO_OBJECTS, Promise.resolve({}), Promise.reject(new Error('unheard'))]) {
      expect(codeOf(() => table.update('A', () => next as Loose))).toBe('INVALID_VALUE');
      expect(codeOf(() => table.updateAccount(() => next as Loose))).toBe('INVALID_VALUE');
    }
    const failing = (): never => {
      throw new RangeError('mine');
    };
    expect(() => table.update('A', failing)).toThrow(RangeError);
    expect(() => table.updateAccount(failing)).toThrow(RangeError);
    expect(codeOf(() => table.update('A', undefined as never))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.updateAccount({} as never))).toBe('INVALID_VALUE');
    expect(table.get('A')).toEqual({ n: 1 });
    expect(table.getAccount()).toEqual({ n: 1 });
    expect(told()).toEqual([]);
  });

  it('does not run the function when nothing may change', () => {
    const harness = createTable();
    harness.writable = false;
    const run = (): Loose => {
      throw new Error('was run');
    };
    expect(codeOf(() => harness.table.update('A', run))).toBe('NOT_RESTORED');
    expect(codeOf(() => harness.table.updateAccount(run))).toBe('NOT_RESTORED');
  });
});

describe('setAll', () => {
  it('replaces everything, and tells what is new, changed and gone', () => {
    const { table, told } = createTable();
    table.set('kept', { n: 1 });
    table.set('gone', { n: 1 });
    table.set('absent', { n: 1 });
    table.setAccount({ n: 1 });
    told();
    const record = { kept: { n: 2 }, fresh: { inner: {} }, absent: undefined };
    table.setAll(record);
    expect(table.getAll()).toEqual({ kept: { n: 2 }, fresh: { inner: {} } });
    expect(Object.isFrozen(record.fresh.inner)).toBe(true);
    expect(Object.isFrozen(record)).toBe(false);
    expect(told().sort()).toEqual([
      'metadata:metadata/absent',
      'metadata:metadata/fresh',
      'metadata:metadata/gone',
      'metadata:metadata/kept',
    ]);
    expect(table.getAccount()).toEqual({ n: 1 });
  });

  it('takes what getAll returned, odd symbols included', () => {
    const { table } = createTable();
    for (const symbol of ODD_NAMES) table.set(symbol, { symbol });
    const other = createTable().table;
    other.setAll(table.getAll());
    expect(other.symbols()).toEqual(ODD_NAMES);
    const parsed = createTable().table;
    parsed.setAll(JSON.parse('{"__proto__":{"a":1}}') as Record<string, Loose>);
    expect(parsed.get('__proto__')).toEqual({ a: 1 });
  });

  it.each([undefined, null, 5, 'A', []])('refuses %j', (record) => {
    const { table } = createTable();
    expect(codeOf(() => table.setAll(record as never))).toBe('INVALID_VALUE');
  });
});

describe('delete', () => {
  it('tells the sink also when there was nothing', () => {
    const { table, told } = createTable();
    table.set('A', {});
    told();
    table.delete('A');
    table.delete('A');
    expect(table.get('A')).toBeUndefined();
    expect(told()).toEqual(['metadata:metadata/A', 'metadata:metadata/A']);
  });
});

describe('a store that must not change', () => {
  it('changes nothing, and freezes nothing', () => {
    const harness = createTable();
    const { table, told } = harness;
    table.set('A', { n: 1 });
    table.setAccount({ n: 1 });
    told();
    harness.writable = false;
    const data = { inner: {} };
    for (const mutate of [
      () => table.set('A', data),
      () => table.setValue('A', 'n', data),
      () => table.setAll({ A: data }),
      () => table.delete('A'),
      () => table.setAccount(data),
      () => table.setAccountValue('n', data),
    ]) {
      expect(codeOf(mutate)).toBe('NOT_RESTORED');
    }
    expect(table.getAll()).toEqual({ A: { n: 1 } });
    expect(table.getAccount()).toEqual({ n: 1 });
    expect(Object.isFrozen(data)).toBe(false);
    expect(told()).toEqual([]);
  });
});

describe('the records', () => {
  it('are one for each symbol, and one for the account', () => {
    const { table } = createTable();
    expect([...table.recordKeys()]).toEqual([]);
    const data = table.set('a/b', { n: 1 });
    const account = table.setAccount({ n: 2 });
    expect([...table.recordKeys()]).toEqual(['metadata/a/b', 'account/metadata']);
    expect(table.recordValue('metadata/a/b')).toBe(data);
    expect(table.recordValue('account/metadata')).toBe(account);
    expect(table.recordValue('metadata/other')).toBeUndefined();
    expect(table.recordValue('orders/a/b')).toBeUndefined();
  });

  it('are known by their keys', () => {
    const { table } = createTable();
    for (const key of ['metadata/A', 'metadata/a/b', 'metadata/ ', 'account/metadata'])
      expect(table.owns(key)).toBe(true);
    for (const key of ['metadata/', 'metadata', 'account/', 'account/metadata/x', 'Metadata/A', '', 'orders/A']) {
      expect(table.owns(key)).toBe(false);
      expect(codeOf(() => restoreRecord(table, key, {}))).toBe('INVALID_VALUE');
    }
  });

  it('are restored without a word, and frozen', () => {
    const { table, told } = createTable();
    const value = { inner: {} };
    restoreRecord(table, 'metadata/A', value);
    restoreRecord(table, 'account/metadata', { n: 1 });
    expect(table.get('A')).toBe(value);
    expect(Object.isFrozen(value.inner)).toBe(true);
    expect(table.getAccount()).toEqual({ n: 1 });
    expect(told()).toEqual([]);
  });
});
