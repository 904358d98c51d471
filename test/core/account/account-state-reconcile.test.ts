import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { EXCHANGE_RULES } from '../../../src/core/account/tables/account-rules.js';
import { BAD_NAMES, BAD_NUMBERS, codeOf, order, position, restoreRecord } from './tables/table-harness.js';
import { WatchedState } from './watched-state.js';

const long = (symbol: string, part: Parameters<typeof position>[0] = {}): ReturnType<typeof position> =>
  position({ symbol, ...part });

const ids = (orders: readonly { readonly exchangeOrderId: string }[]): string[] =>
  orders.map(({ exchangeOrderId }) => exchangeOrderId);

const shown = (state: AccountState): string[] =>
  state.getOrders().map(({ exchangeOrderId, price }) => `${exchangeOrderId} ${price}`);

function stateWith(...positions: ReturnType<typeof position>[]): WatchedState {
  const state = new WatchedState();
  for (const each of positions) state.setActivePosition(each.symbol, each.positionSide, each);
  state.toldKeys.length = 0;
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
      vanishedOrders: [],
      orphanedMetadata: [],
    });
    expect(state.getAllPositions().map(({ symbol }) => symbol)).toEqual(['kept', 'changed', 'opened']);
    expect(state.getActivePosition('changed', 'LONG')).toEqual(current);
    expect(Object.isFrozen(state.getActivePosition('opened', 'LONG'))).toBe(true);
    expect(state.toldKeys.sort()).toEqual(['positions/LONG/changed', 'positions/LONG/closed', 'positions/LONG/opened']);
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
    expect(state.toldKeys).toEqual(['positions/LONG/A']);
  });

  it('marks nothing that is equal', () => {
    const state = stateWith(long('A', { stopLossPrice: undefined }), long('B'), long('C', { takeProfitPrice: 1 }));
    state.setWalletBalance(5);
    state.toldKeys.length = 0;
    const before = state.getActivePosition('A', 'LONG');
    state.reconcile({
      positions: [long('A'), long('B', { stopLossPrice: undefined }), long('C', { takeProfitPrice: 1 })],
      orders: [],
      balance: 5,
      asOfMs: 200,
    });
    expect(state.toldKeys).toEqual([]);
    expect(state.getActivePosition('A', 'LONG')).toBe(before);
    // What a snapshot leaves out is not known to it.
    state.reconcile({ positions: [long('A'), long('B'), long('C')], asOfMs: 200 });
    expect(state.toldKeys).toEqual([]);
    state.reconcile({ positions: [long('A'), long('B'), long('C', { takeProfitPrice: 0 })], asOfMs: 200 });
    expect(state.toldKeys).toEqual(['positions/LONG/C']);
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
    state.toldKeys.length = 0;
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
    expect(state.toldKeys.sort()).toEqual(['positions/LONG/at the time', 'positions/LONG/deleted before']);
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
    const short = position({ positionSide: 'SHORT', orderPositionSide: 'SHORT' });
    const state = stateWith(position(), short);
    const { closed } = state.reconcile({ positions: [short], asOfMs: 200 });
    expect(closed).toEqual([position()]);
    expect(state.isSymbolSideInPosition('BTCUSDT', 'SHORT')).toBe(true);
    expect(state.reconcile({ positions: [], asOfMs: 201 }).closed).toEqual([short]);
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

  it('has one position for each symbol in one-way mode, the newest of several', () => {
    const both = (positionSide: 'LONG' | 'SHORT', timestampMs: number): ReturnType<typeof position> =>
      position({ positionSide, orderPositionSide: 'BOTH', timestampMs });
    const hedged = position({ positionSide: 'SHORT', orderPositionSide: 'SHORT', timestampMs: 90 });
    for (const older of [both('SHORT', 90), hedged]) {
      for (const positions of [
        [both('LONG', 95), older],
        [older, both('LONG', 95)],
      ]) {
        const state = stateWith();
        const { opened } = state.reconcile({ positions, asOfMs: 200 });
        expect(opened).toEqual([both('LONG', 95)]);
        expect(state.getAllPositions()).toEqual(opened);
      }
    }
  });

  it('remembers when it closed a position', () => {
    const state = new AccountState();
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
    state.toldKeys.length = 0;
    const { orphanedMetadata } = state.reconcile({ positions: [long('open')], asOfMs: 200 });
    expect(orphanedMetadata).toEqual(['closed', 'empty', 'never', '__proto__']);
    expect(state.getSymbolsWithMetadata()).toHaveLength(6);
    expect(state.reconcile({ orders: [], asOfMs: 200 }).orphanedMetadata).toEqual([]);
  });

  it('names no metadata of symbols that it does not speak for', () => {
    const state = stateWith(long('BTCUSD'));
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'ETHUSD', 'BTCUSD']) state.setSymbolMetadata(symbol, {});
    const scope = { positions: ({ symbol }: { readonly symbol: string }): boolean => symbol.endsWith('USDT') };
    const { orphanedMetadata } = state.reconcile({ positions: [long('BTCUSDT')], asOfMs: 200, scope });
    expect(orphanedMetadata).toEqual(['ETHUSDT']);
  });
});

