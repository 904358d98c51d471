import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderTable } from '../../../../src/core/account/tables/order-table.js';
import { ENGINE_ORDER_STATUS, ENGINE_ORDER_TYPE, type EngineOrder } from '../../../../src/core/account/types/order.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, createHarness, type Harness, ODD_NAMES, order } from './table-harness.js';

function createTable(rejectStale = false): Harness & { readonly table: OrderTable } {
  const harness = createHarness();
  return Object.assign(harness, { table: new OrderTable(harness.context, { rejectStale }) });
}

const ENDED = ['FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'PENDING_CANCEL'] as const;

describe('upsert', () => {
  it('holds a frozen copy, and tells the sink', () => {
    const { table, told } = createTable();
    const given = order({ isreduceOnly: true });
    table.upsert(given);
    const held = table.get('o1');
    expect(held).toStrictEqual(given);
    expect(Object.isFrozen(held)).toBe(true);
    expect(Object.isFrozen(given)).toBe(false);
    expect(told()).toEqual(['orders:orders/o1']);
    table.upsert(order({ status: 'PARTIALLY_FILLED', executedQuantity: 0.5 }));
    expect(held?.executedQuantity).toBe(0);
    expect(table.get('o1')?.executedQuantity).toBe(0.5);
    expect(table.all()).toHaveLength(1);
    expect(table.forSymbol('BTCUSDT')).toEqual(table.all());
  });

  it.each(ENDED)('drops an order that is %s', (status) => {
    const { table, told } = createTable();
    table.upsert(order());
    table.upsert(order({ exchangeOrderId: 'o2' }));
    told();
    table.upsert(order({ status, updatedAtMs: 120 }));
    expect(table.get('o1')).toBeUndefined();
    expect(table.forSymbol('BTCUSDT').map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(['o2']);
    expect(table.endedAtMs('o1')).toBe(120);
    expect(told()).toEqual(['orders:orders/o1']);
    table.upsert(order({ exchangeOrderId: 'never seen', status }));
    expect(told()).toEqual([]);
    expect(table.endedAtMs('never seen')).toBe(100);
  });

  it('takes every status, type and side that is known, and whatever id and symbol', () => {
    const { table } = createTable();
    for (const name of ODD_NAMES) {
      expect(table.get(name)).toBeUndefined();
      expect(table.forSymbol(name)).toEqual([]);
      table.upsert(order({ exchangeOrderId: name, symbol: name }));
      expect(table.get(name)?.symbol).toBe(name);
      expect(table.forSymbol(name)).toHaveLength(1);
    }
    for (const orderType of Object.values(ENGINE_ORDER_TYPE)) table.upsert(order({ orderType }));
    for (const status of Object.values(ENGINE_ORDER_STATUS)) table.upsert(order({ status }));
    for (const positionSide of ['LONG', 'SHORT', 'NONE'] as const) table.upsert(order({ positionSide }));
    for (const isreduceOnly of [true, false, undefined]) table.upsert(order({ isreduceOnly }));
    table.upsert(order({ orderSide: 'SELL' }));
    expect(table.get('o1')?.orderSide).toBe('SELL');
  });

  it.each(['price', 'originalQuantity', 'executedQuantity', 'averagePrice', 'createdAtMs', 'updatedAtMs'])(
    'refuses a %s that is no finite number',
    (field) => {
      const { table, told } = createTable();
      for (const value of BAD_NUMBERS) {
        expect(codeOf(() => table.upsert({ ...order(), [field]: value } as EngineOrder))).toBe('INVALID_VALUE');
      }
      expect(table.all()).toEqual([]);
      expect(told()).toEqual([]);
    },
  );

  it.each([
    { field: 'customOrderId', values: [undefined, null, 5] },
    { field: 'orderSide', values: ['', 'buy', 'LONG', 'toString', undefined] },
    { field: 'positionSide', values: ['', 'BOTH', 'constructor', undefined] },
    { field: 'orderType', values: ['', 'limit', 'valueOf', undefined, 5] },
    { field: 'status', values: ['', 'new', 'CANCELED', '__proto__', undefined] },
    { field: 'isreduceOnly', values: [null, 0, 'true'] },
  ])('refuses a $field that is not known', ({ field, values }) => {
    const { table } = createTable();
    for (const value of values) {
      expect(codeOf(() => table.upsert({ ...order(), [field]: value } as EngineOrder))).toBe('INVALID_VALUE');
    }
    expect(table.all()).toEqual([]);
  });

  it('refuses what is no id, no symbol, and no order', () => {
    const { table } = createTable();
    for (const name of BAD_NAMES as readonly string[]) {
      expect(codeOf(() => table.upsert(order({ exchangeOrderId: name })))).toBe('INVALID_KEY');
      expect(codeOf(() => table.upsert(order({ symbol: name })))).toBe('INVALID_KEY');
      expect(codeOf(() => table.delete(name))).toBe('INVALID_KEY');
    }
    for (const value of [undefined, null, 5, 'o1', [order()]] as unknown as readonly never[]) {
      expect(codeOf(() => table.upsert(value))).toBe('INVALID_VALUE');
    }
  });
});

describe('the index', () => {
  it('always holds what filtering all orders gives', () => {
    const name = fc.constantFrom('A', 'B', 'C', '__proto__');
    const step = fc.record({
      exchangeOrderId: fc.constantFrom('1', '2', '3', '4'),
      symbol: name,
      action: fc.constantFrom('upsert', 'fill', 'delete', 'clear', 'fail'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { table, transactions } = createTable();
        const apply = ({ exchangeOrderId, symbol, action }: (typeof steps)[number]): void => {
          if (action === 'upsert') table.upsert(order({ exchangeOrderId, symbol }));
          else if (action === 'fill') table.upsert(order({ exchangeOrderId, symbol, status: 'FILLED' }));
          else if (action === 'delete') table.delete(exchangeOrderId);
          else if (action === 'clear') table.clear();
        };
        for (const each of steps) {
          if (each.action === 'fail') {
            const before = table.all();
            expect(() =>
              transactions.run(() => {
                for (const inner of steps) apply(inner);
                throw new RangeError('undo');
              }),
            ).toThrow(RangeError);
            expect(table.all()).toEqual(before);
          } else apply(each);
          for (const symbol of ['A', 'B', 'C', '__proto__']) {
            const expected = table.all().filter((candidate) => candidate.symbol === symbol);
            expect(new Set(table.forSymbol(symbol))).toEqual(new Set(expected));
          }
        }
      }),
    );
  });

  it('moves an order whose symbol changes', () => {
    const { table } = createTable();
    table.upsert(order({ symbol: 'A' }));
    table.upsert(order({ symbol: 'B' }));
    expect(table.forSymbol('A')).toEqual([]);
    expect(table.forSymbol('B')).toHaveLength(1);
  });

  it('hands out arrays of the caller', () => {
    const { table } = createTable();
    table.upsert(order());
    table.forSymbol('BTCUSDT').pop();
    table.all().pop();
    expect(table.forSymbol('BTCUSDT')).toHaveLength(1);
    expect(table.all()).toHaveLength(1);
  });
});

describe('delete', () => {
  it('tells the sink when there was something, and remembers the end', () => {
    const { table, told } = createTable();
    table.upsert(order());
    told();
    table.delete('o2');
    expect(table.endedAtMs('o2')).toBeUndefined();
    expect(told()).toEqual([]);
    table.delete('o1');
    expect(told()).toEqual(['orders:orders/o1']);
    expect(table.endedAtMs('o1')).toBe(100);
    table.delete('o1', 130);
    expect(table.endedAtMs('o1')).toBe(130);
    expect(told()).toEqual([]);
    expect(codeOf(() => table.delete('o1', Number.NaN))).toBe('INVALID_VALUE');
  });

  it('deletes all', () => {
    const { table, told } = createTable();
    table.clear();
    table.upsert(order());
    table.upsert(order({ exchangeOrderId: 'o2', symbol: 'A', updatedAtMs: 7 }));
    told();
    table.clear();
    expect(table.all()).toEqual([]);
    expect(table.forSymbol('A')).toEqual([]);
    expect(told()).toEqual(['orders:orders/o1', 'orders:orders/o2']);
    expect(table.endedAtMs('o2')).toBe(7);
  });
});

describe('rejectStale', () => {
  it('ignores what is older than what is held', () => {
    const { table, told } = createTable(true);
    table.upsert(order({ price: 1 }));
    told();
    table.upsert(order({ price: 2, updatedAtMs: 99 }));
    table.upsert(order({ status: 'FILLED', updatedAtMs: 99 }));
    expect(table.get('o1')?.price).toBe(1);
    expect(told()).toEqual([]);
    table.upsert(order({ price: 3, updatedAtMs: 100 }));
    expect(table.get('o1')?.price).toBe(3);
  });

  it('ignores what is older than the end of what was held', () => {
    const { table } = createTable(true);
    table.upsert(order({ status: 'FILLED', updatedAtMs: 100 }));
    table.upsert(order({ updatedAtMs: 99 }));
    expect(table.get('o1')).toBeUndefined();
    table.upsert(order({ updatedAtMs: 100 }));
    expect(table.get('o1')?.updatedAtMs).toBe(100);
    expect(table.endedAtMs('o1')).toBeUndefined();
  });

  it('is off by default', () => {
    const table = new OrderTable(createHarness().context);
    table.upsert(order({ updatedAtMs: 100 }));
    table.upsert(order({ updatedAtMs: 50 }));
    expect(table.get('o1')?.updatedAtMs).toBe(50);
    table.delete('o1', 200);
    table.upsert(order({ updatedAtMs: 40 }));
    expect(table.get('o1')?.updatedAtMs).toBe(40);
  });
});

describe('a store that must not change', () => {
  it('changes nothing', () => {
    const harness = createTable();
    const { table, told } = harness;
    table.upsert(order());
    told();
    harness.writable = false;
    expect(codeOf(() => table.upsert(order({ price: 5 })))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.upsert(order({ status: 'FILLED' })))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.delete('o1'))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.clear())).toBe('NOT_RESTORED');
    expect(table.all()).toEqual([order()]);
    expect(told()).toEqual([]);
  });
});

