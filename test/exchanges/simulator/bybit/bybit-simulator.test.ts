import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inverseInstrument, linearInstrument } from '../sample-instruments.js';
import { type BybitSdk, openBybitSdk } from './bybit-sdk.js';
import {
  type BybitSimulator,
  type BybitSimulatorOptions,
  inOrder,
  startBybitSimulator,
  twice,
} from './bybit-simulator.js';

const PRIVATE = ['order', 'execution', 'position', 'wallet'];
const BUY = { category: 'linear', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Market', qty: '0.1' } as const;
const BID = { ...BUY, orderType: 'Limit', price: '49000' } as const;

let simulator: BybitSimulator;
let sdk: BybitSdk;

async function open(other: Partial<BybitSimulatorOptions> = {}): Promise<void> {
  simulator = await startBybitSimulator({
    instruments: [linearInstrument('BTC'), linearInstrument('ETH'), linearInstrument('SOL'), inverseInstrument('BTC')],
    prices: { BTCUSDT: '50000', ETHUSDT: '2000', SOLUSDT: '100', BTCUSD: '50000' },
    balances: { USDT: '10000', BTC: '1' },
    ...other,
  });
  sdk = openBybitSdk(simulator);
}

async function reopen(other: Partial<BybitSimulatorOptions>): Promise<void> {
  sdk.close();
  await simulator.stop();
  await open(other);
}

beforeEach(() => open());

afterEach(async () => {
  sdk.close();
  await simulator.stop();
});

describe('through the SDK, an account', () => {
  it('places a market order, and hears of the fill, the position and the wallet', async () => {
    const stream = await sdk.subscribe('private', PRIVATE);

    const answer = await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'mine' });
    await stream.until(() => stream.entries('wallet').length === 1);

    expect(answer).toMatchObject({ retCode: 0, retMsg: 'OK', result: { orderLinkId: 'mine' } });
    expect(stream.updates.map(({ topic }) => topic)).toEqual(['execution', 'order', 'position', 'wallet']);
    expect(stream.entries('execution')).toMatchObject([
      { orderLinkId: 'mine', execType: 'Trade', execPrice: '50000', execQty: '0.1', execFee: '2.75', isMaker: false },
    ]);
    expect(stream.entries('order')).toMatchObject([
      {
        category: 'linear',
        orderId: answer.result.orderId,
        orderLinkId: 'mine',
        orderStatus: 'Filled',
        orderType: 'Market',
        timeInForce: 'IOC',
        price: '52500',
        avgPrice: '50000',
        cumExecQty: '0.1',
        leavesQty: '0',
        positionIdx: 0,
      },
    ]);
    expect(stream.entries('position')).toMatchObject([
      { category: 'linear', symbol: 'BTCUSDT', side: 'Buy', size: '0.1', entryPrice: '50000', leverage: '10', seq: 2 },
    ]);
    expect(stream.entries('wallet')).toMatchObject([
      { accountType: 'UNIFIED', coin: [{ coin: 'USDT', walletBalance: '9997.25', unrealisedPnl: '0' }] },
    ]);
  });

  it('hears of an order that rests, with the position and the wallet that it leaves as they are', async () => {
    const stream = await sdk.subscribe('private', PRIVATE);

    const { result } = await sdk.rest.submitOrder(BID);
    await sdk.rest.amendOrder({ category: 'linear', symbol: 'BTCUSDT', orderId: result.orderId, price: '49500' });
    await sdk.rest.cancelOrder({ category: 'linear', symbol: 'BTCUSDT', orderId: result.orderId });
    await stream.until(() => stream.entries('wallet').length === 3);

    expect(stream.entries('order')).toMatchObject([
      { orderStatus: 'New', price: '49000', avgPrice: '', cancelType: 'UNKNOWN', rejectReason: 'EC_NoError' },
      { orderStatus: 'New', price: '49500' },
      { orderStatus: 'Cancelled', cancelType: 'CancelByUser', rejectReason: 'EC_PerCancelRequest', leavesQty: '0' },
    ]);
    expect(stream.entries('position')[0]).toMatchObject({ side: '', size: '0', seq: -1, updatedTime: '' });
  });

  it('is filled in parts while the price moves', async () => {
    const stream = await sdk.subscribe('private', ['order.linear']);
    await sdk.rest.submitOrder(BID);

    simulator.exchange.setPrice('BTCUSDT', '48000', { available: '0.04' });
    simulator.exchange.setPrice('BTCUSDT', '48000');
    await stream.until(() => stream.entries('order.linear').length === 3);

    expect(stream.entries('order.linear')).toMatchObject([
      { orderStatus: 'New', cumExecQty: '0' },
      { orderStatus: 'PartiallyFilled', cumExecQty: '0.04', leavesQty: '0.06' },
      { orderStatus: 'Filled', cumExecQty: '0.1', avgPrice: '49000' },
    ]);
  });

  it('places conditional orders of every kind', async () => {
    const stream = await sdk.subscribe('private', ['order']);
    const conditional = { ...BUY, triggerPrice: '51000', triggerDirection: 1 } as const;

    await sdk.rest.submitOrder(conditional);
    await sdk.rest.submitOrder({
      ...conditional,
      triggerPrice: '49000',
      triggerDirection: 2,
      orderType: 'Limit',
      price: '48000',
    });
    const { result } = await sdk.rest.getActiveOrders({
      category: 'linear',
      settleCoin: 'USDT',
      orderFilter: 'StopOrder',
    });
    simulator.exchange.setPrice('BTCUSDT', '51000');
    simulator.exchange.setPrice('BTCUSDT', '49000');
    await stream.until(() => stream.entries('order').length === 6);

    expect(simulator.exchange.orders.map(({ type }) => type)).toEqual(['STOP_MARKET', 'TAKE_PROFIT']);
    expect(result.list).toMatchObject([
      { orderStatus: 'Untriggered', stopOrderType: 'Stop', triggerDirection: 2, price: '48000', orderType: 'Limit' },
      { orderStatus: 'Untriggered', stopOrderType: 'Stop', triggerDirection: 1, price: '0', orderType: 'Market' },
    ]);
    expect(stream.entries('order').map(({ orderStatus }) => orderStatus)).toEqual([
      'Untriggered',
      'Untriggered',
      'Triggered',
      'Filled',
      'Triggered',
      'New',
    ]);
  });

  it('protects a position by take-profit, stop-loss and trailing stop, which end with it', async () => {
    const stream = await sdk.subscribe('private', ['order']);
    await sdk.rest.submitOrder({ ...BUY, takeProfit: '55000' });
    await sdk.rest.setTradingStop({
      category: 'linear',
      symbol: 'BTCUSDT',
      positionIdx: 0,
      stopLoss: '45000',
      trailingStop: '2000',
    });

    const { result } = await sdk.rest.getPositionInfo({ category: 'linear', symbol: 'BTCUSDT' });
    simulator.exchange.setPrice('BTCUSDT', '55000');
    await stream.until(() => stream.entries('order').length === 8);

    expect(result.list).toMatchObject([{ takeProfit: '55000', stopLoss: '45000', trailingStop: '2000' }]);
    expect(stream.entries('order').slice(1)).toMatchObject([
      { stopOrderType: 'TakeProfit', orderStatus: 'Untriggered', qty: '0', tpslMode: 'Full', closeOnTrigger: true },
      { stopOrderType: 'StopLoss', orderStatus: 'Untriggered', triggerPrice: '45000', createType: 'CreateByStopLoss' },
      { stopOrderType: 'TrailingStop', orderStatus: 'Untriggered', triggerPrice: '', reduceOnly: true },
      { stopOrderType: 'TakeProfit', orderStatus: 'Triggered', qty: '0.1' },
      { stopOrderType: 'TakeProfit', orderStatus: 'Filled' },
      { stopOrderType: 'StopLoss', orderStatus: 'Deactivated', cancelType: 'CancelByTpSlTsClear' },
      { stopOrderType: 'TrailingStop', orderStatus: 'Deactivated' },
    ]);
    expect(simulator.exchange.truth()).toMatchObject({ positions: [], orders: [] });
  });

  it('sets leverage and position mode, and holds both sides in hedge mode', async () => {
    const stream = await sdk.subscribe('private', ['position']);
    const leverage = { category: 'linear', symbol: 'BTCUSDT', buyLeverage: '25', sellLeverage: '25' } as const;

    expect(await sdk.rest.setLeverage(leverage)).toMatchObject({ retCode: 0 });
    expect(await sdk.rest.setLeverage(leverage)).toMatchObject({ retCode: 110043 });
    expect(await sdk.rest.switchPositionMode({ category: 'linear', coin: 'USDT', mode: 3 })).toMatchObject({
      retCode: 0,
    });
    await sdk.rest.submitOrder({ ...BUY, positionIdx: 1 });
    await sdk.rest.submitOrder({ ...BUY, side: 'Sell', qty: '0.2', positionIdx: 2 });
    const { result } = await sdk.rest.getPositionInfo({ category: 'linear', symbol: 'BTCUSDT' });
    await stream.until(() => stream.entries('position').length === 3);

    expect(stream.entries('position')).toMatchObject([
      { positionIdx: 0, side: '', size: '0', leverage: '25' },
      { positionIdx: 1, side: 'Buy', size: '0.1', leverage: '25' },
      { positionIdx: 2, side: 'Sell', size: '0.2', leverage: '25' },
    ]);
    expect(result.list).toMatchObject([
      { positionIdx: 1, side: 'Buy', avgPrice: '50000' },
      { positionIdx: 2, side: 'Sell', avgPrice: '50000' },
    ]);
  });

  it('holds inverse contracts, which linear listings do not speak of', async () => {
    const stream = await sdk.subscribe('private', ['position.inverse', 'wallet']);

    await sdk.rest.submitOrder({ ...BUY, category: 'inverse', symbol: 'BTCUSD', qty: '1000' });
    await stream.until(() => stream.entries('wallet').length === 1);

    expect(stream.entries('position.inverse')).toMatchObject([{ category: 'inverse', symbol: 'BTCUSD', size: '1000' }]);
    expect(stream.entries('wallet')).toMatchObject([{ coin: [{ coin: 'BTC', walletBalance: '0.999989' }] }]);
    const linear = await sdk.rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT' });
    const inverse = await sdk.rest.getPositionInfo({ category: 'inverse' });
    expect(linear.result).toMatchObject({ category: 'linear', list: [] });
    expect(inverse.result.list).toMatchObject([{ symbol: 'BTCUSD', positionValue: '0.02' }]);
  });

  it('pays funding, is deleveraged and is liquidated', async () => {
    const stream = await sdk.subscribe('private', ['execution', 'order']);
    await sdk.rest.submitOrder({ ...BUY, qty: '1' });

    simulator.exchange.funding('BTCUSDT', '0.0001');
    simulator.exchange.adl('BTCUSDT', 'LONG', '0.1');
    simulator.exchange.setPrice('BTCUSDT', '38000');
    await stream.until(() => stream.entries('execution').length === 4);

    expect(stream.entries('execution')).toMatchObject([
      { execType: 'Trade' },
      { execType: 'Funding', execFee: '5', execQty: '1', orderType: 'UNKNOWN' },
      { execType: 'AdlTrade', execQty: '0.1', side: 'Sell', createType: 'CreateByAdl_PassThrough' },
      { execType: 'BustTrade', execQty: '0.9', side: 'Sell', createType: 'CreateByLiq' },
    ]);
    expect(stream.entries('order').at(-1)).toMatchObject({ orderStatus: 'Filled', reduceOnly: false });
  });

  it('in portfolio margin has positions without leverage and margin', async () => {
    await reopen({ marginMode: 'PORTFOLIO_MARGIN' });
    await sdk.rest.submitOrder(BUY);

    const { result } = await sdk.rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT' });

    expect(result.list).toMatchObject([{ size: '0.1', leverage: '', positionIM: '', positionMM: '', tradeMode: 0 }]);
    expect(await sdk.rest.getAccountInfo()).toMatchObject({ result: { marginMode: 'PORTFOLIO_MARGIN' } });
  });

  it('that is a classic one isolates positions one by one', async () => {
    await reopen({ accountType: 'CONTRACT' });
    await sdk.rest.submitOrder(BUY);
    const isolated = {
      category: 'linear',
      symbol: 'BTCUSDT',
      tradeMode: 1,
      buyLeverage: '5',
      sellLeverage: '5',
    } as const;

    expect(await sdk.rest.switchIsolatedMargin(isolated)).toMatchObject({ retCode: 0 });
    await sdk.rest.addOrReduceMargin({ category: 'linear', symbol: 'BTCUSDT', margin: '50' });

    const { result } = await sdk.rest.getPositionInfo({ category: 'linear', symbol: 'BTCUSDT' });
    expect(result.list).toMatchObject([{ tradeMode: 1, leverage: '5', positionBalance: '1050' }]);
  });
});

