import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { RecordTable } from '../../../src/core/account/tables/record-table.js';
import type { TableName } from '../../../src/core/account/tables/table-context.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, order, position } from './tables/table-harness.js';

class WatchedState extends AccountState {
  readonly told: string[] = [];

  get recordTables(): readonly RecordTable[] {
    return this.tables;
  }

  protected override markChanged(_table: TableName, recordKey: string): void {
    this.told.push(recordKey);
  }
}

const long = (symbol: string, part: Parameters<typeof position>[0] = {}): ReturnType<typeof position> =>
  position({ symbol, ...part });

function stateWith(...positions: ReturnType<typeof position>[]): WatchedState {
  const state = new WatchedState();
  for (const each of positions) state.setActivePosition(each.symbol, each.positionSide, each);
  state.told.length = 0;
  return state;
}

describe('reconcile: positions', () => {
  it('opens, closes and changes, and tells which', () => {
    const state = stateWith(long('kept'), long('closed'), long('changed'));
    const current = long('changed', { assetQty: 3, timestampMs: 150 });
    const result = state.reconcile({ positions: [long('kept'), current, long('opened')], asOfMs: 200 });
    expect(result).toEqual({
      opened: [long('opened')],
      closed: [long('closed')],
      changed: [{ symbol: 'changed', positionSide: 'LONG', previous: long('changed'), current }],
      orphanedMetadata: [],
    });
    expect(state.getAllPositions().map(({ symbol }) => symbol)).toEqual(['kept', 'changed', 'opened']);
    expect(state.getActivePosition('changed', 'LONG')).toEqual(current);
    expect(Object.isFrozen(state.getActivePosition('opened', 'LONG'))).toBe(true);
    expect(state.told.sort()).toEqual(['positions/LONG/changed', 'positions/LONG/closed', 'positions/LONG/opened']);
  });

  it.each([{ assetQty: 3 }, { positionPrice: 11 }, { stopLossPrice: 5 }, { takeProfitPrice: 5 }])(
    'counts $0 as a change',
    (part) => {
      const state = stateWith(long('A'));
      const { changed } = state.reconcile({ positions: [long('A', part)], asOfMs: 200 });
      expect(changed).toHaveLength(1);
    },
  );

  it('takes over what else is different without calling it a change', () => {
    const state = stateWith(long('A'));
    const { changed } = state.reconcile({ positions: [long('A', { marginValue: 9, valueUpnl: 3 })], asOfMs: 200 });
    expect(changed).toEqual([]);
    expect(state.getActivePosition('A', 'LONG')).toMatchObject({ marginValue: 9, valueUpnl: 3 });
    expect(state.told).toEqual(['positions/LONG/A']);
  });

  it('marks nothing that is equal', () => {
    const state = stateWith(long('A', { stopLossPrice: undefined }), long('B'), long('C', { takeProfitPrice: 1 }));
    const before = state.getActivePosition('A', 'LONG');
    state.reconcile({
      positions: [long('A'), long('B', { stopLossPrice: undefined }), long('C', { takeProfitPrice: 1 })],
      orders: [],
      balance: 0,
      asOfMs: 200,
    });
    expect(state.told).toEqual([]);
    expect(state.getActivePosition('A', 'LONG')).toBe(before);
    state.reconcile({ positions: [long('A'), long('B'), long('C')], asOfMs: 200 });
    expect(state.told).toEqual(['positions/LONG/C']);
  });

  it('leaves what the store learned later', () => {
    const state = stateWith(
      long('opened later', { timestampMs: 201 }),
      long('changed later', { timestampMs: 201, assetQty: 7 }),
      long('emptied later', { timestampMs: 201, assetQty: 0 }),
      long('at the time', { timestampMs: 200 }),
      long('deleted later'),
      long('deleted before'),
    );
    state.deleteActivePosition('deleted later', 'LONG', 201);
    state.deleteActivePosition('deleted before', 'LONG', 200);
    state.told.length = 0;
    const { opened, closed, changed } = state.reconcile({
      positions: [long('changed later'), long('emptied later'), long('deleted later'), long('deleted before')],
      asOfMs: 200,
    });
    expect(closed).toEqual([long('at the time', { timestampMs: 200 })]);
    expect(opened).toEqual([long('deleted before')]);
    expect(changed).toEqual([]);
    expect(state.getAllPositions().map(({ symbol, assetQty }) => `${symbol} ${assetQty}`)).toEqual([
      'opened later 2',
      'changed later 7',
      'deleted before 2',
    ]);
    expect(state.told.sort()).toEqual(['positions/LONG/at the time', 'positions/LONG/deleted before']);
  });

  it('takes a quantity of 0 for closed', () => {
    const state = stateWith(long('A'), long('B', { assetQty: 0 }), long('C', { assetQty: 0 }), long('D'));
    const result = state.reconcile({
      positions: [
        long('A', { assetQty: 0 }),
        long('B', { assetQty: 0 }),
        long('C'),
        long('new', { assetQty: 0 }),
        long('D'),
      ],
      asOfMs: 200,
    });
    expect(result.closed).toEqual([long('A')]);
    expect(result.opened).toEqual([long('C')]);
    expect(result.changed).toEqual([]);
    expect(state.getActivePosition('A', 'LONG')).toBeUndefined();
    expect(state.getActivePosition('B', 'LONG')).toBeUndefined();
    expect(state.getActivePosition('new', 'LONG')).toBeUndefined();
  });

  it('keeps the sides of a symbol apart', () => {
    const short = position({ positionSide: 'SHORT' });
    const state = stateWith(position(), short);
    const { closed } = state.reconcile({ positions: [short], asOfMs: 200 });
    expect(closed).toEqual([position()]);
    expect(state.isSymbolSideInPosition('BTCUSDT', 'SHORT')).toBe(true);
    const { opened } = state.reconcile({ positions: [position({ positionSide: 'NONE' })], asOfMs: 201 });
    expect(opened).toHaveLength(1);
    expect(state.isSymbolSideInPosition('BTCUSDT', 'NONE')).toBe(true);
  });

  it('counts the newest of several for one side, of equally old ones the last', () => {
    const state = stateWith();
    const { opened } = state.reconcile({
      positions: [
        long('A', { timestampMs: 5, assetQty: 1 }),
        long('A', { timestampMs: 6, assetQty: 2 }),
        long('A', { timestampMs: 6, assetQty: 3 }),
        long('A', { timestampMs: 4, assetQty: 4 }),
      ],
      asOfMs: 200,
    });
    expect(opened.map(({ assetQty }) => assetQty)).toEqual([3]);
  });

  it('remembers when it closed a position', () => {
    const state = new AccountState({ rejectStale: true });
    state.setActivePosition('A', 'LONG', long('A'));
    state.reconcile({ positions: [], asOfMs: 200 });
    state.setActivePosition('A', 'LONG', long('A', { timestampMs: 199 }));
    expect(state.getActivePosition('A', 'LONG')).toBeUndefined();
    state.setActivePosition('A', 'LONG', long('A', { timestampMs: 200 }));
    expect(state.getActivePosition('A', 'LONG')).toBeDefined();
  });

  it('names the metadata that outlived its position', () => {
    const state = stateWith(
      long('closed'),
      long('later', { timestampMs: 300 }),
      long('empty', { assetQty: 0, timestampMs: 300 }),
    );
    for (const symbol of ['closed', 'later', 'empty', 'open', 'never', '__proto__'])
      state.setSymbolMetadata(symbol, {});
    state.told.length = 0;
    const { orphanedMetadata } = state.reconcile({ positions: [long('open')], asOfMs: 200 });
    expect(orphanedMetadata).toEqual(['closed', 'empty', 'never', '__proto__']);
    expect(state.getSymbolsWithMetadata()).toHaveLength(6);
    expect(state.reconcile({ orders: [], asOfMs: 200 }).orphanedMetadata).toEqual([]);
  });
});

