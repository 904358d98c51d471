import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINEAR } from '../../../../src/core/account/math/profit.js';
import type { AccountRules } from '../../../../src/core/account/tables/account-rules.js';
import { PositionTable } from '../../../../src/core/account/tables/position-table.js';
import type { EnginePositionSide, EngineSimplePosition } from '../../../../src/core/account/types/position.js';
import {
  BAD_NAMES,
  BAD_NUMBERS,
  codeOf,
  createHarness,
  type Harness,
  ODD_NAMES,
  position,
  restoreRecord,
} from './table-harness.js';

type Entries = AccountRules['entries'];

function createTable(rejectStale = false, entries: Entries = 'exchange'): Harness & { readonly table: PositionTable } {
  const harness = createHarness();
  return Object.assign(harness, { table: new PositionTable(harness.context, { rejectStale, entries }) });
}

/** When a position is known to have ended. */
function endOf(table: PositionTable, symbol: string, side: EnginePositionSide): number | undefined {
  const { orderPositionSide } = position();
  return table.get(symbol, side) === undefined
    ? table.knownMs(side, position({ symbol, orderPositionSide }))
    : undefined;
}

/** A position whose side fits. */
function on(side: EnginePositionSide, part: Partial<EngineSimplePosition> = {}): EngineSimplePosition {
  const sizeless = side === 'NONE' ? { assetQty: 0 } : { orderPositionSide: side };
  return position({ positionSide: side, ...sizeless, ...part });
}

const KEY = 'positions:positions/LONG/BTCUSDT';

describe('set', () => {
  it('holds a frozen copy, and tells the sink', () => {
    const { table, told } = createTable();
    const given = position({ stopLossPrice: undefined, takeProfitPrice: 5 });
    table.set('BTCUSDT', 'LONG', given);
    const held = table.get('BTCUSDT', 'LONG');
    expect(held).toEqual(given);
    expect(held).not.toBe(given);
    expect(Object.isFrozen(held)).toBe(true);
    expect(Object.isFrozen(given)).toBe(false);
    expect(told()).toEqual([KEY]);
    table.set('BTCUSDT', 'LONG', position({ assetQty: 3 }));
    expect(held?.assetQty).toBe(2);
    expect(table.get('BTCUSDT', 'LONG')?.assetQty).toBe(3);
    expect(told()).toEqual([KEY]);
  });

  it('holds each side of each symbol by itself, whatever the symbol', () => {
    const { table } = createTable();
    const sides: EnginePositionSide[] = ['LONG', 'SHORT', 'NONE'];
    for (const symbol of ODD_NAMES) for (const side of sides) expect(table.get(symbol, side)).toBeUndefined();
    for (const symbol of ODD_NAMES) {
      for (const side of sides) table.set(symbol, side, on(side, { symbol }));
    }
    for (const symbol of ODD_NAMES) {
      for (const side of sides) expect(table.get(symbol, side)).toMatchObject({ symbol, positionSide: side });
    }
    expect(table.active()).toHaveLength(2 * ODD_NAMES.length);
    expect(table.get('BTCUSDT', 'toString' as never)).toBeUndefined();
    expect(table.isActive('BTCUSDT', 'LONG')).toBe(false);
  });

  it('takes a position without a side on any side', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'SHORT', position({ positionSide: 'NONE', assetQty: 0 }));
    expect(table.get('BTCUSDT', 'SHORT')?.positionSide).toBe('NONE');
  });

  it.each(['positionPrice', 'assetQty'])('refuses a %s that is no finite number', (field) => {
    const { table, told } = createTable();
    for (const value of BAD_NUMBERS) {
      const bad = { ...position(), [field]: value } as EngineSimplePosition;
      expect(codeOf(() => table.set('BTCUSDT', 'LONG', bad))).toBe('INVALID_VALUE');
      expect(codeOf(() => restoreRecord(table, 'positions/LONG/BTCUSDT', bad))).toBe('INVALID_VALUE');
    }
    expect(table.get('BTCUSDT', 'LONG')).toBeUndefined();
    expect(told()).toEqual([]);
  });

  it.each(['timestampMs', 'value', 'valueUpnl', 'marginValue', 'liquidationPrice', 'stopLossPrice', 'takeProfitPrice'])(
    'refuses a %s that is neither unknown nor finite',
    (field) => {
      const { table } = createTable();
      for (const value of BAD_NUMBERS.filter((each) => each != null)) {
        const bad = { ...position(), [field]: value } as EngineSimplePosition;
        expect(codeOf(() => table.set('BTCUSDT', 'LONG', bad))).toBe('INVALID_VALUE');
      }
      expect(codeOf(() => table.set('BTCUSDT', 'LONG', { ...position(), [field]: 1 }))).toBe('nothing was thrown');
    },
  );

  it.each([
    { what: 'another symbol', bad: position({ symbol: 'ETHUSDT' }) },
    { what: 'another side', bad: position({ positionSide: 'SHORT' }) },
    { what: 'an unknown side', bad: position({ positionSide: 'toString' as never }) },
    { what: 'no side for its orders', bad: position({ orderPositionSide: undefined as never }) },
    { what: 'an unknown side for its orders', bad: position({ orderPositionSide: 'NONE' as never }) },
    { what: 'nothing', bad: undefined as never },
    { what: 'null', bad: null as never },
    { what: 'an array', bad: [position()] as never },
    { what: 'accessors of a class', bad: Object.create(position()) as EngineSimplePosition },
  ])('refuses a position of $what', ({ bad }) => {
    const { table, told } = createTable();
    table.set('BTCUSDT', 'LONG', position());
    told();
    expect(codeOf(() => table.set('BTCUSDT', 'LONG', bad))).toBe('INVALID_VALUE');
    expect(table.get('BTCUSDT', 'LONG')).toEqual(position());
    expect(told()).toEqual([]);
  });

  it('refuses what is no symbol, and sides that are not known', () => {
    const { table } = createTable();
    for (const symbol of BAD_NAMES as readonly string[]) {
      expect(codeOf(() => table.set(symbol, 'LONG', position({ symbol })))).toBe('INVALID_KEY');
      expect(codeOf(() => table.delete(symbol, 'LONG'))).toBe('INVALID_KEY');
    }
    for (const side of ['', 'long', 'BOTH', 'constructor', undefined, 5] as unknown as readonly never[]) {
      expect(codeOf(() => table.set('BTCUSDT', side, position()))).toBe('INVALID_VALUE');
      expect(codeOf(() => table.delete('BTCUSDT', side))).toBe('INVALID_VALUE');
    }
  });
});

