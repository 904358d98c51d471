import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyBybitMessage } from '../../../src/exchanges/bybit/index.js';
import { LIMIT_BUY, push, T } from './bybit-messages.js';

const ENDS = ['Filled', 'Cancelled', 'Rejected', 'Deactivated', 'Expired', 'PartiallyFilledCanceled'];

/** The messages of one order's life, each later than the one before: it waits, fills bit by bit, and perhaps ends. */
const life = fc
  .record({
    orderId: fc.integer({ min: 1, max: 6 }),
    isConditional: fc.boolean(),
    fills: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
    end: fc.option(fc.constantFrom(...ENDS)),
  })
  .map(({ orderId, isConditional, fills, end }) => {
    const qty = 100;
    const conditional = { stopOrderType: 'Stop', triggerPrice: '2400', triggerDirection: 1 };
    const base = { ...LIMIT_BUY, orderId: `order-${orderId}`, qty: String(qty), ...(isConditional ? conditional : {}) };
    const states = isConditional ? ['Untriggered', 'Triggered', 'New'] : ['New'];
    const executed = fills.map((_, index) => fills.slice(0, index + 1).reduce((sum, fill) => sum + fill, 0));
    const last = end === 'Filled' ? qty : (executed.at(-1) ?? 0);
    const entries = [
      ...states.map((orderStatus) => ({ orderStatus, cumExecQty: '0' })),
      ...executed.map((sum) => ({ orderStatus: 'PartiallyFilled', cumExecQty: String(sum), avgPrice: '2450' })),
      ...(end === null ? [] : [{ orderStatus: end, cumExecQty: String(last), avgPrice: '2450' }]),
    ];
    return entries.map((entry, index) => ({ ...base, ...entry, updatedTime: String(T + index) }));
  });

const lives = fc.uniqueArray(life, { maxLength: 6, selector: ([first]) => first?.orderId });

describe('the order topic', () => {
  it('ends in the same orders in whatever order its messages come, and however often', () => {
    const streams = lives.chain((orders) => {
      const entries = orders.flat();
      const isRepeated = fc.array(fc.boolean(), { minLength: entries.length, maxLength: entries.length });
      return isRepeated.chain((repeats) => {
        const all = [...entries, ...entries.filter((_, index) => repeats[index])];
        return fc.tuple(fc.constant(entries), fc.shuffledSubarray(all, { minLength: all.length }));
      });
    });

    fc.assert(
      fc.property(streams, ([inOrder, shuffled]) => {
        expect(ordersAfter(shuffled)).toEqual(ordersAfter(inOrder));
      }),
    );
  });

  it('reports each fill once, when messages come in order and repeatedly', () => {
    fc.assert(
      fc.property(life, (entries) => {
        const store = new AccountState();
        const fills = entries
          .flatMap((entry) => [entry, entry])
          .map((entry) => applyBybitMessage(store, push('order', entry)))
          .flatMap((outcome) => (outcome.kind === 'applied' ? outcome.fills : []));

        const executed = fills.map(({ order }) => order.executedQuantity);
        expect(executed).toEqual([...new Set(entries.map(({ cumExecQty }) => Number(cumExecQty)))].filter(Boolean));
        expect(fills.map(({ first }) => first)).toEqual(executed.map((_, index) => index === 0));
      }),
    );
  });
});

function ordersAfter(entries: readonly object[]): readonly object[] {
  const store = new AccountState();
  for (const entry of entries) expect(applyBybitMessage(store, push('order', entry)).kind).toBe('applied');
  return store.getOrdersSortedById();
}