describe('reconcile: orders', () => {
  it('holds those of the snapshot, and drops the others after a second one', () => {
    const state = new WatchedState();
    for (const id of ['kept', 'gone', 'changed', 'filled']) state.upsertActiveOrder(order({ exchangeOrderId: id }));
    state.toldKeys.length = 0;
    const snapshot = {
      orders: [
        order({ exchangeOrderId: 'kept' }),
        order({ exchangeOrderId: 'changed', price: 5 }),
        order({ exchangeOrderId: 'filled', status: 'FILLED' }),
        order({ exchangeOrderId: 'new' }),
        order({ exchangeOrderId: 'ended', status: 'CANCELLED' }),
      ],
      asOfMs: 200,
    } as const;
    expect(ids(state.reconcile(snapshot).vanishedOrders)).toEqual(['gone']);
    expect(shown(state)).toEqual(['kept 9', 'gone 9', 'changed 5', 'new 9']);
    expect(state.toldKeys.sort()).toEqual(['orders/changed', 'orders/filled', 'orders/new']);
    expect(ids(state.reconcile({ ...snapshot, asOfMs: 300 }).vanishedOrders)).toEqual(['gone']);
    expect(shown(state)).toEqual(['kept 9', 'changed 5', 'new 9']);
    expect(state.reconcile({ ...snapshot, asOfMs: 400 }).vanishedOrders).toEqual([]);
  });

  it('forgets that one was missing when anything tells of it again', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order());
    state.reconcile({ orders: [], asOfMs: 200 });
    state.upsertActiveOrder(order());
    state.reconcile({ orders: [], asOfMs: 300 });
    expect(state.getOrders()).toHaveLength(1);
    state.reconcile({ orders: [order()], asOfMs: 400 });
    state.reconcile({ orders: [], asOfMs: 500 });
    expect(state.getOrders()).toHaveLength(1);
    state.reconcile({ orders: [], asOfMs: 600 });
    expect(state.getOrders()).toEqual([]);
  });

  it('does not take an older listing for a second one', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order());
    state.reconcile({ orders: [], asOfMs: 300 });
    state.reconcile({ orders: [], asOfMs: 200 });
    expect(state.getOrders()).toHaveLength(1);
  });

  it('closes one that is missing as soon as it was looked up', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order());
    const { vanishedOrders } = state.reconcile({ orders: [], asOfMs: 200 });
    for (const each of vanishedOrders) state.upsertActiveOrder({ ...each, status: 'CANCELLED', updatedAtMs: 150 });
    expect(state.getOrders()).toEqual([]);
  });

  it('gives an order that was held by its client id the id of the exchange', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ exchangeOrderId: '', customOrderId: 'c1' }));
    state.upsertActiveOrder(order({ exchangeOrderId: '', customOrderId: 'never arrived' }));
    const orders = [order({ exchangeOrderId: 'o7', customOrderId: 'c1' })];
    const { vanishedOrders } = state.reconcile({ orders, asOfMs: 200 });
    expect(vanishedOrders.map(({ customOrderId }) => customOrderId)).toEqual(['never arrived']);
    state.reconcile({ orders, asOfMs: 300 });
    expect(state.getOrders()).toEqual(orders);
  });

  it('forgets that one was missing also when what a later one says of it is overtaken', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ executedQuantity: 0.5, status: 'PARTIALLY_FILLED' }));
    state.reconcile({ orders: [], asOfMs: 200 });
    state.reconcile({ orders: [order()], asOfMs: 300 });
    state.reconcile({ orders: [], asOfMs: 400 });
    expect(state.getOrders()).toHaveLength(1);
  });

  it('misses none that was created later', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ createdAtMs: 250, updatedAtMs: 0 }));
    for (const asOfMs of [200, 210, 249]) expect(state.reconcile({ orders: [], asOfMs }).vanishedOrders).toEqual([]);
    state.reconcile({ orders: [], asOfMs: 250 });
    state.reconcile({ orders: [], asOfMs: 251 });
    expect(state.getOrders()).toEqual([]);
  });

  it('ends an order of which the exchange says less than was executed', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ executedQuantity: 0.5, status: 'PARTIALLY_FILLED' }));
    state.reconcile({ orders: [order({ status: 'CANCELLED' })], asOfMs: 200 });
    expect(state.getOrders()).toEqual([]);
  });

  it('takes the end of one that is listed twice at one time', () => {
    for (const orders of [
      [order(), order({ status: 'CANCELLED' })],
      [order({ status: 'CANCELLED' }), order()],
    ]) {
      const state = new WatchedState();
      state.reconcile({ orders, asOfMs: 200 });
      expect(state.getOrders()).toEqual([]);
      expect(state.upsertActiveOrder(order({ updatedAtMs: 300 }))).toBe(false);
    }
  });

  it('never takes a fill back', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ executedQuantity: 0.5, status: 'PARTIALLY_FILLED' }));
    state.reconcile({ orders: [order({ price: 5 })], asOfMs: 200 });
    expect(state.getOrder('o1')).toMatchObject({ executedQuantity: 0.5, price: 9 });
  });

  it('leaves what the store learned later', () => {
    const state = new WatchedState();
    state.upsertActiveOrder(order({ exchangeOrderId: 'new later', updatedAtMs: 201 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'changed later', updatedAtMs: 201, price: 5 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'still open', updatedAtMs: 201, price: 5 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'at the time', updatedAtMs: 200 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'ended later', status: 'FILLED', updatedAtMs: 201 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'ended before', status: 'FILLED', updatedAtMs: 200 }));
    state.deleteOrder('deleted at the time', 200);
    state.deleteOrder('deleted before', 199);
    state.reconcile({
      orders: [
        order({ exchangeOrderId: 'changed later' }),
        order({ exchangeOrderId: 'still open', status: 'CANCELLED' }),
        order({ exchangeOrderId: 'ended later' }),
        order({ exchangeOrderId: 'ended before' }),
        order({ exchangeOrderId: 'deleted at the time' }),
        order({ exchangeOrderId: 'deleted before' }),
      ],
      asOfMs: 200,
    });
    expect(shown(state)).toEqual([
      'new later 9',
      'changed later 5',
      'still open 5',
      'at the time 9',
      'deleted before 9',
    ]);
  });

  it('remembers when an order ended', () => {
    const state = new AccountState();
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone' }));
    const orders = [order({ exchangeOrderId: 'filled', status: 'FILLED', updatedAtMs: 150 })];
    state.reconcile({ orders, asOfMs: 200 });
    state.reconcile({ orders, asOfMs: 200 });
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone', updatedAtMs: 199 }));
    state.upsertActiveOrder(order({ exchangeOrderId: 'filled', updatedAtMs: 500 }));
    expect(state.getOrders()).toEqual([]);
    state.upsertActiveOrder(order({ exchangeOrderId: 'gone', updatedAtMs: 200 }));
    expect(ids(state.getOrders())).toEqual(['gone']);
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
    state.toldKeys.length = 0;
    const nothing = { opened: [], closed: [], changed: [], vanishedOrders: [], orphanedMetadata: [] };
    expect(state.reconcile({ asOfMs: 200 })).toEqual(nothing);
    expect(state.reconcile({ positions: undefined, orders: undefined, balance: undefined, asOfMs: 200 })).toEqual(
      nothing,
    );
    const unknown = { positions: null, orders: null, balances: null, balance: null } as object;
    expect(state.reconcile({ ...unknown, asOfMs: 200 })).toEqual(nothing);
    expect(state.toldKeys).toEqual([]);
    state.reconcile({ balance: 6, asOfMs: 200 });
    expect(state.getWalletBalance()).toBe(6);
    expect(state.getAllPositions()).toHaveLength(1);
    expect(state.getOrders()).toHaveLength(1);
    state.reconcile({ balance: 6, asOfMs: 200 });
    expect(state.toldKeys).toEqual(['balance/wallet']);
  });

  it('are all checked before anything changes', () => {
    const state = stateWith(long('A'));
    state.upsertActiveOrder(order());
    state.toldKeys.length = 0;
    const good = { positions: [long('B')], orders: [order({ exchangeOrderId: 'o2' })], balance: 7, asOfMs: 200 };
    const bads: unknown[] = [
      ...[undefined, null, 5].map((input) => input),
      ...BAD_NUMBERS.flatMap((asOfMs) => [
        { ...good, asOfMs },
        { ...good, asOfMs: { positions: asOfMs, orders: 1 } },
      ]),
      ...[-1, ...BAD_NUMBERS].filter((each) => each !== undefined).map((tolerance) => ({ ...good, tolerance })),
      ...[5, null, { positions: 5 }, { balances: 'BTC' }, { orders: async () => true }].map((scope) => ({
        ...good,
        scope,
      })),
      ...[0, '', false].flatMap((part) => [
        { ...good, positions: part },
        { ...good, orders: part },
        { ...good, balance: undefined, balances: part },
      ]),
      { ...good, balances: { USDT: 7 } },
      ...[5, [], { USDT: '7' }, { '': 7 }, new Map([[5, 5]])].map((balances) => ({
        ...good,
        balance: undefined,
        balances,
      })),
      ...BAD_NUMBERS.filter((each) => each != null && typeof each !== 'object').map((balance) => ({
        ...good,
        balance,
      })),
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
    expect(state.toldKeys).toEqual([]);
  });

  it('are no longer stale when the snapshot covers them', () => {
    const restored = (): WatchedState => {
      const state = new WatchedState();
      for (const table of state.recordTables) {
        if (table.name === 'positions') restoreRecord(table, 'positions/LONG/A', long('A', { timestampMs: 500 }));
        if (table.name === 'orders') restoreRecord(table, 'orders/o1', order({ updatedAtMs: 500 }));
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
    // What was restored is newer: the snapshot says nothing of it, and it stays stale.
    state.reconcile({ positions: [], orders: [order()], asOfMs: 200 });
    expect([state.isPositionStale('A', 'LONG'), state.isOrderStale('o1')]).toEqual([true, true]);
    expect(state.getAllPositions()).toHaveLength(1);
    state.reconcile({ positions: [long('A', { timestampMs: 500 })], asOfMs: 500 });
    expect([state.isPositionStale('A', 'LONG'), state.isOrderStale('o1')]).toEqual([false, true]);
    state.reconcile({ orders: [order({ updatedAtMs: 500 })], asOfMs: 500 });
    expect(state.hasStaleState()).toBe(false);
    const other = restored();
    other.setActivePosition('A', 'LONG', long('A', { timestampMs: 501 }));
    expect(other.hasStaleState()).toBe(true);
    other.upsertActiveOrder(order({ updatedAtMs: 501 }));
    expect(other.hasStaleState()).toBe(false);
  });

  it('can each have a time of its own', () => {
    const state = stateWith(long('A', { timestampMs: 150 }));
    state.upsertActiveOrder(order({ updatedAtMs: 150 }));
    const asOfMs = { positions: 200, orders: 100 };
    const { closed, vanishedOrders } = state.reconcile({ positions: [], orders: [], asOfMs });
    expect(closed).toHaveLength(1);
    expect(vanishedOrders).toEqual([]);
  });

  it('are never seen half done, nor the account flat', () => {
    const seen: number[] = [];
    const state: AccountState = new AccountState({}, EXCHANGE_RULES, {
      attach: () => undefined,
      assertWritable: () => undefined,
      markChanged: () => seen.push(state.getAllPositions().length),
    });
    state.reconcile({ positions: [long('A'), long('B')], asOfMs: 200 });
    state.reconcile({ positions: [long('C'), long('D')], asOfMs: 300 });
    expect(seen).toEqual(Array.from({ length: 6 }, () => 2));
  });
});

describe('reconcile: the scope', () => {
  it('does not keep the other side of a position in one-way mode', () => {
    const state = stateWith(long('A'));
    const short = position({ symbol: 'A', positionSide: 'SHORT', orderPositionSide: 'BOTH' });
    const { closed } = state.reconcile({ positions: [short], asOfMs: 200, scope: { positions: () => false } });
    expect(closed).toEqual([long('A')]);
    expect(state.getAllPositions()).toEqual([short]);
  });

  it('does not keep what the snapshot says is flat', () => {
    const state = stateWith(long('A'), long('B'));
    const positions = [long('A', { assetQty: 0 })];
    const { closed } = state.reconcile({ positions, asOfMs: 200, scope: { positions: () => false } });
    expect(closed).toEqual([long('A')]);
    expect(state.getAllPositions()).toEqual([long('B')]);
  });

  it('is what a snapshot closes positions and orders in', () => {
    const state = stateWith(long('BTCUSDT'), long('BTCUSD'));
    for (const symbol of ['BTCUSDT', 'BTCUSD']) state.upsertActiveOrder(order({ exchangeOrderId: symbol, symbol }));
    const linear = ({ symbol }: { readonly symbol: string }): boolean => symbol.endsWith('USDT');
    const snapshot = { positions: [], orders: [], asOfMs: 200, scope: { positions: linear, orders: linear } };
    const { closed, vanishedOrders } = state.reconcile(snapshot);
    state.reconcile(snapshot);
    expect(closed.map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
    expect(ids(vanishedOrders)).toEqual(['BTCUSDT']);
    expect(state.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTCUSD']);
    expect(ids(state.getOrders())).toEqual(['BTCUSD']);
  });

  it('of one symbol leaves the stale marks of the others', () => {
    const state = new WatchedState();
    for (const table of state.recordTables) {
      if (table.name !== 'positions') continue;
      for (const symbol of ['A', 'B']) restoreRecord(table, `positions/LONG/${symbol}`, long(symbol));
    }
    state.reconcile({ positions: [long('A')], asOfMs: 200, scope: { positions: ({ symbol }) => symbol === 'A' } });
    expect([state.isPositionStale('A', 'LONG'), state.isPositionStale('B', 'LONG')]).toEqual([false, true]);
  });

  it('never closes what is outside of it, nor keeps what is inside and not in the snapshot', () => {
    const symbol: fc.Arbitrary<string> = fc.constantFrom('A', 'B', 'C', 'D');
    const some = fc.uniqueArray(symbol);
    fc.assert(
      fc.property(some, some, some, (held, covered, listed) => {
        const state = stateWith(...held.map((each) => long(each)));
        const positions = listed.filter((each) => covered.includes(each)).map((each) => long(each));
        state.reconcile({ positions, asOfMs: 200, scope: { positions: (each) => covered.includes(each.symbol) } });
        const left = state.getAllPositions().map((each) => each.symbol);
        const expected = [...held.filter((each) => !covered.includes(each)), ...positions.map((each) => each.symbol)];
        expect(new Set(left)).toEqual(new Set(expected));
      }),
    );
  });
});

describe('reconcile: balances', () => {
  it('are those of all assets: one that is missing becomes 0', () => {
    for (const balances of [{ USDT: 5, BTC: 1 }, new Map(Object.entries({ USDT: 5, BTC: 1 }))]) {
      const state = new WatchedState();
      state.setWalletBalance(7, { asset: 'ETH' });
      state.reconcile({ balances, asOfMs: 200 });
      expect({ ...state.getWalletBalances() }).toEqual({ USDT: 5, BTC: 1, ETH: 0 });
    }
  });

  it('outside of the scope stay', () => {
    const state = new WatchedState();
    state.setWalletBalance(7, { asset: 'ETH' });
    state.setWalletBalance(8, { asset: 'SOL' });
    const scope = { balances: (asset: string) => asset === 'ETH' };
    state.reconcile({ balances: {}, asOfMs: 200, scope });
    expect({ ...state.getWalletBalances() }).toEqual({ ETH: 0, SOL: 8 });
  });

  it('that the store learned later stay', () => {
    const state = new WatchedState();
    state.setWalletBalance(5, { asOfMs: 300 });
    state.setWalletBalance(6, { asset: 'BTC', asOfMs: 300 });
    state.reconcile({ balance: 1, asOfMs: 1 });
    state.reconcile({ balances: { USDT: 2 }, asOfMs: 299 });
    expect({ ...state.getWalletBalances() }).toEqual({ USDT: 5, BTC: 6 });
    state.reconcile({ balances: { USDT: 2 }, asOfMs: 300 });
    expect({ ...state.getWalletBalances() }).toEqual({ USDT: 2, BTC: 0 });
    state.setWalletBalance(9, { asOfMs: 299 });
    expect(state.getWalletBalance()).toBe(2);
  });

  it('by the old name are that of the quote asset alone', () => {
    const state = new AccountState({ quoteAsset: 'USDC' });
    state.setWalletBalance(6, { asset: 'BTC' });
    state.reconcile({ balance: 4, asOfMs: 200 });
    expect({ ...state.getWalletBalances() }).toEqual({ BTC: 6, USDC: 4 });
  });

  it('by the old name are also those of all assets, and can have a time of their own', () => {
    const state = new AccountState();
    state.setWalletBalance(7, { asset: 'ETH', asOfMs: 150 });
    state.reconcile({ balance: { USDT: 5, BTC: 1 }, asOfMs: { balance: 149 } });
    expect({ ...state.getWalletBalances() }).toEqual({ USDT: 5, BTC: 1, ETH: 7 });
    state.reconcile({ balance: 6, asOfMs: { balance: 200 } });
    expect({ ...state.getWalletBalances() }).toEqual({ USDT: 6, BTC: 1, ETH: 7 });
  });
});

describe('reconcile: a difference', () => {
  it('that rounding makes is no change, and is taken over', () => {
    const state = stateWith(long('A', { positionPrice: 54_600.1 }));
    const { changed } = state.reconcile({ positions: [long('A', { positionPrice: 54_600.1 + 1.5e-11 })], asOfMs: 200 });
    expect(changed).toEqual([]);
    expect(state.getActivePosition('A', 'LONG')?.positionPrice).toBe(54_600.1 + 1.5e-11);
  });

  it("is relative, and its bound the caller's", () => {
    const positions = [long('A', { positionPrice: 10.05 })];
    expect(stateWith(long('A')).reconcile({ positions, asOfMs: 200 }).changed).toHaveLength(1);
    expect(stateWith(long('A')).reconcile({ positions, asOfMs: 200, tolerance: 0.01 }).changed).toEqual([]);
    expect(stateWith(long('A')).reconcile({ positions, asOfMs: 200, tolerance: 0 }).changed).toHaveLength(1);
  });
});
