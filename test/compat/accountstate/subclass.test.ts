import { describe, expect, it } from 'vitest';
import {
  AccountStateStore,
  type EngineOrder,
  type EnginePositionSide,
  type EngineSimplePosition,
} from '../../../src/compat/accountstate/index.js';
import { makeOrder, makePosition } from './entries.js';

/** Overrides what others build on, with the signatures of accountstate. */
class Filtered extends AccountStateStore<{ count: number }> {
  readonly told: string[] = [];

  override upsertActiveOrder(order: EngineOrder): void {
    this.told.push(`order ${order.exchangeOrderId}`);
    super.upsertActiveOrder(order);
  }

  override deleteOrder(orderId: string): void {
    this.told.push(`deleted ${orderId}`);
    super.deleteOrder(orderId);
  }

  override setActivePosition(symbol: string, side: EnginePositionSide, newState: EngineSimplePosition): void {
    this.told.push(`position ${symbol}`);
    super.setActivePosition(symbol, side, newState);
  }

  override getActivePosition(symbol: string, side: EnginePositionSide): EngineSimplePosition | undefined {
    return symbol === 'HIDDEN' ? undefined : super.getActivePosition(symbol, side);
  }

  override getAllPositions(): EngineSimplePosition[] {
    return super.getAllPositions().filter(({ symbol }) => symbol !== 'HIDDEN');
  }

  override getOrders(): EngineOrder[] {
    return super.getOrders().filter(({ symbol }) => symbol !== 'HIDDEN');
  }

  override getWalletBalance(): number {
    return super.getWalletBalance() - 100;
  }

  override isPendingPersist() {
    return super.isPendingPersist();
  }

  override async flush(): Promise<void> {
    this.told.push('flush');
  }
}

/** Has fields of its own by names that the store of the main entry has, too. */
class WithFields extends AccountStateStore {
  private readonly accountId: string;
  private readonly quoteAsset = 'USDC';
  private readonly instruments = new Map([['BTCUSDT', 1]]);

  constructor(accountId: string) {
    super();
    this.accountId = accountId;
  }

  describe(): string {
    return `${this.accountId} ${this.quoteAsset} ${this.instruments.size}`;
  }
}

/** Names every symbol in capitals, makes metadata when it is first asked for, and counts in another unit. */
class Tidied extends AccountStateStore<{ count: number }> {
  override getActivePosition(symbol: string, side: EnginePositionSide): EngineSimplePosition | undefined {
    return super.getActivePosition(symbol.toUpperCase(), side);
  }

  override getSymbolMetadata(symbol: string): { count: number } {
    return super.getSymbolMetadata(symbol) ?? { count: 0 };
  }

  override getWalletBalance(): number {
    return super.getWalletBalance() / 100;
  }
}

/** Has members of its own by names that the store uses inside, or adds; TypeScript would refuse the latter. */
class Crowded extends AccountStateStore {
  told = 0;

  get quoteAsset(): string {
    return 'USDC';
  }

  instruments(): string {
    return 'mine';
  }

  tables(): string {
    return 'mine';
  }

  markChanged(): void {
    this.told += 1;
  }

  assertWritable(): void {
    throw new Error('not to be called');
  }

  abandonTransaction(): void {
    throw new Error('not to be called');
  }
}
for (const name of ['transaction', 'persistenceStatus', 'on', 'flush', 'reconcile']) {
  Object.defineProperty(Crowded.prototype, name, {
    value: () => {
      throw new Error('not to be called');
    },
  });
}

describe('a subclass', () => {
  it('is asked by the methods that build on what it overrides', async () => {
    const store = new Filtered();
    store.setWalletBalance(1_000);
    store.setActivePosition('HIDDEN', 'LONG', makePosition({ symbol: 'HIDDEN' }));
    store.upsertActiveOrder(makeOrder({ symbol: 'HIDDEN' }));
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'b' }));

    expect(store.isSymbolInAnyPosition('HIDDEN')).toBe(false);
    expect(store.getSessionSummary(0)).toMatchObject({
      activePositions: [],
      account: { pnlState: { realisedPnl: 900 } },
    });
    expect(store.getActiveOrders()).toHaveLength(1);
    expect(store.getOrdersForSymbolSortedByPrice('HIDDEN')).toEqual([]);
    store.upsertActiveOrder(makeOrder({ exchangeOrderId: 'b', status: 'CANCELLED' }));
    await store.flush();
    expect(store.told).toEqual(['position HIDDEN', 'order a', 'order b', 'order b', 'deleted b', 'flush']);
  });

  it('is asked for the position to value, the metadata to change and the balance to set aside', () => {
    const store = new Tidied();
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    store.processPriceEvent({ symbol: 'btcusdt', price: 101 });
    expect(store.getAllPositions()[0]?.valueUpnl).toBe(2);
    store.setSymbolMetadataValue('BTCUSDT', 'count', 1);
    expect(store.getAllSymbolMetadata()).toEqual({ BTCUSDT: { count: 1 } });
    store.setWalletBalance(500);
    store.storePreviousBalance();

    expect(store.getPreviousBalance()).toBe(5);
  });

  it('has members of any name for itself', () => {
    const store = new Crowded();
    store.setSymbolMetadata('BTCUSDT', { count: 1 });
    store.setSymbolLeverage('BTCUSDT', 5);
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    store.upsertActiveOrder(makeOrder());

    expect([store.quoteAsset, store.instruments(), store.tables(), store.told]).toEqual(['USDC', 'mine', 'mine', 0]);
    expect([store.isPendingPersist(), store.getSymbolLeverage('BTCUSDT'), store.getOrders().length]).toEqual([
      true,
      5,
      1,
    ]);
  });

  it('has its own fields for itself', () => {
    const store = new WithFields('main');
    store.setWalletBalance(10);
    store.setActivePosition('BTCUSDT', 'LONG', makePosition());
    store.processPriceEvent({ symbol: 'BTCUSDT', price: 101 });

    expect(store.describe()).toBe('main USDC 1');
    expect(store.getSessionSummary(0)).toMatchObject({
      activePositionUpnlSum: 2,
      account: { quoteBalanceState: { now: 10 } },
    });
  });
});
