import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyBybitMessage, applyBybitResponse, type BybitRequest } from '../../../src/exchanges/bybit/index.js';
import { LIMIT_BUY, LONG, push, response, T } from './bybit-messages.js';

const WALLET = { accountType: 'UNIFIED', coin: [{ coin: 'USDT', walletBalance: '1' }] };
const TICKER = { symbol: 'ETHUSDT', markPrice: '2540' };

const HOSTILE = [
  undefined,
  null,
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'NaN',
  '0x10',
  '1,5',
  'constructor',
  0,
  -1,
  1e21,
  Number.NaN,
  true,
  [],
  {},
  [[]],
];

/** An entry of which one or two fields, but not that one, are not what they should be. */
function spoiled(entry: object, except = ''): fc.Arbitrary<object> {
  const names = [...Object.keys(entry), 'category', '__proto__'];
  const field = fc.constantFrom(...names.filter((name) => name !== except));
  const change = fc.tuple(field, fc.constantFrom(...HOSTILE));
  return fc
    .array(change, { minLength: 1, maxLength: 2 })
    .map((changes) => ({ ...entry, ...Object.fromEntries(changes) }));
}

/** A store with an account, to see that nothing but the entry's own is lost. */
function heldAccount(): AccountState {
  const store = new AccountState();
  applyBybitMessage(store, push('position', LONG, { ...LONG, symbol: 'SOLUSDT' }));
  applyBybitMessage(store, push('order', LIMIT_BUY));
  return store;
}

describe('whatever an entry holds', () => {
  const messages = fc.oneof(
    spoiled(LONG).map((entry) => push('position', entry)),
    spoiled(LIMIT_BUY).map((entry) => push('order', entry)),
    spoiled(WALLET).map((entry) => push('wallet', entry)),
    spoiled(TICKER).map((data) => ({ topic: 'tickers.ETHUSDT', ts: T, data })),
    spoiled(push('position', LONG)),
    fc.anything(),
  );

  it('a message never throws, and leaves the other symbols alone', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const store = heldAccount();
        const other = store.getActivePosition('SOLUSDT', 'LONG');

        const outcome = applyBybitMessage(store, message);

        expect(['applied', 'ignored', 'unknown']).toContain(outcome.kind);
        expect(store.getActivePosition('SOLUSDT', 'LONG')).toBe(other);
        for (const fault of outcome.kind === 'applied' ? outcome.faults : []) {
          expect(fault.message).toMatch(/^.+: expected .+, received /);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('a message that comes twice changes nothing the second time', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const store = heldAccount();
        const first = applyBybitMessage(store, message);
        const held = [store.getAllPositions(), store.getOrders(), store.getSymbolLeverageCache()];

        const second = applyBybitMessage(store, message);

        if (first.kind === 'applied') expect(second).toMatchObject({ positions: [], fills: [] });
        expect([store.getAllPositions(), store.getOrders(), store.getSymbolLeverageCache()]).toEqual(held);
      }),
      { numRuns: 1000 },
    );
  });

  it('a response never throws, and an entry that is a fault closes nothing of its symbol', () => {
    const responses: fc.Arbitrary<readonly [BybitRequest, unknown]> = fc.oneof(
      spoiled(LONG, 'symbol').map((entry) => ['positions', response([entry], { category: 'linear' })] as const),
      spoiled(LIMIT_BUY, 'symbol').map((entry) => ['orders', response([entry], { category: 'linear' })] as const),
      spoiled(WALLET).map((entry) => ['wallet', response([entry])] as const),
      spoiled(TICKER).map((entry) => ['tickers', response([entry], { category: 'linear' })] as const),
      spoiled(response([LONG])).map((answer) => ['positions', answer] as const),
    );

    fc.assert(
      fc.property(responses, ([request, answer]) => {
        const store = heldAccount();

        const outcome = applyBybitResponse(store, request, answer, { asOfMs: T + 500, settleCoin: 'USDT' });

        const hasFault = outcome.kind === 'unknown' || (outcome.kind === 'applied' && outcome.faults.length > 0);
        const isKept = store.isSymbolInAnyPosition('ETHUSDT') && store.getOrder('order-1') !== undefined;
        expect(hasFault && !isKept).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
