import { beforeEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  type CcxtExchange,
  type CcxtSyncOptions,
  syncCcxt,
} from '../../../src/exchanges/ccxt/index.js';
import { anOrder, aPosition } from './structures.js';

const SYMBOL = 'BTC/USDT:USDT';
const ETH = 'ETH/USDT:USDT';
const NOW = 10_000;

type Parameters = Readonly<Record<string, unknown>>;

/** An exchange whose answers a test sets, and which notes what it was asked. */
class FakeExchange implements CcxtExchange {
  id = 'fake';
  has: Record<string, boolean> = { fetchTime: true, fetchLeverages: true };
  options: object = {};
  features: NonNullable<CcxtExchange['features']> = {};
  positions: readonly object[] = [];
  orders: (params: Parameters, symbol: string | undefined) => readonly object[] = () => [];
  balance: object = { total: { USDT: 100 } };
  leverages: object = {};
  readonly asked: unknown[][] = [];
  /** Runs while the answer is under way. */
  meanwhile: () => void = () => {};

  milliseconds(): number {
    return NOW + 1;
  }

  async fetchTime(): Promise<number> {
    this.asked.push(['time']);
    return NOW;
  }

  async fetchPositions(symbols?: string[], params?: Parameters): Promise<readonly object[]> {
    this.asked.push(['positions', symbols, params]);
    const { positions } = this;
    this.meanwhile();
    return positions;
  }

  async fetchOpenOrders(
    symbol?: string,
    _since?: number,
    limit?: number,
    params: Parameters = {},
  ): Promise<readonly object[]> {
    this.asked.push(['orders', symbol, limit, params]);
    return this.orders(params, symbol);
  }

  async fetchBalance(): Promise<object> {
    return this.balance;
  }

  async fetchLeverages(): Promise<object> {
    return this.leverages;
  }
}

let store: AccountState;
let exchange: FakeExchange;

beforeEach(() => {
  store = new AccountState();
  exchange = new FakeExchange();
});

const held = (): string[] => store.getAllPositions().map(({ symbol }) => symbol);
const orders = (): string[] => store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId);

/** An order is gone after the second listing without it. */
async function syncTwice(options?: CcxtSyncOptions): Promise<void> {
  await syncCcxt(store, exchange, options);
  await syncCcxt(store, exchange, options);
}

