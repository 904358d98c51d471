import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BinanceAccount } from './programs/binance-account.js';
import { BybitAccount, type BybitSnapshot } from './programs/bybit-account.js';
import { type NotesStorage, type PositionNotes, SavedAccount } from './programs/persisted-store.js';

const NOTES: PositionNotes = { leaderId: 'L1', entriesLong: 1, entriesShort: 0 };

describe('a subclass that persists on a timer of its own', () => {
  let written: unknown[];
  let answer: () => Promise<void>;
  let account: SavedAccount;

  beforeEach(() => {
    vi.useFakeTimers();
    written = [];
    answer = async () => undefined;
    const storage: NotesStorage = {
      read: async () => ({ BTCUSDT: NOTES }),
      write: async (accountId, notes) => {
        await answer();
        written.push([accountId, JSON.parse(JSON.stringify(notes))]);
      },
    };
    account = new SavedAccount('main', storage, 250);
  });

  afterEach(() => {
    account.stop();
    vi.useRealTimers();
  });

  it('restores without writing what it has just read', async () => {
    await vi.advanceTimersByTimeAsync(1_000);

    expect(account.getSymbolMetadata('BTCUSDT')).toEqual(NOTES);
    expect(written).toEqual([]);
  });

  it('writes once after a change', async () => {
    await vi.advanceTimersByTimeAsync(250);
    account.setSymbolMetadataValue('BTCUSDT', 'entriesLong', 2);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(written).toEqual([['main', { BTCUSDT: { ...NOTES, entriesLong: 2 } }]]);
    expect(account.isPendingPersist()).toBe(false);
  });

  it('writes again after a failure', async () => {
    await vi.advanceTimersByTimeAsync(250);
    answer = async () => {
      throw new Error('down');
    };
    account.deletePositionMetadata('BTCUSDT');
    await vi.advanceTimersByTimeAsync(250);
    expect(account.failures).toHaveLength(1);
    expect(account.isPendingPersist()).toBe(true);
    answer = async () => undefined;
    await vi.advanceTimersByTimeAsync(250);

    expect(written).toEqual([['main', {}]]);
  });
});

describe('a program for Bybit', () => {
  const position = { positionValue: '900', positionBalance: '90', unrealisedPnl: '1.5', liqPrice: '' };
  const snapshot: BybitSnapshot = {
    usdt: '1000.5',
    positions: [
      { ...position, symbol: 'BTCUSDT', side: 'Buy', size: '0.02', entryPrice: '45000' },
      { ...position, symbol: 'ETHUSDT', side: '', size: '0', entryPrice: '0' },
    ],
    orders: [
      {
        orderId: 'a1',
        orderLinkId: '',
        symbol: 'BTCUSDT',
        side: 'Buy',
        orderType: 'Limit',
        orderStatus: 'PartiallyFilled',
        price: '44000',
        qty: '0.05',
        cumExecQty: '0.02',
        avgPrice: '',
        createdTime: '1700000000000',
        updatedTime: '1700000000001',
        reduceOnly: false,
      },
    ],
  };

  it('holds what the snapshot says', () => {
    const account = new BybitAccount();
    account.takeSnapshot(snapshot);
    account.takeSnapshot(snapshot);

    expect(account.lines(1_000)).toEqual([
      'balance 1000.5, profit 1.50',
      'BTCUSDT LONG 0.02 @ 45000',
      'BUY 0.030000000000000002 @ 44000',
    ]);
  });

  it('follows the stream', () => {
    const account = new BybitAccount();
    account.takeSnapshot(snapshot);
    const short = { ...position, symbol: 'ETHUSDT', side: 'Sell', size: '2', entryPrice: '2000', stopLoss: '2100' };
    account.takeUpdate({ topic: 'position.linear', data: [short] });
    account.takeUpdate({ topic: 'position.linear', data: [{ ...snapshot.positions[0], size: '0' }] });
    account.takeUpdate({ topic: 'order.linear', data: [{ ...snapshot.orders[0], orderStatus: 'Deactivated' }] });

    expect(account.lines(1_000)).toEqual(['balance 1000.5, profit 1.50', 'ETHUSDT SHORT 2 @ 2000']);
    expect(account.state.getActivePosition('ETHUSDT', 'SHORT')).toMatchObject({
      stopLossPrice: 2100,
      takeProfitPrice: 0,
      liquidationPrice: 0,
    });
  });
});

describe('a program for Binance', () => {
  const position = { symbol: 'BTCUSDT', positionSide: 'BOTH', entryPrice: 45_000, unrealisedPnl: -3 } as const;
  const update = {
    eventType: 'ACCOUNT_UPDATE',
    transactionTime: 1_700_000_000_000,
    updatedBalances: [{ asset: 'USDT', walletBalance: 500 }],
    updatedPositions: [{ ...position, positionAmount: -0.02 }],
  } as const;
  const order = {
    orderId: 123,
    clientOrderId: 'mine',
    symbol: 'BTCUSDT',
    orderSide: 'BUY',
    orderType: 'LIMIT',
    orderStatus: 'NEW',
    positionSide: 'BOTH',
    originalPrice: 44_000,
    originalQuantity: 1,
    accumulatedQuantity: 0,
    averagePrice: 0,
    orderTradeTime: 1_700_000_000_000,
    isReduceOnly: false,
  } as const;

  it('opens and closes a short of negative size', () => {
    const account = new BinanceAccount();
    account.take(update);
    account.state.processPriceEvent({ symbol: 'BTCUSDT', price: 46_000 });
    expect(account.state.getWalletBalance()).toBe(500);
    expect(account.state.getActivePosition('BTCUSDT', 'SHORT')?.valueUpnl).toBe(-20);
    account.take({ ...update, updatedPositions: [{ ...position, positionAmount: 0 }] });

    expect(account.state.isSymbolInAnyPosition('BTCUSDT')).toBe(false);
  });

  it('drops an order of a status that it does not know', () => {
    const account = new BinanceAccount();
    account.take({ eventType: 'ORDER_TRADE_UPDATE', order });
    expect(account.state.getOrder('123')).toMatchObject({ customOrderId: 'mine', positionSide: 'NONE' });
    account.take({ eventType: 'ORDER_TRADE_UPDATE', order: { ...order, orderStatus: 'NEW_ADL' } });

    expect(account.state.getOrders()).toEqual([]);
  });
});