describe('a quantity of 0', () => {
  it('is held, and not active', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', position({ assetQty: 0 }));
    table.set('ETHUSDT', 'SHORT', position({ symbol: 'ETHUSDT', positionSide: 'SHORT', assetQty: -1 }));
    expect(table.isActive('BTCUSDT', 'LONG')).toBe(false);
    expect(table.isActive('ETHUSDT', 'SHORT')).toBe(true);
    expect(table.active().map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
    expect([...table.held()].map(({ side, position: { symbol } }) => `${side} ${symbol}`)).toEqual([
      'LONG BTCUSDT',
      'SHORT ETHUSDT',
    ]);
  });

  it('does not hedge', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', position());
    expect(table.countHedged()).toBe(0);
    table.set('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT' }));
    expect(table.countHedged()).toBe(1);
    table.set('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT', assetQty: 0 }));
    expect(table.countHedged()).toBe(0);
    table.set('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT' }));
    table.set('BTCUSDT', 'LONG', position({ assetQty: 0 }));
    expect(table.countHedged()).toBe(0);
  });
});

describe('delete', () => {
  it('tells the sink when there was something', () => {
    const { table, told } = createTable();
    table.set('BTCUSDT', 'LONG', position());
    told();
    table.delete('BTCUSDT', 'SHORT');
    table.delete('ETHUSDT', 'LONG');
    expect(told()).toEqual([]);
    table.delete('BTCUSDT', 'LONG');
    table.delete('BTCUSDT', 'LONG');
    expect(told()).toEqual([KEY]);
    expect(table.get('BTCUSDT', 'LONG')).toBeUndefined();
  });

  it('remembers when the position ended, in exchange time', () => {
    const { table } = createTable();
    expect(endOf(table, 'BTCUSDT', 'LONG')).toBeUndefined();
    table.delete('BTCUSDT', 'LONG');
    expect(endOf(table, 'BTCUSDT', 'LONG')).toBeUndefined();
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100 }));
    table.delete('BTCUSDT', 'LONG');
    expect(endOf(table, 'BTCUSDT', 'LONG')).toBe(100);
    table.delete('BTCUSDT', 'LONG', 150);
    expect(endOf(table, 'BTCUSDT', 'LONG')).toBe(150);
    expect(endOf(table, 'BTCUSDT', 'SHORT')).toBeUndefined();
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 120 }));
    expect(endOf(table, 'BTCUSDT', 'LONG')).toBeUndefined();
    for (const atMs of [Number.NaN, '5', null] as unknown as readonly never[]) {
      expect(codeOf(() => table.delete('BTCUSDT', 'LONG', atMs))).toBe('INVALID_VALUE');
    }
    expect(table.isActive('BTCUSDT', 'LONG')).toBe(true);
  });
});

