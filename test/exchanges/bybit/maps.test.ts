import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyBybitMessage,
  bybitInstruments,
  bybitSymbolKey,
  ExchangeMessageError,
  mapBybitInstrument,
  mapBybitOrder,
  mapBybitPosition,
  mapBybitWallet,
} from '../../../src/exchanges/bybit/index.js';
import { LIMIT_BUY, LONG, push } from './bybit-messages.js';

const LINEAR = {
  symbol: 'ETHUSDT',
  contractType: 'LinearPerpetual',
  status: 'Trading',
  quoteCoin: 'USDT',
  settleCoin: 'USDT',
};
const INVERSE = {
  symbol: 'BTCUSD',
  contractType: 'InversePerpetual',
  status: 'Trading',
  quoteCoin: 'USD',
  settleCoin: 'BTC',
};
const SPOT = { symbol: 'ETHUSDC', status: 'Trading', baseCoin: 'ETH', quoteCoin: 'USDC', marginTrading: 'utaOnly' };
const OPTION = { symbol: 'ETH-26DEC25-3000-C', optionsType: 'Call', quoteCoin: 'USD', settleCoin: 'USDC' };

describe('the key of a symbol', () => {
  it('has a prefix on spot alone', () => {
    const keys = ['linear', 'inverse', 'spot'].map((category) => bybitSymbolKey(category, 'X'));

    expect(keys).toEqual(['X', 'X', 'spot:X']);
  });
});

describe('the maps', () => {
  it('take entries of listings, which do not name their category', () => {
    const { category: _, entryPrice: __, ...position } = LONG;
    const { category: ___, ...order } = LIMIT_BUY;

    expect(mapBybitPosition(position)).toMatchObject({ symbol: 'ETHUSDT', positionPrice: 2500 });
    expect(mapBybitOrder(order)).toMatchObject({ symbol: 'ETHUSDT' });
    expect(mapBybitOrder(order, 'spot')).toMatchObject({ symbol: 'spot:ETHUSDT' });
    expect(mapBybitOrder(LIMIT_BUY, 'spot')).toMatchObject({ symbol: 'ETHUSDT' });
  });

  it('do not change what they are given', () => {
    const entry = Object.freeze({ ...LIMIT_BUY });

    expect(mapBybitOrder(entry, 'spot')).toEqual(mapBybitOrder(entry, 'spot'));
  });

  it('take every coin of the wallet', () => {
    const accounts = [
      {
        coin: [
          { coin: 'USDT', walletBalance: '1.5' },
          { coin: '__proto__', walletBalance: '2' },
        ],
      },
    ];

    expect(Object.entries(mapBybitWallet(accounts))).toEqual([
      ['USDT', 1.5],
      ['__proto__', 2],
    ]);
  });

  it.each([
    ['a position without a symbol', () => mapBybitPosition({ ...LONG, symbol: '' }), 'position.symbol'],
    [
      'an open position without an entry price',
      () => mapBybitPosition({ ...LONG, entryPrice: '', avgPrice: '' }),
      'position.avgPrice',
    ],
    ['an order without a status', () => mapBybitOrder({ ...LIMIT_BUY, orderStatus: undefined }), 'order.orderStatus'],
    [
      'a coin without a balance',
      () => mapBybitWallet([{ coin: [{ coin: 'BTC' }] }]),
      'accounts[0].coin[0].walletBalance',
    ],
    ['an option as an instrument', () => mapBybitInstrument(OPTION), 'instrument.contractType'],
  ] as const)('throw, naming the field, for %s', (_, map, field) => {
    expect(map).toThrow(expect.objectContaining({ field, code: 'INVALID_VALUE', name: ExchangeMessageError.name }));
  });
});

describe('instruments', () => {
  it.each([
    [LINEAR, { kind: 'linear', multiplier: 1, settleAsset: 'USDT' }],
    [
      { ...LINEAR, contractType: 'LinearFutures', settleCoin: 'USDC' },
      { kind: 'linear', multiplier: 1, settleAsset: 'USDC' },
    ],
    [INVERSE, { kind: 'inverse', multiplier: 1, settleAsset: 'BTC' }],
    [
      { ...INVERSE, contractType: 'InverseFutures' },
      { kind: 'inverse', multiplier: 1, settleAsset: 'BTC' },
    ],
    [SPOT, { kind: 'spot', multiplier: 1, settleAsset: 'USDC' }],
  ])('of $symbol $contractType', (entry, expected) => {
    expect(mapBybitInstrument(entry)).toEqual(expected);
  });

  it('are looked up by the key of the store', () => {
    const lookUp = bybitInstruments({ linear: [LINEAR], inverse: [INVERSE], spot: [{ ...SPOT, symbol: 'ETHUSDT' }] });

    expect(lookUp('ETHUSDT')?.kind).toBe('linear');
    expect(lookUp('spot:ETHUSDT')?.kind).toBe('spot');
    expect(lookUp('BTCUSD')?.settleAsset).toBe('BTC');
    expect(lookUp('SOLUSDT')).toBeUndefined();
  });

  it('value an inverse position in its coin', () => {
    const store = new AccountState({ instruments: bybitInstruments({ inverse: [INVERSE] }) });
    const long = { ...LONG, category: 'inverse', symbol: 'BTCUSD', size: '10000', entryPrice: '50000' };
    applyBybitMessage(store, push('position', long));

    applyBybitMessage(store, { topic: 'tickers.BTCUSD', ts: 1, data: { symbol: 'BTCUSD', markPrice: '60000' } });

    expect(store.getActivePosition('BTCUSD', 'LONG')?.valueUpnl).toBeCloseTo(0.033333, 6);
  });
});
