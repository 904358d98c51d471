import { beforeEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  type CcxtFollowOptions,
  type CcxtPro,
  type Following,
  followCcxt,
  type MessageOutcome,
} from '../../../src/exchanges/ccxt/index.js';
import { settle } from '../../support/fake-clock.js';
import { anOrder, aPosition } from './structures.js';

const SYMBOL = 'BTC/USDT:USDT';

/** Waits of `watch` methods, by what they were called with. */
class FakeStreams {
  readonly #waits = new Map<string, { resolve(told: object): void; reject(error: Error): void }>();

  wait<Told extends object>(...call: unknown[]): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#waits.set(JSON.stringify(call), { resolve: (told) => resolve(told as Told), reject });
    });
  }

  /** What is waited for, as text. */
  get names(): string[] {
    return [...this.#waits.keys()];
  }

  async send(call: unknown[], told: object): Promise<void> {
    this.#waits.get(JSON.stringify(call))?.resolve(told);
    await settle();
  }

  async fail(call: unknown[], error: Error): Promise<void> {
    this.#waits.get(JSON.stringify(call))?.reject(error);
    await settle();
  }
}

/** An exchange of ccxt.pro. */
class FakeExchange implements CcxtPro {
  id = 'fake';
  has: Record<string, boolean> = { watchPositions: true, watchOrders: true, watchBalance: true };
  options: Record<string, unknown> = {};
  newUpdates = true;
  readonly streams = new FakeStreams();
  readonly asked: unknown[] = [];
  positions: readonly object[] = [];
  balance: object = { total: { USDT: 100 } };

  milliseconds(): number {
    return 10_000;
  }

  async fetchPositions(symbols?: string[], params?: object): Promise<readonly object[]> {
    this.asked.push([symbols, params]);
    return this.positions;
  }

  async fetchOpenOrders(): Promise<readonly object[]> {
    return [];
  }

  async fetchBalance(): Promise<object> {
    return this.balance;
  }

  watchPositions(): Promise<readonly object[]> {
    return this.streams.wait('positions');
  }

  watchOrders(_symbol?: string, _since?: number, _limit?: number, params?: object): Promise<readonly object[]> {
    return this.streams.wait('orders', params);
  }

  watchBalance(): Promise<object> {
    return this.streams.wait('balance');
  }

  watchMarkPrice(symbol: string): Promise<object> {
    return this.streams.wait('mark', symbol);
  }

  watchTicker(symbol: string): Promise<object> {
    return this.streams.wait('ticker', symbol);
  }
}

let store: AccountState;
let exchange: FakeExchange;
let errors: unknown[];
let outcomes: MessageOutcome[];

beforeEach(() => {
  store = new AccountState();
  exchange = new FakeExchange();
  errors = [];
  outcomes = [];
});

const start = (options: CcxtFollowOptions = {}): Promise<Following> =>
  followCcxt(store, exchange, {
    onError: (error) => errors.push(error),
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });

const names = (...calls: unknown[][]): string[] => calls.map((call) => JSON.stringify(call));

describe('an exchange that is followed', () => {
  it('fills the store by a sync, and then by what it watches', async () => {
    exchange.positions = [aPosition()];
    const following = await start({ symbols: [SYMBOL] });
    expect(store.getActivePosition(SYMBOL, 'LONG')?.assetQty).toBe(2);
    expect(store.getWalletBalance()).toBe(100);
    await exchange.streams.send(['positions'], [aPosition({ contracts: 3, lastUpdateTimestamp: 20_000 })]);
    await exchange.streams.send(['orders', {}], [anOrder({ lastUpdateTimestamp: 20_000 })]);
    await exchange.streams.send(['balance'], { total: { USDT: 90 } });
    await exchange.streams.send(['ticker', SYMBOL], { symbol: SYMBOL, last: 110 });
    expect(store.getActivePosition(SYMBOL, 'LONG')).toMatchObject({ assetQty: 3, valueUpnl: 30 });
    expect(store.getOrders()).toHaveLength(1);
    expect(store.getWalletBalance()).toBe(90);
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('applied'));
    expect(errors).toEqual([]);
    await following.stop();
  });

  it('is read as the options say, by the streams and by the sync', async () => {
    exchange.positions = [aPosition({ marginMode: 'isolated' })];
    const following = await start({ separateIsolated: true, symbols: [SYMBOL] });
    await exchange.streams.send(['ticker', SYMBOL], { symbol: SYMBOL, last: 110 });
    expect(store.getAllPositions()).toMatchObject([{ symbol: `${SYMBOL}:isolated`, valueUpnl: 20 }]);
    expect(exchange.asked).toEqual([[undefined, undefined]]);
    await following.stop();
  });

  it('is synced part by part where there are several', async () => {
    const inverse = { params: { subType: 'inverse' }, covers: (symbol: string) => symbol.endsWith(':BTC') };
    const following = await start({ syncs: [{}, inverse] });
    expect(exchange.asked).toEqual([
      [undefined, undefined],
      [undefined, { subType: 'inverse' }],
    ]);
    await following.stop();
  });

  it('gives its whole caches, and no snapshots of its own', async () => {
    exchange.options = {
      watchPositions: { fetchPositionsSnapshot: true, awaitPositionsSnapshot: true },
      fetchOpenOrders: { warnWithoutSymbol: true },
    };
    const following = await start();
    expect(exchange.newUpdates).toBe(false);
    expect(exchange.options).toEqual({
      watchPositions: { fetchPositionsSnapshot: false, awaitPositionsSnapshot: true },
      fetchOpenOrders: { warnWithoutSymbol: false },
    });
    await following.stop();
  });

  it('is followed no longer when the user has closed it', async () => {
    const following = await start();
    await exchange.streams.fail(['orders', {}], Object.assign(new Error('closed'), { name: 'ExchangeClosedByUser' }));
    expect(await following.sync()).toBe(false);
    expect(errors).toEqual([]);
  });

  it('rejects when it cannot be read at the start', async () => {
    exchange.fetchBalance = () => Promise.reject(new Error('no permission'));
    await expect(start()).rejects.toThrow('no permission');
    exchange.has['fetchPositions'] = true;
    await expect(start({ syncs: [{ params: {} }] })).rejects.toThrow('options.covers: expected beside params');
  });
});

describe('what is watched', () => {
  it.each([
    ['fake', {}, [['positions'], ['orders', {}], ['balance']]],
    ['okx', {}, [['positions'], ['orders', {}], ['orders', { trigger: true }], ['balance']]],
    ['binanceusdm', {}, [['positions'], ['orders', {}], ['balance']]],
    ['fake', { watchPositions: false, watchBalance: false }, [['orders', {}]]],
    ['gate', { watchOrders: false }, [['positions'], ['balance']]],
    ['an exchange whose markets are spot', { spot: true }, [['orders', {}], ['balance']]],
  ])('is what the exchange has: %s %o', async (id, has, expected) => {
    Object.assign(exchange, { id, has: { ...exchange.has, ...has } });
    const following = await start();
    expect(exchange.streams.names).toEqual(names(...expected));
    await following.stop();
  });

  it('is the mark price of contracts where there is one, and the ticker of spot', async () => {
    exchange.has = { watchMarkPrice: true };
    exchange.options = { defaultType: 'swap' };
    const following = await start({ symbols: [SYMBOL, 'BTC/USDT'] });
    expect(exchange.streams.names).toEqual(names(['mark', SYMBOL], ['ticker', 'BTC/USDT']));
    await following.stop();
  });
});