describe('reconcile: orders', () => {
  it('holds those of the snapshot, and drops the others', () => {
    const state = new WatchedState();
    for (const id of ['kept', 'gone', 'changed', 'filled']) state.upsertActiveOrder(order({ exchangeOrderId: id }));
    state.told.length = 0;
    state.reconcile({
      orders: [
        order({ exchangeOrderId: 'kept' }),
        order({ exchangeOrderId: 'changed', price: 5 }),
        order({ exchangeOrderId: 'filled', status: 'FILLED' }),
        order({ exchangeOrderId: 'new' }),
        order({ exchangeOrderId: 'ended', status: 'CANCELLED' }),
      ],
      asOfMs: 200,
    });
    expect(state.getOrders().map(({ exchangeOrderId, price }) => `${exchangeOrderId} ${price}`)).toEqual([
      'kept 9',
      'changed 5',
      'new 9',
    ]);
    expect(state.told.sort()).toEqual(['orders/changed', 'orders/filled', 'orders/gone', 'orders/new']);
  });

  it('leaves what the store learned later', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ exchangeOrderId: 'new later', updatedAtMs: 201 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'changed later', updatedAtMs: 201, price: 5 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'still open', updatedAtMs: 201, price: 5 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'at the time', updatedAtMs: 200 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'ended later', status: 'FILLED', updatedAtMs: 201 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'ended before', status: 'FILLED', updatedAtMs: 200 }));
    state.reconcile({
      orders: [
        order({ exchangeOrderId: 'changed later' }),
        order({ exchangeOrderId: 'still open', status: 'CANCELLED' }),
        order({ exchangeOrderId: 'ended later' }),
        order({ exchangeOrderId: 'ended before' }),
      ],
      asOfMs: 200,
    });
    expect(state.getOrders().map(({ exchangeOrderId, price }) => `${exchangeOrderId} ${price}`)).toEqual([
      'new later 9',
      'changed later 5',
      'still open 5',
      'ended before 9',
    ]);
  });

  it('remembers when an order ended', () => {
    const state = new AccountState({ rejectStale: true });
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone' }));
    state.reconcile({
      orders: [order({ exchangeOrderId: 'filled', status: 'FILLED', updatedAtMs: 150 })],
      asOfMs: 200,
    });
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone', updatedAtMs: 199 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'filled', updatedAtMs: 149 }));
    expect(state.getOrders()).toEqual([]);
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone', updatedAtMs: 200 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'filled', updatedAtMs: 150 }));
    expect(state.getOrders()).toHaveLength(2);
  });

  it('counts the newest of several with one id', () => {
    const state = new WatchedState();
    state.reconcile({
      orders: [
        order({ updatedAtMs: 5, price: 1 }),
        order({ updatedAtMs: 6, price: 2 }),
        order({ updatedAtMs: 4, price: 3 }),
      ],
      asOfMs: 200,
    });
    expect(state.getOrders().map(({ price }) => price)).toEqual([2]);
  });
});

