import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountRules } from '../../../../src/core/account/tables/account-rules.js';
import { OrderTable } from '../../../../src/core/account/tables/order-table.js';
import { ENGINE_ORDER_STATUS, ENGINE_ORDER_TYPE, type EngineOrder } from '../../../../src/core/account/types/order.js';
import {
  BAD_NAMES,
  BAD_NUMBERS,
  codeOf,
  createHarness,
  type Harness,
  ODD_NAMES,
  order,
  restoreRecord,
} from './table-harness.js';

type Entries = AccountRules['entries'];

function createTable(rejectStale = false, entries: Entries = 'exchange'): Harness & { readonly table: OrderTable } {
  const harness = createHarness();
  return Object.assign(harness, { table: new OrderTable(harness.context, { rejectStale, entries }) });
}

const ENDED = ['FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED'] as const;

/** When an order is known to have ended. */
function endOf(table: OrderTable, exchangeOrderId: string): number | undefined {
  return table.get(exchangeOrderId) === undefined ? table.knownMs(order({ exchangeOrderId })) : undefined;
}

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
    expect(endOf(table, 'o1')).toBe(Infinity);
    expect(told()).toEqual(['orders:orders/o1']);
    table.upsert(order({ exchangeOrderId: 'never seen', status }));
    expect(told()).toEqual([]);
    expect(endOf(table, 'never seen')).toBe(Infinity);
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
    for (const status of Object.values(ENGINE_ORDER_STATUS)) table.upsert(order({ exchangeOrderId: status, status }));
    for (const positionSide of ['LONG', 'SHORT', 'NONE'] as const) table.upsert(order({ positionSide }));
    for (const isreduceOnly of [true, false, undefined]) table.upsert(order({ isreduceOnly }));
    table.upsert(order({ orderSide: 'SELL' }));
    expect(table.get('o1')?.orderSide).toBe('SELL');
  });

  it.each(['price', 'originalQuantity', 'executedQuantity'])('refuses a %s that is no finite number', (field) => {
    const { table, told } = createTable();
    for (const value of BAD_NUMBERS) {
      expect(codeOf(() => table.upsert({ ...order(), [field]: value } as EngineOrder))).toBe('INVALID_VALUE');
    }
    expect(table.all()).toEqual([]);
    expect(told()).toEqual([]);
  });

  it.each(['averagePrice', 'triggerPrice', 'createdAtMs', 'updatedAtMs'])(
    'refuses a %s that is neither a finite number nor unknown',
    (field) => {
      const { table, told } = createTable();
      for (const value of BAD_NUMBERS.filter((each) => each != null)) {
        expect(codeOf(() => table.upsert({ ...order(), [field]: value } as EngineOrder))).toBe('INVALID_VALUE');
      }
      expect(table.all()).toEqual([]);
      expect(told()).toEqual([]);
    },
  );

  it.each([
    { field: 'customOrderId', values: [5, {}] },
    { field: 'timeInForce', values: [5, {}] },
    { field: 'closePosition', values: [0, 'true'] },
    { field: 'orderSide', values: ['', 'buy', 'LONG', 'toString', undefined] },
    { field: 'positionSide', values: ['', 'BOTH', 'constructor', undefined] },
    { field: 'orderType', values: ['', 'limit', 'valueOf', undefined, 5] },
    { field: 'status', values: ['', 'new', 'CANCELED', '__proto__', undefined] },
    { field: 'isreduceOnly', values: [0, 'true'] },
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
    expect(endOf(table, 'o2')).toBeUndefined();
    expect(told()).toEqual([]);
    table.delete('o1');
    expect(told()).toEqual(['orders:orders/o1']);
    expect(endOf(table, 'o1')).toBe(100);
    table.delete('o1', 130);
    expect(endOf(table, 'o1')).toBe(130);
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
    expect(endOf(table, 'o2')).toBe(7);
  });
});

describe('rejectStale', () => {
  it('ignores what is older than what is held', () => {
    const { table, told } = createTable(true);
    table.upsert(order({ price: 1 }));
    told();
    expect(table.upsert(order({ price: 2, updatedAtMs: 99 }))).toBe(false);
    expect(table.upsert(order({ status: 'FILLED', updatedAtMs: 99 }))).toBe(false);
    expect(table.get('o1')?.price).toBe(1);
    expect(told()).toEqual([]);
    expect(table.upsert(order({ price: 3, updatedAtMs: 100 }))).toBe(true);
    expect(table.get('o1')?.price).toBe(3);
  });

  it('takes what has no time, and keeps the time that is known', () => {
    const { table } = createTable(true);
    table.upsert(order({ price: 1 }));
    table.upsert({ ...order({ price: 2 }), updatedAtMs: undefined as never, createdAtMs: 0 });
    expect(table.get('o1')).toEqual(order({ price: 2 }));
  });

  it('ignores what is older than the end of one that was deleted', () => {
    const { table } = createTable(true);
    table.delete('o1', 100);
    expect(table.upsert(order({ updatedAtMs: 99 }))).toBe(false);
    expect(table.upsert(order({ updatedAtMs: 100 }))).toBe(true);
    expect(table.get('o1')?.updatedAtMs).toBe(100);
  });

  it('takes what is older where it is off', () => {
    const { table } = createTable(false);
    table.upsert(order({ updatedAtMs: 100 }));
    table.upsert(order({ updatedAtMs: 50 }));
    expect(table.get('o1')?.updatedAtMs).toBe(50);
    table.delete('o1', 200);
    table.upsert(order({ updatedAtMs: 40 }));
    expect(table.get('o1')?.updatedAtMs).toBe(40);
  });
});

