import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AccountStateStore,
  type BalanceUpdateEventData,
  reportBalanceToApi,
  reportBalanceToServer,
} from '../../../src/compat/accountstate/index.js';
import { makePosition } from './entries.js';

const DATA: BalanceUpdateEventData = {
  balance: 100,
  balanceSymbol: 'USDT',
  upnlValue: 0,
  upnlPercent: 0,
  upnlBalance: 100,
  depthPercent: 0,
  leaderCount: 0,
  hedgeCount: 0,
};

let server: Server;
let status: number;
let bodies: { accountKey: string; timestamp: number; viewTags: string; updateData: object }[];
let url: string;

beforeEach(async () => {
  status = 200;
  bodies = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(body));
      response.writeHead(status).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/report`;
});

afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => server.close(resolve));
});

describe('a report of a store', () => {
  it('has its balance, profit and depth', async () => {
    const store = new AccountStateStore<{ count: number }>();
    store.setWalletBalance(1_000);
    store.setSymbolLeverage('BTCUSDT', 2);
    store.setActivePosition('BTCUSDT', 'LONG', makePosition({ valueUpnl: 10 }));
    store.setActivePosition('BTCUSDT', 'SHORT', makePosition({ positionSide: 'SHORT', valueUpnl: -5 }));
    await reportBalanceToServer(url, 'main', ['a', 'b'], store, 'USDT', true);

    expect(bodies).toEqual([
      {
        accountKey: 'main',
        timestamp: expect.any(Number),
        viewTags: 'a,b',
        updateData: {
          balance: 1_000,
          balanceSymbol: 'USDT',
          leaderCount: 2,
          hedgeCount: 1,
          upnlBalance: 1_005,
          depthPercent: 19.9,
          upnlPercent: 0.5,
          upnlValue: 5,
        },
      },
    ]);
  });

  it('of an account without a balance is posted as well', async () => {
    await reportBalanceToServer(url, 'main', [], new AccountStateStore(), 'USDT');

    expect(bodies).toMatchObject([{ updateData: { balance: 0, upnlPercent: null, depthPercent: null } }]);
  });
});

describe('a posted balance', () => {
  it('resolves when the server refuses it, and prints nothing', async () => {
    const printed = ['log', 'warn', 'error'] as const;
    const spies = printed.map((name) => vi.spyOn(console, name));
    status = 500;

    await expect(reportBalanceToApi(url, 'main', [], DATA, false)).resolves.toBeUndefined();
    expect(bodies).toHaveLength(1);
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
  });

  it('resolves when there is no server', async () => {
    await expect(reportBalanceToApi('http://127.0.0.1:1/', 'main', [], DATA)).resolves.toBeUndefined();
  });

  it('is refused when it is no number', async () => {
    const report = reportBalanceToApi(url, 'main', [], { ...DATA, balance: Number.NaN });

    await expect(report).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(bodies).toEqual([]);
  });
});