describe('rejectStale', () => {
  it('ignores what is older than what is held', () => {
    const { table, told } = createTable(true);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100, assetQty: 1 }));
    told();
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 99, assetQty: 2 }));
    expect(table.get('BTCUSDT', 'LONG')?.assetQty).toBe(1);
    expect(told()).toEqual([]);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100, assetQty: 3 }));
    expect(table.get('BTCUSDT', 'LONG')?.assetQty).toBe(3);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 101, assetQty: 4 }));
    expect(table.get('BTCUSDT', 'LONG')?.assetQty).toBe(4);
  });

  it('ignores what is older than the end of what was held', () => {
    const { table } = createTable(true);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100 }));
    table.delete('BTCUSDT', 'LONG', 110);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 109 }));
    expect(table.get('BTCUSDT', 'LONG')).toBeUndefined();
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 110 }));
    expect(table.get('BTCUSDT', 'LONG')?.timestampMs).toBe(110);
  });

  it('takes what is older where it is off', () => {
    const { table } = createTable(false);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100 }));
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 99 }));
    expect(table.get('BTCUSDT', 'LONG')?.timestampMs).toBe(99);
    table.delete('BTCUSDT', 'LONG', 200);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 98 }));
    expect(table.get('BTCUSDT', 'LONG')?.timestampMs).toBe(98);
  });
});

describe('tick', () => {
  it.each([
    { side: 'LONG', assetQty: 2, price: 13, upnl: 6 },
    { side: 'LONG', assetQty: 2, price: 7, upnl: -6 },
    { side: 'SHORT', assetQty: 2, price: 13, upnl: -6 },
    { side: 'SHORT', assetQty: -2, price: 13, upnl: -6 },
    { side: 'SHORT', assetQty: -2, price: 7, upnl: 6 },
  ] as const)('values $assetQty on side $side at $price', ({ side, assetQty, price, upnl }) => {
    const { table } = createTable();
    table.set('BTCUSDT', side, position({ positionSide: side, assetQty, positionPrice: 10 }));
    table.tick('BTCUSDT', price, LINEAR);
    expect(table.get('BTCUSDT', side)?.valueUpnl).toBe(upnl);
  });

  it('replaces the snapshot and nothing else, tells nobody, and needs no writability', () => {
    const harness = createTable();
    const { table, told } = harness;
    table.set('BTCUSDT', 'LONG', position());
    table.set('ETHUSDT', 'LONG', position({ symbol: 'ETHUSDT' }));
    const before = table.get('BTCUSDT', 'LONG');
    told();
    harness.writable = false;
    table.tick('BTCUSDT', 11, LINEAR);
    const after = table.get('BTCUSDT', 'LONG');
    expect(before?.valueUpnl).toBe(0);
    expect(after).toEqual({ ...position(), valueUpnl: 2 });
    expect(Object.isFrozen(after)).toBe(true);
    expect(table.get('ETHUSDT', 'LONG')?.valueUpnl).toBe(0);
    table.tick('BTCUSDT', 11, LINEAR);
    expect(table.get('BTCUSDT', 'LONG')).toBe(after);
    table.tick('SOLUSDT', 1, LINEAR);
    expect(told()).toEqual([]);
  });

  it('refuses prices that are none, and changes no side then', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', position());
    table.set('BTCUSDT', 'SHORT', position({ positionSide: 'SHORT', assetQty: 1e300 }));
    expect(codeOf(() => table.tick('BTCUSDT', 1e300, LINEAR))).toBe('INVALID_VALUE');
    expect(table.get('BTCUSDT', 'LONG')?.valueUpnl).toBe(0);
  });
});

