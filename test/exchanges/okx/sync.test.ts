import { describe, expect, it, vi } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyOkxMessage, type ExchangeRequest, syncOkx } from '../../../src/exchanges/okx/index.js';
import { accountEntry, algoOrderEntry, CHANGED_MS, orderEntry, positionEntry, push } from './okx-entries.js';

const NOW_MS = CHANGED_MS + 60_000;
const ALL_TYPES = ['conditional', 'oco', 'trigger', 'move_order_stop', 'iceberg', 'twap', 'chase'];

interface Listings {
  readonly positions?: readonly unknown[];
  readonly orders?: readonly object[];
  /** By `ordType`. */
  readonly algoOrders?: Readonly<Record<string, readonly object[]>>;
  readonly balances?: Readonly<Record<string, string>>;
  readonly pageSize?: number;
}

/** An exchange that answers from lists, newest first, in pages. */
function exchangeWith(listings: Listings): { readonly request: ExchangeRequest; readonly asked: string[] } {
  const { positions = [], orders = [], algoOrders = {}, balances = {}, pageSize = 100 } = listings;
  const asked: string[] = [];
  const page = (list: readonly object[], id: string, after: unknown) => {
    const start = after === undefined ? 0 : list.findIndex((entry) => Reflect.get(entry, id) === after) + 1;
    return list.slice(start, start + pageSize);
  };
  const request: ExchangeRequest = async (path, parameters) => {
    const query = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    asked.push(`${path}?${query.join('&')}`);
    const { after, ordType } = parameters;
    const data: Readonly<Record<string, () => readonly unknown[]>> = {
      '/api/v5/public/time': () => [{ ts: String(NOW_MS) }],
      '/api/v5/account/positions': () => positions,
      '/api/v5/account/balance': () => [accountEntry(balances)],
      '/api/v5/trade/orders-pending': () => page(orders, 'ordId', after),
      '/api/v5/trade/orders-algo-pending': () => page(algoOrders[String(ordType)] ?? [], 'algoId', after),
    };
    return { code: '0', msg: '', data: data[path]?.() };
  };
  return { request, asked };
}

function idsOf(store: AccountState): readonly string[] {
  return store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId);
}