describe('lists', () => {
  it('come in pages, from the newest to the oldest', async () => {
    for (const price of ['41000', '42000', '43000', '44000', '45000']) {
      simulator.exchange.clock.advance(1);
      await sdk.rest.submitOrder({ ...BID, qty: '0.01', price });
    }
    const prices: string[][] = [];
    let cursor = '';
    do {
      const page = await sdk.rest.getActiveOrders({
        category: 'linear',
        settleCoin: 'USDT',
        limit: 2,
        ...(cursor === '' ? {} : { cursor }),
      });
      prices.push(page.result.list.map(({ price }) => price));
      cursor = page.result.nextPageCursor ?? '';
    } while (cursor !== '');

    expect(prices).toEqual([['45000', '44000'], ['43000', '42000'], ['41000']]);
  });

  it('miss a position that changes while they are read', async () => {
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']) {
      simulator.exchange.clock.advance(1);
      await sdk.rest.submitOrder({ ...BUY, symbol });
    }
    const list = { category: 'linear', settleCoin: 'USDT', limit: 2 } as const;
    const first = await sdk.rest.getPositionInfo(list);
    simulator.exchange.clock.advance(1);
    await sdk.rest.submitOrder({ ...BUY, qty: '0.2' });

    const second = await sdk.rest.getPositionInfo({ ...list, cursor: first.result.nextPageCursor ?? '' });

    expect(first.result.list.map(({ symbol }) => symbol)).toEqual(['SOLUSDT', 'ETHUSDT']);
    expect(second.result).toMatchObject({ list: [], nextPageCursor: '' });
  });

  it('of positions leave empty ones out, unless asked for the symbol', async () => {
    const all = await sdk.rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT' });
    const one = await sdk.rest.getPositionInfo({ category: 'linear', symbol: 'ETHUSDT' });

    expect(all.result.list).toEqual([]);
    expect(one.result.list).toMatchObject([{ symbol: 'ETHUSDT', side: '', size: '0', seq: -1, updatedTime: '' }]);
  });

  it('of open orders find closed ones by id', async () => {
    const { result } = await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'gone' });
    const common = { category: 'linear', symbol: 'BTCUSDT' } as const;

    const open = await sdk.rest.getActiveOrders(common);
    const byId = await sdk.rest.getActiveOrders({ ...common, orderId: result.orderId });
    const byLink = await sdk.rest.getActiveOrders({ ...common, orderLinkId: 'gone' });
    const history = await sdk.rest.getHistoricOrders(common);

    expect(open.result.list).toEqual([]);
    for (const page of [byId, byLink, history]) expect(page.result.list).toMatchObject([{ orderStatus: 'Filled' }]);
  });

  it('of wallets have the coins that are there, or those that are asked for', async () => {
    simulator.exchange.transfer('BTC', '-1');

    const all = await sdk.rest.getWalletBalance({ accountType: 'UNIFIED' });
    const some = await sdk.rest.getWalletBalance({ accountType: 'UNIFIED', coin: 'BTC' });

    expect(all.result.list).toMatchObject([{ totalEquity: '10000', coin: [{ coin: 'USDT', walletBalance: '10000' }] }]);
    expect(some.result.list[0]?.coin).toMatchObject([{ coin: 'BTC', walletBalance: '0' }]);
  });

  it('of the market tell time, instruments and prices', async () => {
    const time = await sdk.rest.getServerTime();
    const instruments = await sdk.rest.getInstrumentsInfo({ category: 'inverse' });
    const tickers = await sdk.rest.getTickers({ category: 'linear', symbol: 'ETHUSDT' });

    expect(time).toMatchObject({ time: 1_700_000_000_000, result: { timeSecond: '1700000000' } });
    expect(instruments.result.list).toMatchObject([{ contractType: 'InversePerpetual', settleCoin: 'BTC' }]);
    expect(tickers.result.list).toMatchObject([{ symbol: 'ETHUSDT', markPrice: '2000' }]);
  });
});

