import { AccountStateStore } from 'accountkeeper';
import type { MessageOutcome } from 'accountkeeper/bybit';
import { describe, expect, it } from 'vitest';
import { EXCHANGES } from '../../examples/demo/exchanges.js';
import { type ApplyMessage, TradingEngine } from '../../examples/engine.js';
import type { EngineMetadata, SymbolMetadata } from '../../examples/engine-metadata.js';
import { nextDailyResult } from '../../examples/engine-metadata.js';
import type { RecordedMessage } from '../../examples/recorded-message.js';
import {
  FLAT,
  LONG,
  orderUpdate,
  positionsResponse,
  positionUpdate,
  SHORT,
  ticker,
  walletUpdate,
} from './fixtures/bybit-messages.js';

const FILLED = { orderStatus: 'Filled', cumExecQty: '1.5', avgPrice: '2950' };
const PART = { orderStatus: 'PartiallyFilled', cumExecQty: '0.5', avgPrice: '2950' };

const applyBybit: ApplyMessage = (account, message) =>
  EXCHANGES['bybit-v5']?.applyMessage(account, message) ?? { kind: 'unknown', reason: 'no such exchange' };

function startEngine(): { engine: TradingEngine; account: AccountStateStore<SymbolMetadata, EngineMetadata> } {
  const account = new AccountStateStore<SymbolMetadata, EngineMetadata>();
  return { engine: new TradingEngine(account, applyBybit), account };
}

function metadataAfter(...messages: readonly RecordedMessage[]): SymbolMetadata | undefined {
  const { engine, account } = startEngine();
  for (const message of messages) engine.process(message);
  return account.getSymbolMetadata('ETHUSDT');
}

function at(seconds: number): { readonly updatedTime: string } {
  return { updatedTime: String(1_700_000_001_000 + seconds * 1_000) };
}

describe('the entry count', () => {
  it('counts an order once, in however many parts it fills', () => {
    expect(metadataAfter(orderUpdate({}), orderUpdate(PART), orderUpdate(FILLED))).toMatchObject({ entryCountLong: 1 });
  });

  it('is the same whether the position or the order is told first', () => {
    const [order, position] = [orderUpdate(FILLED), positionUpdate(LONG)];

    expect(metadataAfter(order, position)).toEqual(metadataAfter(position, order));
    expect(metadataAfter(order, position)).toMatchObject({ entryCountLong: 1, entryCountShort: 0 });
  });

  it.each([{ reduceOnly: true }, { positionIdx: 2 }])('leaves out an order that closes: %j', (values) => {
    expect(metadataAfter(orderUpdate({ ...FILLED, ...values }))).toBeUndefined();
  });

  it('starts anew on the other side after a flip', () => {
    const flip = orderUpdate({ ...FILLED, orderId: 'flip', side: 'Sell' });
    const messages = [orderUpdate(FILLED), positionUpdate(LONG), flip, positionUpdate({ ...SHORT, ...at(1) })];

    expect(metadataAfter(...messages)).toMatchObject({ entryCountLong: 0, entryCountShort: 1 });
  });
});

describe('what is kept of a position', () => {
  it('begins when it is opened, and is gone when it is closed', () => {
    const open = [positionUpdate(LONG), ticker({ markPrice: '3060' })];

    expect(metadataAfter(...open)).toMatchObject({
      firstOpenedAtMs: 1_700_000_002_000,
      trailingStopLong: { active: true, highWaterPrice: 3_060 },
      lastClosedPrice: null,
    });
    expect(metadataAfter(...open, positionUpdate({ ...FLAT, ...at(1) }))).toEqual({
      entryCountLong: 0,
      entryCountShort: 0,
      firstOpenedAtMs: null,
      trailingStopLong: null,
      trailingStopShort: null,
      lastClosedPrice: 3_060,
    });
  });

  it('is kept for the other side of hedge mode', () => {
    const sides = positionUpdate({ ...LONG, positionIdx: 1 }, { ...SHORT, positionIdx: 2 });
    const close = positionUpdate({ ...FLAT, positionIdx: 1, ...at(1) });

    expect(metadataAfter(sides, ticker({ markPrice: '2900' }), close)).toMatchObject({
      firstOpenedAtMs: 1_700_000_002_000,
      trailingStopShort: { lowWaterPrice: 2_900 },
      lastClosedPrice: 2_900,
    });
  });
});