describe('the end of an order', () => {
  it.each(ENDED)('is final once it is %s, whatever comes', (status) => {
    for (const rejectStale of [true, false]) {
      const { table, told } = createTable(rejectStale);
      table.upsert(order({ status }));
      told();
      for (const updatedAtMs of [99, 100, 500, 0]) expect(table.upsert(order({ updatedAtMs }))).toBe(false);
      expect(table.all()).toEqual([]);
      expect(told()).toEqual([]);
    }
  });

  it('has not come for one that is being cancelled: it can still fill', () => {
    const { table } = createTable();
    table.upsert(order({ status: 'PENDING_CANCEL' }));
    expect(table.get('o1')?.status).toBe('PENDING_CANCEL');
    table.upsert(order({ status: 'PARTIALLY_FILLED', executedQuantity: 0.5 }));
    expect(table.get('o1')?.executedQuantity).toBe(0.5);
  });

  it('is undone with the transaction that fails', () => {
    const { table, transactions } = createTable();
    table.upsert(order());
    expect(() =>
      transactions.run(() => {
        table.upsert(order({ status: 'FILLED' }));
        throw new RangeError('undo');
      }),
    ).toThrow(RangeError);
    expect(table.upsert(order({ price: 2 }))).toBe(true);
    expect(table.get('o1')?.price).toBe(2);
  });
});

describe('the fills of an order', () => {
  it('never go backwards, whatever the time', () => {
    const { table } = createTable(true);
    table.upsert(order({ executedQuantity: 0.5, status: 'PARTIALLY_FILLED' }));
    for (const updatedAtMs of [100, 150]) expect(table.upsert(order({ updatedAtMs }))).toBe(false);
    expect(table.get('o1')?.executedQuantity).toBe(0.5);
  });

  it('do not keep an order that has ended: not every message of an end has them', () => {
    const { table } = createTable(true);
    table.upsert(order({ executedQuantity: 0.5, status: 'PARTIALLY_FILLED' }));
    expect(table.upsert(order({ status: 'CANCELLED', updatedAtMs: 99 }))).toBe(false);
    expect(table.upsert(order({ status: 'CANCELLED', updatedAtMs: 150 }))).toBe(true);
    expect(table.all()).toEqual([]);
  });

  it('never go backwards from what is held under the client id', () => {
    const { table } = createTable(true);
    table.upsert(order({ exchangeOrderId: '', customOrderId: 'c1', executedQuantity: 0.5 }));
    expect(table.upsert(order({ customOrderId: 'c1', executedQuantity: 0.2 }))).toBe(false);
    expect(table.getByCustomId('c1')?.executedQuantity).toBe(0.5);
  });

  it('end in the same whichever way the messages of one millisecond come, and however often', () => {
    const executed = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(executed, fc.boolean(), (amounts, isFilled) => {
        const { table } = createTable(true);
        const messages = amounts.map((amount) => order({ originalQuantity: 10, executedQuantity: amount }));
        for (const each of messages) table.upsert(each);
        if (isFilled) table.upsert(order({ originalQuantity: 10, executedQuantity: 10, status: 'FILLED' }));
        for (const each of messages) table.upsert(each);
        expect(table.get('o1')?.executedQuantity).toBe(isFilled ? undefined : Math.max(...amounts));
      }),
    );
  });
});

describe('what cannot be', () => {
  it.each([
    { originalQuantity: -1 },
    { executedQuantity: -1 },
    { executedQuantity: 1.1 },
    { originalQuantity: 0, executedQuantity: 1 },
  ])('is refused: $0', (part) => {
    const { table } = createTable();
    expect(codeOf(() => table.upsert(order(part)))).toBe('INVALID_VALUE');
    expect(createTable(false, 'accountstate').table.upsert(order(part))).toBe(true);
  });

  it('is not what rounding makes of the last fill, nor a size that an order to close does not name', () => {
    const { table } = createTable();
    expect(table.upsert(order({ originalQuantity: 0.3, executedQuantity: 0.1 + 0.2 }))).toBe(true);
    const closing = order({ exchangeOrderId: 'o2', originalQuantity: 0, executedQuantity: 5, closePosition: true });
    expect(table.upsert(closing)).toBe(true);
  });
});

