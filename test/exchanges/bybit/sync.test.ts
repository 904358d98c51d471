import { createServer } from 'node:http';
import { RestClientV5 } from 'bybit-api';
import { afterEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { ReconcileInput, ReconcileResult } from '../../../src/core/account/reconcile.js';
import { applyBybitMessage, type ExchangeRequest, syncBybit } from '../../../src/exchanges/bybit/index.js';
import { LIMIT_BUY, LONG, push, response, T } from './bybit-messages.js';

type Parameters_ = Readonly<Record<string, string | number>>;

const { category: _, ...ORDER } = LIMIT_BUY;
const { category: __, entryPrice: ___, ...POSITION } = LONG;

/** The pages of each listing, by path and scope: `/v5/position/list linear USDT`. What is not there is empty. */
type Pages = Readonly<Record<string, readonly (readonly unknown[])[]>>;

/** Answers as Bybit does, whose time is T + 500, and T + 900 when it answers. */
function exchangeOf(pages: Pages): { request: ExchangeRequest; calls: (readonly [string, Parameters_])[] } {
  const calls: (readonly [string, Parameters_])[] = [];
  const request: ExchangeRequest = async (path, parameters) => {
    calls.push([path, parameters]);
    if (path === '/v5/market/time') return { retCode: 0, result: { timeSecond: '1750000000' }, time: T + 500 };
    const { category, settleCoin, cursor = 0 } = parameters;
    const list = pages[[path, category, settleCoin].filter((each) => each !== undefined).join(' ')] ?? [[]];
    const next = Number(cursor) + 1 < list.length ? String(Number(cursor) + 1) : '';
    return response(list[Number(cursor)] ?? [], { category, nextPageCursor: next });
  };
  return { request, calls };
}

const ACCOUNT: Pages = {
  '/v5/position/list linear USDT': [[POSITION], [{ ...POSITION, symbol: 'SOLUSDT', leverage: '5' }]],
  '/v5/position/list linear USDC': [[{ ...POSITION, symbol: 'ETHPERP' }]],
  '/v5/position/list inverse': [[{ ...POSITION, symbol: 'BTCUSD' }]],
  '/v5/order/realtime linear USDT': [
    [ORDER],
    [
      {
        ...ORDER,
        orderId: 'stop',
        orderStatus: 'Untriggered',
        stopOrderType: 'Stop',
        triggerPrice: '2600',
        triggerDirection: 1,
      },
    ],
  ],
  '/v5/order/realtime inverse': [[{ ...ORDER, orderId: 'inverse', symbol: 'BTCUSD' }]],
  '/v5/order/realtime spot': [[{ ...ORDER, orderId: 'spot' }]],
  '/v5/account/wallet-balance': [[{ accountType: 'UNIFIED', coin: [{ coin: 'USDT', walletBalance: '950' }] }]],
};

/** Counts what is called, and whether from within a transaction. */
class WatchedState extends AccountState {
  readonly calls: string[] = [];
  #depth = 0;

  override transaction<Result>(fn: () => Result): Result {
    this.#depth += 1;
    try {
      return super.transaction(fn);
    } finally {
      this.#depth -= 1;
    }
  }

  override reconcile(snapshot: ReconcileInput): ReconcileResult {
    this.calls.push(`reconcile at depth ${this.#depth}`);
    return super.reconcile(snapshot);
  }

  override setSymbolLeverage(symbol: string, leverage: number): void {
    this.calls.push(`leverage at depth ${this.#depth}`);
    super.setSymbolLeverage(symbol, leverage);
  }
}

describe('the sync', () => {
  it('takes over all categories, pages and coins', async () => {
    const store = new AccountState();

    const outcome = await syncBybit(store, exchangeOf(ACCOUNT).request);

    expect(outcome).toMatchObject({ kind: 'applied', atMs: T + 500, balances: { USDT: 950 }, faults: [] });
    const positions = store.getAllPositions().map(({ symbol }) => symbol);
    expect(positions).toEqual(['ETHUSDT', 'SOLUSDT', 'ETHPERP', 'BTCUSD']);
    expect(store.getOrders().map(({ exchangeOrderId, symbol }) => [exchangeOrderId, symbol])).toEqual([
      ['order-1', 'ETHUSDT'],
      ['stop', 'ETHUSDT'],
      ['inverse', 'BTCUSD'],
      ['spot', 'spot:ETHUSDT'],
    ]);
    expect({ ...store.getSymbolLeverageCache() }).toEqual({ ETHUSDT: 10, SOLUSDT: 5, ETHPERP: 10, BTCUSD: 10 });
    expect(store.getWalletBalance()).toBe(950);
  });

  it('asks for the time before all else, and for pages of the longest length', async () => {
    const { request, calls } = exchangeOf(ACCOUNT);

    await syncBybit(new AccountState(), request);

    expect(calls[0]).toEqual(['/v5/market/time', {}]);
    const linear = { category: 'linear', settleCoin: 'USDT' };
    expect(calls).toContainEqual(['/v5/position/list', { ...linear, limit: 200 }]);
    expect(calls).toContainEqual(['/v5/position/list', { ...linear, limit: 200, cursor: '1' }]);
    expect(calls).toContainEqual(['/v5/position/list', { category: 'inverse', limit: 200 }]);
    expect(calls).toContainEqual(['/v5/order/realtime', { ...linear, openOnly: 0, limit: 50, cursor: '1' }]);
    expect(calls).toContainEqual(['/v5/order/realtime', { category: 'spot', openOnly: 0, limit: 50 }]);
    expect(calls).toContainEqual(['/v5/account/wallet-balance', { accountType: 'UNIFIED' }]);
    expect(calls.filter(([path]) => path === '/v5/position/list').map(([, { category }]) => category)).not.toContain(
      'spot',
    );
  });

  it('closes what none of the listings names, and nothing that they do not speak for', async () => {
    const store = new AccountState();
    const other = { ...LONG, symbol: 'ETHUSDE' };
    applyBybitMessage(store, push('position', { ...LONG, symbol: 'XRPUSDT' }, { ...LONG, symbol: 'BTCPERP' }, other));
    applyBybitMessage(store, push('wallet', { coin: [{ coin: 'BTC', walletBalance: '1' }] }));

    const outcome = await syncBybit(store, exchangeOf(ACCOUNT).request);

    expect(outcome).toMatchObject({ resync: { closed: [{ symbol: 'XRPUSDT' }, { symbol: 'BTCPERP' }] } });
    expect(store.isSymbolInAnyPosition('ETHUSDE')).toBe(true);
    expect(store.getWalletBalance('BTC')).toBe(0);
  });

  it('is limited to the categories and settle coins of its options', async () => {
    const store = new AccountState();
    const inverse = { ...LONG, category: 'inverse', symbol: 'ETHUSD' };
    applyBybitMessage(store, push('position', inverse, { ...LONG, symbol: 'BTCPERP' }, { ...LONG, symbol: 'XRPUSDT' }));
    const { request, calls } = exchangeOf(ACCOUNT);

    await syncBybit(store, request, { categories: ['linear'], settleCoins: ['USDT'] });

    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['ETHUSD', 'BTCPERP', 'ETHUSDT', 'SOLUSDT']);
    expect(new Set(calls.map(([, { category }]) => category))).toEqual(new Set([undefined, 'linear']));
  });

  it('keeps what the stream reports while it waits', async () => {
    const store = new AccountState();
    const { request } = exchangeOf({ ...ACCOUNT, '/v5/account/wallet-balance': [[{ coin: [] }]] });
    const later = String(T + 600);
    const during: ExchangeRequest = async (path, parameters) => {
      const answer = await request(path, parameters);
      if (path === '/v5/account/wallet-balance') {
        applyBybitMessage(
          store,
          push(
            'position',
            { ...LONG, size: '7', updatedTime: later },
            { ...LONG, symbol: 'NEWUSDT', updatedTime: later },
          ),
        );
        applyBybitMessage(store, push('order', { ...LIMIT_BUY, orderStatus: 'Cancelled', updatedTime: later }));
        applyBybitMessage(store, {
          ...push('wallet', { coin: [{ coin: 'USDT', walletBalance: '1' }] }),
          creationTime: T + 600,
        });
      }
      return answer;
    };

    await syncBybit(store, during);

    expect(store.getActivePosition('ETHUSDT', 'LONG')?.assetQty).toBe(7);
    expect(store.isSymbolInAnyPosition('NEWUSDT')).toBe(true);
    expect(store.getOrder('order-1')).toBeUndefined();
    expect(store.getWalletBalance()).toBe(1);
  });

  it('reconciles once, in one transaction', async () => {
    const store = new WatchedState();

    await syncBybit(store, exchangeOf(ACCOUNT).request);

    const leverage = Array.from({ length: 4 }, () => 'leverage at depth 1');
    expect(store.calls).toEqual([...leverage, 'reconcile at depth 1']);
  });

  it('reports an entry that it cannot read, and closes nothing of its symbol', async () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', LONG, { ...LONG, symbol: 'XRPUSDT' }));
    const pages = { ...ACCOUNT, '/v5/position/list linear USDT': [[{ ...POSITION, size: 'much' }, null]] };

    const outcome = await syncBybit(store, exchangeOf(pages).request);

    expect(outcome).toMatchObject({
      kind: 'applied',
      faults: [{ field: 'positions[0].size' }, { field: 'positions[1]' }],
    });
    expect(store.getActivePosition('ETHUSDT', 'LONG')?.assetQty).toBe(1.5);
  });

  it.each([
    ['a refused request', '/v5/order/realtime', { retCode: 10006, retMsg: 'Too many visits!', result: {} }, /10006/],
    ['a refused time', '/v5/market/time', { retCode: 10016, retMsg: 'Server error', result: {} }, /10016/],
    ['a response without a list', '/v5/position/list', { retCode: 0, result: {} }, /list/],
    ['a wallet without a list', '/v5/account/wallet-balance', { retCode: 0, result: { list: {} } }, /list/],
    ['no response', '/v5/position/list', undefined, /expected an object/],
  ])('leaves the store as it is after %s', async (_, refused, answer, reason) => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, symbol: 'XRPUSDT' }));
    const { request } = exchangeOf(ACCOUNT);

    const outcome = await syncBybit(store, async (path, parameters) =>
      path === refused ? answer : request(path, parameters),
    );

    expect(outcome).toEqual({ kind: 'unknown', reason: expect.stringMatching(reason) });
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['XRPUSDT']);
  });

  it('reports an account of the wallet that it cannot read, and takes over all else', async () => {
    const store = new AccountState();

    const outcome = await syncBybit(store, exchangeOf({ ...ACCOUNT, '/v5/account/wallet-balance': [[null]] }).request);

    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: 'wallet.coin[0]' }] });
    expect(store.getAllPositions()).toHaveLength(4);
  });

  it('takes an entry that is on two pages once', async () => {
    const store = new AccountState();
    const twice = [[POSITION], [{ ...POSITION, size: '2', updatedTime: String(T + 1) }]];

    await syncBybit(store, exchangeOf({ ...ACCOUNT, '/v5/position/list linear USDT': twice }).request);

    expect(store.getActivePosition('ETHUSDT', 'LONG')?.assetQty).toBe(2);
  });

  /** Answers with these pages of linear positions in USDT, each with its cursor, and counts how often it is asked. */
  function paged(pageOf: (cursor: unknown) => readonly [list: readonly unknown[], next: string]) {
    const { request } = exchangeOf(ACCOUNT);
    const asked: unknown[] = [];
    const paging: ExchangeRequest = async (path, parameters) => {
      if (path !== '/v5/position/list' || parameters['settleCoin'] !== 'USDT') return request(path, parameters);
      asked.push(parameters['cursor']);
      const [list, nextPageCursor] = pageOf(parameters['cursor']);
      return response(list, { nextPageCursor });
    };
    return { request: paging, asked };
  }

  it('ends at an empty page that repeats the cursor it was asked for', async () => {
    const store = new AccountState();
    const { request, asked } = paged((cursor) => (cursor === undefined ? [[POSITION], 'last'] : [[], 'last']));

    const outcome = await syncBybit(store, request);

    expect(outcome).toMatchObject({ kind: 'applied', faults: [] });
    expect(asked).toEqual([undefined, 'last']);
  });

  it('changes nothing when the cursors lead in a circle', async () => {
    const store = new AccountState();
    applyBybitMessage(store, push('position', { ...LONG, symbol: 'XRPUSDT' }));
    const { request, asked } = paged((cursor) => [[POSITION], cursor === 'a' ? 'b' : 'a']);

    const outcome = await syncBybit(store, request);

    expect(outcome).toEqual({ kind: 'unknown', reason: expect.stringContaining('cursor') });
    expect(asked).toEqual([undefined, 'a', 'b']);
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['XRPUSDT']);
  });

  it('rejects when the request does', async () => {
    const failure = new Error('no network');

    await expect(syncBybit(new AccountState(), () => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe('with the RestClientV5 of bybit-api', () => {
  const servers: { close(): unknown }[] = [];
  afterEach(() => servers.splice(0).forEach((server) => void server.close()));

  it('reads the account, cursors with reserved characters included', async () => {
    const cursor = 'ETHUSDT%2C1750%3A0';
    const { request } = exchangeOf(ACCOUNT);
    const server = createServer(async ({ url = '' }, answer) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      const asked = Object.fromEntries(searchParams);
      // The client puts the cursor into the query as it is: decoded once, it is what was sent.
      if (asked['cursor'] === cursor) asked['cursor'] = '1';
      const body = JSON.stringify(await request(pathname, asked));
      answer.setHeader('content-type', 'application/json');
      answer.end(body.replace('"nextPageCursor":"1"', `"nextPageCursor":"${cursor}"`));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = new RestClientV5({ key: 'key', secret: 'secret', baseUrl: `http://127.0.0.1:${port}` });
    const store = new AccountState();

    const outcome = await syncBybit(store, (path, parameters) => client.getPrivate(path, parameters));

    expect(outcome).toMatchObject({ kind: 'applied', faults: [] });
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['ETHUSDT', 'SOLUSDT', 'ETHPERP', 'BTCUSD']);
    expect(store.getOrders()).toHaveLength(4);
  });
});