describe('requests are refused', () => {
  it.each([
    [{ ...BID, qty: '100' }, 110007],
    [{ ...BUY, reduceOnly: true }, 110017],
    [{ ...BUY, positionIdx: 1 }, 10001],
    [{ ...BUY, symbol: 'NONEUSDT' }, 10001],
    [{ ...BUY, triggerPrice: '50000', triggerDirection: 1 }, 110092],
    [{ ...BUY, triggerPrice: '50000' }, 10001],
  ] as const)('%j with code %i', async (params, retCode) => {
    expect(await sdk.rest.submitOrder(params)).toMatchObject({ retCode, result: {} });
  });

  it('when they use a client id again, even of an order that is filled', async () => {
    await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'once' });

    expect(await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'once' })).toMatchObject({ retCode: 110072, result: {} });
    expect(simulator.exchange.orders).toHaveLength(1);
  });

  it('when they cancel what is not there', async () => {
    const answer = await sdk.rest.cancelOrder({ category: 'linear', symbol: 'BTCUSDT', orderId: 'none' });

    expect(answer).toMatchObject({ retCode: 110001 });
  });

  it('when they are not signed', async () => {
    const response = await fetch(`${simulator.restUrl}/v5/account/info`);

    expect(await response.json()).toMatchObject({ retCode: 10003 });
  });
});

