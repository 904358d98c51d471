import { afterEach, describe, expect, it } from 'vitest';
import { type BinanceSimulator, type BinanceSimulatorOptions, startBinanceSimulator } from './binance-simulator.js';
import { type AnswerBody, call, lastTold, story, TWO_SYMBOLS } from './test-account.js';

let simulator: BinanceSimulator;

async function start(options: Partial<BinanceSimulatorOptions> = {}): Promise<void> {
  simulator = await startBinanceSimulator({ ...TWO_SYMBOLS, ...options });
}

afterEach(() => simulator.stop());

const get = (path: string, params?: Readonly<Record<string, string>>) => call(simulator, 'GET', path, params);
const post = (path: string, params?: Readonly<Record<string, string>>) => call(simulator, 'POST', path, params);
const put = (path: string, params?: Readonly<Record<string, string>>) => call(simulator, 'PUT', path, params);
const remove = (path: string, params?: Readonly<Record<string, string>>) => call(simulator, 'DELETE', path, params);

const LIMIT = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.1', price: '40000' };
const MARKET = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' };
const STOP = { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', triggerPrice: '45000' };

describe('orders', () => {
  it('are answered as taken, or with what became of them where that is asked for', async () => {
    await start();
    const acknowledged = await post('/fapi/v1/order', MARKET);
    const done = await post('/fapi/v1/order', { ...MARKET, newOrderRespType: 'RESULT' });
    expect(acknowledged.body).toMatchObject({ status: 'NEW', executedQty: '0', avgPrice: '0.00', cumQuote: '0' });
    expect(done.body).toMatchObject({ status: 'FILLED', executedQty: '0.100', avgPrice: '50000.0', cumQuote: '5000' });
    expect(Object.keys(done.body).join()).toBe(
      'orderId,symbol,status,clientOrderId,price,avgPrice,origQty,executedQty,cumQty,cumQuote,timeInForce,type,' +
        'reduceOnly,closePosition,side,positionSide,stopPrice,workingType,priceProtect,origType,priceMatch,' +
        'selfTradePreventionMode,goodTillDate,updateTime',
    );
  });

  it('are found by the symbol and an id, which other symbols have as well', async () => {
    await start();
    const btc = await post('/fapi/v1/order', { ...LIMIT, newClientOrderId: 'btc' });
    const eth = await post('/fapi/v1/order', { ...LIMIT, symbol: 'ETHUSDT', price: '1000', newClientOrderId: 'eth' });
    expect(btc.body.orderId).toBe(eth.body.orderId);
    const orderId = String(btc.body.orderId);
    expect((await remove('/fapi/v1/order', { symbol: 'ETHUSDT', orderId })).body).toMatchObject({
      clientOrderId: 'eth',
      status: 'CANCELED',
    });
    expect((await get('/fapi/v1/openOrders')).body).toMatchObject([{ symbol: 'BTCUSDT', clientOrderId: 'btc' }]);
    expect((await get('/fapi/v1/order', { symbol: 'ETHUSDT', origClientOrderId: 'eth' })).body).toMatchObject({
      orderId: eth.body.orderId,
      status: 'CANCELED',
    });
    expect((await get('/fapi/v1/order', { symbol: 'ETHUSDT', origClientOrderId: 'btc' })).body.code).toBe(-2013);
  });

  it('can be changed', async () => {
    await start();
    const { orderId } = (await post('/fapi/v1/order', LIMIT)).body;
    const changed = { symbol: 'BTCUSDT', side: 'BUY', orderId: String(orderId), quantity: '0.2', price: '41000' };
    expect((await put('/fapi/v1/order', changed)).body).toMatchObject({ orderId, price: '41000.0', origQty: '0.200' });
    expect((await put('/fapi/v1/order', changed)).body.code).toBe(-5027);
    expect(story(simulator)).toEqual(['order NEW NEW', 'order AMENDMENT NEW']);
  });

  it('that are cancelled all at once leave the conditional ones', async () => {
    await start();
    await post('/fapi/v1/order', LIMIT);
    await post('/fapi/v1/algoOrder', { ...STOP, quantity: '0.1' });
    expect((await remove('/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })).body.code).toBe(200);
    expect((await get('/fapi/v1/openOrders')).body).toEqual([]);
    expect((await get('/fapi/v1/openAlgoOrders')).body).toHaveLength(1);
    await remove('/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' });
    expect((await get('/fapi/v1/openAlgoOrders')).body).toEqual([]);
  });

  it('that were refused for their time in force are not found', async () => {
    await start();
    const gtx = { ...LIMIT, timeInForce: 'GTX', price: '60000', newClientOrderId: 'gtx' };
    expect((await post('/fapi/v1/order', gtx)).body.code).toBe(-5022);
    expect((await post('/fapi/v1/order', { ...LIMIT, timeInForce: 'FOK' })).body.code).toBe(-5021);
    expect((await get('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'gtx' })).body.code).toBe(-2013);
    expect((await get('/fapi/v1/allOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });

  it('leave trades', async () => {
    await start();
    await post('/fapi/v1/order', MARKET);
    await post('/fapi/v1/order', { ...MARKET, symbol: 'ETHUSDT' });
    expect((await get('/fapi/v1/userTrades', { symbol: 'BTCUSDT' })).body).toEqual([
      {
        symbol: 'BTCUSDT',
        id: 310194316,
        orderId: 4129466757,
        side: 'BUY',
        price: '50000.0',
        qty: '0.100',
        realizedPnl: '0',
        quoteQty: '5000',
        commission: '2.00000000',
        commissionAsset: 'USDT',
        time: 1_700_000_000_000,
        positionSide: 'BOTH',
        buyer: true,
        maker: false,
      },
    ]);
  });
});

describe('conditional orders', () => {
  it('go to the algo service, not to the one of plain orders', async () => {
    await start();
    expect((await post('/fapi/v1/order', { ...MARKET, type: 'STOP_MARKET', stopPrice: '60000' })).body.code).toBe(
      -4120,
    );
    const placed = await post('/fapi/v1/algoOrder', { ...STOP, quantity: '0.1', clientAlgoId: 'stop' });
    expect(placed.body).toMatchObject({ algoId: 4000001910701524, clientAlgoId: 'stop', algoStatus: 'NEW' });
    expect((await get('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'stop' })).body.code).toBe(-2013);
    expect((await get('/fapi/v1/openAlgoOrders', { symbol: 'BTCUSDT' })).body).toMatchObject([
      { algoId: placed.body.algoId, actualOrderId: '', triggerPrice: '45000.0', orderType: 'STOP_MARKET' },
    ]);
    expect((await get('/fapi/v1/openAlgoOrders', { symbol: 'ETHUSDT' })).body).toEqual([]);
    expect((await remove('/fapi/v1/algoOrder', { clientAlgoId: 'stop' })).body).toEqual({
      algoId: placed.body.algoId,
      clientAlgoId: 'stop',
      code: '200',
      msg: 'success',
    });
    expect((await get('/fapi/v1/algoOrder', { clientAlgoId: 'stop' })).body.algoStatus).toBe('CANCELED');
    expect((await remove('/fapi/v1/algoOrder', { clientAlgoId: 'stop' })).body.code).toBe(-2011);
  });

  it('point to the order that they became, which has their client id', async () => {
    await start();
    await post('/fapi/v1/order', MARKET);
    const limit = { ...STOP, type: 'STOP', price: '46000', quantity: '0.1', clientAlgoId: 'stop' };
    await post('/fapi/v1/algoOrder', limit);
    simulator.engine.setPrice('BTCUSDT', '45000');
    const algo = (await get('/fapi/v1/algoOrder', { clientAlgoId: 'stop' })).body;
    const child = (await get('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'stop' })).body;
    expect(algo).toMatchObject({ algoStatus: 'TRIGGERED', actualOrderId: String(child.orderId) });
    expect(child).toMatchObject({ type: 'LIMIT', status: 'NEW', price: '46000.0' });
    expect((await get('/fapi/v1/openAlgoOrders')).body).toEqual([]);
    simulator.engine.setPrice('BTCUSDT', '46000');
    expect((await get('/fapi/v1/algoOrder', { clientAlgoId: 'stop' })).body).toMatchObject({
      algoStatus: 'FINISHED',
      actualPrice: '46000',
    });
  });

  it('close a position one at a time', async () => {
    await start();
    const closing = { ...STOP, closePosition: 'true' };
    expect((await post('/fapi/v1/algoOrder', closing)).body).toMatchObject({ quantity: '0', timeInForce: 'GTE_GTC' });
    expect((await post('/fapi/v1/algoOrder', { ...closing, triggerPrice: '44000' })).body.code).toBe(-4130);
  });
});

describe('the account', () => {
  it('lists in the third version what is held alone, and without leverage', async () => {
    await start();
    await post('/fapi/v1/order', MARKET);
    expect((await get('/fapi/v2/positionRisk')).body).toHaveLength(2);
    const third = (await get('/fapi/v3/positionRisk')).list;
    expect(Object.keys(third[0] ?? {}).join()).toBe(
      'symbol,positionSide,positionAmt,entryPrice,breakEvenPrice,markPrice,unRealizedProfit,liquidationPrice,' +
        'isolatedMargin,notional,marginAsset,isolatedWallet,initialMargin,maintMargin,positionInitialMargin,' +
        'openOrderInitialMargin,adl,bidNotional,askNotional,updateTime',
    );
    await post('/fapi/v1/order', { ...MARKET, side: 'SELL' });
    expect((await get('/fapi/v3/positionRisk')).body).toEqual([]);
    await post('/fapi/v1/order', LIMIT);
    expect((await get('/fapi/v3/positionRisk')).body).toMatchObject([
      { symbol: 'BTCUSDT', positionAmt: '0.000', openOrderInitialMargin: '400.00000000', bidNotional: '4000.00000000' },
    ]);
  });

  it('has a flat side BOTH in hedge mode', async () => {
    await start({ positionMode: 'HEDGE' });
    await post('/fapi/v1/order', { ...MARKET, positionSide: 'LONG' });
    await post('/fapi/v1/order', { ...MARKET, side: 'SELL', quantity: '0.2', positionSide: 'SHORT' });
    const second = (await get('/fapi/v2/positionRisk', { symbol: 'BTCUSDT' })).list;
    const third = (await get('/fapi/v3/positionRisk')).list;
    const sides = (list: readonly AnswerBody[]): string[] =>
      list.map((each) => `${each.positionSide} ${each.positionAmt}`);
    expect(sides(second)).toEqual(['BOTH 0.000', 'LONG 0.100', 'SHORT -0.200']);
    expect(sides(third)).toEqual(['LONG 0.100', 'SHORT -0.200']);
  });

  it('ties up margin, of the wallet or of the position', async () => {
    await start();
    expect((await post('/fapi/v1/marginType', { symbol: 'ETHUSDT', marginType: 'ISOLATED' })).body.code).toBe(200);
    await post('/fapi/v1/order', { ...MARKET, symbol: 'ETHUSDT', quantity: '1' });
    await post('/fapi/v1/order', LIMIT);
    simulator.engine.setPrice('ETHUSDT', '2100');
    const account = (await get('/fapi/v2/account')).body;
    expect(account.assets).toMatchObject([
      {
        asset: 'USDT',
        walletBalance: '9999.20000000',
        unrealizedProfit: '100.00000000',
        crossWalletBalance: '9799.20000000',
        crossUnPnl: '0.00000000',
        openOrderInitialMargin: '400.00000000',
        availableBalance: '9399.20000000',
      },
    ]);
    expect(account.positions[1]).toMatchObject({ symbol: 'ETHUSDT', isolated: true, isolatedWallet: '200.00000000' });
    const [risk] = (await get('/fapi/v2/positionRisk', { symbol: 'ETHUSDT' })).list;
    expect(risk).toMatchObject({
      marginType: 'isolated',
      isolatedMargin: '300.00000000',
      isolatedWallet: '200.00000000',
    });
    expect(risk?.liquidationPrice).toBe('1810.00000000');
  });

  it('tells when a wallet changed, and 0 when it never did', async () => {
    await start({ balances: { USDT: '10000', BNB: '1' } });
    simulator.engine.clock.advance(500);
    simulator.engine.transfer('USDT', '1');
    expect((await get('/fapi/v3/balance')).body).toMatchObject([
      { asset: 'USDT', balance: '10001.00000000', updateTime: 1_700_000_000_500 },
      { asset: 'BNB', balance: '1.00000000', updateTime: 0 },
    ]);
  });
});

describe('settings', () => {
  it('are refused where nothing would change or something is open', async () => {
    await start();
    const hedge = { dualSidePosition: 'true' };
    expect((await post('/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'CROSSED' })).body.code).toBe(-4046);
    expect((await post('/fapi/v1/positionSide/dual', { dualSidePosition: 'false' })).body.code).toBe(-4059);
    await post('/fapi/v1/order', LIMIT);
    expect((await post('/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })).body.code).toBe(-4047);
    expect((await post('/fapi/v1/positionSide/dual', hedge)).body.code).toBe(-4067);
    simulator.engine.cancelAll();
    await post('/fapi/v1/order', MARKET);
    expect((await post('/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })).body.code).toBe(-4048);
    expect((await post('/fapi/v1/positionSide/dual', hedge)).body.code).toBe(-4068);
    await post('/fapi/v1/order', { ...MARKET, side: 'SELL' });
    expect((await post('/fapi/v1/positionSide/dual', hedge)).body.code).toBe(200);
    expect((await get('/fapi/v1/positionSide/dual')).body).toEqual({ dualSidePosition: true });
    expect((await post('/fapi/v1/order', MARKET)).body.code).toBe(-4061);
    expect((await post('/fapi/v1/order', { ...MARKET, positionSide: 'LONG', reduceOnly: 'true' })).body.code).toBe(
      -1106,
    );
  });

  it('of the leverage cannot be lowered for an isolated position', async () => {
    await start({ marginMode: 'ISOLATED' });
    await post('/fapi/v1/order', MARKET);
    expect((await post('/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })).body.code).toBe(-4161);
    expect((await post('/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '500' })).body.code).toBe(-4028);
    expect((await post('/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '20' })).body).toMatchObject({
      leverage: 20,
    });
    expect(story(simulator).slice(-2)).toEqual(['ACCOUNT_CONFIG_UPDATE', 'account MARGIN_TRANSFER']);
    const margin = { symbol: 'BTCUSDT', amount: '50', type: '1' };
    expect((await post('/fapi/v1/positionMargin', margin)).body).toMatchObject({ code: 200, type: 1 });
    expect(lastTold(simulator).a?.P).toMatchObject([{ iw: '300.00000000' }]);
  });

  it('of the multi-assets mode are told', async () => {
    await start();
    await post('/fapi/v1/multiAssetsMargin', { multiAssetsMargin: 'true' });
    expect(lastTold(simulator)).toMatchObject({ e: 'ACCOUNT_CONFIG_UPDATE', ai: { j: true } });
    expect((await get('/fapi/v1/multiAssetsMargin')).body).toEqual({ multiAssetsMargin: true });
  });
});

describe('a request', () => {
  it.each([
    ['an unknown symbol', 'POST', '/fapi/v1/order', { ...LIMIT, symbol: 'NONEUSDT' }, -1121],
    ['an unknown order', 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: '1' }, -2011],
    ['no order at all', 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT' }, -1102],
    ['a price between ticks', 'POST', '/fapi/v1/order', { ...LIMIT, price: '40000.05' }, -4014],
    ['too little quantity', 'POST', '/fapi/v1/order', { ...LIMIT, quantity: '0.0001' }, -4003],
    ['too much quantity', 'POST', '/fapi/v1/order', { ...LIMIT, quantity: '100' }, -2019],
    ['no quantity', 'POST', '/fapi/v1/order', { ...LIMIT, quantity: '' }, -1102],
    ['a limit order without time in force', 'POST', '/fapi/v1/order', { ...LIMIT, timeInForce: '' }, -1102],
    ['a wrong side', 'POST', '/fapi/v1/order', { ...LIMIT, side: 'LONG' }, -1117],
    ['a long client id', 'POST', '/fapi/v1/order', { ...LIMIT, newClientOrderId: 'x'.repeat(37) }, -4015],
    ['nothing to reduce', 'POST', '/fapi/v1/order', { ...MARKET, reduceOnly: 'true' }, -2022],
    [
      'a trigger that is reached',
      'POST',
      '/fapi/v1/algoOrder',
      { ...STOP, quantity: '1', triggerPrice: '51000' },
      -2021,
    ],
    ['an unknown path', 'GET', '/fapi/v1/none', {}, -5000],
  ] as const)('with %s is refused', async (_what, method, path, params, code) => {
    await start();
    const { status, body } = await call(simulator, method, path, params);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).toEqual({ code, msg: expect.any(String) });
    expect(simulator.userMessages).toEqual([]);
  });

  it('needs a key and a signature for what is private, and nothing for the rest', async () => {
    await start();
    const answer = async (path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<unknown> =>
      (await fetch(simulator.restUrl + path, { method, headers })).json();
    const key = { 'X-MBX-APIKEY': 'key-of-a-test' };
    expect(await answer('/fapi/v2/account', {})).toMatchObject({ code: -2014 });
    expect(await answer('/fapi/v2/account', key)).toMatchObject({ code: -1102 });
    expect(await answer('/fapi/v1/listenKey', key, 'POST')).toEqual({ listenKey: simulator.listenKey });
    expect(await answer('/fapi/v1/time', {})).toEqual({ serverTime: 1_700_000_000_000 });
    expect(await answer('/fapi/v1/premiumIndex?symbol=BTCUSDT', {})).toMatchObject({ markPrice: '50000.00000000' });
    expect(await answer('/fapi/v1/ticker/price', {})).toMatchObject([{ price: '50000.0' }, { price: '2000.00' }]);
  });

  it('reads its parameters from the body as well', async () => {
    await start();
    const response = await fetch(`${simulator.restUrl}/fapi/v1/order`, {
      method: 'POST',
      headers: { 'X-MBX-APIKEY': 'key-of-a-test', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...LIMIT, timestamp: '1', signature: 'of-a-test' }).toString(),
    });
    expect(await response.json()).toMatchObject({ status: 'NEW', price: '40000.0' });
  });

  it('is answered with ids of 19 digits as numbers', async () => {
    await start({ firstOrderId: '8389765519993000001', firstAlgoId: '8389765519993000001' });
    const { text } = await post('/fapi/v1/order', LIMIT);
    expect(text).toMatch(/^\{"orderId":8389765519993000001,/);
    const algo = await post('/fapi/v1/algoOrder', { ...STOP, quantity: '0.1' });
    expect(algo.text).toMatch(/^\{"algoId":8389765519993000001,/);
    const found = await remove('/fapi/v1/order', { symbol: 'BTCUSDT', orderId: '8389765519993000001' });
    expect(found.body.status).toBe('CANCELED');
    expect((await get('/fapi/v1/openAlgoOrders', { algoId: '8389765519993000001' })).body).toHaveLength(1);
  });
});
