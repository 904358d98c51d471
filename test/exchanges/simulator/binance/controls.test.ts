import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BinanceSimulator, startBinanceSimulator } from './binance-simulator.js';
import type { SeenRequest } from './rest-service.js';
import { call, openStream, TWO_SYMBOLS } from './test-account.js';

let simulator: BinanceSimulator;

beforeEach(async () => {
  simulator = await startBinanceSimulator(TWO_SYMBOLS);
  await call(simulator, 'POST', '/fapi/v1/listenKey');
});

afterEach(() => simulator.stop());

function trade(clientId: string): void {
  simulator.engine.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1', clientId });
}

const isPositions = ({ path }: SeenRequest): boolean => path === '/fapi/v3/positionRisk';
const positions = () => call(simulator, 'GET', '/fapi/v3/positionRisk');

describe('streams', () => {
  it.each([
    ['/ws/<key>', false],
    ['/stream?streams=<key>', true],
    ['/private/ws/<key>', false],
    ['/private/ws?listenKey=<key>', false],
    ['/private/stream?listenKey=<key>', true],
  ])('of users are at %s', async (path, isWrapped) => {
    const { received } = await openStream(simulator, path.replace('<key>', simulator.listenKey ?? ''));
    simulator.engine.transfer('USDT', '1');
    const [text] = simulator.userMessages;
    const [message] = await received.take(1);
    expect(message).toBe(isWrapped ? `{"stream":"${simulator.listenKey}","data":${text}}` : text);
  });

  it('of users tell only the events that were asked for, and the end of the key', async () => {
    const path = `/private/ws?listenKey=${simulator.listenKey}&events=ACCOUNT_UPDATE/MARGIN_CALL`;
    const { received } = await openStream(simulator, path);
    trade('any');
    simulator.expireListenKey();
    const types = (await received.take(2)).map((text) => JSON.parse(text).e);
    expect(types).toEqual(['ACCOUNT_UPDATE', 'listenKeyExpired']);
  });

  it('open for any key, and stay silent for one that is not valid', async () => {
    const wrong = await openStream(simulator, `/private/ws/${'a'.repeat(64)}`);
    const right = await openStream(simulator, `/private/ws/${simulator.listenKey}`);
    trade('any');
    await right.received.take(4);
    expect(wrong.received.all).toEqual([]);
  });

  it('are subscribed to and unsubscribed from by messages', async () => {
    const { socket, received } = await openStream(simulator, '/market/ws');
    socket.send('{"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":1}');
    expect(await received.find((text) => text.includes('"id"'))).toBe('{"result":null,"id":1}');
    simulator.publishMarkPrices();
    expect(JSON.parse((await received.take(2))[1] ?? '')).toMatchObject({ e: 'markPriceUpdate', p: '50000.00000000' });
    socket.send('{"method":"LIST_SUBSCRIPTIONS","id":2}');
    expect(await received.find((text) => text.includes('"id":2'))).toBe('{"result":["btcusdt@markPrice@1s"],"id":2}');
    socket.send('{"method":"UNSUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":3}');
    await received.find((text) => text.includes('"id":3'));
    simulator.publishMarkPrices();
    socket.send('{"method":"LIST_SUBSCRIPTIONS","id":4}');
    await received.find((text) => text.includes('"id":4'));
    expect(received.all.filter((text) => text.includes('markPriceUpdate'))).toHaveLength(1);
  });

  it('are cut: what happens until a client is back never reaches it', async () => {
    const first = await openStream(simulator, `/ws/${simulator.listenKey}`);
    simulator.cutStreams();
    trade('lost');
    await once(first.socket, 'close');
    const second = await openStream(simulator, `/ws/${simulator.listenKey}`);
    trade('seen');
    await second.received.take(4);
    expect(second.received.all.filter((text) => text.includes('lost'))).toEqual([]);
    expect(first.received.all).toEqual([]);
    expect(simulator.userMessages.filter((text) => text.includes('lost'))).not.toEqual([]);
  });

  it('refuse clients until they accept them again', async () => {
    simulator.refuseStreams();
    await expect(openStream(simulator, `/ws/${simulator.listenKey}`)).rejects.toThrow('socket hang up');
    simulator.acceptStreams();
    await openStream(simulator, `/ws/${simulator.listenKey}`);
    expect(simulator.isHeard).toBe(true);
  });

  it('send a message twice where they are told to', async () => {
    const { received } = await openStream(simulator, `/ws/${simulator.listenKey}`);
    simulator.duplicateMessages((message) => message['e'] === 'ACCOUNT_UPDATE');
    simulator.engine.transfer('USDT', '1');
    simulator.duplicateMessages();
    simulator.engine.transfer('USDT', '2');
    const [one, same, other] = await received.take(3);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('send messages that a test writes', async () => {
    const { received } = await openStream(simulator, `/ws/${simulator.listenKey}`);
    simulator.sendUserMessage({ e: 'STRATEGY_UPDATE', T: 1, E: 2, su: { si: 8389765519993000001n } });
    expect(await received.take(1)).toEqual(['{"e":"STRATEGY_UPDATE","T":1,"E":2,"su":{"si":8389765519993000001}}']);
  });
});

describe('the order of streams and answers', () => {
  it('can be: the answer is older than what the stream told since', async () => {
    const { received } = await openStream(simulator, `/ws/${simulator.listenKey}`);
    const hold = simulator.holdAnswers(isPositions);
    const answer = positions();
    await hold.whenHeld();
    trade('later');
    await received.take(4);
    hold.release();
    expect((await answer).body).toEqual([]);
  });

  it('can be: the request is served after what the stream told since', async () => {
    const hold = simulator.holdRequests(isPositions);
    const answer = positions();
    await hold.whenHeld();
    trade('later');
    hold.release();
    expect((await answer).body).toMatchObject([{ positionAmt: '0.100' }]);
  });

  it('can be: the stream tells late what the answer knows, or never', async () => {
    const { received } = await openStream(simulator, `/ws/${simulator.listenKey}`);
    simulator.stallStreams();
    trade('late');
    expect((await positions()).body).toMatchObject([{ positionAmt: '0.100' }]);
    expect(received.all).toEqual([]);
    simulator.resumeStreams('DELIVER');
    expect(await received.take(4)).toEqual(simulator.userMessages);
    simulator.stallStreams();
    trade('never');
    simulator.resumeStreams('LOSE');
    simulator.engine.transfer('USDT', '1');
    await received.find((text) => text.includes('DEPOSIT'));
    expect(received.all.filter((text) => text.includes('never'))).toEqual([]);
  });
});

describe('a request that fails', () => {
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1', newClientOrderId: 'mine' };
  const isOrder = ({ method, path }: SeenRequest): boolean => method === 'POST' && path === '/fapi/v1/order';
  const place = () => call(simulator, 'POST', '/fapi/v1/order', order);

  it('has done nothing before', async () => {
    simulator.failNext(isOrder, { when: 'BEFORE', answer: { status: 503, code: -1001, message: 'Internal error.' } });
    expect(await place()).toMatchObject({ status: 503, body: { code: -1001 } });
    expect(simulator.engine.orders).toEqual([]);
    expect((await place()).status).toBe(200);
  });

  it('has done what it was asked for after', async () => {
    simulator.failNext(isOrder, { when: 'AFTER', answer: { status: 503, code: -1007, message: 'Status unknown.' } });
    expect(await place()).toMatchObject({ status: 503, body: { code: -1007 } });
    const found = await call(simulator, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine' });
    expect(found.body.status).toBe('FILLED');
  });

  it('can break the connection', async () => {
    simulator.failNext(isOrder, { when: 'AFTER' });
    await expect(place()).rejects.toThrow('fetch failed');
    expect(simulator.engine.fills).toHaveLength(1);
  });
});

describe('the simulator', () => {
  it('runs with real time where it is told to, and stands still otherwise', async () => {
    const startMs = 1_800_000_000_000;
    const running = await startBinanceSimulator({ ...TWO_SYMBOLS, startMs, time: 'RUNNING' });
    const before = Date.now();
    const { serverTime } = (await call(running, 'GET', '/fapi/v1/time')).body;
    const later = (await call(running, 'GET', '/fapi/v1/time')).body.serverTime;
    const passed = Date.now() - before;
    await running.stop();
    expect(serverTime).toBeGreaterThanOrEqual(startMs);
    expect(later - serverTime).toBeGreaterThanOrEqual(0);
    expect(later - serverTime).toBeLessThanOrEqual(passed);
    expect((await call(simulator, 'GET', '/fapi/v1/time')).body.serverTime).toBe(1_700_000_000_000);
  });

  it('leaves nothing behind when it stops', async () => {
    const { socket } = await openStream(simulator, `/ws/${simulator.listenKey}`);
    const hold = simulator.holdAnswers(isPositions);
    const pending = positions().catch((error: unknown) => error);
    await hold.whenHeld();
    const closed = once(socket, 'close');
    await simulator.stop();
    await closed;
    await pending;
    const again = connect(Number(new URL(simulator.restUrl).port), '127.0.0.1');
    await expect(once(again, 'connect')).rejects.toThrow('ECONNREFUSED');
    expect(simulator.openStreams).toBe(0);
    simulator = await startBinanceSimulator(TWO_SYMBOLS);
  });
});