describe('the records', () => {
  it('are one for each order', () => {
    const { table } = createTable();
    table.upsert(order({ exchangeOrderId: 'a/b' }));
    expect([...table.recordKeys()]).toEqual(['orders/a/b']);
    expect(table.recordValue('orders/a/b')).toBe(table.get('a/b'));
    expect(table.recordValue('orders/x')).toBeUndefined();
    expect(table.recordValue('metada/a/b')).toBeUndefined();
    for (const key of ['orders/', 'orders', 'order/a', 'metadata/a', '']) {
      expect(table.owns(key)).toBe(false);
      expect(codeOf(() => table.restoreRecord(key, order({ exchangeOrderId: 'a' })))).toBe('INVALID_VALUE');
    }
  });

  it('are restored without a word, as stale until the exchange tells their state', () => {
    const { table, told } = createTable();
    for (const exchangeOrderId of ['o1', 'o2', 'o3', 'o4']) {
      table.restoreRecord(`orders/${exchangeOrderId}`, order({ exchangeOrderId }));
    }
    expect(told()).toEqual([]);
    expect(table.forSymbol('BTCUSDT')).toHaveLength(4);
    expect(Object.isFrozen(table.get('o1'))).toBe(true);
    expect(table.isStale('o1')).toBe(true);
    expect(table.isStale('o5')).toBe(false);
    table.upsert(order());
    expect(table.isStale('o1')).toBe(false);
    table.upsert(order({ exchangeOrderId: 'o2', status: 'FILLED' }));
    table.delete('o3');
    expect(table.isStale('o2') || table.isStale('o3')).toBe(false);
    expect(table.hasStale()).toBe(true);
    table.clear();
    expect(table.hasStale()).toBe(false);
    table.restoreRecord('orders/o1', order());
    table.clearStale();
    expect(table.isStale('o1')).toBe(false);
  });

  it('are orders that are active, and of the id of their key', () => {
    const { table } = createTable();
    for (const status of ENDED)
      expect(codeOf(() => table.restoreRecord('orders/o1', order({ status })))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.restoreRecord('orders/o2', order()))).toBe('INVALID_VALUE');
    expect(codeOf(() => table.restoreRecord('orders/o1', 5))).toBe('INVALID_VALUE');
    expect(table.all()).toEqual([]);
  });
});
