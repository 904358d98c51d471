import { createServer, type Server } from 'node:http';
import { USDMClient } from 'binance';
import { afterEach, describe, expect, it } from 'vitest';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import {
  applyBinanceMessage,
  type ExchangeRequest,
  parseExchangeJson,
  syncBinance,
} from '../../../src/exchanges/binance/index.js';
import { heldBy, like, newStore } from './fixtures.js';

const SERVER_TIME = 1767225600100;

/** What an account with one position, one order and one conditional order answers. */
const ACCOUNT: Readonly<Record<string, unknown>> = {
  'fapi/v1/time': { serverTime: SERVER_TIME },
  'fapi/v3/account': { assets: [like('asset')], positions: [like('account v3 position')] },
  'fapi/v3/positionRisk': [like('positionRisk v3')],
  'fapi/v1/openOrders': [like('openOrders')],
  'fapi/v1/openAlgoOrders': [like('openAlgoOrders')],
  'fapi/v1/symbolConfig': [{ symbol: 'BTCUSDT', marginType: 'CROSSED', leverage: 10 }],
};

/** Answers as the account does, but for what is given; `onRequest` sees each path before. */
function exchange(others: Readonly<Record<string, unknown>> = {}, onRequest = (_path: string) => {}): ExchangeRequest {
  return async (path) => {
    onRequest(path);
    return { ...ACCOUNT, ...others }[path];
  };
}

function accountUpdate(values: object, T: number): object {
  return { e: 'ACCOUNT_UPDATE', E: T, T, a: { m: 'ORDER', B: [], P: [like('entry of P', values)] } };
}

