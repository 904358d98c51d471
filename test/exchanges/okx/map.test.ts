import { describe, expect, it } from 'vitest';
import {
  ExchangeMessageError,
  mapOkxAlgoOrder,
  mapOkxBalances,
  mapOkxInstrument,
  mapOkxOrder,
  mapOkxPosition,
  okxAlgoOrderKey,
  okxSymbolKey,
} from '../../../src/exchanges/okx/index.js';
import { accountEntry, algoOrderEntry, CHANGED_MS, orderEntry, positionEntry } from './okx-entries.js';

/** Runs `map`, and returns the field that it could not read. */
function unreadable(map: () => unknown): string | undefined {
  try {
    map();
    return undefined;
  } catch (error) {
    return error instanceof ExchangeMessageError ? error.field : `threw ${error}`;
  }
}

describe('keys', () => {
  it.each([
    ['cross', 'BTC-USDT-SWAP'],
    ['isolated', 'BTC-USDT-SWAP:isolated'],
    ['cash', 'BTC-USDT-SWAP'],
  ])('%s: %s', (mode, key) => {
    expect(okxSymbolKey('BTC-USDT-SWAP', mode)).toBe(key);
  });

  it('algo orders have a prefix', () => {
    expect(okxAlgoOrderKey('77')).toBe('algo:77');
  });

  it('an order has the key of the position that it changes', () => {
    for (const mode of ['cross', 'isolated']) {
      expect(mapOkxOrder(orderEntry({ tdMode: mode })).symbol).toBe(
        mapOkxPosition(positionEntry({ mgnMode: mode })).symbol,
      );
    }
  });
});

describe('mapOkxPosition', () => {
  it('has the time of the last change, and 0 when there is none', () => {
    expect(mapOkxPosition(positionEntry()).timestampMs).toBe(CHANGED_MS);
    expect(mapOkxPosition(positionEntry({ uTime: '' })).timestampMs).toBe(0);
  });

  it('reads a liquidation price below 0 as none', () => {
    expect(mapOkxPosition(positionEntry({ liqPx: '-12' })).liquidationPrice).toBe(0);
  });

  it('leaves out what balance_and_position does not report', () => {
    const { instType, instId, mgnMode, posSide, pos, posCcy, ccy, avgPx, uTime } = positionEntry();
    const position = mapOkxPosition({ instType, instId, mgnMode, posSide, pos, posCcy, ccy, avgPx, uTime });
    expect(Object.entries(position).filter(([, value]) => value !== undefined)).toEqual([
      ['symbol', 'BTC-USDT-SWAP'],
      ['timestampMs', CHANGED_MS],
      ['orderPositionSide', 'BOTH'],
      ['positionSide', 'LONG'],
      ['positionPrice', 60000],
      ['assetQty', 2],
    ]);
  });

  it.each([
    ['instId', { instId: '' }],
    ['mgnMode', { mgnMode: 'portfolio' }],
    ['posSide', { posSide: '' }],
    ['pos', { pos: 'two' }],
    ['pos', { pos: '-2', posSide: 'long' }],
    ['uTime', { uTime: 'now' }],
    ['posCcy', { instType: 'MARGIN', instId: 'BTC-USDT', posCcy: 'DOGE' }],
    ['avgPx', { instType: 'MARGIN', instId: 'BTC-USDT', posCcy: 'USDT', avgPx: '' }],
  ])('names %s when that cannot be read: %o', (field, overrides) => {
    expect(unreadable(() => mapOkxPosition(positionEntry(overrides)))).toBe(`position.${field}`);
  });
});

