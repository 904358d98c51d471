import type { OrderRequest } from 'okx-api';
import { WebsocketAPIClient } from 'okx-api';
import { afterEach, describe, expect, it } from 'vitest';
import { inverseSwap, linearSwap } from './okx-instrument.js';
import { type OkxSimulator, type OkxSimulatorOptions, startOkxSimulator } from './okx-simulator.js';
import { asRow, rows, text } from './params.js';
import type { Row } from './row.js';
import { CREDENTIALS, SdkClient, SILENT } from './sdk-client.js';

const BTC = 'BTC-USDT-SWAP';
const BTC_USD = 'BTC-USD-SWAP';
const FREE_OF_FEES = { makerFeeRate: '0', takerFeeRate: '0' };

const opened: { readonly simulator: OkxSimulator; readonly clients: SdkClient[] }[] = [];

afterEach(async () => {
  for (const { simulator, clients } of opened.splice(0)) {
    for (const client of clients) client.close();
    await simulator.stop();
  }
});

async function start(options: Partial<OkxSimulatorOptions> = {}): Promise<{
  simulator: OkxSimulator;
  client: SdkClient;
  connect: (url: string) => SdkClient;
}> {
  const simulator = await startOkxSimulator({
    instruments: [
      linearSwap('BTC', FREE_OF_FEES),
      linearSwap('ETH', { ctVal: '0.1' }),
      inverseSwap('BTC', FREE_OF_FEES),
    ],
    prices: { [BTC]: '50000', 'ETH-USDT-SWAP': '2000', [BTC_USD]: '50000' },
    balances: { USDT: '10000', BTC: '1' },
    ...options,
  });
  const client = new SdkClient(simulator);
  const clients = [client];
  opened.push({ simulator, clients });
  const connect = (url: string): SdkClient => {
    const other = new SdkClient(simulator, url);
    clients.push(other);
    return other;
  };
  return { simulator, client, connect };
}

function order(other: Partial<OrderRequest> = {}): OrderRequest {
  return { instId: BTC, tdMode: 'cross', side: 'buy', ordType: 'market', sz: '10', ...other };
}