describe('what an update leaves out', () => {
  it('is not looked for in a prototype that the update brings along', () => {
    const { table } = createTable();
    const { symbol: _, ...bare } = order();
    const brought = JSON.parse(JSON.stringify(bare).replace('{', '{"__proto__":{"symbol":"BTCUSDT"},')) as never;
    expect(codeOf(() => table.upsert(brought))).toBe('INVALID_KEY');
    table.upsert({ ...order(), ...JSON.parse('{"__proto__":{"timeInForce":"GTC"}}') });
    expect(table.get('o1')?.timeInForce).toBeUndefined();
    expect(Object.getPrototypeOf(table.get('o1'))).toBe(Object.prototype);
  });

  it('is kept, and null is nothing', () => {
    const { table } = createTable();
    const full = { averagePrice: 9, triggerPrice: 8, timeInForce: 'GTC', closePosition: false, isreduceOnly: true };
    table.upsert(order(full));
    const { averagePrice: _, ...bare } = order({ price: 10 });
    table.upsert(bare);
    expect(table.get('o1')).toEqual(order({ ...full, price: 10 }));
    table.upsert({ ...bare, averagePrice: null, triggerPrice: null, timeInForce: null });
    expect(table.get('o1')).toEqual(order({ ...full, price: 10 }));
    table.upsert({ ...bare, triggerPrice: 0, isreduceOnly: false });
    expect(table.get('o1')).toEqual(order({ ...full, price: 10, triggerPrice: 0, isreduceOnly: false }));
  });

  it('is not the average price of other fills', () => {
    const { table } = createTable();
    table.upsert(order({ averagePrice: 9, executedQuantity: 0.5 }));
    table.upsert({ ...order({ executedQuantity: 0.7 }), averagePrice: null });
    expect(table.get('o1')?.averagePrice).toBeUndefined();
  });
});

describe('the client id', () => {
  const intent = (part: Partial<EngineOrder> = {}): EngineOrder =>
    order({ exchangeOrderId: '', customOrderId: 'c1', ...part });

  it('holds an order alone until the exchange has given it an id', () => {
    const { table, told } = createTable(true);
    table.upsert(intent({ updatedAtMs: 10_000 }));
    expect(table.getByCustomId('c1')).toEqual(intent({ updatedAtMs: 10_000 }));
    expect([...table.recordKeys()]).toEqual(['client-orders/c1']);
    expect(told()).toEqual(['orders:client-orders/c1']);
    // The clock of the bot is ahead of the exchange's.
    table.upsert(order({ customOrderId: 'c1' }));
    expect(table.all()).toEqual([order({ customOrderId: 'c1' })]);
    expect(table.getByCustomId('c1')).toBe(table.get('o1'));
    expect(table.forSymbol('BTCUSDT')).toEqual([table.get('o1')]);
    expect([...table.recordKeys()]).toEqual(['orders/o1']);
    expect(told().sort()).toEqual(['orders:client-orders/c1', 'orders:orders/o1']);
  });

  it("leaves the bot's time behind when the exchange gives an id without one", () => {
    const { table } = createTable(true);
    table.upsert(intent({ updatedAtMs: 10_000 }));
    table.upsert(order({ customOrderId: 'c1', updatedAtMs: 0 }));
    expect(table.get('o1')?.updatedAtMs).toBe(0);
    expect(table.upsert(order({ status: 'FILLED', executedQuantity: 1, updatedAtMs: 5_000 }))).toBe(true);
    expect(table.all()).toEqual([]);
  });

  it('ends an order that never got an id', () => {
    const { table } = createTable(true);
    table.upsert(intent());
    table.upsert(intent({ status: 'REJECTED' }));
    expect(table.all()).toEqual([]);
    expect(table.upsert(intent({ updatedAtMs: 200 }))).toBe(true);
    table.delete('c1');
    expect(table.all()).toEqual([]);
  });

  it('ends the intent of an order that was over before its id was known', () => {
    const { table } = createTable(true);
    table.upsert(intent());
    table.upsert(order({ customOrderId: 'c1', status: 'FILLED', executedQuantity: 1 }));
    expect(table.all()).toEqual([]);
    expect(table.getByCustomId('c1')).toBeUndefined();
  });

  it('leads a message without an id to the order that has one', () => {
    const { table } = createTable(true);
    table.upsert(order({ customOrderId: 'c1' }));
    table.upsert(intent({ price: 5, updatedAtMs: 120 }));
    expect(table.all()).toEqual([order({ customOrderId: 'c1', price: 5, updatedAtMs: 120 })]);
    table.upsert(intent({ status: 'CANCELLED', updatedAtMs: 130 }));
    expect(table.all()).toEqual([]);
  });

  it('leads to the newest of several', () => {
    const { table } = createTable();
    table.upsert(order({ exchangeOrderId: 'old', customOrderId: 'c1', updatedAtMs: 100 }));
    table.upsert(order({ exchangeOrderId: 'new', customOrderId: 'c1', updatedAtMs: 300 }));
    table.upsert(order({ exchangeOrderId: 'mid', customOrderId: 'c1', updatedAtMs: 200 }));
    expect(table.getByCustomId('c1')?.exchangeOrderId).toBe('new');
    table.upsert(order({ exchangeOrderId: 'new', customOrderId: 'c1', updatedAtMs: 300, status: 'FILLED' }));
    expect(table.getByCustomId('c1')?.exchangeOrderId).toBe('mid');
  });

  it('leads to no order of another symbol', () => {
    const { table } = createTable(true);
    table.upsert(order({ customOrderId: 'c1' }));
    table.upsert(intent({ symbol: 'ETHUSDT', price: 5 }));
    expect(table.get('o1')).toEqual(order({ customOrderId: 'c1' }));
    expect(table.forSymbol('ETHUSDT')).toEqual([intent({ symbol: 'ETHUSDT', price: 5 })]);
    table.upsert(order({ exchangeOrderId: 'o2', customOrderId: 'c1', symbol: 'SOLUSDT' }));
    expect(table.all()).toHaveLength(3);
  });

  it('says whether an order is stale that has no other id', () => {
    const { table } = createTable();
    restoreRecord(table, 'client-orders/c1', intent());
    expect([table.isStale('c1'), table.isStale('c2')]).toEqual([true, false]);
    table.upsert(intent());
    expect(table.isStale('c1')).toBe(false);
  });

  it('is none when it is empty', () => {
    const { table } = createTable();
    table.upsert(order());
    expect(table.getByCustomId('')).toBeUndefined();
    expect(codeOf(() => table.upsert(intent({ customOrderId: '' })))).toBe('INVALID_KEY');
  });

  it('and the exchange have key spaces of their own', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (id) => {
        const { table } = createTable();
        table.upsert(order({ exchangeOrderId: id, customOrderId: 'other' }));
        table.upsert(intent({ customOrderId: id }));
        expect(table.all()).toHaveLength(2);
        expect(new Set(table.recordKeys()).size).toBe(2);
        for (const key of table.recordKeys()) {
          expect(table.stage().add(key, table.recordValue(key))).toEqual(table.recordValue(key));
        }
      }),
    );
  });
});