describe('syncOkx', () => {
  it('brings positions, leverage, orders, algo orders and balances up to date', async () => {
    const store = new AccountState();
    const { request } = exchangeWith({
      positions: [
        positionEntry(),
        positionEntry({ mgnMode: 'isolated', pos: '-1', lever: '3', imr: '', margin: '200' }),
      ],
      orders: [orderEntry()],
      algoOrders: { conditional: [algoOrderEntry()], twap: [algoOrderEntry({ algoId: '2', ordType: 'twap' })] },
      balances: { USDT: '1000', BTC: '0.5' },
    });

    const outcome = await syncOkx(store, request);

    expect(outcome).toMatchObject({ kind: 'applied', atMs: NOW_MS, faults: [], balances: { USDT: 1000, BTC: 0.5 } });
    expect(store.getAllPositions().map(({ symbol, assetQty }) => [symbol, assetQty])).toEqual([
      ['BTC-USDT-SWAP', 2],
      ['BTC-USDT-SWAP:isolated', -1],
    ]);
    expect(idsOf(store)).toEqual(['1', 'algo:1', 'algo:2']);
    expect(store.getWalletBalances()).toEqual({ USDT: 1000, BTC: 0.5 });
    expect(store.getSymbolLeverageCache()).toEqual({ 'BTC-USDT-SWAP': 10, 'BTC-USDT-SWAP:isolated': 3 });
  });

  it('asks for the time first, and for algo orders of every type', async () => {
    const { request, asked } = exchangeWith({});
    await syncOkx(new AccountState(), request);
    expect(asked[0]).toBe('/api/v5/public/time?');
    expect(asked.slice(1).sort()).toEqual(
      [
        ...['/api/v5/account/positions?', '/api/v5/account/balance?', '/api/v5/trade/orders-pending?limit=100'],
        ...ALL_TYPES.map((type) => `/api/v5/trade/orders-algo-pending?ordType=${type}&limit=100`),
      ].sort(),
    );
  });

  it('sends nothing else before it knows the time', async () => {
    const paths: string[] = [];
    const never: ExchangeRequest = (path) => {
      paths.push(path);
      return Promise.reject(new Error('offline'));
    };
    await expect(syncOkx(new AccountState(), never)).rejects.toThrow('offline');
    expect(paths).toEqual(['/api/v5/public/time']);
  });

  it('asks for algo orders of the given types alone', async () => {
    const { request, asked } = exchangeWith({});
    await syncOkx(new AccountState(), request, { algoOrderTypes: ['oco'] });
    expect(asked.filter((each) => each.includes('algo'))).toEqual([
      '/api/v5/trade/orders-algo-pending?ordType=oco&limit=100',
    ]);
  });

  it('reads orders and algo orders page by page', async () => {
    const store = new AccountState();
    const { request, asked } = exchangeWith({
      orders: ['5', '4', '3', '2', '1'].map((ordId) => orderEntry({ ordId })),
      algoOrders: {
        oco: ['9', '8', '7'].map((algoId) => algoOrderEntry({ algoId, ordType: 'oco', tpTriggerPx: '70000' })),
      },
      pageSize: 2,
    });

    await syncOkx(store, request);

    expect(idsOf(store)).toEqual(['5', '4', '3', '2', '1', 'algo:9', 'algo:8', 'algo:7']);
    expect(asked.filter((each) => each.startsWith('/api/v5/trade/orders-pending'))).toEqual([
      '/api/v5/trade/orders-pending?limit=100',
      ...['4', '2', '1'].map((after) => `/api/v5/trade/orders-pending?limit=100&after=${after}`),
    ]);
  });

  it('reads on behind an entry without an id, and closes nothing of its symbol', async () => {
    const store = new AccountState();
    applyOkxMessage(store, push('orders', orderEntry({ ordId: '4' }), orderEntry({ ordId: '3' })));
    const entries = ['5', '4', '2'].map((ordId) => orderEntry({ ordId }));
    const { request } = exchangeWith({ orders: entries, pageSize: 2 });
    const withoutId: ExchangeRequest = async (path, parameters) => {
      const response = await request(path, parameters);
      if (path !== '/api/v5/trade/orders-pending' || parameters['after'] !== undefined) return response;
      return { code: '0', msg: '', data: [orderEntry({ ordId: '5' }), orderEntry({ ordId: null })] };
    };
    for (let round = 0; round < 2; round += 1) {
      expect(await syncOkx(store, withoutId)).toMatchObject({ faults: [{ field: 'data[1].ordId' }] });
    }
    expect(new Set(idsOf(store))).toEqual(new Set(['5', '4', '3', '2']));
  });

  it('is unknown, and soon, when the pages lead in a circle', async () => {
    const store = new AccountState();
    applyOkxMessage(store, push('orders', orderEntry()));
    let pages = 0;
    const { request } = exchangeWith({});
    const circle: ExchangeRequest = async (path, parameters) => {
      if (path !== '/api/v5/trade/orders-pending') return request(path, parameters);
      pages += 1;
      return [orderEntry({ ordId: String(7 + (pages % 3)) })];
    };
    expect(await syncOkx(store, circle)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('again') });
    expect(pages).toBeLessThan(9);
    expect(idsOf(store)).toEqual(['1']);
  });

  it('takes an exchange that repeats its last page for one that has no more', async () => {
    const store = new AccountState();
    const { request } = exchangeWith({ orders: [orderEntry({ ordId: '2' }), orderEntry()] });
    await syncOkx(store, (path, { after: _, ...parameters }) => request(path, parameters));
    expect(idsOf(store)).toEqual(['2', '1']);
  });

  it('closes what the exchange does not list, in one transaction with one reconcile', async () => {
    const store = new AccountState();
    applyOkxMessage(store, push('positions', positionEntry(), positionEntry({ instId: 'ETH-USDT-SWAP' })));
    applyOkxMessage(store, push('account', accountEntry({ USDT: '900', ETH: '1' })));
    const reconcile = vi.spyOn(store, 'reconcile');
    const transaction = vi.spyOn(store, 'transaction');
    const { request } = exchangeWith({ positions: [positionEntry({ lever: '20' })], balances: { USDT: '1000' } });

    const outcome = await syncOkx(store, request);

    expect(outcome).toMatchObject({ kind: 'applied', resync: { closed: [{ symbol: 'ETH-USDT-SWAP' }] } });
    expect(reconcile).toHaveBeenCalledOnce();
    expect(transaction.mock.results[0]?.value).toBe(outcome);
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTC-USDT-SWAP']);
    expect(store.getSymbolLeverage('BTC-USDT-SWAP')).toBe(20);
    expect(store.getActivePosition('BTC-USDT-SWAP', 'LONG')).toMatchObject({
      marginValue: 120,
      liquidationPrice: 54000,
    });
    expect(store.getWalletBalances()).toEqual({ USDT: 1000, ETH: 0 });
  });

  it('keeps what the stream reports meanwhile', async () => {
    const store = new AccountState();
    const { request } = exchangeWith({
      positions: [positionEntry()],
      orders: [orderEntry()],
      balances: { USDT: '1000' },
    });
    const laterMs = String(NOW_MS + 5);
    const interrupted: ExchangeRequest = async (path, parameters) => {
      const response = await request(path, parameters);
      if (path !== '/api/v5/account/positions') return response;
      const changed = { uTime: laterMs, pTime: laterMs };
      applyOkxMessage(store, push('positions', positionEntry({ pos: '0', ...changed })));
      applyOkxMessage(store, push('positions', positionEntry({ instId: 'SOL-USDT-SWAP', ...changed })));
      applyOkxMessage(store, push('orders', orderEntry({ state: 'canceled', uTime: laterMs })));
      applyOkxMessage(store, push('account', { details: [{ ccy: 'USDT', cashBal: '1007', uTime: laterMs }] }));
      return response;
    };

    await syncOkx(store, interrupted);

    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['SOL-USDT-SWAP']);
    expect(idsOf(store)).toEqual([]);
    expect(store.getWalletBalance()).toBe(1007);
  });

  it('reports a bad entry as a fault, and closes nothing of its symbol', async () => {
    const store = new AccountState();
    applyOkxMessage(store, push('positions', positionEntry(), positionEntry({ instId: 'ETH-USDT-SWAP' })));
    applyOkxMessage(store, push('account', accountEntry({ BTC: '1' })));
    const { request } = exchangeWith({
      positions: [positionEntry({ pos: 'two' }), positionEntry({ instId: 'SOL-USDT-SWAP' })],
      balances: { BTC: 'one', USDT: '5' },
    });

    const outcome = await syncOkx(store, request);

    expect(outcome).toMatchObject({
      kind: 'applied',
      faults: [{ field: 'data[0].pos' }, { field: 'details[0].cashBal' }],
    });
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTC-USDT-SWAP', 'SOL-USDT-SWAP']);
    expect(store.getWalletBalances()).toEqual({ USDT: 5, BTC: 1 });
  });

  it('leaves alone the symbols that it does not cover', async () => {
    const store = new AccountState();
    applyOkxMessage(store, push('positions', positionEntry(), positionEntry({ instId: 'ETH-USDT-SWAP' })));
    await syncOkx(store, exchangeWith({}).request, { covers: (symbol) => symbol.startsWith('ETH') });
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTC-USDT-SWAP']);
  });

  it.each([
    ['/api/v5/public/time', { code: '50001', msg: 'Service unavailable', data: [] }, 'public/time.code'],
    ['/api/v5/public/time', { code: '0', msg: '', data: [] }, 'time'],
    [
      '/api/v5/account/positions',
      { code: '50111', msg: 'Invalid OK-ACCESS-KEY 8a1b', data: [] },
      'account/positions.code',
    ],
    ['/api/v5/trade/orders-pending', { code: '50011', msg: 'Too many requests' }, 'trade/orders-pending.code'],
    ['/api/v5/trade/orders-algo-pending', 'gateway timeout', 'trade/orders-algo-pending'],
    ['/api/v5/account/balance', [{ totalEq: '1' }], 'data[0].details'],
  ])('changes nothing when the answer of %s cannot be used', async (failing, answer, field) => {
    const store = new AccountState();
    applyOkxMessage(store, push('positions', positionEntry()));
    const before = store.getAllPositions();
    const { request } = exchangeWith({});

    const outcome = await syncOkx(store, (path, parameters) =>
      path === failing ? Promise.resolve(answer) : request(path, parameters),
    );

    expect(outcome.kind).toBe('unknown');
    expect(outcome.kind === 'unknown' ? outcome.reason : '').toContain(`${field}: `);
    expect(JSON.stringify(outcome)).not.toContain('8a1b');
    expect(store.getAllPositions()).toEqual(before);
  });
});