describe('a resync', () => {
  it('resets what is kept of a position that was closed in between', () => {
    const open = [orderUpdate(FILLED), positionUpdate(LONG), ticker({ markPrice: '3060' })];

    expect(metadataAfter(...open, positionsResponse(1_700_000_009_000))).toMatchObject({
      entryCountLong: 0,
      firstOpenedAtMs: null,
      trailingStopLong: null,
    });
  });

  it('counts a position whose fills were missed as one entry', () => {
    expect(metadataAfter(positionsResponse(1_700_000_009_000, SHORT))).toMatchObject({
      entryCountShort: 1,
      firstOpenedAtMs: 1_700_000_009_000,
    });
  });

  it('resets metadata that came back from storage without its position', () => {
    const { engine, account } = startEngine();
    account.setSymbolMetadata('ETHUSDT', {
      entryCountLong: 3,
      entryCountShort: 0,
      firstOpenedAtMs: 1,
      trailingStopLong: { active: true, highWaterPrice: 3_060, stopPrice: 3_040 },
      trailingStopShort: null,
      lastClosedPrice: 2_800,
    });

    engine.process(positionsResponse(1_700_000_009_000));

    expect(account.getSymbolMetadata('ETHUSDT')).toMatchObject({
      entryCountLong: 0,
      firstOpenedAtMs: null,
      trailingStopLong: null,
      lastClosedPrice: 2_800,
    });
  });
});

describe('the cursor', () => {
  it('counts every message, also one that is not understood', () => {
    const { engine, account } = startEngine();

    engine.process(positionUpdate(LONG));
    engine.process({ transport: 'ws', channel: 'mystery', payload: {} });

    expect(engine.messagesProcessed).toBe(2);
    expect(account.getAccountMetadata()?.messagesProcessed).toBe(2);
  });

  it('does not move without what it led to', () => {
    const account = new AccountStateStore<SymbolMetadata, EngineMetadata>();
    const failing = new TradingEngine(account, (store) => {
      store.setWalletBalance(5);
      throw new RangeError('no such luck');
    });

    expect(() => failing.process({ transport: 'ws', channel: 'any', payload: {} })).toThrow(RangeError);
    expect(failing.messagesProcessed).toBe(0);
    expect(account.getWalletBalance()).toBe(0);
  });

  it('does not move when prices are seen again after a restart', () => {
    const { engine, account } = startEngine();
    engine.process(positionUpdate(LONG));

    engine.resume(ticker({ markPrice: '3100' }));

    expect(engine.messagesProcessed).toBe(1);
    expect(account.getSymbolMetadata('ETHUSDT')?.trailingStopLong).toBeNull();
    expect(account.getActivePosition('ETHUSDT', 'LONG')?.valueUpnl).toBe(200);
  });

  it('works with any mapper', () => {
    const nothing = { positions: [], fills: [], balances: {}, prices: [], faults: [] };
    const outcomes: MessageOutcome[] = [
      { kind: 'applied', atMs: 1, ...nothing },
      { kind: 'unknown', reason: 'a riddle' },
    ];
    const engine = new TradingEngine(new AccountStateStore<SymbolMetadata, EngineMetadata>(), () => {
      return outcomes.shift() ?? { kind: 'ignored', reason: 'nothing' };
    });
    const message = { transport: 'ws', channel: 'any', payload: {} } as const;

    expect(engine.process(message).kind).toBe('applied');
    expect(engine.process(message).kind).toBe('unknown');
  });
});

describe('the daily result', () => {
  it('is how far the wallet moved since the day began', () => {
    const { engine, account } = startEngine();

    engine.process(walletUpdate([{ coin: 'USDT', walletBalance: '1000' }]));
    engine.process(walletUpdate([{ coin: 'USDT', walletBalance: '980.5' }]));

    expect(account.getAccountMetadata()?.daily).toEqual({
      day: '2023-11-14',
      openingBalance: 1_000,
      realisedPnl: -19.5,
    });
  });

  it('starts anew at midnight in UTC, from where the day before ended', () => {
    const daily = { day: '2025-06-03', openingBalance: 1_000, realisedPnl: -19.5 };

    expect(nextDailyResult(daily, Date.UTC(2025, 5, 4), 990)).toEqual({
      day: '2025-06-04',
      openingBalance: 980.5,
      realisedPnl: 9.5,
    });
  });

  it('does not go back to the day before', () => {
    const daily = { day: '2025-06-04', openingBalance: 1_000, realisedPnl: 0 };

    expect(nextDailyResult(daily, Date.UTC(2025, 5, 3), 990)).toEqual({ ...daily, realisedPnl: -10 });
  });
});