describe('an order', () => {
  it('that is filled is pushed live and filled, with the position and the balance', async () => {
    const { client } = await start();
    await client.subscribe('orders', 'positions', 'account', 'balance_and_position');
    const from = client.messages.length;

    const [placed] = await client.rest.submitOrder(order({ clOrdId: 'mine', tag: 'bot' }));

    await client.row('account', () => true, from);
    await client.row('positions', () => true, from);
    expect(placed).toMatchObject({ clOrdId: 'mine', sCode: '0', sMsg: 'Order placed', ts: '1700000000000' });
    expect(client.rows('orders')).toMatchObject([
      { ordId: placed?.ordId, clOrdId: 'mine', state: 'live', accFillSz: '0', sz: '10', tradeId: '', fillSz: '0' },
      { ordId: placed?.ordId, state: 'filled', accFillSz: '10', avgPx: '50000', fillSz: '10', tradeId: '1518905529' },
    ]);
    expect(client.pushes('positions', from)).toMatchObject([
      {
        arg: { channel: 'positions', uid: '77982378738415879', instType: 'SWAP' },
        eventType: 'event_update',
        data: [{ instId: BTC, pos: '10', posSide: 'net', avgPx: '50000', lever: '10', mgnMode: 'cross', imr: '500' }],
      },
    ]);
    expect(client.rows('account', from)).toMatchObject([{ details: [{ ccy: 'USDT', cashBal: '10000', imr: '500' }] }]);
    expect(client.rows('balance_and_position', from)).toMatchObject([
      {
        eventType: 'filled',
        balData: [{ ccy: 'USDT', cashBal: '10000' }],
        posData: [{ instId: BTC, pos: '10', avgPx: '50000' }],
        trades: [{ instId: BTC, tradeId: '1518905529' }],
      },
    ]);
  });

  it('that rests can be read, amended, filled in part and cancelled', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders');
    const [placed] = await client.rest.submitOrder(order({ ordType: 'limit', px: '49000', sz: '4' }));
    const ordId = placed?.ordId ?? '';

    await client.rest.amendOrder({ instId: BTC, ordId, newPx: '48000.5', reqId: 'change1' });
    simulator.exchange.fillPartially(ordId, '1');
    const [details] = await client.rest.getOrderDetails({ instId: BTC, ordId });
    await client.rest.cancelOrder({ instId: BTC, ordId });

    await client.row('orders', ({ state }) => state === 'canceled');
    expect(details).toMatchObject({ px: '48000.5', state: 'partially_filled', accFillSz: '1', fillPx: '48000.5' });
    expect(client.rows('orders')).toMatchObject([
      { state: 'live', px: '49000', reqId: '', amendResult: '' },
      { state: 'live', px: '48000.5', reqId: 'change1', amendResult: '0' },
      { state: 'partially_filled', accFillSz: '1', execType: 'M' },
      { state: 'canceled', accFillSz: '1', cancelSource: '1' },
    ]);
    expect(await client.rest.getOrderList()).toEqual([]);
    expect(await client.rest.getOrderHistory({ instType: 'SWAP' })).toMatchObject([{ ordId, state: 'canceled' }]);
    expect(await client.rest.getFills({ ordId })).toMatchObject([{ ordId, fillSz: '1', execType: 'M' }]);
  });

  it('is refused with the codes of OKX', async () => {
    const { client } = await start();
    const code = async (request: Promise<unknown>): Promise<unknown> =>
      request.catch((error: unknown) => {
        const [item] = rows(asRow(error)['data']);
        return item?.['sCode'] ?? asRow(error)['code'];
      });

    expect(await code(client.rest.submitOrder(order({ sz: '1000' })))).toBe('51008');
    expect(await code(client.rest.submitOrder(order({ instId: 'DOGE-USDT-SWAP' })))).toBe('51001');
    expect(await code(client.rest.submitOrder(order({ sz: '0.001' })))).toBe('51121');
    expect(await code(client.rest.submitOrder(order({ posSide: 'long' })))).toBe('51000');
    expect(await code(client.rest.submitOrder(order({ side: 'sell', reduceOnly: true })))).toBe('51169');
    expect(await code(client.rest.cancelOrder({ instId: BTC, ordId: '1' }))).toBe('51400');
    expect(await code(client.rest.amendOrder({ instId: BTC, ordId: '1', newSz: '1' }))).toBe('51503');
    expect(await code(client.rest.getOrderDetails({ instId: BTC, ordId: '1' }))).toBe('51603');
    expect(await code(client.rest.setPositionMode({ posMode: 'net_mode' }))).toMatchObject([{ posMode: 'net_mode' }]);
  });

  it('that would take as a post-only order is cancelled at once', async () => {
    const { client } = await start();
    await client.subscribe('orders');

    await client.rest.submitOrder(order({ ordType: 'post_only', px: '51000' }));

    await client.row('orders', () => true);
    expect(client.rows('orders')).toMatchObject([{ state: 'canceled', cancelSource: '31', ordType: 'post_only' }]);
  });

  it('can be placed over the WebSocket', async () => {
    const { simulator } = await start();
    const client = new WebsocketAPIClient(
      { accounts: [CREDENTIALS], wsUrl: simulator.wsUrls.all, attachEventListeners: false },
      SILENT,
    );

    const answer = await client.submitNewOrder(order());
    client.getWSClient().closeAll(true);

    expect(answer).toMatchObject({ op: 'order', code: '0', data: [{ sCode: '0' }] });
    expect(simulator.exchange.truth().positions).toMatchObject([{ quantity: '10' }]);
  });

  it('is one of several in a batch', async () => {
    const { client } = await start();
    const limit = { ordType: 'limit', px: '40000', sz: '1' } as const;

    const placed = await client.rest.submitMultipleOrders([
      order({ ...limit, clOrdId: 'a' }),
      order({ ...limit, clOrdId: 'b' }),
    ]);
    const answer = await client.rest
      .cancelMultipleOrders([
        { instId: BTC, clOrdId: 'a' },
        { instId: BTC, clOrdId: 'none' },
      ])
      .catch((error: unknown) => error);

    expect(placed).toMatchObject([{ clOrdId: 'a' }, { clOrdId: 'b' }]);
    expect(answer).toMatchObject({ code: '2', data: [{ sCode: '0' }, { sCode: '51400' }] });
    expect(await client.rest.getOrderList()).toMatchObject([{ clOrdId: 'b' }]);
  });
});

