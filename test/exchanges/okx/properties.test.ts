import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyOkxMessage, applyOkxResponse } from '../../../src/exchanges/okx/index.js';
import { accountEntry, algoOrderEntry, CHANGED_MS, orderEntry, positionEntry, push } from './okx-entries.js';

const END_STATES = ['filled', 'canceled', 'mmp_canceled', undefined] as const;

/** The messages of one order: live, then fills, amendments and, unless it stays, an end. Each is later than before. */
const orderStream = fc
  .record({
    steps: fc.array(fc.record({ filled: fc.integer({ min: 0, max: 3 }), px: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 5,
    }),
    end: fc.constantFrom(...END_STATES),
  })
  .map(({ steps, end }) => {
    const states: object[] = [{}];
    let filled = 0;
    for (const step of steps) {
      filled += step.filled;
      const fill = filled === 0 ? {} : { state: 'partially_filled', accFillSz: String(filled), avgPx: '59000' };
      states.push({ px: String(59_000 + step.px), ...fill });
    }
    if (end !== undefined)
      states.push({ accFillSz: String(end === 'filled' ? 20 : filled), avgPx: '59000', state: end });
    return states;
  });

/** Streams of several orders, and the same messages in another order, some of them twice. */
const shuffledOrders = fc
  .array(orderStream, { minLength: 1, maxLength: 4 })
  .map((streams) =>
    streams.flatMap((states, index) =>
      states.map((state, step) => {
        const uTime = String(CHANGED_MS + step);
        return push('orders', orderEntry({ ordId: String(index + 1), sz: '20', uTime, ...state }));
      }),
    ),
  )
  .chain((messages) => {
    const twice = fc.subarray(messages);
    const shuffled = twice.chain((some) =>
      fc.shuffledSubarray([...messages, ...some], { minLength: messages.length + some.length }),
    );
    return fc.record({ messages: fc.constant(messages), shuffled });
  });

function ordersAfter(messages: readonly object[]): readonly object[] {
  const store = new AccountState();
  for (const message of messages) expect(applyOkxMessage(store, message).kind).toBe('applied');
  return store.getOrdersSortedById();
}

describe('the stream', () => {
  it('ends in the same orders, in whatever order its messages come, and however often', () => {
    fc.assert(
      fc.property(shuffledOrders, ({ messages, shuffled }) => {
        expect(ordersAfter(shuffled)).toEqual(ordersAfter(messages));
      }),
    );
  });

  it('counts every executed quantity once', () => {
    fc.assert(
      fc.property(shuffledOrders, ({ messages, shuffled }) => {
        const lastFill = (given: readonly object[]) => {
          const store = new AccountState();
          const executed = new Map<string, number>();
          for (const message of given) {
            const outcome = applyOkxMessage(store, message);
            for (const { order } of outcome.kind === 'applied' ? outcome.fills : []) {
              expect(order.executedQuantity).toBeGreaterThan(executed.get(order.exchangeOrderId) ?? 0);
              executed.set(order.exchangeOrderId, order.executedQuantity);
            }
          }
          return executed;
        };
        // What came before the end is not reported when it comes after it.
        for (const [id, quantity] of lastFill(shuffled)) expect(quantity).toBe(lastFill(messages).get(id));
      }),
    );
  });
});

describe('hostile input', () => {
  const ENTRIES = [positionEntry(), orderEntry(), algoOrderEntry(), accountEntry({ USDT: '1' })];
  const names = [...new Set(ENTRIES.flatMap((entry) => Object.keys(entry)))];
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      '',
      '0',
      '-1',
      '1e308',
      '1e999',
      'NaN',
      'long',
      'MARGIN',
      'filled',
      'isolated',
      '__proto__',
    ),
    fc.constantFrom<unknown>(null, [], {}, true, 0, -1, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY),
    fc.string(),
    fc.double(),
    fc.jsonValue(),
  );
  const entry = fc
    .tuple(fc.constantFrom(...ENTRIES), fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }))
    .map(([whole, changed]) => ({ ...whole, ...changed }));
  const data = fc.oneof(fc.array(fc.oneof(entry, fc.jsonValue()), { maxLength: 4 }), fc.jsonValue());
  const channel = fc.constantFrom(
    ...[
      'account',
      'positions',
      'balance_and_position',
      'orders',
      'orders-algo',
      'algo-advance',
      'tickers',
      'mark-price',
    ],
  );

  it('is never thrown out of a message', () => {
    fc.assert(
      fc.property(channel, fc.array(data, { minLength: 1, maxLength: 3 }), (name, lists) => {
        const store = new AccountState();
        for (const list of lists) {
          const outcome = applyOkxMessage(store, { arg: { channel: name }, data: list });
          expect(['applied', 'ignored', 'unknown']).toContain(outcome.kind);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is never thrown out of a response', () => {
    const request = fc.constantFrom('positions', 'orders', 'algoOrders', 'balance', 'leverage', 'tickers' as const);
    const asOfMs = fc.constantFrom(undefined, CHANGED_MS, 0);
    fc.assert(
      fc.property(request, data, asOfMs, (name, list, time) => {
        const store = new AccountState();
        applyOkxMessage(store, push('positions', positionEntry()));
        const outcome = applyOkxResponse(store, name, { code: '0', msg: '', data: list }, { asOfMs: time });
        expect(['applied', 'ignored', 'unknown']).toContain(outcome.kind);
      }),
      { numRuns: 500 },
    );
  });

  it('is never thrown out of anything', () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        expect(['applied', 'ignored', 'unknown']).toContain(applyOkxMessage(new AccountState(), message).kind);
      }),
    );
  });
});