describe('a sync', () => {
  it('brings positions, orders, balances and leverage at once, as of the time before it asked', async () => {
    applyCcxtPositions(store, [aPosition({ symbol: ETH })]);
    store.setWalletBalance(3, { asset: 'BTC', asOfMs: 1 });
    exchange.positions = [aPosition({ leverage: 5, initialMargin: 40 })];
    exchange.orders = ({ trigger }) => [anOrder(trigger === true ? { id: '2', triggerPrice: 80 } : {})];
    exchange.leverages = { [ETH]: { symbol: ETH, longLeverage: 7, shortLeverage: 7 } };
    const outcome = await syncCcxt(store, exchange);
    expect(outcome).toMatchObject({
      kind: 'applied',
      atMs: NOW,
      balances: { USDT: 100 },
      resync: { opened: [{ symbol: SYMBOL }], closed: [{ symbol: ETH }] },
      faults: [],
    });
    expect(store.getActivePosition(SYMBOL, 'LONG')).toMatchObject({ assetQty: 2, marginValue: 40 });
    expect(store.getActivePosition(SYMBOL, 'LONG')).not.toHaveProperty('leverage');
    expect(orders()).toEqual([`${SYMBOL}:1`, `${SYMBOL}:2`]);
    expect(store.getWalletBalances()).toEqual({ BTC: 0, USDT: 100 });
    expect(store.getSymbolLeverageCache()).toEqual({ [SYMBOL]: 5, [ETH]: 7 });
    expect(exchange.asked[0]).toEqual(['time']);
  });

  it('leaves what the stream told between the time and the answer', async () => {
    exchange.positions = [aPosition()];
    exchange.orders = () => [anOrder()];
    exchange.meanwhile = () => {
      const atMs = { lastUpdateTimestamp: NOW + 5 };
      applyCcxtPositions(store, [
        aPosition({ ...atMs, contracts: 9, leverage: 4 }),
        aPosition({ ...atMs, symbol: ETH }),
      ]);
      applyCcxtOrders(store, [anOrder({ ...atMs, status: 'closed', filled: 3 }), anOrder({ ...atMs, id: '2' })]);
      store.setWalletBalance(77, { asOfMs: NOW + 5 });
    };
    exchange.leverages = { [SYMBOL]: { symbol: SYMBOL, longLeverage: 3 } };
    await syncCcxt(store, exchange);
    exchange.meanwhile = () => {};
    await syncCcxt(store, exchange);
    expect(store.getActivePosition(SYMBOL, 'LONG')?.assetQty).toBe(9);
    expect(held()).toContain(ETH);
    expect(orders()).toEqual([`${SYMBOL}:2`]);
    expect(store.getWalletBalance()).toBe(77);
    expect(store.getSymbolLeverage(SYMBOL)).toBe(4);
  });

  it('takes the time of this machine where the exchange tells none', async () => {
    exchange.has = { fetchTime: false };
    expect(await syncCcxt(store, exchange)).toMatchObject({ atMs: NOW + 1 });
  });

  it('changes nothing when a call fails', async () => {
    applyCcxtPositions(store, [aPosition()]);
    exchange.fetchBalance = () => Promise.reject(new Error('busy'));
    await expect(syncCcxt(store, exchange)).rejects.toThrow('busy');
    expect(held()).toEqual([SYMBOL]);
  });

  it('is unknown, and changes nothing, when the balance is nonsense', async () => {
    applyCcxtPositions(store, [aPosition()]);
    Object.assign(exchange, { balance: null });
    expect(await syncCcxt(store, exchange)).toMatchObject({ kind: 'unknown' });
    expect(held()).toEqual([SYMBOL]);
  });

  it.each([null, undefined, 'none', {}])('closes nothing when an answer is no list: %o', async (answer) => {
    applyCcxtPositions(store, [aPosition()]);
    applyCcxtOrders(store, [anOrder()]);
    Object.assign(exchange, { positions: answer, orders: () => answer });
    expect(await syncCcxt(store, exchange)).toMatchObject({ kind: 'applied' });
    await syncCcxt(store, exchange);
    expect([held(), orders()]).toEqual([[SYMBOL], [`${SYMBOL}:1`]]);
  });
});

describe('an entry that cannot be read', () => {
  it('is a fault, and closes nothing of its symbol', async () => {
    applyCcxtPositions(store, [aPosition(), aPosition({ symbol: ETH })]);
    applyCcxtOrders(store, [anOrder(), anOrder({ symbol: ETH })]);
    exchange.positions = [aPosition({ side: 'up' })];
    exchange.orders = () => [anOrder({ status: 'melting' })];
    exchange.balance = { total: { USDT: 'much' } };
    store.setWalletBalance(55, { asOfMs: 1 });
    const outcome = await syncCcxt(store, exchange);
    await syncCcxt(store, exchange);
    expect(outcome).toMatchObject({
      faults: [{ field: 'positions[0].side' }, { field: 'orders[0].status' }, { field: 'orders[1].status' }, {}],
    });
    expect(held()).toEqual([SYMBOL]);
    expect(orders()).toEqual([`${SYMBOL}:1`]);
    expect(store.getWalletBalance()).toBe(55);
  });

  it('closes nothing at all when it does not say its symbol', async () => {
    applyCcxtPositions(store, [aPosition(), aPosition({ symbol: ETH })]);
    exchange.positions = [aPosition({ symbol: null })];
    await syncCcxt(store, exchange);
    expect(held()).toEqual([SYMBOL, ETH]);
  });
});