describe('mapOkxOrder', () => {
  it('reads reduceOnly as a text and as a boolean, and leaves out what is empty', () => {
    expect(mapOkxOrder(orderEntry({ reduceOnly: 'true' })).isreduceOnly).toBe(true);
    expect(mapOkxOrder(orderEntry({ reduceOnly: false })).isreduceOnly).toBe(false);
    expect(mapOkxOrder(orderEntry({ reduceOnly: '' })).isreduceOnly).toBeUndefined();
  });

  it('counts a size in the quote currency at least at what is executed', () => {
    const order = { instType: 'SPOT', instId: 'BTC-USDT', tdMode: 'cash', ordType: 'market', px: '', sz: '100' };
    const filled = { ...order, state: 'filled', accFillSz: '0.0021', avgPx: '50000', tgtCcy: 'quote_ccy' };
    expect(mapOkxOrder(orderEntry(filled))).toMatchObject({ originalQuantity: 0.0021, executedQuantity: 0.0021 });
    expect(mapOkxOrder(orderEntry({ ...filled, side: 'sell' }))).toMatchObject({ originalQuantity: 0.0021 });
  });

  it.each([
    ['ordId', { ordId: '' }],
    ['ordId', { ordId: 2 ** 60 }],
    ['tdMode', { tdMode: 'credit' }],
    ['side', { side: 'hold' }],
    ['ordType', { ordType: 'guess' }],
    ['state', { state: 'asleep' }],
    ['sz', { sz: '' }],
    ['sz', { sz: '-1' }],
    ['accFillSz', { accFillSz: '2.1' }],
    ['accFillSz', { accFillSz: undefined }],
    ['tgtCcy', { tgtCcy: 'third_ccy' }],
    ['reduceOnly', { reduceOnly: 'maybe' }],
  ])('names %s when that cannot be read: %o', (field, overrides) => {
    expect(unreadable(() => mapOkxOrder(orderEntry(overrides)))).toBe(`order.${field}`);
  });
});

describe('mapOkxAlgoOrder', () => {
  it.each([
    ['live', 'NEW'],
    ['pause', 'NEW'],
    ['partially_effective', 'PARTIALLY_FILLED'],
    ['effective', 'EXPIRED'],
    ['canceled', 'CANCELLED'],
    ['order_failed', 'REJECTED'],
    ['partially_failed', 'REJECTED'],
  ])('%s is %s, with nothing executed', (state, status) => {
    expect(mapOkxAlgoOrder(algoOrderEntry({ state, actualSz: '2' }))).toMatchObject({ status, executedQuantity: 0 });
  });

  it.each([
    ['algoId', { algoId: '' }],
    ['state', { state: 'asleep' }],
    ['ordType', { ordType: 'guess' }],
    ['slTriggerPx', { slTriggerPx: 'low' }],
    ['sz', { sz: '' }],
  ])('names %s when that cannot be read: %o', (field, overrides) => {
    expect(unreadable(() => mapOkxAlgoOrder(algoOrderEntry(overrides)))).toBe(`algoOrder.${field}`);
  });
});

describe('mapOkxBalances', () => {
  it('has the cash balance of every currency of every account', () => {
    expect(mapOkxBalances([accountEntry({ USDT: '1000.5', BTC: '-0.1' }), accountEntry({ ETH: '0' })])).toEqual({
      ...{ USDT: 1000.5, BTC: -0.1, ETH: 0 },
    });
  });

  it('names the field that cannot be read', () => {
    expect(unreadable(() => mapOkxBalances([accountEntry({ USDT: 'much' })]))).toBe('accounts[0].details[0].cashBal');
  });
});

describe('mapOkxInstrument', () => {
  it.each([
    ['ctType', { instType: 'OPTION', ctType: '', ctVal: '1', ctMult: '0.01', settleCcy: 'BTC' }],
    ['ctVal', { instType: 'SWAP', ctType: 'linear', ctVal: '', ctMult: '1', settleCcy: 'USDT' }],
    ['ctVal', { instType: 'SWAP', ctType: 'linear', ctVal: '0', ctMult: '1', settleCcy: 'USDT' }],
    ['settleCcy', { instType: 'SWAP', ctType: 'linear', ctVal: '1', ctMult: '1', settleCcy: '' }],
    ['quoteCcy', { instType: 'SPOT', quoteCcy: '' }],
  ])('names %s when that cannot be read: %o', (field, entry) => {
    expect(unreadable(() => mapOkxInstrument(entry))).toBe(`instrument.${field}`);
  });
});
