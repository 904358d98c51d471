import { beforeEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyOkxMessage, applyOkxResponse } from '../../../src/exchanges/okx/index.js';
import { accountEntry, algoOrderEntry, CHANGED_MS, orderEntry, positionEntry, push } from './okx-entries.js';

type Overrides = Readonly<Record<string, unknown>>;

let store: AccountState;

beforeEach(() => {
  store = new AccountState();
});

function held(): unknown {
  return [store.getAllPositions(), store.getOrders(), store.getWalletBalances(), store.getSymbolLeverageCache()];
}

const MICROSECONDS = String(CHANGED_MS * 1000);

describe('an entry that cannot be is a fault, and the others are applied', () => {
  it.each<[string, Overrides]>([
    ['avgPx', { avgPx: undefined }],
    ['avgPx', { avgPx: '' }],
    ['avgPx', { avgPx: '-60000' }],
    ['pos', { pos: '' }],
    ['uTime', { uTime: MICROSECONDS }],
    ['uTime', { uTime: '-1' }],
    ['value', { usdPx: '1e-320' }],
  ])('position, %s: %o', (field, bad) => {
    const outcome = applyOkxMessage(
      store,
      push('positions', positionEntry(bad), positionEntry({ instId: 'ETH-USDT-SWAP' })),
    );
    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: `data[0].${field}` }] });
    expect(store.getAllPositions()).toMatchObject([{ symbol: 'ETH-USDT-SWAP' }]);
  });

  it.each<[string, Overrides]>([
    ['px', { px: '' }],
    ['px', { px: '-1' }],
    ['sz', { sz: '-2' }],
    ['uTime', { uTime: MICROSECONDS }],
    ['cTime', { cTime: '1e300' }],
    [
      'originalQuantity',
      { instType: 'SPOT', instId: 'BTC-USDT', tdMode: 'cash', ordType: 'market', tgtCcy: 'quote_ccy', avgPx: '1e-320' },
    ],
  ])('order, %s: %o', (field, bad) => {
    const outcome = applyOkxMessage(store, push('orders', orderEntry(bad), orderEntry({ ordId: '2' })));
    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: `data[0].${field}` }] });
    expect(store.getOrders()).toMatchObject([{ exchangeOrderId: '2' }]);
  });

  it.each<[string, Overrides]>([
    ['tpTriggerPx', { slTriggerPx: '' }],
    ['triggerPx', { ordType: 'trigger' }],
    ['slTriggerPx', { slTriggerPx: '-5' }],
    ['moveTriggerPx', { ordType: 'move_order_stop', moveTriggerPx: '-5' }],
    ['pxLimit', { ordType: 'iceberg', pxLimit: '-5' }],
  ])('algo order, %s: %o', (field, bad) => {
    const outcome = applyOkxMessage(store, push('orders-algo', algoOrderEntry(bad), algoOrderEntry({ algoId: '2' })));
    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: `data[0].${field}` }] });
    expect(store.getOrders()).toMatchObject([{ exchangeOrderId: 'algo:2' }]);
  });

  it('a balance far ahead in time does not outrank those that follow', () => {
    const ahead = { details: [{ ccy: 'USDT', cashBal: '5', uTime: MICROSECONDS }] };
    expect(applyOkxMessage(store, push('account', ahead))).toMatchObject({ faults: [{ field: 'details[0].uTime' }] });
    applyOkxMessage(store, push('account', accountEntry({ USDT: '7' })));
    expect(store.getWalletBalance()).toBe(7);
  });

  it('and nothing that it speaks of is closed', () => {
    applyOkxMessage(store, push('positions', positionEntry()));
    const asOfMs = CHANGED_MS + 1000;
    const answer = { code: '0', msg: '', data: [positionEntry({ avgPx: '' })] };
    expect(applyOkxResponse(store, 'positions', answer, { asOfMs })).toMatchObject({ resync: { closed: [] } });
    expect(store.getAllPositions()).toHaveLength(1);
  });
});

describe('leverage that is older than what is known changes nothing', () => {
  const at = (ms: number, lever: string, overrides: Overrides = {}) =>
    push('positions', positionEntry({ lever, uTime: String(CHANGED_MS + ms), ...overrides }));

  it.each<[string, readonly object[]]>([
    ['a flat one', [at(0, '5', { pos: '0', avgPx: '' })]],
    ['the other side', [at(0, '5', { pos: '-1' })]],
    ['the same side', [at(0, '5')]],
  ])('%s', (_, older) => {
    applyOkxMessage(store, at(1000, '10'));
    const before = held();
    for (const message of older) applyOkxMessage(store, message);
    expect(held()).toEqual(before);
  });

  it('nor after the position was closed', () => {
    applyOkxMessage(store, at(1000, '10'));
    applyOkxMessage(store, at(2000, '10', { pos: '0', avgPx: '' }));
    applyOkxMessage(store, at(1500, '5'));
    expect(store.getSymbolLeverage('BTC-USDT-SWAP')).toBe(10);
  });

  it('but a change that the position does not count as one is taken over, also after a snapshot', () => {
    const answer = { code: '0', msg: '', data: [positionEntry()] };
    applyOkxResponse(store, 'positions', answer, { asOfMs: CHANGED_MS + 1000 });
    applyOkxMessage(store, at(0, '7'));
    expect(store.getSymbolLeverage('BTC-USDT-SWAP')).toBe(7);
  });

  it('and a snapshot does not undo what the stream told after it', () => {
    applyOkxMessage(store, at(2000, '10', { pos: '0', avgPx: '' }));
    const answer = { code: '0', msg: '', data: [positionEntry({ lever: '5' })] };
    applyOkxResponse(store, 'positions', answer, { asOfMs: CHANGED_MS + 1000 });
    expect(store.getSymbolLeverage('BTC-USDT-SWAP')).toBe(10);
  });
});

it('a message that is delivered twice reports no change', () => {
  const message = push('positions', positionEntry());
  applyOkxMessage(store, message);
  const before = held();
  expect(applyOkxMessage(store, message)).toMatchObject({ kind: 'applied', positions: [] });
  expect(held()).toEqual(before);
});

it.each(['order', 'cancel-order', 'batch-amend-orders'])('a refused request has changed nothing: %s', (op) => {
  const answer = { id: '1', op, code: '1', msg: '', data: [{ ordId: '', clOrdId: 'a', sCode: '51400', sMsg: '' }] };
  expect(applyOkxMessage(store, answer)).toMatchObject({ kind: 'ignored' });
});

it('event contracts are market data', () => {
  const message = { arg: { channel: 'event-contract-markets' }, data: [{}] };
  expect(applyOkxMessage(store, message).kind).toBe('ignored');
});