describe('reconcile: the parts', () => {
  it('that are left out stay as they are', () => {
    const state = stateWith(long('A'));
    state.upsertActiveOrder(order());
    state.setWalletBalance(5);
    state.told.length = 0;
    const nothing = { opened: [], closed: [], changed: [], orphanedMetadata: [] };
    expect(state.reconcile({ asOfMs: 200 })).toEqual(nothing);
    expect(state.reconcile({ positions: undefined, orders: undefined, balance: undefined, asOfMs: 200 })).toEqual(
      nothing,
    );
    expect(state.told).toEqual([]);
    state.reconcile({ balance: 6, asOfMs: 200 });
    expect(state.getWalletBalance()).toBe(6);
    expect(state.getAllPositions()).toHaveLength(1);
    expect(state.getOrders()).toHaveLength(1);
    state.reconcile({ balance: 6, asOfMs: 200 });
    expect(state.told).toEqual(['balance/wallet']);
  });

  it('are all checked before anything changes', () => {
    const state = stateWith(long('A'));
    state.upsertActiveOrder(order());
    state.told.length = 0;
    const good = { positions: [long('B')], orders: [order({ exchangeOrderId: 'o2' })], balance: 7, asOfMs: 200 };
    const bads: unknown[] = [
      ...[undefined, null, 5].map((input) => input),
      ...BAD_NUMBERS.map((asOfMs) => ({ ...good, asOfMs })),
      ...BAD_NUMBERS.filter((each) => each !== undefined).map((balance) => ({ ...good, balance })),
      ...[5, {}, 'x', new Set()].flatMap((list) => [
        { ...good, positions: list },
        { ...good, orders: list },
      ]),
      ...[5, {}, position({ assetQty: Number.NaN }), position({ positionSide: 'BOTH' as never })].map((bad) => ({
        ...good,
        positions: [long('B'), bad],
      })),
      ...[undefined, null, 5, {}, order({ price: Infinity }), order({ status: 'DONE' as never })].map((bad) => ({
        ...good,
        orders: [order({ exchangeOrderId: 'o2' }), bad],
      })),
      ...BAD_NAMES.map((symbol) => ({ ...good, positions: [long('B'), { ...position(), symbol }] })),
    ];
    for (const bad of bads) expect(codeOf(() => state.reconcile(bad as never))).toMatch(/^INVALID_(VALUE|KEY)$/);
    expect(codeOf(() => state.reconcile({ ...good, positions: [null as never] }))).toMatch(/^INVALID/);
    expect(state.getAllPositions()).toEqual([long('A')]);
    expect(state.getOrders()).toEqual([order()]);
    expect(state.getWalletBalance()).toBe(0);
    expect(state.told).toEqual([]);
  });

  it('are no longer stale when the snapshot covers them', () => {
    const restored = (): WatchedState => {
      const state = new WatchedState();
      for (const table of state.recordTables) {
        if (table.name === 'positions') table.restoreRecord('positions/LONG/A', long('A', { timestampMs: 500 }));
        if (table.name === 'orders') table.restoreRecord('orders/o1', order({ updatedAtMs: 500 }));
      }
      return state;
    };
    const state = restored();
    expect([state.isPositionStale('A', 'LONG'), state.isOrderStale('o1'), state.hasStaleState()]).toEqual([
      true,
      true,
      true,
    ]);
    state.reconcile({ balance: 1, asOfMs: 200 });
    expect(state.isPositionStale('A', 'LONG')).toBe(true);
    state.reconcile({ positions: [], asOfMs: 200 });
    expect([state.isPositionStale('A', 'LONG'), state.isOrderStale('o1'), state.hasStaleState()]).toEqual([
      false,
      true,
      true,
    ]);
    expect(state.getAllPositions()).toHaveLength(1);
    state.reconcile({ orders: [], asOfMs: 200 });
    expect(state.hasStaleState()).toBe(false);
    const other = restored();
    other.setActivePosition('A', 'LONG', long('A', { timestampMs: 501 }));
    expect(other.hasStaleState()).toBe(true);
    other.upsertActiveOrder(order({ updatedAtMs: 501 }));
    expect(other.hasStaleState()).toBe(false);
  });

  it('are never seen half done, nor the account flat', () => {
    const seen: number[] = [];
    class Observed extends AccountState {
      protected override markChanged(): void {
        seen.push(this.getAllPositions().length);
      }
    }
    const state = new Observed();
    state.reconcile({ positions: [long('A'), long('B')], asOfMs: 200 });
    state.reconcile({ positions: [long('C'), long('D')], asOfMs: 300 });
    expect(seen).toEqual(Array.from({ length: 6 }, () => 2));
  });
});
