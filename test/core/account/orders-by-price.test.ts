import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { EngineOrder } from '../../../src/core/account/types/order.js';
import { order } from './tables/table-harness.js';

type Step =
  | { readonly kind: 'upsert'; readonly update: Partial<EngineOrder> }
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'clear' | 'ask' }
  | { readonly kind: 'run' | 'fail'; readonly steps: readonly Step[] };

const SYMBOLS = ['A', 'B'];
const id = fc.constantFrom('1', '2', '3', '4', '5');
/** Few prices, so that many are equal; some orders have no id of the exchange yet, and some end. */
const update = fc.record({
  exchangeOrderId: fc.oneof({ weight: 3, arbitrary: id }, fc.constant('')),
  customOrderId: fc.constantFrom('c1', 'c2', 'c3'),
  symbol: fc.constantFrom(...SYMBOLS),
  orderSide: fc.constantFrom('BUY' as const, 'SELL' as const),
  price: fc.integer({ min: 1, max: 3 }),
  status: fc.constantFrom('NEW' as const, 'NEW' as const, 'PARTIALLY_FILLED' as const, 'CANCELLED' as const),
});
const steps = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 12 }),
  step: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('upsert' as const), update }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('ask' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('run' as const, 'fail' as const), steps: tie('steps') }),
    },
  ),
})).steps;

const up = (left: EngineOrder, right: EngineOrder): number => left.price - right.price;
const down = (left: EngineOrder, right: EngineOrder): number => right.price - left.price;

/** Each answer is what sorting anew would make of the orders; the caller does to the array what it likes. */
function expectSorted(state: AccountState): void {
  const answers: (readonly [Readonly<EngineOrder>[], Readonly<EngineOrder>[]])[] = [
    [state.getOrdersSortedByPrice(), state.getOrders().toSorted(up)],
    [state.getOrdersSortedByPrice(false), state.getOrders().toSorted(down)],
  ];
  for (const symbol of SYMBOLS) {
    const orders = state.getOrdersForSymbol(symbol);
    const buys = state.getOrdersForSymbolSide(symbol, 'BUY');
    answers.push(
      [state.getOrdersForSymbolSortedByPrice(symbol), orders.toSorted(up)],
      [state.getOrdersForSymbolSortedByPrice(symbol, false), orders.toSorted(down)],
      [state.getOrdersForSymbolSideSortedByPrice(symbol, 'BUY'), buys.toSorted(up)],
      [state.getOrdersForSymbolSideSortedByPrice(symbol, 'BUY', false), buys.toSorted(down)],
    );
  }
  for (const [answered, expected] of answers) expect(answered).toEqual(expected);
  for (const [answered] of answers) answered.reverse().pop();
}

function apply(state: AccountState, each: Step): void {
  switch (each.kind) {
    case 'upsert':
      // Time 0 is no time: nothing is outdated.
      state.upsertActiveOrder(order({ ...each.update, updatedAtMs: 0 }));
      break;
    case 'delete':
      state.deleteOrder(each.id);
      break;
    case 'clear':
      state.clearAllOrders();
      break;
    case 'ask':
      expectSorted(state);
      break;
    default:
      try {
        state.transaction(() => {
          for (const step of each.steps) apply(state, step);
          if (each.kind === 'fail') throw new Error('taken back');
        });
      } catch (thrown) {
        if (!(thrown instanceof Error) || thrown.message !== 'taken back') throw thrown;
      }
  }
}

describe('orders by price', () => {
  it('are at any time what sorting anew makes of them, those of one price in the order of the getters', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const state = new AccountState();
        for (const each of list) {
          apply(state, each);
          expectSorted(state);
          expectSorted(state);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('belong to the caller, who may change the array', () => {
    const state = new AccountState();
    for (const price of [3, 1, 2]) state.upsertActiveOrder(order({ exchangeOrderId: `${price}`, price }));
    const first = state.getOrdersSortedByPrice();
    first.length = 0;
    state.getOrdersForSymbolSortedByPrice('BTCUSDT').reverse();
    expect(state.getOrdersSortedByPrice().map(({ price }) => price)).toEqual([1, 2, 3]);
    expect(state.getOrdersForSymbolSortedByPrice('BTCUSDT').map(({ price }) => price)).toEqual([1, 2, 3]);
  });

  it('follow the order to another symbol', () => {
    const state = new AccountState();
    state.upsertActiveOrder(order({ exchangeOrderId: '1', symbol: 'A' }));
    state.getOrdersForSymbolSortedByPrice('A');
    state.upsertActiveOrder(order({ exchangeOrderId: '1', symbol: 'B' }));
    expect(state.getOrdersForSymbolSortedByPrice('A')).toEqual([]);
    expect(state.getOrdersForSymbolSortedByPrice('B')).toHaveLength(1);
  });
});