describe('what cannot be', () => {
  it.each([
    ['LONG', { assetQty: -1 }],
    ['LONG', { positionSide: 'NONE', assetQty: 1 }],
    ['NONE', { positionSide: 'NONE', assetQty: -1 }],
  ] as const)('is refused on side %s: %o', (side, part) => {
    const { table } = createTable();
    const bad = position({ positionSide: side, ...part });
    expect(codeOf(() => table.set('BTCUSDT', side, bad))).toBe('INVALID_VALUE');
    expect([...table.held()]).toEqual([]);
    createTable(false, 'accountstate').table.set('BTCUSDT', side, bad);
  });
});

describe('what an update leaves out', () => {
  const { value: _value, valueUpnl: _upnl, marginValue: _margin, liquidationPrice: _price, ...bare } = position();
  const full = {
    ...bare,
    value: 1,
    valueUpnl: 2,
    marginValue: 3,
    liquidationPrice: 4,
    stopLossPrice: 5,
    takeProfitPrice: 6,
  };

  it('is kept as long as size and entry stay, and null is nothing', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', full);
    table.set('BTCUSDT', 'LONG', { ...bare, timestampMs: 200 });
    expect(table.get('BTCUSDT', 'LONG')).toEqual({ ...full, timestampMs: 200 });
    table.set('BTCUSDT', 'LONG', { ...bare, valueUpnl: null, liquidationPrice: null, takeProfitPrice: null });
    expect(table.get('BTCUSDT', 'LONG')).toEqual(full);
    table.set('BTCUSDT', 'LONG', { ...bare, liquidationPrice: 0, takeProfitPrice: 0 });
    expect(table.get('BTCUSDT', 'LONG')).toEqual({ ...full, liquidationPrice: 0, takeProfitPrice: 0 });
  });

  it.each([{ assetQty: 3 }, { positionPrice: 11 }])('is not known when the position has $0', (part) => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', full);
    table.set('BTCUSDT', 'LONG', { ...bare, ...part });
    expect(table.get('BTCUSDT', 'LONG')).toEqual({ ...bare, ...part, stopLossPrice: 5, takeProfitPrice: 6 });
  });

  it('is kept when size and entry differ by what rounding makes', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', full);
    table.set('BTCUSDT', 'LONG', { ...bare, assetQty: 2 + 4e-16, positionPrice: 10 - 1.5e-11 });
    expect(table.get('BTCUSDT', 'LONG')).toEqual({ ...full, assetQty: 2 + 4e-16, positionPrice: 10 - 1.5e-11 });
  });

  it('does not survive a close, a flip, or a reopening', () => {
    const { table } = createTable();
    table.set('BTCUSDT', 'LONG', full);
    table.set('BTCUSDT', 'LONG', { ...bare, assetQty: 0 });
    expect(table.get('BTCUSDT', 'LONG')).toEqual({ ...bare, assetQty: 0 });
    table.set('BTCUSDT', 'LONG', bare);
    expect(table.get('BTCUSDT', 'LONG')).toEqual(bare);
    table.set('BTCUSDT', 'LONG', full);
    table.delete('BTCUSDT', 'LONG');
    table.set('BTCUSDT', 'LONG', bare);
    expect(table.get('BTCUSDT', 'LONG')).toEqual(bare);
    table.set('BTCUSDT', 'LONG', { ...full, orderPositionSide: 'BOTH' });
    table.set('BTCUSDT', 'SHORT', { ...bare, positionSide: 'SHORT', orderPositionSide: 'BOTH' });
    expect(table.get('BTCUSDT', 'LONG')).toBeUndefined();
    expect(table.get('BTCUSDT', 'SHORT')).toEqual({ ...bare, positionSide: 'SHORT', orderPositionSide: 'BOTH' });
  });

  it('is not known of the margin once the leverage is another one', () => {
    const { table, told } = createTable();
    table.set('BTCUSDT', 'LONG', full);
    table.set('ETHUSDT', 'LONG', { ...full, symbol: 'ETHUSDT' });
    told();
    table.forgetMargin('BTCUSDT');
    const { marginValue: _m, liquidationPrice: _l, ...rest } = full;
    expect(table.get('BTCUSDT', 'LONG')).toEqual(rest);
    expect(table.get('ETHUSDT', 'LONG')?.marginValue).toBe(3);
    expect(told()).toEqual([KEY]);
    table.forgetMargin('BTCUSDT');
    expect(told()).toEqual([]);
  });

  it('is the time, which stays the one that is known', () => {
    const { table } = createTable(true);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 100 }));
    table.set('BTCUSDT', 'LONG', { ...position({ assetQty: 3 }), timestampMs: undefined as never });
    expect(table.get('BTCUSDT', 'LONG')).toEqual(position({ assetQty: 3, timestampMs: 100 }));
    table.set('BTCUSDT', 'LONG', position({ assetQty: 4, timestampMs: 99 }));
    expect(table.get('BTCUSDT', 'LONG')?.assetQty).toBe(3);
  });

  it('is not kept by the rules of accountstate', () => {
    const { table } = createTable(false, 'accountstate');
    table.set('BTCUSDT', 'LONG', full);
    table.set('BTCUSDT', 'LONG', bare);
    expect(table.get('BTCUSDT', 'LONG')).toEqual(bare);
  });
});