describe('algo orders', () => {
  it('have ids of their own, and make a plain order when they are triggered', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders', 'positions', 'orders-algo');
    const [plain] = await client.rest.submitOrder(order());
    const [placed] = await client.rest.placeAlgoOrder({
      instId: BTC,
      tdMode: 'cross',
      side: 'sell',
      ordType: 'conditional',
      sz: '10',
      reduceOnly: true,
      slTriggerPx: '48000',
      slOrdPx: '-1',
      algoClOrdId: 'stop',
    });
    expect(placed?.algoId).toBe(plain?.ordId);
    expect(await client.rest.getAlgoOrderList({ ordType: 'conditional' })).toMatchObject([
      { algoId: placed?.algoId, algoClOrdId: 'stop', state: 'live', slTriggerPx: '48000', slOrdPx: '-1', sz: '10' },
    ]);

    simulator.exchange.setPrice(BTC, '47999');

    const effective = await client.row('orders-algo', ({ state }) => state === 'effective');
    await client.row('positions', ({ pos }) => pos === '0');
    const [child] = client.rows('orders').filter(({ algoId }) => algoId !== '');
    expect(effective).toMatchObject({ actualSide: 'sl', actualSz: '10', triggerTime: '1700000000000' });
    expect(effective['ordIdList']).toEqual([child?.['ordId']]);
    expect(child).toMatchObject({ algoId: placed?.algoId, algoClOrdId: 'stop', clOrdId: '', source: '7' });
    expect(client.rows('orders-algo')).toMatchObject([{ state: 'live', ordIdList: [] }, { state: 'effective' }]);
    expect(await client.rest.getAlgoOrderList({ ordType: 'conditional' })).toEqual([]);
    expect(simulator.exchange.truth()).toMatchObject({ positions: [], orders: [] });
  });

  it('of two legs are one order; one leg ends the other', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders-algo');
    await client.rest.submitOrder(order());
    await client.rest.placeAlgoOrder({
      instId: BTC,
      tdMode: 'cross',
      side: 'sell',
      ordType: 'oco',
      sz: '10',
      tpTriggerPx: '52000',
      tpOrdPx: '-1',
      slTriggerPx: '48000',
      slOrdPx: '47900',
      algoClOrdId: 'both',
    });

    simulator.exchange.setPrice(BTC, '52000');

    await client.row('orders-algo', ({ state }) => state === 'effective');
    expect(client.rows('orders-algo')).toMatchObject([
      { state: 'live', ordType: 'oco', tpTriggerPx: '52000', slTriggerPx: '48000', slOrdPx: '47900' },
      { state: 'effective', actualSide: 'tp', algoClOrdId: 'both' },
    ]);
    expect(simulator.exchange.truth()).toMatchObject({ positions: [], orders: [] });
  });

  it('that trigger can open a position from either side of the price', async () => {
    const { simulator, client } = await start();
    const common = { instId: BTC, tdMode: 'isolated', ordType: 'trigger', sz: '1' } as const;
    await client.rest.placeAlgoOrder({ ...common, side: 'buy', triggerPx: '49000', orderPx: '-1' });
    await client.rest.placeAlgoOrder({ ...common, side: 'buy', triggerPx: '51000', orderPx: '50500' });

    simulator.exchange.setPrice(BTC, '48900');
    simulator.exchange.setPrice(BTC, '51000');

    expect(simulator.exchange.truth()).toMatchObject({
      positions: [{ marginMode: 'ISOLATED', quantity: '1', entryPrice: '48900' }],
      orders: [{ type: 'LIMIT', price: '50500' }],
    });
    expect(await client.rest.getOrderList()).toMatchObject([{ source: '6', px: '50500', tdMode: 'isolated' }]);
  });

  it('that trail are pushed by their own channel, at first too', async () => {
    const { simulator, client } = await start();
    await client.rest.submitOrder(order());
    const [placed] = await client.rest.placeAlgoOrder({
      instId: BTC,
      tdMode: 'cross',
      side: 'sell',
      ordType: 'move_order_stop',
      sz: '10',
      callbackRatio: '0.1',
    });

    await client.subscribe('algo-advance', 'orders-algo');
    const first = await client.row('algo-advance', () => true);
    simulator.exchange.setPrice(BTC, '60000');
    const [listed] = await client.rest.getAlgoOrderList({ ordType: 'move_order_stop' });
    simulator.exchange.setPrice(BTC, '54000');

    await client.row('algo-advance', ({ state }) => state === 'effective');
    expect(first).toMatchObject({
      algoId: placed?.algoId,
      state: 'live',
      callbackRatio: '0.1',
      moveTriggerPx: '45000',
    });
    expect(listed).toMatchObject({ moveTriggerPx: '54000' });
    expect(client.rows('orders-algo')).toEqual([]);
  });

  it('fail when nothing is left to reduce, and are cancelled with the position when they close all of it', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders-algo', 'positions');
    await client.rest.submitOrder(order());
    const common = { instId: BTC, tdMode: 'cross', side: 'sell', ordType: 'conditional', reduceOnly: true } as const;
    await client.rest.placeAlgoOrder({ ...common, sz: '10', slTriggerPx: '48000', slOrdPx: '-1', algoClOrdId: 'rest' });
    await client.rest.placeAlgoOrder({
      ...common,
      sz: '',
      closeFraction: '1',
      slTriggerPx: '47000',
      slOrdPx: '-1',
      algoClOrdId: 'whole',
    });
    const [position] = await client.rest.getPositions();

    await client.rest.closePositions({ instId: BTC, mgnMode: 'cross' });
    simulator.exchange.setPrice(BTC, '46000');

    await client.row('orders-algo', ({ state }) => state === 'order_failed');
    expect(asRow(position)['closeOrderAlgo']).toMatchObject([{ closeFraction: '1', slTriggerPx: '47000' }]);
    expect(client.rows('orders-algo').slice(2)).toMatchObject([
      { algoClOrdId: 'whole', state: 'canceled', sz: '' },
      { algoClOrdId: 'rest', state: 'order_failed', failCode: '51169' },
    ]);
  });

  it('are attached to an order, and placed once it is filled', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders-algo');
    await client.rest.submitOrder(
      order({
        ordType: 'limit',
        px: '49000',
        attachAlgoOrds: [{ slTriggerPx: '45000', slOrdPx: '-1', attachAlgoClOrdId: 'guard' }],
      }),
    );
    const [pending] = await client.rest.getOrderList();
    expect(pending?.attachAlgoOrds).toMatchObject([{ attachAlgoClOrdId: 'guard', slTriggerPx: '45000' }]);

    simulator.exchange.setPrice(BTC, '49000');

    expect(await client.row('orders-algo', () => true)).toMatchObject({
      algoClOrdId: 'guard',
      side: 'sell',
      sz: '10',
      state: 'live',
    });
  });

  it('can be amended and cancelled, and are refused on the wrong side of the price', async () => {
    const { client } = await start();
    await client.subscribe('orders-algo');
    await client.rest.submitOrder(order());
    const common = { instId: BTC, tdMode: 'cross', side: 'sell', ordType: 'conditional', sz: '10' } as const;
    const [placed] = await client.rest.placeAlgoOrder({ ...common, slTriggerPx: '48000', slOrdPx: '-1' });
    const algoId = placed?.algoId ?? '';

    await client.rest.amendAlgoOrder({ instId: BTC, algoId, newSlTriggerPx: '47000', reqId: 'lower' });
    await client.rest.cancelAlgoOrder([{ instId: BTC, algoId }]);
    const refused = client.rest.placeAlgoOrder({ ...common, slTriggerPx: '50500', slOrdPx: '-1' });

    await expect(refused).rejects.toMatchObject({ code: '1', data: [{ sCode: '51280' }] });
    await client.row('orders-algo', ({ state }) => state === 'canceled');
    expect(client.rows('orders-algo')).toMatchObject([
      { state: 'live', slTriggerPx: '48000', amendResult: '' },
      { state: 'live', slTriggerPx: '47000', amendResult: '0', reqId: 'lower' },
      { state: 'canceled' },
    ]);
  });
});