describe('syncBinance', () => {
  it('asks for the time before anything else', async () => {
    const paths: string[] = [];

    await syncBinance(
      newStore(),
      exchange({}, (path) => paths.push(path)),
    );

    expect(paths).toEqual(Object.keys(ACCOUNT));
  });

  it('does not ask for a time that it is given', async () => {
    const paths: string[] = [];

    const outcome = await syncBinance(
      newStore(),
      exchange({}, (path) => paths.push(path)),
      { asOfMs: 7 },
    );

    expect(paths).not.toContain('fapi/v1/time');
    expect(outcome).toMatchObject({ kind: 'applied', atMs: 7 });
  });

  it('brings positions, orders of both kinds, balances and leverage', async () => {
    const store = newStore();

    const outcome = await syncBinance(store, exchange());

    expect(outcome).toMatchObject({ kind: 'applied', atMs: SERVER_TIME, balances: { USDT: 1000.5 }, faults: [] });
    expect(heldBy(store)).toEqual({
      positions: [like('position', { marginValue: 120.45, liquidationPrice: 54600 })],
      orders: [like('order'), like('algo order')],
      balances: { USDT: 1000.5 },
      leverage: { BTCUSDT: 10 },
    });
  });

  it('does all of it in one step', async () => {
    const store = newStore();
    const seen: number[] = [];
    const watched = new Proxy(store, {
      get: (target, name) => {
        if (name === 'transaction') seen.push(target.getAllPositions().length);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });

    await syncBinance(watched, exchange());

    expect(seen).toEqual([0]);
    expect(store.getAllPositions()).toHaveLength(1);
  });

  it('closes what is gone, but nothing of COIN-M', async () => {
    const store = newStore();
    applyBinanceMessage(store, accountUpdate({ s: 'ETHUSDT' }, SERVER_TIME - 50));
    applyBinanceMessage(store, accountUpdate({ s: 'BTCUSD_PERP' }, SERVER_TIME - 50));

    const outcome = await syncBinance(store, exchange());

    expect(outcome).toMatchObject({ resync: { closed: [{ symbol: 'ETHUSDT' }] } });
    expect(store.getAllPositions().map(({ symbol }) => symbol)).toEqual(['BTCUSD_PERP', 'BTCUSDT']);
  });

  it('leaves what the stream reports between the requests as it is', async () => {
    const store = newStore();
    const whileAsking = (path: string): void => {
      if (path !== 'fapi/v1/openOrders') return;
      applyBinanceMessage(store, accountUpdate({ pa: '0.050' }, SERVER_TIME + 5));
      applyBinanceMessage(store, { e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: SERVER_TIME + 6, ac: { s: 'BTCUSDT', l: 25 } });
      const canceled = { x: 'CANCELED', X: 'CANCELED', T: SERVER_TIME + 7 };
      applyBinanceMessage(store, like('ORDER_TRADE_UPDATE', { o: canceled }));
    };

    await syncBinance(store, exchange({}, whileAsking));

    expect(store.getActivePosition('BTCUSDT', 'LONG')?.assetQty).toBe(0.05);
    expect(store.getSymbolLeverage('BTCUSDT')).toBe(25);
    expect(store.getOrder('BTCUSDT:4001')).toBeUndefined();
  });

  it('takes over a hedged side, though the stream meanwhile reports that the one-way position is flat', async () => {
    const store = newStore();
    const flat = like('entry of P', { pa: '0', ep: '0', up: '0' });
    const whileAsking = (path: string): void => {
      if (path !== 'fapi/v1/openOrders') return;
      applyBinanceMessage(store, {
        e: 'ACCOUNT_UPDATE',
        E: 1,
        T: SERVER_TIME + 5,
        a: { m: 'ORDER', B: [], P: [flat] },
      });
    };
    const risk = [like('positionRisk v3', { positionSide: 'LONG' })];

    await syncBinance(store, exchange({ 'fapi/v3/positionRisk': risk }, whileAsking));

    expect(store.getActivePosition('BTCUSDT', 'LONG')?.assetQty).toBe(0.02);
  });

  it('tells of an entry that cannot be read, and closes nothing of its symbol', async () => {
    const store = newStore();
    applyBinanceMessage(store, accountUpdate({}, SERVER_TIME - 50));
    const risk = [like('positionRisk v3', { positionAmt: 'many' })];

    const outcome = await syncBinance(store, exchange({ 'fapi/v3/positionRisk': risk }));

    expect(outcome).toMatchObject({ kind: 'applied', faults: [{ field: 'positionRisk[0].amount' }] });
    expect(store.getAllPositions()).toHaveLength(1);
  });

  it.each(Object.keys(ACCOUNT))('changes nothing when %s answers with an error', async (path) => {
    const store = newStore();
    applyBinanceMessage(store, accountUpdate({ s: 'ETHUSDT' }, SERVER_TIME - 50));
    const before = heldBy(store);

    const outcome = await syncBinance(store, exchange({ [path]: { code: -1003, msg: 'Too many requests.' } }));

    expect(outcome.kind).toBe('unknown');
    expect(heldBy(store)).toEqual(before);
  });

  it('throws what a request throws, and changes nothing', async () => {
    const store = newStore();
    const offline = new Error('offline');
    const request = exchange({}, (path) => {
      if (path === 'fapi/v1/symbolConfig') throw offline;
    });

    await expect(syncBinance(store, request)).rejects.toBe(offline);
    expect(heldBy(store)).toEqual(heldBy(newStore()));
  });
});

describe('the binance SDK', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** An exchange on this machine, and the paths that it was asked for. */
  async function listen(answers: Readonly<Record<string, string>>): Promise<{ baseUrl: string; paths: string[] }> {
    const paths: string[] = [];
    const started = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://localhost').pathname.slice(1);
      paths.push(path);
      response.writeHead(path in answers ? 200 : 404, { 'content-type': 'application/json' }).end(answers[path]);
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return { baseUrl: `http://127.0.0.1:${port}`, paths };
  }

  it('sends the requests of a sync as they are, and parses long ids when it is told to', async () => {
    const texts = Object.entries(ACCOUNT).map(([path, content]) => [path, JSON.stringify(content)] as const);
    const order = JSON.stringify([like('openOrders', { orderId: 'ID' })]).replace('"ID"', '8389765519993908929');
    const { baseUrl, paths } = await listen({ ...Object.fromEntries(texts), 'fapi/v1/openOrders': order });
    const client = new USDMClient(
      { api_key: 'key', api_secret: 'secret', baseUrl },
      { transformResponse: (text) => parseExchangeJson(text) },
    );
    const store: AccountStateStore = newStore();

    const outcome = await syncBinance(store, (path, parameters) => client.getPrivate(path, parameters));

    expect(outcome).toMatchObject({ kind: 'applied', faults: [] });
    expect(paths.sort()).toEqual(Object.keys(ACCOUNT).sort());
    expect(store.getOrder('BTCUSDT:8389765519993908929')).toBeDefined();
    expect(store.getAllPositions()).toHaveLength(1);
  });
});