describe('one-way mode', () => {
  const both = (part: Partial<EngineSimplePosition>): EngineSimplePosition =>
    position({ orderPositionSide: 'BOTH', ...part });

  it('has one position for each symbol', () => {
    const { table, told } = createTable(true);
    table.set('BTCUSDT', 'LONG', both({}));
    table.set('ETHUSDT', 'LONG', both({ symbol: 'ETHUSDT' }));
    told();
    table.set('BTCUSDT', 'SHORT', both({ positionSide: 'SHORT', timestampMs: 120 }));
    expect(table.active().map(({ symbol, positionSide }) => `${positionSide} ${symbol}`)).toEqual([
      'LONG ETHUSDT',
      'SHORT BTCUSDT',
    ]);
    expect(told().sort()).toEqual([KEY, 'positions:positions/SHORT/BTCUSDT']);
  });

  it('takes what is older than the position on another side for outdated', () => {
    const { table } = createTable(true);
    table.set('BTCUSDT', 'SHORT', both({ positionSide: 'SHORT', timestampMs: 120 }));
    table.set('BTCUSDT', 'LONG', both({ timestampMs: 119 }));
    expect(table.active().map(({ positionSide }) => positionSide)).toEqual(['SHORT']);
    table.delete('BTCUSDT', 'SHORT', 150);
    table.set('BTCUSDT', 'LONG', both({ timestampMs: 149 }));
    expect(table.active()).toEqual([]);
  });

  it('is flat when its position is, and says nothing of those of the hedge mode', () => {
    const { table } = createTable(true);
    table.set('BTCUSDT', 'LONG', both({}));
    table.set('BTCUSDT', 'NONE', both({ positionSide: 'NONE', assetQty: 0, timestampMs: 110 }));
    expect(table.active()).toEqual([]);
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 120 }));
    table.set('BTCUSDT', 'SHORT', on('SHORT', { timestampMs: 120 }));
    table.set('BTCUSDT', 'NONE', both({ positionSide: 'NONE', assetQty: 0, timestampMs: 130 }));
    expect(table.active()).toHaveLength(2);
  });

  it('ends as one position whatever the order in which the messages come', () => {
    const message = fc.record({
      isLong: fc.boolean(),
      timestampMs: fc.integer({ min: 1, max: 50 }),
      size: fc.integer({ min: 1, max: 9 }),
    });
    const messages = fc.uniqueArray(message, {
      selector: ({ timestampMs }) => timestampMs,
      minLength: 1,
      maxLength: 8,
    });
    const shuffled = messages.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, given]) => {
        const { table } = createTable(true);
        for (const { isLong, timestampMs, size } of given) {
          const side = isLong ? 'LONG' : 'SHORT';
          table.set('BTCUSDT', side, both({ positionSide: side, timestampMs, assetQty: size }));
        }
        const newest = all.toSorted((one, other) => other.timestampMs - one.timestampMs)[0];
        expect(table.active()).toHaveLength(1);
        expect(table.active()[0]).toMatchObject({ timestampMs: newest?.timestampMs, assetQty: newest?.size });
      }),
    );
  });
});