describe('positions', () => {
  it('of one instrument are held in cross and in isolated margin at the same time', async () => {
    const { client } = await start();
    await client.subscribe('account');

    await client.rest.submitOrder(order());
    await client.rest.submitOrder(order({ tdMode: 'isolated', side: 'sell', sz: '4' }));

    const positions = await client.rest.getPositions();
    expect(positions.map(({ mgnMode, pos, imr, margin }) => ({ mgnMode, pos, imr, margin }))).toEqual([
      { mgnMode: 'cross', pos: '10', imr: '500', margin: '' },
      { mgnMode: 'isolated', pos: '-4', imr: '', margin: '200' },
    ]);
    const [balance] = await client.rest.getBalance();
    expect(balance?.details.find(({ ccy }) => ccy === 'USDT')).toMatchObject({
      cashBal: '9800',
      isoEq: '200',
      eq: '10000',
      availEq: '9300',
      frozenBal: '700',
    });
  });

  it('of inverse contracts are in contracts, with margin and profit in the coin', async () => {
    const { simulator, client } = await start();
    await client.rest.submitOrder(order({ instId: BTC_USD, sz: '50' }));

    simulator.exchange.setPrice(BTC_USD, '62500');

    expect(await client.rest.getPositions({ instId: BTC_USD })).toMatchObject([
      { pos: '50', ccy: 'BTC', avgPx: '50000', upl: '0.02', imr: '0.01', notionalUsd: '5000' },
    ]);
    expect(await client.rest.getInstruments({ instType: 'SWAP', instId: BTC_USD })).toMatchObject([
      { ctType: 'inverse', ctVal: '100', ctMult: '1', ctValCcy: 'USD', settleCcy: 'BTC' },
    ]);
  });

  it('of both sides are positive in long/short mode', async () => {
    const { client } = await start();
    await client.rest.setPositionMode({ posMode: 'long_short_mode' });

    await client.rest.submitOrder(order({ posSide: 'long' }));
    await client.rest.submitOrder(order({ posSide: 'short', side: 'sell', sz: '3' }));
    await client.rest.submitOrder(order({ posSide: 'long', side: 'sell', ordType: 'limit', px: '60000', sz: '4' }));

    expect(await client.rest.getPositions()).toMatchObject([
      { posSide: 'long', pos: '10', availPos: '6' },
      { posSide: 'short', pos: '3', availPos: '3' },
    ]);
    expect(await client.rest.getAccountConfiguration()).toMatchObject([{ posMode: 'long_short_mode' }]);
  });

  it('that were closed are listed for their instrument alone, without amounts', async () => {
    const { client } = await start();
    await client.subscribe('positions');
    await client.rest.submitOrder(order());
    const [open] = await client.rest.getPositions();

    await client.rest.submitOrder(order({ side: 'sell', reduceOnly: true }));

    const push = await client.row('positions', ({ pos }) => pos === '0');
    expect(push).toMatchObject({ posId: open?.posId, avgPx: '', upl: '', liqPx: '', imr: '' });
    expect(await client.rest.getPositions()).toEqual([]);
    expect(await client.rest.getPositions({ instId: BTC })).toMatchObject([
      { posId: open?.posId, pos: '0', avgPx: '' },
    ]);
  });

  it('are pushed again, unchanged, when an order of theirs is placed or cancelled', async () => {
    const { client } = await start();
    await client.rest.submitOrder(order());
    await client.subscribe('positions');
    const [position] = await client.rest.getPositions();
    const from = client.messages.length;

    const close = { closeFraction: '1', sz: '', slTriggerPx: '47000', slOrdPx: '-1' };
    const common = { instId: BTC, tdMode: 'cross', side: 'sell', ordType: 'conditional', reduceOnly: true } as const;
    const [placed] = await client.rest.placeAlgoOrder({ ...common, ...close });
    const protectedRow = await client.row('positions', ({ closeOrderAlgo }) => rows(closeOrderAlgo).length > 0, from);
    await client.rest.cancelAlgoOrder([{ algoId: placed?.algoId ?? '', instId: BTC }]);
    const bareRow = await client.row('positions', ({ closeOrderAlgo }) => rows(closeOrderAlgo).length === 0, from);

    expect(protectedRow).toMatchObject({ uTime: position?.uTime, closeOrderAlgo: [{ slTriggerPx: '47000' }] });
    expect(bareRow).toMatchObject({ uTime: position?.uTime, pos: '10' });
  });

  it('report profit, fees and funding since they were opened', async () => {
    const { simulator, client } = await start({ margin: 'IGNORE' });
    const eth = { instId: 'ETH-USDT-SWAP' };
    await client.rest.submitOrder(order({ ...eth, sz: '10' }));
    await client.rest.submitOrder(order({ ...eth, sz: '20', side: 'sell' }));
    simulator.exchange.funding(eth.instId, '0.001');
    simulator.exchange.setPrice(eth.instId, '1900');
    await client.rest.submitOrder(order({ ...eth, sz: '5' }));

    expect(await client.rest.getPositions()).toMatchObject([
      { pos: '-5', pnl: '50', fee: '-2.475', fundingFee: '2', realizedPnl: '49.525', avgPx: '2000' },
    ]);
  });
});

