import { createServer, type IncomingMessage, type Server } from 'node:http';
import { RestClient, WebsocketClient } from 'okx-api';
import { afterEach, describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import { applyOkxMessage, applyOkxResponse, syncOkx } from '../../../src/exchanges/okx/index.js';
import { accountEntry, algoOrderEntry, CHANGED_MS, orderEntry, positionEntry, push } from './okx-entries.js';

const DATA: Readonly<Record<string, readonly object[]>> = {
  '/api/v5/public/time': [{ ts: String(CHANGED_MS + 1000) }],
  '/api/v5/account/positions': [positionEntry()],
  '/api/v5/account/balance': [accountEntry({ USDT: '1000' })],
  '/api/v5/trade/orders-pending': [orderEntry()],
  '/api/v5/trade/orders-algo-pending': [algoOrderEntry()],
};

describe('the SDK', () => {
  let server: Server | undefined;

  /** A client of an exchange that answers with one entry a listing, and the requests that it got. */
  async function start(): Promise<{ readonly client: RestClient; readonly received: IncomingMessage[] }> {
    const received: IncomingMessage[] = [];
    const started = createServer((request, response) => {
      received.push(request);
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      const isRest = searchParams.has('after') || !['conditional', null].includes(searchParams.get('ordType'));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ code: '0', msg: '', data: isRest ? [] : DATA[pathname] }));
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const keys = { apiKey: 'key', apiSecret: 'secret', apiPass: 'pass' };
    return { client: new RestClient({ ...keys, baseUrl: `http://127.0.0.1:${port}` }), received };
  }

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('sends the requests of a sync, each of them signed', async () => {
    const { client, received } = await start();
    const store = new AccountState();

    const outcome = await syncOkx(store, (path, parameters) => client.getPrivate(path, parameters));

    expect(outcome).toMatchObject({ kind: 'applied', atMs: CHANGED_MS + 1000, faults: [] });
    expect(store.getAllPositions()).toHaveLength(1);
    expect(store.getOrders().map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(['1', 'algo:1']);
    expect(store.getWalletBalance()).toBe(1000);
    expect(received[0]?.url).toBe('/api/v5/public/time');
    expect(received.filter(({ headers }) => headers['ok-access-sign'] === undefined)).toEqual([]);
  });

  it('resolves to the data of a response, which can be applied as it is', async () => {
    const { client } = await start();
    const store = new AccountState();
    const asOfMs = CHANGED_MS + 1000;
    expect(applyOkxResponse(store, 'positions', await client.getPositions(), { asOfMs }).kind).toBe('applied');
    expect(applyOkxResponse(store, 'orders', await client.getOrderList(), { asOfMs }).kind).toBe('applied');
    expect(applyOkxResponse(store, 'balance', await client.getBalance(), { asOfMs }).kind).toBe('applied');
    expect(store.getAllPositions()).toHaveLength(1);
    expect(store.getOrders()).toHaveLength(1);
  });

  it('hands out the messages of the stream as they can be applied', () => {
    const client = new WebsocketClient({});
    const store = new AccountState();
    const kinds: string[] = [];
    client.on('update', (message) => kinds.push(applyOkxMessage(store, message).kind));
    client.on('response', (message) => kinds.push(applyOkxMessage(store, message).kind));

    const wsKey = 'prodPrivate';
    client.emit('response', { event: 'subscribe', arg: { channel: 'positions' }, connId: 'a4d3ae55', wsKey });
    client.emit('update', { ...push('positions', positionEntry()), wsKey });

    expect(kinds).toEqual(['ignored', 'applied']);
    expect(store.getAllPositions()).toHaveLength(1);
  });

  it('says nothing of a connection that fails but its name: unknown, as the account may be behind', () => {
    const outcome = applyOkxMessage(new AccountState(), { wsKey: 'prodBusiness' });

    expect(outcome).toEqual({ kind: 'unknown', reason: 'message.arg: expected an object, received nothing' });
  });
});