describe('a store that must not change', () => {
  it('changes nothing', () => {
    const harness = createTable();
    const { table, told } = harness;
    table.set('BTCUSDT', 'LONG', position());
    told();
    harness.writable = false;
    expect(codeOf(() => table.set('BTCUSDT', 'LONG', position({ assetQty: 5 })))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.delete('BTCUSDT', 'LONG', 500))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.delete('ETHUSDT', 'LONG', 500))).toBe('NOT_RESTORED');
    expect(codeOf(() => table.forgetMargin('BTCUSDT'))).toBe('NOT_RESTORED');
    table.forgetMargin('ETHUSDT');
    expect(table.get('BTCUSDT', 'LONG')).toEqual(position());
    expect(endOf(table, 'ETHUSDT', 'LONG')).toBeUndefined();
    expect(told()).toEqual([]);
  });
});

describe('the records', () => {
  it('are one for each position', () => {
    const { table } = createTable();
    table.set('a/b', 'SHORT', position({ symbol: 'a/b', positionSide: 'SHORT', assetQty: 0 }));
    table.set('BTCUSDT', 'LONG', position());
    expect([...table.recordKeys()]).toEqual(['positions/LONG/BTCUSDT', 'positions/SHORT/a/b']);
    expect(table.recordValue('positions/SHORT/a/b')).toBe(table.get('a/b', 'SHORT'));
    expect(table.recordValue('positions/NONE/a/b')).toBeUndefined();
    expect(table.recordValue('metadata/a/b')).toBeUndefined();
  });

  it('are known by their keys', () => {
    const { table } = createTable();
    for (const key of ['positions/LONG/A', 'positions/SHORT/a/b', 'positions/NONE/A'])
      expect(table.owns(key)).toBe(true);
    for (const key of ['positions/LONG/', 'positions/LONG', 'positions/BOTH/A', 'positions/A', 'orders/A', '']) {
      expect(table.owns(key)).toBe(false);
      expect(codeOf(() => restoreRecord(table, key, position({ symbol: 'A' })))).toBe('INVALID_VALUE');
    }
  });

  it('are restored without a word, as stale until the exchange tells their state', () => {
    const { table, told } = createTable();
    restoreRecord(table, 'positions/LONG/BTCUSDT', position());
    restoreRecord(table, 'positions/NONE/ETHUSDT', on('NONE', { symbol: 'ETHUSDT' }));
    restoreRecord(table, 'positions/SHORT/SOLUSDT', position({ symbol: 'SOLUSDT', positionSide: 'SHORT' }));
    expect(told()).toEqual([]);
    expect(Object.isFrozen(table.get('BTCUSDT', 'LONG'))).toBe(true);
    expect(table.isStale('BTCUSDT', 'LONG')).toBe(true);
    expect(table.isStale('BTCUSDT', 'SHORT')).toBe(false);
    table.tick('BTCUSDT', 11, LINEAR);
    expect(table.isStale('BTCUSDT', 'LONG')).toBe(true);
    table.set('BTCUSDT', 'LONG', position());
    expect(table.isStale('BTCUSDT', 'LONG')).toBe(false);
    table.delete('ETHUSDT', 'NONE');
    expect(table.isStale('ETHUSDT', 'NONE')).toBe(false);
    expect(table.hasStale()).toBe(true);
    table.putIfNew('SHORT', position({ symbol: 'SOLUSDT', positionSide: 'SHORT', orderPositionSide: 'SHORT' }));
    expect(table.hasStale()).toBe(false);
    expect(table.isStale('SOLUSDT', 'SHORT')).toBe(false);
  });

  it('stay stale when what comes is older', () => {
    const { table } = createTable(true);
    restoreRecord(table, 'positions/LONG/BTCUSDT', position({ timestampMs: 100 }));
    table.set('BTCUSDT', 'LONG', position({ timestampMs: 50 }));
    expect(table.isStale('BTCUSDT', 'LONG')).toBe(true);
  });

  it('are of the symbol and side of their key', () => {
    const { table } = createTable();
    expect(codeOf(() => restoreRecord(table, 'positions/LONG/ETHUSDT', position()))).toBe('INVALID_VALUE');
    expect(codeOf(() => restoreRecord(table, 'positions/SHORT/BTCUSDT', position()))).toBe('INVALID_VALUE');
    expect(codeOf(() => restoreRecord(table, 'positions/LONG/BTCUSDT', null))).toBe('INVALID_VALUE');
    expect(table.hasStale()).toBe(false);
  });
});