describe('the account', () => {
  it('pushes only the currencies that changed, after a snapshot of all', async () => {
    const { simulator, client } = await start();
    await client.subscribe('account');
    await client.row('account', () => true);

    simulator.exchange.transfer('BTC', '0.5');

    await client.until(({ eventType }) => eventType === 'event_update');
    const [snapshot, update] = client.pushes('account');
    expect(snapshot).toMatchObject({ eventType: 'snapshot', curPage: 1, lastPage: true });
    expect(snapshot?.['data']).toMatchObject([{ details: [{ ccy: 'USDT' }, { ccy: 'BTC' }], totalEq: '60000' }]);
    expect(update).not.toHaveProperty('curPage');
    expect(update?.['data']).toMatchObject([{ details: [{ ccy: 'BTC', cashBal: '1.5' }], totalEq: '85000' }]);
    expect(rows(rows(update?.['data'])[0]?.['details'])).toHaveLength(1);
  });

  it('brings changes of the same moment together', async () => {
    const { simulator, client } = await start();
    await client.subscribe('account', 'positions', 'balance_and_position');
    const from = client.messages.length;
    const trade = { symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '1' } as const;

    simulator.exchange.placeOrder(trade);
    simulator.exchange.placeOrder(trade);

    await client.row('positions', ({ pos }) => pos === '2');
    expect(client.rows('positions', from)).toHaveLength(1);
    expect(client.rows('balance_and_position', from)).toMatchObject([
      { posData: [{ pos: '1' }] },
      { posData: [{ pos: '2' }] },
    ]);
  });

  it('splits a snapshot that is too large', async () => {
    const { client } = await start({ snapshotPageSize: 1 });
    await client.rest.submitOrder(order());
    await client.rest.submitOrder(order({ tdMode: 'isolated', sz: '1' }));

    await client.subscribe('positions');

    await client.until(({ arg, lastPage }) => text(asRow(arg), 'channel') === 'positions' && lastPage === true);
    expect(client.pushes('positions')).toMatchObject([
      { curPage: 1, lastPage: false, data: [{ mgnMode: 'cross' }] },
      { curPage: 2, lastPage: true, data: [{ mgnMode: 'isolated' }] },
    ]);
  });

  it('sets leverage by margin mode, and moves margin', async () => {
    const { client } = await start();
    await client.subscribe('balance_and_position');
    await client.rest.submitOrder(order({ tdMode: 'isolated' }));

    expect(await client.rest.setLeverage({ instId: BTC, lever: '20', mgnMode: 'isolated' })).toEqual([
      { instId: BTC, lever: '20', mgnMode: 'isolated', posSide: '' },
    ]);
    await client.rest.changePositionMargin({ instId: BTC, posSide: 'net', type: 'add', amt: '100' });

    expect(await client.rest.getLeverage({ instId: BTC, mgnMode: 'cross' })).toMatchObject([{ lever: '10' }]);
    expect(await client.rest.getLeverage({ instId: BTC, mgnMode: 'isolated' })).toMatchObject([
      { lever: '20', posSide: 'net' },
    ]);
    expect(await client.rest.getPositions()).toMatchObject([{ lever: '20', margin: '350' }]);
    await client.row('balance_and_position', ({ eventType }) => eventType === 'adjust_margin');
    expect(client.rows('balance_and_position').slice(1)).toMatchObject([
      { eventType: 'filled', balData: [{ cashBal: '9500' }] },
      { eventType: 'set_leverage', balData: [{ cashBal: '9750' }] },
      { eventType: 'adjust_margin', balData: [{ cashBal: '9650' }], posData: [{ pos: '10' }], trades: [] },
    ]);
  });

  it('reports a liquidation', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders', 'balance_and_position');
    await client.rest.submitOrder(order({ sz: '100' }));

    simulator.exchange.setPrice(BTC, '40000');

    await client.row('orders', ({ category }) => category === 'full_liquidation');
    await client.row('balance_and_position', ({ eventType }) => eventType === 'liquidation');
    expect(await client.rest.getBalance()).toMatchObject([{ details: [{ ccy: 'BTC' }] }]);
  });

  it('tells the time, prices and marks', async () => {
    const { simulator, client } = await start();
    await client.subscribeToPrices('tickers', BTC);
    await client.subscribeToPrices('mark-price', BTC);
    simulator.exchange.clock.advance(5);

    simulator.exchange.setPrice(BTC, '51000');

    const isNew = ({ data }: Row): boolean =>
      rows(data).some((row) => row['last'] === '51000' || row['markPx'] === '51000');
    await client.until((message) => isNew(message) && text(asRow(message['arg']), 'channel') === 'mark-price');
    expect(client.rows('tickers').map((row) => row['last'])).toEqual(['50000', '51000']);
    expect(client.rows('mark-price').map((row) => row['markPx'])).toEqual(['50000', '51000']);
    expect(await client.rest.getServerTime()).toBe(1_700_000_000_005);
    expect(await client.rest.getTickers({ instType: 'SWAP' })).toMatchObject([{ instId: BTC, last: '51000' }, {}, {}]);
    expect(await client.rest.getMarkPrice({ instType: 'SWAP', instId: BTC })).toMatchObject([{ markPx: '51000' }]);
  });

  it('lets exchange time pass where it is told to', async () => {
    const { simulator, client } = await start({ clock: 'RUNS' });
    const before = Date.now();
    simulator.exchange.clock.advance(3_600_000);

    const time = await client.rest.getServerTime();

    expect(time).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(time).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });
});