describe('a hedge mode that ccxt does not tell', () => {
  const both = (given: object = {}) => ['long', 'short'].map((side) => aPosition({ side, hedged: null, ...given }));

  it('is plain from two sides of a symbol', async () => {
    exchange.positions = [...both(), aPosition({ symbol: ETH, hedged: null })];
    await syncCcxt(store, exchange);
    expect(store.getTotalActivePositions()).toEqual({ total: 3, totalHedged: 1 });
    const sides = store.getAllPositions().map(({ symbol, orderPositionSide }) => [symbol, orderPositionSide]);
    expect(sides).toEqual([
      [SYMBOL, 'LONG'],
      [ETH, 'BOTH'],
      [SYMBOL, 'SHORT'],
    ]);
  });

  it('is plain from the side that the exchange names', () => {
    const named = both().map((each, index) => ({ ...each, info: { position_side: index === 0 ? 'long' : 'short' } }));
    applyCcxtPositions(store, named);
    expect(store.getTotalHedgedPositions()).toBe(1);
  });

  it('closes what is listed as flat without a side', async () => {
    applyCcxtPositions(store, both({ hedged: true }));
    exchange.positions = [
      aPosition({ hedged: true }),
      aPosition({ contracts: 0, entryPrice: 0, side: undefined, hedged: true }),
    ];
    expect(await syncCcxt(store, exchange)).toMatchObject({
      faults: [],
      resync: { closed: [{ positionSide: 'SHORT' }] },
    });
    expect(store.getAllPositions()).toMatchObject([{ positionSide: 'LONG' }]);
  });
});

describe('what a sync speaks for', () => {
  const HELD = [
    'BTC/USDT',
    SYMBOL,
    'BTC/USDC:USDC',
    'BTC/USD:BTC',
    'BTC/USDT:USDT-261225',
    'BTC/USDT:USDT-261225-90000-C',
  ];

  it.each([
    ['everything, where nothing says otherwise', {}, {}, HELD],
    ['the symbols asked for', {}, { symbols: [SYMBOL] }, [SYMBOL]],
    ['what the caller says', {}, { covers: (symbol: string) => symbol.endsWith(':USDC') }, ['BTC/USDC:USDC']],
    [
      'one settle currency on Bybit',
      { id: 'bybit', options: { defaultType: 'swap', defaultSubType: 'linear', defaultSettle: 'USDT' } },
      {},
      [SYMBOL, 'BTC/USDT:USDT-261225'],
    ],
    [
      'inverse contracts alone',
      { id: 'bybit', options: { defaultType: 'swap', defaultSubType: 'inverse', defaultSettle: 'USDT' } },
      {},
      ['BTC/USD:BTC'],
    ],
    [
      'linear contracts on Binance',
      { id: 'binance', options: { defaultType: 'swap' } },
      {},
      [SYMBOL, 'BTC/USDC:USDC', 'BTC/USDT:USDT-261225'],
    ],
    ['spot', { id: 'gate', has: { spot: true } }, {}, ['BTC/USDT']],
    ['options', { options: { defaultType: 'option' } }, {}, ['BTC/USDT:USDT-261225-90000-C']],
    ['all of OKX', { id: 'okx', options: { defaultType: 'spot' } }, {}, HELD],
  ])('%s', async (_, given, options, covered) => {
    applyCcxtOrders(
      store,
      HELD.map((symbol) => anOrder({ symbol })),
    );
    Object.assign(exchange, given);
    await syncTwice(options);
    expect(orders()).toEqual(HELD.filter((symbol) => !covered.includes(symbol)).map((symbol) => `${symbol}:1`));
  });

  it('does not reach positions where spot is listed', async () => {
    applyCcxtPositions(store, [aPosition()]);
    exchange.options = { defaultType: 'spot' };
    expect(await syncCcxt(store, exchange)).toMatchObject({ resync: { closed: [] } });
    expect(exchange.asked.map(([what]) => what)).not.toContain('positions');
    expect(held()).toEqual([SYMBOL]);
  });

  it('reaches the positions of contracts that are asked for, on an exchange that has spot, too', async () => {
    applyCcxtPositions(store, [aPosition()]);
    exchange.has = { spot: true };
    await syncCcxt(store, exchange, { symbols: [SYMBOL, 'BTC/USDT'] });
    expect(exchange.asked).toContainEqual(['positions', [SYMBOL], undefined]);
    expect(held()).toEqual([]);
  });

  it('reaches the isolated position of a symbol', async () => {
    const options = { separateIsolated: true, symbols: [SYMBOL] };
    applyCcxtPositions(store, [aPosition({ marginMode: 'isolated' })], options);
    await syncCcxt(store, exchange, options);
    expect(held()).toEqual([]);
  });

  it('has to be said where parameters choose it', async () => {
    const outcome = await syncCcxt(store, exchange, { params: { subType: 'inverse' } });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('covers') });
    const options = { params: { subType: 'inverse' }, covers: () => true };
    await syncCcxt(store, exchange, options);
    expect(exchange.asked).toContainEqual(['positions', undefined, { subType: 'inverse' }]);
    expect(exchange.asked).toContainEqual(['orders', undefined, undefined, { subType: 'inverse', trigger: true }]);
  });
});