describe('the rules of accountstate', () => {
  it('let the newest call count', () => {
    const { table } = createTable(false, 'accountstate');
    table.upsert(order({ executedQuantity: 0.5, averagePrice: 3 }));
    table.upsert({ ...order(), averagePrice: undefined });
    expect(table.get('o1')?.averagePrice).toBeUndefined();
    expect(table.get('o1')?.executedQuantity).toBe(0);
    table.upsert(order({ status: 'FILLED' }));
    table.upsert(order());
    expect(table.all()).toHaveLength(1);
    table.upsert(order({ status: 'PENDING_CANCEL' }));
    table.upsert(order({ exchangeOrderId: 'o2', status: 'CALCULATED' as never }));
    expect(table.all()).toEqual([]);
    expect(codeOf(() => table.upsert(order({ exchangeOrderId: '', customOrderId: 'c1' })))).toBe('INVALID_KEY');
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
      expect(codeOf(() => restoreRecord(table, key, order({ exchangeOrderId: 'a' })))).toBe('INVALID_VALUE');
    }
  });

  it('are restored without a word, as stale until the exchange tells their state', () => {
    const { table, told } = createTable();
    for (const exchangeOrderId of ['o1', 'o2', 'o3', 'o4']) {
      restoreRecord(table, `orders/${exchangeOrderId}`, order({ exchangeOrderId }));
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
    restoreRecord(table, 'orders/o5', order({ exchangeOrderId: 'o5' }));
    table.takeIfNew(order({ exchangeOrderId: 'o5' }));
    expect(table.isStale('o5')).toBe(false);
  });

  it('are orders that are active, and of the id of their key', () => {
    const { table } = createTable();
    for (const status of ENDED)
      expect(codeOf(() => restoreRecord(table, 'orders/o1', order({ status })))).toBe('INVALID_VALUE');
    expect(codeOf(() => restoreRecord(table, 'orders/o2', order()))).toBe('INVALID_VALUE');
    expect(codeOf(() => restoreRecord(table, 'orders/o1', 5))).toBe('INVALID_VALUE');
    expect(table.all()).toEqual([]);
  });
});
