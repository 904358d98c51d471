import { describe, expect, it } from 'vitest';
import { walletsIn } from '../../../src/exchanges/shared/wallets.js';

const coins = [{ coin: 'USDT', walletBalance: '100.5', equity: '101' }];
const details = [{ ccy: 'USDT', cashBal: '100.5', eq: '101', uTime: '1750000000000' }];

describe('wallet balances', () => {
  it.each([
    ["Binance's account", { assets: [{ asset: 'USDT', walletBalance: '100.5', marginBalance: '101' }] }],
    ["Binance's ACCOUNT_UPDATE", { e: 'ACCOUNT_UPDATE', a: { m: 'ORDER', B: [{ a: 'USDT', wb: '100.5', cw: '90' }] } }],
    ["Bybit's answer", { retCode: 0, result: { list: [{ accountType: 'UNIFIED', coin: coins }] } }],
    ["Bybit's wallet topic", [{ accountType: 'UNIFIED', coin: coins }]],
    ["OKX's answer", { code: '0', data: [{ uTime: '1750000000000', details }] }],
    ["OKX's account channel", { arg: { channel: 'account' }, data: [{ details }] }],
  ])('are found in %s', (_, sent) => {
    expect(walletsIn(sent)).toMatchObject({ values: [['USDT', 100.5]], faults: [] });
  });

  it('are of all accounts', () => {
    const more = [{ coin: 'BTC', walletBalance: '1' }];
    expect(walletsIn([{ coin: coins }, { coin: more }])?.values).toEqual([
      ['USDT', 100.5],
      ['BTC', 1],
    ]);
  });

  it('are none in an ACCOUNT_UPDATE of positions alone', () => {
    expect(walletsIn({ e: 'ACCOUNT_UPDATE', a: { B: [], P: [] } })).toMatchObject({ values: [], faults: [] });
  });

  it('that cannot be read are faults, and in doubt', () => {
    const read = walletsIn([{ coin: [{ coin: 'BTC', walletBalance: 'much' }, { coin: 'ETH' }, ...coins, null] }]);
    expect(read?.values).toEqual([['USDT', 100.5]]);
    const fields = ['balance[0].walletBalance', 'balance[1].walletBalance', 'balance[3]'];
    expect(read?.faults.map(({ field }) => field)).toEqual(fields);
    expect(read?.isInDoubt('BTC')).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'USDT'],
    ['an empty list', []],
    ["Binance's spot account", { balances: [{ asset: 'USDT', free: '1', locked: '0' }] }],
    ["Binance's isolated margin", { assets: [{ baseAsset: {}, quoteAsset: {} }] }],
    ["Binance's balances of futures", [{ asset: 'USDT', balance: '1', crossWalletBalance: '1' }]],
    ["Binance's spot stream", { e: 'balanceUpdate', a: 'USDT', d: '1' }],
    ["Bybit's spot stream", [{ a: 'USDT', f: '1', l: '0' }]],
    ["OKX's funding account", { data: [{ ccy: 'USDT', bal: '1' }] }],
  ])('are not looked for in %s', (_, sent) => {
    expect(walletsIn(sent)).toBeUndefined();
  });
});