describe('open orders', () => {
  const asked = (): unknown[] => exchange.asked.filter(([what]) => what === 'orders').map(([, ...call]) => call);

  it('are listed by symbol where symbols are given', async () => {
    await syncCcxt(store, exchange, { symbols: [SYMBOL, 'BTC/USDT'], orderQueries: [{}] });
    expect(asked()).toEqual([
      [SYMBOL, undefined, {}],
      ['BTC/USDT', undefined, {}],
    ]);
    expect(exchange.asked).toContainEqual(['positions', [SYMBOL], undefined]);
    expect(exchange.asked.filter(([what]) => what === 'positions')).toHaveLength(1);
  });

  it('are not listed without symbols where the exchange demands them', async () => {
    exchange.features = { swap: { linear: { fetchOpenOrders: { symbolRequired: true } } } };
    expect(await syncCcxt(store, exchange)).toMatchObject({ kind: 'unknown' });
    expect(await syncCcxt(store, exchange, { symbols: [SYMBOL] })).toMatchObject({ kind: 'applied' });
  });

  it('are listed once where ccxt knows of no other listing', async () => {
    exchange.features = { swap: { linear: { fetchOpenOrders: { trigger: false } } } };
    await syncCcxt(store, exchange);
    expect(asked()).toEqual([[undefined, undefined, {}]]);
  });

  it('are listed a second time for the conditional ones of Binance, of which ccxt says nothing', async () => {
    exchange.id = 'binanceusdm';
    exchange.features = { swap: { linear: { fetchOpenOrders: { trigger: false } } } };
    await syncCcxt(store, exchange);
    expect(asked()).toEqual([
      [undefined, undefined, {}],
      [undefined, undefined, { trigger: true }],
    ]);
  });

  it('are paged by ccxt on Bybit', async () => {
    exchange.id = 'bybit';
    await syncCcxt(store, exchange);
    expect(asked()).toEqual([[undefined, undefined, { paginate: true, paginationCalls: 100 }]]);
  });

  it('are read page by page on OKX, behind the oldest id, until a page is not full', async () => {
    exchange.id = 'okx';
    const ids = Array.from({ length: 230 }, (_, index) => String(99 + index));
    exchange.orders = ({ after, trigger, trailing }) => {
      if (trigger === true || trailing === true) return [];
      const left = ids.filter((id) => after === undefined || Number(id) < Number(after));
      return left.slice(-100).map((id) => anOrder({ id }));
    };
    applyCcxtOrders(store, [anOrder({ id: '99' })]);
    await syncTwice();
    expect(new Set(orders())).toEqual(new Set(ids.map((id) => `${SYMBOL}:${id}`)));
  });

  it('are read on behind one without an id', async () => {
    exchange.id = 'gate';
    const ids = Array.from({ length: 150 }, (_, index) => (index === 140 ? null : String(1000 - index)));
    exchange.orders = ({ lastId, trigger }) => {
      const start = lastId === undefined ? 0 : ids.indexOf(String(lastId)) + 1;
      return trigger === true ? [] : ids.slice(start, start + 100).map((id) => anOrder({ id }));
    };
    expect(await syncCcxt(store, exchange)).toMatchObject({ faults: [{ field: 'orders[140].id' }] });
    expect(orders()).toHaveLength(149);
  });

  it('are not taken for all when the pages lead in a circle', async () => {
    exchange.id = 'gate';
    exchange.orders = () => Array.from({ length: 100 }, (_, index) => anOrder({ id: String(index) }));
    await expect(syncCcxt(store, exchange)).rejects.toThrow('received the cursor 0 again');
    expect(orders()).toEqual([]);
  });
});

it('a balance that came without a time during a sync stays', async () => {
  store.setWalletBalance(90);
  exchange.meanwhile = () => void applyCcxtBalance(store, { total: { USDT: 120, BTC: 1 } });
  await syncCcxt(store, exchange);
  expect(store.getWalletBalances()).toEqual({ USDT: 120, BTC: 1 });
});
