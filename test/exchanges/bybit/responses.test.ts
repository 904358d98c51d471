import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyBybitMessage,
  applyBybitResponse,
  type BybitResponseOptions,
} from '../../../src/exchanges/bybit/index.js';
import { LIMIT_BUY, LONG, push, response, T } from './bybit-messages.js';

const SYMBOLS = ['ETHUSDT', 'ETHUSDT-26DEC25', 'ETHPERP', 'ETH-26DEC25', 'BTCUSD', 'BTCUSDH26', 'ETHUSD'];

/** Holds a position in each of them, and an order in each and on spot. */
function heldAccount(): AccountState {
  const store = new AccountState();
  const category = (symbol: string): string => (/USD(H26)?$/.test(symbol) ? 'inverse' : 'linear');
  const positions = SYMBOLS.map((symbol) => ({ ...LONG, symbol, category: category(symbol) }));
  const orders = SYMBOLS.map((symbol) => ({ ...LIMIT_BUY, symbol, category: category(symbol), orderId: symbol }));
  applyBybitMessage(store, push('position', ...positions));
  applyBybitMessage(store, push('order', ...orders, { ...LIMIT_BUY, category: 'spot', orderId: 'spot' }));
  return store;
}

describe('a listing that is empty closes', () => {
  const cases: readonly (readonly [string, BybitResponseOptions, readonly string[]])[] = [
    ['linear, settled in USDT', { category: 'linear', settleCoin: 'USDT' }, ['ETHUSDT', 'ETHUSDT-26DEC25']],
    ['linear, settled in USDC', { category: 'linear', settleCoin: 'USDC' }, ['ETHPERP', 'ETH-26DEC25']],
    ['linear, settled in a coin that none is settled in', { category: 'linear', settleCoin: 'USDE' }, []],
    ['linear, of a symbol', { category: 'linear', symbol: 'ETHPERP' }, ['ETHPERP']],
    ['linear, settled in an empty coin', { category: 'linear', settleCoin: '' }, []],
    ['linear, of an unknown part', { category: 'linear' }, []],
    ['inverse', { category: 'inverse' }, ['BTCUSD', 'BTCUSDH26', 'ETHUSD']],
    ['inverse, settled in a coin', { category: 'inverse', settleCoin: 'BTC' }, ['BTCUSD', 'BTCUSDH26']],
    ['inverse, of a symbol', { category: 'inverse', symbol: 'BTCUSD' }, ['BTCUSD']],
    ['of no known category', {}, []],
    ['a further page', { category: 'linear', settleCoin: 'USDT', cursor: 'page-2' }, []],
  ];

  it.each(cases)('%s', (_, options, expected) => {
    const asOfMs = T + 500;
    const positions = applyBybitResponse(heldAccount(), 'positions', response([]), { asOfMs, ...options });
    const orders = applyBybitResponse(heldAccount(), 'orders', response([]), { asOfMs, ...options });

    expect(positions).toMatchObject({ kind: 'applied', resync: { closed: expected.map((symbol) => ({ symbol })) } });
    expect(orders).toMatchObject({ resync: { vanishedOrders: expected.map((symbol) => ({ symbol })) } });
  });

  it('spot orders alone, for spot', () => {
    const outcome = applyBybitResponse(heldAccount(), 'orders', response([], { category: 'spot' }), {
      asOfMs: T + 500,
    });

    expect(outcome).toMatchObject({ resync: { vanishedOrders: [{ symbol: 'spot:ETHUSDT' }] } });
  });
});

describe('the time of a response', () => {
  it('is that before the request: what the stream reported since stays', () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, updatedTime: String(T + 600) }));
    const options = { asOfMs: T + 500, settleCoin: 'USDT' };

    // The answer is of T + 900.
    applyBybitResponse(store, 'positions', response([], { category: 'linear' }), options);

    expect(store.getActivePosition('ETHUSDT', 'LONG')?.assetQty).toBe(1.5);
  });

  it('keeps a leverage that the stream reported later, and the margin with it', () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, leverage: '20', updatedTime: String(T + 600) }));

    const options = { asOfMs: T + 500, settleCoin: 'USDT' };
    const list = [LONG, { ...LONG, updatedTime: String(T + 700) }];
    for (const entry of list)
      applyBybitResponse(store, 'positions', response([entry], { category: 'linear' }), options);

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(20);
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.marginValue).toBe(377.1);
  });

  it('is unknown without asOfMs: entries count by their own, and nothing closes', () => {
    const store = heldAccount();
    const entry = { ...LONG, size: '2', updatedTime: String(T + 50) };
    const old = { ...LONG, symbol: 'ETHPERP', size: '9', updatedTime: String(T - 50) };

    const outcome = applyBybitResponse(store, 'positions', response([entry, old], { category: 'linear' }));

    expect(outcome).toMatchObject({ kind: 'applied', atMs: undefined, positions: [{ symbol: 'ETHUSDT' }] });
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.assetQty).toBe(2);
    expect(store.getAllPositions()).toHaveLength(SYMBOLS.length);
  });
});

describe('the options', () => {
  it('leave out categories that are not taken', () => {
    const store = new AccountState();
    const options = { categories: ['linear'] } as const;

    const stream = applyBybitMessage(store, push('order', { ...LIMIT_BUY, category: 'spot' }), options);
    const rest = applyBybitResponse(store, 'orders', response([LIMIT_BUY], { category: 'spot' }), options);
    const both = applyBybitMessage(store, push('order', LIMIT_BUY, { ...LIMIT_BUY, category: 'spot' }), options);

    expect([stream.kind, rest.kind, both.kind]).toEqual(['ignored', 'ignored', 'applied']);
    expect(store.getOrders().map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
  });
});

describe('in hedge mode', () => {
  const short = { ...LONG, side: 'Sell', positionIdx: 2 };

  it('the flat side does not take the leverage and margin of the open one', () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, positionIdx: 1 }));

    applyBybitMessage(
      store,
      push('position', { ...short, side: '', size: '0', leverage: '3', updatedTime: String(T + 9) }),
    );

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(10);
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.marginValue).toBe(377.1);
  });

  it('a message about the smaller side leaves the leverage and margin of the larger one', () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, positionIdx: 1, size: '2' }));

    applyBybitMessage(store, push('position', { ...short, size: '1', leverage: '3', positionIM: '833' }));

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(10);
    expect(store.getAllPositions().map(({ marginValue }) => marginValue)).toEqual([377.1, 833]);
  });

  it('the larger side sets the leverage, though the other one was reported later', () => {
    const store = new AccountState();
    const later = String(T + 9);
    applyBybitMessage(store, push('position', { ...LONG, positionIdx: 1, size: '1', updatedTime: later }));

    applyBybitMessage(store, push('position', { ...short, size: '2', leverage: '3' }));

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(3);
  });

  it('of two sides of one size the one that was reported last sets the leverage', () => {
    const store = new AccountState();
    const later = String(T + 9);
    const first = push('position', { ...LONG, positionIdx: 1 });
    for (const message of [first, push('position', { ...short, leverage: '3', updatedTime: later }), first]) {
      applyBybitMessage(store, message);
    }

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(3);
  });

  it('both sides keep their margin when each has a leverage of its own, and the larger one counts', () => {
    const store = new AccountState();

    applyBybitMessage(store, push('position', { ...LONG, positionIdx: 1, size: '2' }, { ...short, leverage: '3' }));

    expect(store.getSymbolLeverage('ETHUSDT')).toBe(10);
    expect(store.getAllPositions().map(({ marginValue }) => marginValue)).toEqual([377.1, 377.1]);
  });
});
