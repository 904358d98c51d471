import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BinanceSimulator, startBinanceSimulator } from './binance-simulator.js';
import { type SdkClients, sdkClients } from './sdk-clients.js';
import { TWO_SYMBOLS, told } from './test-account.js';

let simulator: BinanceSimulator;
let clients: SdkClients;

beforeEach(async () => {
  simulator = await startBinanceSimulator(TWO_SYMBOLS);
  clients = sdkClients(simulator);
});

afterEach(async () => {
  clients.close();
  await simulator.stop();
});

/** What the SDK adds to a message. */
const ADDED = ['wsMarket', 'streamName', 'wsKey', 'isWSAPIResponse'];

function withoutAdditions(message: object): object {
  return Object.fromEntries(Object.entries(message).filter(([key]) => !ADDED.includes(key)));
}

describe('the SDK, pointed at the simulator', () => {
  it('receives what becomes of a plain order, raw as it was sent and beautified', async () => {
    await clients.ws.subscribeUsdFuturesUserDataStream();
    const answer = await clients.rest.submitNewOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: 0.1,
      newOrderRespType: 'RESULT',
    });
    expect(answer).toMatchObject({ orderId: 4129466757, status: 'FILLED', executedQty: '0.100', avgPrice: '50000.0' });

    const raw = await clients.raw.take(4);
    expect(raw.map(withoutAdditions)).toEqual(told(simulator));
    expect(raw.map(({ e }) => e)).toEqual(['ORDER_TRADE_UPDATE', 'TRADE_LITE', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE']);
    const [placed, , account, filled] = await clients.formatted.take(4);
    expect(placed?.order).toMatchObject({ executionType: 'NEW', orderStatus: 'NEW', orderId: 4129466757 });
    expect(account?.updateData).toMatchObject({
      updateEventType: 'ORDER',
      updatedBalances: [{ asset: 'USDT', walletBalance: 9998 }],
      updatedPositions: [{ symbol: 'BTCUSDT', positionAmount: 0.1, entryPrice: 50000, marginType: 'cross' }],
    });
    expect(filled?.order).toMatchObject({ executionType: 'TRADE', orderStatus: 'FILLED', commissionAmount: 2 });
  });

  it('receives what becomes of a conditional order: it lives in the algo service until it is triggered', async () => {
    await clients.ws.subscribeUsdFuturesUserDataStream();
    await clients.rest.submitNewOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: 0.1 });
    const clientAlgoId = clients.rest.generateNewOrderId();
    const algo = await clients.rest.submitNewAlgoOrder({
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: 49000,
      closePosition: 'true',
      clientAlgoId,
    });
    expect(algo).toMatchObject({ algoId: 4000001910701524, algoStatus: 'NEW', timeInForce: 'GTE_GTC' });
    expect(await clients.rest.getOpenAlgoOrders()).toMatchObject([{ algoId: algo.algoId, triggerPrice: '49000.0' }]);
    expect(await clients.rest.getAllOpenOrders()).toEqual([]);

    simulator.engine.setPrice('BTCUSDT', '48999.9');

    const finished = await clients.raw.find((message) => message.o?.X === 'FINISHED');
    const filled = await clients.raw.find((message) => message.o?.S === 'SELL' && message.o?.X === 'FILLED');
    expect(finished.o).toMatchObject({ aid: algo.algoId, ai: String(filled.o?.i), ap: '48999.9', aq: '0.100' });
    expect(filled.o).toMatchObject({ c: clientAlgoId, o: 'MARKET', cp: true });
    const formatted = await clients.formatted.take(4, ({ eventType }) => eventType === 'ALGO_UPDATE');
    expect(formatted.map(({ algoOrder }) => algoOrder?.algoStatus)).toEqual([
      'NEW',
      'TRIGGERING',
      'TRIGGERED',
      'FINISHED',
    ]);
    expect(await clients.rest.getOpenAlgoOrders()).toEqual([]);
    expect(await clients.rest.getPositionsV3()).toEqual([]);
  });

  it('reads the account: leverage is in the second version and in the configuration of symbols', async () => {
    await clients.rest.setLeverage({ symbol: 'BTCUSDT', leverage: 25 });
    await clients.rest.submitNewOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: 0.1 });
    const [second] = await clients.rest.getPositions({ symbol: 'BTCUSDT' });
    const [third] = await clients.rest.getPositionsV3();
    const account = await clients.rest.getAccountInformation();
    const thirdAccount = await clients.rest.getAccountInformationV3();

    expect(second).toMatchObject({ positionAmt: '-0.100', leverage: '25', marginType: 'cross', positionSide: 'BOTH' });
    expect(third).toMatchObject({ positionAmt: '-0.100', initialMargin: '200.00000000', notional: '-5000.00000000' });
    expect(third).not.toHaveProperty('leverage');
    expect(account.positions).toMatchObject([{ leverage: '25' }, { symbol: 'ETHUSDT', positionAmt: '0.000' }]);
    expect(account).toMatchObject({ totalWalletBalance: '9998.00000000', availableBalance: '9798.00000000' });
    expect(thirdAccount.positions).toMatchObject([{ symbol: 'BTCUSDT', positionAmt: '-0.100' }]);
    expect(thirdAccount.positions[0]).not.toHaveProperty('leverage');
    expect(await clients.rest.getFuturesSymbolConfig({ symbol: 'BTCUSDT' })).toMatchObject([
      { symbol: 'BTCUSDT', leverage: 25, marginType: 'CROSSED' },
    ]);
    expect(await clients.rest.getBalanceV3()).toMatchObject([{ asset: 'USDT', balance: '9998.00000000' }]);
    expect(await clients.rest.getCurrentPositionMode()).toEqual({ dualSidePosition: false });
    expect(await clients.rest.getServerTime()).toBe(1_700_000_000_000);
    const { symbols } = await clients.rest.getExchangeInfo();
    expect(symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
  });

  it('receives mark prices, of one symbol and of all', async () => {
    await clients.ws.subscribe(['btcusdt@markPrice', '!markPrice@arr'], 'usdm');
    await once(simulator.notices, 'streamSubscribed');
    simulator.engine.setPrice('BTCUSDT', '50100');
    const one = await clients.formatted.find((message) => message.eventType === 'markPriceUpdate');
    const all = await clients.formatted.find((message) => Array.isArray(message));
    expect(one).toMatchObject({ symbol: 'BTCUSDT', markPrice: 50100 });
    expect(all).toMatchObject([{ symbol: 'BTCUSDT', markPrice: 50100 }, { symbol: 'ETHUSDT' }]);
  });

  it('misses what happens while it is cut off, and reads it when it is back', async () => {
    await clients.ws.subscribeUsdFuturesUserDataStream();
    const isBack = once(clients.ws, 'reconnected');
    simulator.refuseStreams();
    simulator.cutStreams();
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.1',
      clientId: 'missed',
    });
    await once(simulator.notices, 'streamRefused');
    simulator.acceptStreams();
    await isBack;

    simulator.engine.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '1', clientId: 'seen' });
    await clients.raw.find((message) => message.o?.c === 'seen' && message.o?.X === 'FILLED');
    expect(clients.raw.all.filter((message) => message.o?.c === 'missed')).toEqual([]);
    expect(await clients.rest.getPositionsV3()).toMatchObject([{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }]);
  });

  it('gets another listen key when its own has expired', async () => {
    await clients.ws.subscribeUsdFuturesUserDataStream();
    const isBack = once(clients.ws, 'reconnected');
    const former = simulator.listenKey;
    simulator.expireListenKey();
    await expect(clients.rest.keepAliveFuturesUserDataListenKey()).rejects.toMatchObject({ code: -1125 });
    await isBack;
    expect(await clients.formatted.find(({ eventType }) => eventType === 'listenKeyExpired')).toMatchObject({
      listenKey: former,
    });
    expect(simulator.listenKey).not.toBe(former);
    simulator.engine.transfer('USDT', '5');
    const deposit = await clients.raw.find((message) => message.a?.m === 'DEPOSIT');
    expect(deposit.a?.B).toEqual([{ a: 'USDT', wb: '10005', cw: '10005', bc: '5' }]);
  });
});

describe('ids of 19 digits', () => {
  const [first, second] = ['8389765519993000001', '8389765519993000002'];

  it('are sent without loss, and read with loss by a parser that has doubles alone', async () => {
    const long = await startBinanceSimulator({ ...TWO_SYMBOLS, firstOrderId: first });
    const quoting = sdkClients(long, (text) => JSON.parse(text.replaceAll(/:(\d{16,})/g, ':"$1"')));
    const plain = sdkClients(long);
    await quoting.ws.subscribeUsdFuturesUserDataStream();
    await plain.ws.subscribeUsdFuturesUserDataStream();
    for (const price of ['40000', '41000']) {
      long.engine.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.01', price });
    }
    const ids = (await quoting.raw.take(2)).map((message) => message.o?.i);
    const [one, other] = (await plain.raw.take(2)).map((message) => message.o?.i);
    quoting.close();
    plain.close();
    await long.stop();

    expect(ids).toEqual([first, second]);
    expect(one).toBe(other);
    expect(long.truth().orders.map(({ id }) => id)).toEqual([first, second]);
  });
});