describe('the stream', () => {
  it('loses what happens while it is cut, and goes on when the SDK is back', async () => {
    const stream = await sdk.subscribe('private', PRIVATE);
    const gone = stream.next('reconnect');
    simulator.controls.cut();
    await gone;
    await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'lost' });

    const back = stream.next('response');
    simulator.controls.resume();
    await back;
    await sdk.rest.submitOrder({ ...BUY, orderLinkId: 'heard' });
    await stream.until(() => stream.entries('wallet').length === 1);

    expect(stream.entries('order')).toMatchObject([{ orderLinkId: 'heard' }]);
    expect(stream.entries('position')).toMatchObject([{ size: '0.2' }]);
    const { result } = await sdk.rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT' });
    expect(result.list).toMatchObject([{ size: '0.2' }]);
  });

  it('is held back and let go in order', async () => {
    const stream = await sdk.subscribe('private', ['order']);
    simulator.controls.pause();
    await sdk.rest.submitOrder(BID);
    await sdk.rest.cancelAllOrders({ category: 'linear', settleCoin: 'USDT' });
    expect(stream.updates).toEqual([]);

    simulator.controls.release();
    await stream.until(() => stream.updates.length === 2);

    expect(stream.entries('order')).toMatchObject([{ orderStatus: 'New' }, { orderStatus: 'Cancelled' }]);
  });

  it('overtakes a listing that is on its way back, and one that is on its way there', async () => {
    const stream = await sdk.subscribe('private', ['position']);
    const list = () => sdk.rest.getPositionInfo({ category: 'linear', settleCoin: 'USDT' });

    const old = simulator.controls.hold('/v5/position/list', 'ANSWER');
    const oldList = list();
    await old.arrived(1);
    await sdk.rest.submitOrder(BUY);
    await stream.until(() => stream.entries('position').length === 1);
    old.release();
    expect((await oldList).result.list).toEqual([]);

    const late = simulator.controls.hold('/v5/position/list', 'REQUEST');
    const lateList = list();
    await late.arrived(1);
    await sdk.rest.submitOrder(BUY);
    late.release();
    expect((await lateList).result.list).toMatchObject([{ size: '0.2' }]);
  });

  it('can be asked to change things between two requests', async () => {
    const stop = simulator.controls.onRequest('AFTER', (path) => {
      if (path === '/v5/position/list') simulator.exchange.setLeverage('BTCUSDT', '3');
    });
    const list = () => sdk.rest.getPositionInfo({ category: 'linear', symbol: 'BTCUSDT' });

    const [first, second] = [await list(), await list()];
    stop();

    expect(first.result.list).toMatchObject([{ leverage: '10' }]);
    expect(second.result.list).toMatchObject([{ leverage: '3' }]);
    expect(simulator.controls.requests.map(({ path }) => path)).toEqual(['/v5/position/list', '/v5/position/list']);
  });

  it('repeats messages and changes the order of topics', async () => {
    const stream = await sdk.subscribe('private', PRIVATE);
    simulator.controls.shape((messages) => twice(inOrder('wallet', 'position', 'order', 'execution')(messages)));

    await sdk.rest.submitOrder(BUY);
    await stream.until(() => stream.updates.length === 8);

    const each = ['wallet', 'position', 'order', 'execution'];
    expect(stream.updates.map(({ topic }) => topic)).toEqual(each.flatMap((topic) => [topic, topic]));
  });

  it('reports an order as filled a second time, when a cancel came too late', async () => {
    const stream = await sdk.subscribe('private', ['order']);
    const { result } = await sdk.rest.submitOrder(BUY);

    simulator.controls.repeatFilled(result.orderId);
    await stream.until(() => stream.updates.length === 2);

    expect(stream.entries('order')).toMatchObject([
      { orderStatus: 'Filled', rejectReason: 'EC_NoError' },
      { orderStatus: 'Filled', cancelType: 'CancelByUser', rejectReason: 'EC_OrigClOrdIDDoesNotExist' },
    ]);
  });

  it('reports new and filled at one time where it is asked to', async () => {
    await reopen({ reportNew: 'ALWAYS' });
    const stream = await sdk.subscribe('private', ['order']);

    await sdk.rest.submitOrder(BUY);
    await stream.until(() => stream.updates.length === 2);

    const [placed, filled] = stream.entries('order');
    expect([placed?.['orderStatus'], filled?.['orderStatus']]).toEqual(['New', 'Filled']);
    expect(placed?.['updatedTime']).toBe(filled?.['updatedTime']);
  });

  it('of a ticker starts with a snapshot and goes on with changes', async () => {
    const stream = await sdk.subscribe('inverse', ['tickers.BTCUSD']);
    await stream.until(() => stream.updates.length === 1);

    simulator.exchange.setPrice('BTCUSD', '51000');
    await stream.until(() => stream.updates.length === 2);

    expect(stream.updates).toMatchObject([
      { topic: 'tickers.BTCUSD', type: 'snapshot', data: { markPrice: '50000', fundingRate: '0.0001' } },
      { topic: 'tickers.BTCUSD', type: 'delta', data: { symbol: 'BTCUSD', markPrice: '51000' } },
    ]);
  });
});

describe('when it is stopped', () => {
  it('the simulator leaves no port open and no request hanging', async () => {
    simulator.controls.hold('/v5/market/time', 'REQUEST');
    const hanging = sdk.rest.getServerTime().then(
      () => 'answered',
      () => 'failed',
    );

    await simulator.stop();

    expect(await hanging).toMatch(/answered|failed/);
    await expect(fetch(`${simulator.restUrl}/v5/market/time`)).rejects.toThrow('fetch failed');
  });
});