describe('lists', () => {
  it('are paged from the newest to the oldest', async () => {
    const { client } = await start();
    for (const px of ['41000', '42000', '43000', '44000', '45000']) {
      await client.rest.submitOrder(order({ ordType: 'limit', px, sz: '1' }));
      await client.rest.placeAlgoOrder({
        instId: BTC,
        tdMode: 'cross',
        side: 'buy',
        ordType: 'trigger',
        sz: '1',
        triggerPx: px,
        orderPx: '-1',
      });
    }

    const first = await client.rest.getOrderList({ instType: 'SWAP', limit: '2' });
    const second = await client.rest.getOrderList({ instType: 'SWAP', limit: '2', after: first.at(-1)?.ordId ?? '' });
    const third = await client.rest.getOrderList({ instType: 'SWAP', limit: '2', after: second.at(-1)?.ordId ?? '' });
    const algos = await client.rest.getAlgoOrderList({ ordType: 'trigger', limit: '3' });
    const rest = await client.rest.getAlgoOrderList({ ordType: 'trigger', after: algos.at(-1)?.algoId ?? '' });

    expect([first, second, third].map((page) => page.map(({ px }) => px))).toEqual([
      ['45000', '44000'],
      ['43000', '42000'],
      ['41000'],
    ]);
    expect([algos, rest].map((page) => page.map(({ triggerPx }) => triggerPx))).toEqual([
      ['45000', '44000', '43000'],
      ['42000', '41000'],
    ]);
  });

  it('can change between two pages', async () => {
    const { simulator, client } = await start();
    for (const px of ['41000', '42000', '43000']) {
      await client.rest.submitOrder(order({ ordType: 'limit', px, sz: '1', clOrdId: `at${px}` }));
    }
    const stop = simulator.controls.onRequest('AFTER', ({ path }) => {
      if (path !== '/api/v5/trade/orders-pending') return;
      stop();
      simulator.exchange.cancel('at42000');
    });

    const first = await client.rest.getOrderList({ instType: 'SWAP', limit: '1' });
    const second = await client.rest.getOrderList({ instType: 'SWAP', limit: '1', after: first.at(-1)?.ordId ?? '' });

    expect([...first, ...second].map(({ px }) => px)).toEqual(['43000', '41000']);
  });
});

