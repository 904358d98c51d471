import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  type BalanceUpdateEventData,
  reportBalanceToApi,
  reportBalanceToServer,
} from '../../../src/core/account/balance-report.js';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { BAD_NUMBERS, position } from './tables/table-harness.js';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that keeps what it receives, and answers with a status. */
async function receiver(status = 200): Promise<{ readonly host: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const host = await listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, { location: '/elsewhere' }).end('{"ok":true}');
  });
  return { host, received };
}

const data: BalanceUpdateEventData = {
  balance: 100,
  balanceSymbol: 'USDT',
  upnlValue: 1,
  upnlPercent: 1,
  upnlBalance: 101,
  depthPercent: 2,
  leaderCount: 1,
  hedgeCount: 0,
};

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    if (isAccountKeeperError(error)) return error;
    throw new Error('not a typed error', { cause: error });
  }
  throw new Error('it resolved');
}

describe('reportBalanceToApi', () => {
  it('posts the report as JSON', async () => {
    const { host, received } = await receiver();
    const clock = { now: () => 1_700_000_000_000 };
    await reportBalanceToApi(`http://${host}/report?x=1`, 'bybit-main', ['a', 'b'], data, { clock });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'POST', url: '/report?x=1' });
    expect(received[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(received[0]?.headers.authorization).toBeUndefined();
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      updateData: data,
      accountKey: 'bybit-main',
      timestamp: 1_700_000_000_000,
      viewTags: 'a,b',
    });
  });

  it('has the time of now, and may have no tags', async () => {
    const { host, received } = await receiver(204);
    const before = Date.now();
    await reportBalanceToApi(`http://${host}`, 'a', [], data);
    const { timestamp, viewTags } = JSON.parse(received[0]?.body ?? '') as { timestamp: number; viewTags: string };
    expect(viewTags).toBe('');
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
  });

  it('sends a user and password as basic authentication', async () => {
    const { host, received } = await receiver();
    await reportBalanceToApi(`http://us%20er:p%C3%A4ss@${host}`, 'a', [], data);
    await reportBalanceToApi(`http://100%@${host}`, 'a', [], data);
    const sent = received.map(({ headers }) => Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString());
    expect(sent).toEqual(['us er:päss', '100%:']);
  });

  it.each([300, 301, 307, 400, 401, 404, 500, 503])('rejects when the answer is %i', async (status) => {
    const { host, received } = await receiver(status);
    const error = await rejection(reportBalanceToApi(`http://user:hunter2@${host}/x?token=hunter2`, 'a', [], data));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    expect(String(error)).not.toContain('hunter2');
    expect(received).toHaveLength(1);
  });

  it('rejects when nobody answers at the address', async () => {
    const { host } = await receiver();
    servers[0]?.close();
    servers[0]?.closeAllConnections();
    servers.length = 0;
    const error = await rejection(reportBalanceToApi(`http://user:hunter2@${host}?token=hunter2`, 'a', [], data));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: expect.any(TypeError) });
    expect(String(error)).not.toContain('hunter2');
    expect(String((error as Error).cause)).not.toContain('hunter2');
  });

  it('rejects when the connection is cut', async () => {
    const host = await listen((request) => void request.socket.destroy());
    expect(await rejection(reportBalanceToApi(`http://${host}`, 'a', [], data))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('rejects when there is no answer in time', async () => {
    const host = await listen(() => undefined);
    const error = await rejection(reportBalanceToApi(`http://${host}`, 'a', [], data, { timeoutMs: 20 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
  });

  it('rejects when it is aborted', async () => {
    const controller = new AbortController();
    const host = await listen(() => controller.abort());
    const pending = reportBalanceToApi(`http://${host}`, 'a', [], data, { signal: controller.signal });
    expect(await rejection(pending)).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    const { host: other, received } = await receiver();
    const aborted = reportBalanceToApi(`http://${other}`, 'a', [], data, { signal: AbortSignal.abort() });
    expect(await rejection(aborted)).toMatchObject({ code: 'ABORTED', outcome: 'not-applied' });
    expect(received).toHaveLength(0);
  });

  it('leaves no listener on the signal', async () => {
    const { host } = await receiver();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await reportBalanceToApi(`http://${host}`, 'a', [], data, { signal });
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });

  it.each(['balance', 'upnlValue', 'upnlPercent', 'upnlBalance', 'depthPercent', 'leaderCount', 'hedgeCount'])(
    'sends nothing when the %s is no finite number',
    async (field) => {
      const { host, received } = await receiver();
      for (const value of BAD_NUMBERS) {
        if (field === 'depthPercent' && value === Infinity) continue;
        const bad = { ...data, [field]: value } as BalanceUpdateEventData;
        expect(await rejection(reportBalanceToApi(`http://${host}`, 'a', [], bad))).toMatchObject({
          code: 'INVALID_VALUE',
        });
      }
      expect(received).toHaveLength(0);
    },
  );

  it.each([
    '',
    'nonsense',
    'user:hunter2@host',
    'ftp://user:hunter2@host',
    'file:///etc/passwd',
    'http://user:hunter2@',
  ])('refuses the URL %j', async (url) => {
    const error = await rejection(reportBalanceToApi(url, 'a', [], data));
    expect(error).toMatchObject({ code: 'INVALID_VALUE' });
    expect(String(error)).not.toContain('hunter2');
  });

  it('refuses other arguments that are none', async () => {
    const url = 'http://127.0.0.1:9';
    expect(await rejection(reportBalanceToApi(url, 5 as never, [], data))).toMatchObject({ code: 'INVALID_VALUE' });
    expect(await rejection(reportBalanceToApi(url, 'a', 'x' as never, data))).toMatchObject({ code: 'INVALID_VALUE' });
    expect(await rejection(reportBalanceToApi(url, 'a', [], null as never))).toMatchObject({ code: 'INVALID_VALUE' });
    const unnamed = { ...data, balanceSymbol: undefined as never };
    expect(await rejection(reportBalanceToApi(url, 'a', [], unnamed))).toMatchObject({ code: 'INVALID_VALUE' });
    const options = { timeoutMs: -1 };
    expect(await rejection(reportBalanceToApi(url, 'a', [], data, options))).toMatchObject({ code: 'CONFIG' });
  });
});

describe('reportBalanceToServer', () => {
  const createState = (): AccountState => {
    const state = new AccountState();
    state.setWalletBalance(100);
    state.setSymbolLeverage('A', 2);
    state.setActivePosition('A', 'LONG', position({ symbol: 'A', assetQty: 4, valueUpnl: 30 }));
    state.setActivePosition('A', 'SHORT', position({ symbol: 'A', positionSide: 'SHORT', assetQty: 4, valueUpnl: -5 }));
    return state;
  };

  it('makes the report of a store, and prints nothing', async () => {
    const { host, received } = await receiver();
    const printed = vi.spyOn(process.stdout, 'write');
    try {
      for (const options of [undefined, false, true, { timeoutMs: 5_000 }]) {
        await reportBalanceToServer(`http://${host}`, 'main', ['x'], createState(), 'USDC', options);
      }
      expect(printed).not.toHaveBeenCalled();
    } finally {
      printed.mockRestore();
    }
    expect(received).toHaveLength(4);
    for (const { body } of received) {
      expect(JSON.parse(body)).toMatchObject({
        updateData: {
          balance: 100,
          balanceSymbol: 'USDC',
          upnlValue: 25,
          upnlPercent: 25,
          upnlBalance: 125,
          depthPercent: 32,
          leaderCount: 2,
          hedgeCount: 1,
        },
        accountKey: 'main',
        viewTags: 'x',
      });
    }
  });

  it('has null for an infinite depth: exposure with nothing behind it', async () => {
    const { host, received } = await receiver();
    const store = createState();
    store.setWalletBalance(0);
    store.setActivePosition('A', 'LONG', position({ symbol: 'A', valueUpnl: -5 }));
    await reportBalanceToServer(`http://${host}`, 'main', [], store, 'USDT');
    expect(JSON.parse(received[0]?.body ?? '').updateData.depthPercent).toBeNull();
  });

  it('counts the balance and the positions of the asset', async () => {
    const { host, received } = await receiver();
    const settleAssets = new Map([
      ['BTCUSD', 'BTC'],
      ['BTCUSDT', 'USDT'],
    ]);
    const store = new AccountState({
      instruments: (symbol) => ({
        kind: symbol === 'BTCUSD' ? 'inverse' : 'linear',
        multiplier: 1,
        settleAsset: settleAssets.get(symbol) ?? 'EUR',
      }),
    });
    store.setWalletBalance(1000);
    store.setWalletBalance(0.5, { asset: 'BTC' });
    const size = { assetQty: 10_000, positionPrice: 50_000 };
    store.setActivePosition('BTCUSD', 'LONG', position({ symbol: 'BTCUSD', ...size, valueUpnl: 0.05 }));
    store.setActivePosition('BTCUSDT', 'LONG', position({ valueUpnl: 7 }));
    await reportBalanceToServer(`http://${host}`, 'main', [], store, 'BTC');
    expect(JSON.parse(received[0]?.body ?? '').updateData).toMatchObject({
      balance: 0.5,
      upnlValue: 0.05,
      upnlPercent: 10,
      depthPercent: 36.36,
    });
  });

  it('rejects as the report does', async () => {
    const { host } = await receiver(500);
    const pending = reportBalanceToServer(`http://${host}`, 'main', [], createState(), 'USDT');
    expect(await rejection(pending)).toMatchObject({ code: 'UNAVAILABLE' });
    const store = Object.assign(createState(), { getWalletBalance: () => Number.NaN });
    const invalid = reportBalanceToServer(`http://${host}`, 'main', [], store, 'USDT');
    expect(await rejection(invalid)).toMatchObject({ code: 'INVALID_VALUE' });
  });
});