describe('the network', () => {
  it('can be cut; the SDK connects again and gets a snapshot of what it missed', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions', 'orders');
    simulator.controls.cut();
    simulator.exchange.placeOrder({ symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '3' });
    const from = client.messages.length;

    await client.disconnected(2);
    simulator.controls.resume();
    await client.reconnected(1);

    const position = await client.row('positions', () => true, from);
    expect(position).toMatchObject({ pos: '3' });
    expect(client.rows('orders')).toEqual([]);
    simulator.exchange.placeOrder({ symbol: BTC, side: 'SELL', type: 'MARKET', quantity: '1' });
    expect(await client.row('orders', ({ state }) => state === 'filled', from)).toMatchObject({ side: 'sell' });
  });

  it('can lose messages of connections that stay open', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders');
    const trade = { symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '1' } as const;

    simulator.controls.lose();
    simulator.exchange.placeOrder({ ...trade, clientId: 'lost' });
    simulator.controls.deliver();
    simulator.exchange.placeOrder({ ...trade, clientId: 'seen' });

    await client.row('orders', ({ state }) => state === 'filled');
    expect(new Set(client.rows('orders').map(({ clOrdId }) => clOrdId))).toEqual(new Set(['seen']));
  });

  it('can let the stream overtake an answer', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions');
    const held = simulator.controls.hold('/api/v5/account/positions', 'ANSWER');

    const answer = client.rest.getPositions();
    await held.arrived();
    simulator.exchange.placeOrder({ symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '1' });
    await client.row('positions', ({ pos }) => pos === '1');
    held.release();

    expect(await answer).toEqual([]);
  });

  it('can let an answer overtake the stream, and a request arrive late', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions', 'orders');
    const from = client.messages.length;
    simulator.controls.pause('positions');
    const late = simulator.controls.hold('/api/v5/account/balance', 'REQUEST');

    const balance = client.rest.getBalance({ ccy: 'USDT' });
    await late.arrived();
    await client.rest.submitOrder(order());
    expect(await client.rest.getPositions()).toMatchObject([{ pos: '10' }]);
    await client.row('orders', ({ state }) => state === 'filled');
    simulator.exchange.transfer('USDT', '1');
    late.release();

    expect(await balance).toMatchObject([{ details: [{ cashBal: '10001' }] }]);
    expect(client.rows('positions', from)).toEqual([]);
    simulator.controls.release('positions');
    expect(await client.row('positions', () => true, from)).toMatchObject({ pos: '10' });
  });

  it('can push a message twice, and the regular snapshots', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions', 'account', 'orders');
    simulator.exchange.placeOrder({ symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '1' });
    await client.row('positions', ({ pos }) => pos === '1');
    const from = client.messages.length;

    simulator.controls.repeat('orders');
    simulator.controls.pushRegular();

    await client.until(
      ({ arg, eventType }) => text(asRow(arg), 'channel') === 'account' && eventType === 'snapshot',
      from,
    );
    expect(client.rows('orders', from)).toMatchObject([{ state: 'filled' }]);
    expect(client.pushes('positions', from)).toMatchObject([{ eventType: 'snapshot', data: [{ pos: '1' }] }]);
  });

  it('can push each message twice, and count what was pushed', async () => {
    const { simulator, client } = await start();
    await client.subscribe('orders');

    simulator.controls.repeatEach(true);
    simulator.exchange.placeOrder({ symbol: BTC, side: 'BUY', type: 'MARKET', quantity: '1' });
    simulator.controls.repeatEach(false);
    simulator.exchange.placeOrder({ symbol: BTC, side: 'BUY', type: 'LIMIT', quantity: '1', price: '40000' });

    await client.row('orders', ({ px }) => px === '40000');
    expect(client.rows('orders').map(({ state }) => state)).toEqual(['live', 'live', 'filled', 'filled', 'live']);
    expect(simulator.pushed).toBe(5);
  });

  it('can announce an upgrade; the SDK connects again', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions');

    simulator.controls.announceUpgrade();

    await client.reconnected(1);
    expect(await client.until(({ event }) => event === 'notice')).toMatchObject({ code: '64008' });
  });

  it('can fail requests', async () => {
    const { simulator, client } = await start();
    simulator.controls.fail('/api/v5/account/positions', { code: '50011', msg: 'Too Many Requests', status: 429 });

    await expect(client.rest.getPositions()).rejects.toMatchObject({ code: '50011' });
    expect(await client.rest.getPositions()).toEqual([]);
    expect(simulator.controls.requests).toHaveLength(2);
  });

  it('answers by the addresses of OKX: channels where they belong, to those who logged in', async () => {
    const { simulator, client, connect } = await start();
    const onPublic = connect(simulator.wsUrls.public);
    const onPrivate = connect(simulator.wsUrls.private);
    const onBusiness = connect(simulator.wsUrls.business);

    await onPublic.subscribeToPrices('tickers', BTC);
    await onPrivate.subscribe('orders', 'positions');
    await onBusiness.subscribe('orders-algo');
    void onPrivate.ws.subscribe({ channel: 'orders-algo', instType: 'SWAP' });

    expect(await onPrivate.until(({ event }) => event === 'error')).toMatchObject({ code: '60018' });
    expect(simulator.subscriptions).toHaveLength(4);
    await expect(client.rest.get('/api/v5/account/positions')).rejects.toMatchObject({ code: '50103' });
    await expect(client.rest.getPrivate('/api/v5/account/none')).rejects.toMatchObject({ code: 404 });
  });

  it('is gone when the simulator was stopped', async () => {
    const { simulator, client } = await start();
    await client.subscribe('positions');
    client.close();

    await simulator.stop();

    await expect(client.rest.getServerTime()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
