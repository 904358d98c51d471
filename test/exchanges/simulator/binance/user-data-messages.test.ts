import { afterEach, describe, expect, it } from 'vitest';
import { linearInstrument } from '../sample-instruments.js';
import { type BinanceSimulator, type BinanceSimulatorOptions, startBinanceSimulator } from './binance-simulator.js';
import { lastTold, type StreamMessage, story, TWO_SYMBOLS, told } from './test-account.js';

let simulator: BinanceSimulator;

async function start(options: Partial<BinanceSimulatorOptions> = {}): Promise<BinanceSimulator> {
  simulator = await startBinanceSimulator({ ...TWO_SYMBOLS, ...options });
  return simulator;
}

afterEach(() => simulator.stop());

/** Places an order of BTC at the market. */
function trade(side: 'BUY' | 'SELL', quantity: string, positionSide: 'BOTH' | 'LONG' | 'SHORT' = 'BOTH'): void {
  simulator.engine.placeOrder({ symbol: 'BTCUSDT', side, type: 'MARKET', quantity, positionSide });
}

function first(type: string): StreamMessage {
  const found = told(simulator).find(({ e }) => e === type);
  if (found === undefined) throw new Error(`expected ${type}`);
  return found;
}

describe('a fill', () => {
  it('is told as TRADE_LITE, then as ACCOUNT_UPDATE, then as ORDER_TRADE_UPDATE', async () => {
    await start();
    trade('BUY', '0.1');
    expect(story(simulator)).toEqual(['order NEW NEW', 'TRADE_LITE', 'account ORDER', 'order TRADE FILLED']);
  });

  it('has the fields of Binance in the order of Binance, amounts as strings', async () => {
    await start();
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.5',
      price: '49000',
      clientId: 'mine',
    });
    simulator.engine.clock.advance(250);
    simulator.engine.fillPartially('mine', '0.2');
    const [, lite, account, order] = simulator.userMessages;
    expect(lite).toBe(
      '{"e":"TRADE_LITE","E":1700000000250,"T":1700000000250,"s":"BTCUSDT","q":"0.500","p":"49000.0","m":true,' +
        '"c":"mine","S":"BUY","L":"49000.0","l":"0.200","t":310194316,"i":4129466757}',
    );
    expect(account).toBe(
      '{"e":"ACCOUNT_UPDATE","T":1700000000250,"E":1700000000250,"a":{' +
        '"B":[{"a":"USDT","wb":"9998.04","cw":"9998.04","bc":"0"}],' +
        '"P":[{"s":"BTCUSDT","pa":"0.200","ep":"49000","cr":"0","up":"200.00000000","mt":"cross","iw":"0",' +
        '"ps":"BOTH","ma":"USDT","bep":"49009.8"}],"m":"ORDER"}}',
    );
    expect(order).toBe(
      '{"e":"ORDER_TRADE_UPDATE","T":1700000000250,"E":1700000000250,"o":{"s":"BTCUSDT","c":"mine","S":"BUY",' +
        '"o":"LIMIT","f":"GTC","q":"0.500","p":"49000.0","ap":"49000.0","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED",' +
        '"i":4129466757,"l":"0.200","z":"0.200","L":"49000.0","n":"1.96000000","N":"USDT","T":1700000000250,' +
        '"t":310194316,"b":"14700","a":"0","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH",' +
        '"cp":false,"rp":"0","pP":false,"si":0,"ss":0,"V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}',
    );
  });

  it('shows the flat side BOTH ahead of the changed side in hedge mode, and no other side', async () => {
    await start({ positionMode: 'HEDGE' });
    trade('BUY', '0.2', 'LONG');
    trade('SELL', '0.1', 'SHORT');
    const accounts = told(simulator).filter(({ e }) => e === 'ACCOUNT_UPDATE');
    const sides = accounts.map(({ a }) => a?.P.map((each) => `${each.ps} ${each.pa}`));
    expect(sides).toEqual([
      ['BOTH 0', 'LONG 0.200'],
      ['BOTH 0', 'SHORT -0.100'],
    ]);
  });

  it('tells the margin of an isolated position and the wallet without it', async () => {
    await start({ marginMode: 'ISOLATED' });
    trade('BUY', '0.1');
    const { a } = first('ACCOUNT_UPDATE');
    expect(a?.B).toEqual([{ a: 'USDT', wb: '9998', cw: '9498', bc: '0' }]);
    expect(a?.P).toMatchObject([{ mt: 'isolated', iw: '500.00000000' }]);
  });

  it('never tells leverage or a liquidation price', async () => {
    await start();
    trade('BUY', '0.5');
    const { a } = first('ACCOUNT_UPDATE');
    expect(Object.keys(a?.P[0] ?? {})).toEqual(['s', 'pa', 'ep', 'cr', 'up', 'mt', 'iw', 'ps', 'ma', 'bep']);
    expect(simulator.engine.positions[0]?.liquidationPrice).not.toBe('0');
  });

  it('of a stop-out does not say that it reduces, unless it was asked to', async () => {
    await start();
    trade('BUY', '0.1');
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      quantity: '0.1',
      triggerPrice: '49000',
    });
    simulator.engine.setPrice('BTCUSDT', '48900');
    const filled = told(simulator)
      .filter(({ o }) => o?.X === 'FILLED')
      .at(-1);
    expect(filled?.o).toMatchObject({ o: 'MARKET', X: 'FILLED', R: false, S: 'SELL' });
    expect(simulator.truth().positions).toEqual([]);
  });
});

describe('the end of an order', () => {
  it('is told with its reason', async () => {
    await start();
    const { engine } = simulator;
    const terms = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.1', price: '40000' } as const;
    engine.cancel(engine.placeOrder(terms).id);
    engine.placeOrder({ ...terms, timeInForce: 'IOC' });
    engine.end(engine.placeOrder(terms).id, 'EXPIRED', 'ADMINISTRATION');
    const ends = told(simulator).filter(({ o }) => o?.X !== 'NEW');
    expect(ends.map(({ o }) => [o?.x, o?.X, o?.er])).toEqual([
      ['CANCELED', 'CANCELED', '0'],
      ['EXPIRED', 'EXPIRED', '2'],
      ['EXPIRED', 'EXPIRED_IN_MATCH', '1'],
    ]);
  });

  it('that reduces comes with the end of the position', async () => {
    await start();
    trade('BUY', '0.1');
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'LIMIT',
      quantity: '0.1',
      price: '60000',
      reduceOnly: true,
    });
    const from = simulator.userMessages.length;
    trade('SELL', '0.1');
    expect(story(simulator, from).slice(-2)).toEqual(['order TRADE FILLED', 'order EXPIRED EXPIRED']);
    expect(lastTold(simulator).o).toMatchObject({ R: true, S: 'SELL', er: '4', p: '60000.0' });
  });

  it('is not told of an order that was refused for its time in force: it was never recorded', async () => {
    await start();
    const terms = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.1' } as const;
    simulator.engine.placeOrder({ ...terms, price: '51000', timeInForce: 'POST_ONLY' });
    simulator.engine.placeOrder({ ...terms, price: '49000', timeInForce: 'FOK' });
    expect(simulator.userMessages).toEqual([]);
  });
});

describe('a liquidation', () => {
  it('ends the orders, closes with an order of the exchange, and clears what is left with the insurance', async () => {
    await start({ balances: { USDT: '600' } });
    trade('BUY', '0.1');
    simulator.engine.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '20000' });
    const from = simulator.userMessages.length;
    simulator.engine.setPrice('BTCUSDT', '40000');
    expect(story(simulator, from)).toEqual([
      'order EXPIRED EXPIRED',
      'order NEW NEW',
      'account ORDER',
      'order CALCULATED FILLED',
      'account INSURANCE_CLEAR',
    ]);
    const forced = told(simulator).filter(({ o }) => o?.c.startsWith('autoclose-'));
    expect(forced.map(({ o }) => o)).toMatchObject([
      { o: 'LIMIT', f: 'IOC', x: 'NEW', z: '0' },
      { o: 'LIMIT', f: 'IOC', x: 'CALCULATED', z: '0.100', l: '0.100', R: true },
    ]);
  });

  it('of others reduces a position with an order of the exchange', async () => {
    await start();
    trade('BUY', '0.1');
    simulator.engine.adl('BTCUSDT', 'LONG', '0.04');
    const forced = told(simulator).filter(({ o }) => o?.c.startsWith('adl_autoclose'));
    expect(forced.map(({ o }) => [o?.x, o?.X, o?.z])).toEqual([
      ['NEW', 'NEW', '0'],
      ['CALCULATED', 'NEW_ADL', '0.040'],
    ]);
    expect(simulator.truth().positions).toMatchObject([{ quantity: '0.06' }]);
  });

  it('is announced by one MARGIN_CALL, until there is margin again', async () => {
    await start({ balances: { USDT: '600' } });
    trade('BUY', '0.1');
    for (const price of ['44300', '44290', '49000', '44300']) simulator.engine.setPrice('BTCUSDT', price);
    const calls = told(simulator).filter(({ e }) => e === 'MARGIN_CALL');
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatchObject({
      cw: '598',
      p: [{ s: 'BTCUSDT', ps: 'BOTH', pa: '0.100', mt: 'CROSSED', iw: '0', mp: '44300', up: '-570', mm: '25' }],
    });
  });
});

describe('what changes a wallet or a setting', () => {
  it('has its reason', async () => {
    await start();
    trade('BUY', '0.1');
    const from = simulator.userMessages.length;
    simulator.engine.transfer('USDT', '10');
    simulator.engine.transfer('USDT', '-4');
    simulator.adjustWallet('USDT', '1', 'ADJUSTMENT');
    simulator.engine.transfer('USDT', '2');
    simulator.engine.funding('BTCUSDT', '0.0001');
    expect(story(simulator, from)).toEqual([
      'account DEPOSIT',
      'account WITHDRAW',
      'account ADJUSTMENT',
      'account DEPOSIT',
      'account FUNDING_FEE',
    ]);
    const { a } = lastTold(simulator);
    expect(a).toEqual({ B: [{ a: 'USDT', wb: '10006.5', cw: '10006.5', bc: '-0.5' }], P: [], m: 'FUNDING_FEE' });
  });

  it('is told with the position when the position has a margin of its own', async () => {
    await start({ marginMode: 'ISOLATED' });
    trade('BUY', '0.1');
    simulator.engine.funding('BTCUSDT', '0.0001');
    expect(lastTold(simulator).a).toMatchObject({ m: 'FUNDING_FEE', P: [{ s: 'BTCUSDT', iw: '500.00000000' }] });
    simulator.engine.addMargin('BTCUSDT', '100');
    expect(lastTold(simulator).a).toMatchObject({
      m: 'MARGIN_TRANSFER',
      B: [{ wb: '9997.5', cw: '9397.5' }],
      P: [{ iw: '600.00000000' }],
    });
  });

  it('is ACCOUNT_CONFIG_UPDATE for the leverage, alone', async () => {
    await start();
    trade('BUY', '0.1');
    const from = simulator.userMessages.length;
    simulator.engine.setLeverage('BTCUSDT', '25');
    expect(told(simulator).slice(from)).toEqual([
      { e: 'ACCOUNT_CONFIG_UPDATE', E: 1_700_000_000_000, T: 1_700_000_000_000, ac: { s: 'BTCUSDT', l: 25 } },
    ]);
  });

  it('is nothing for the position mode', async () => {
    await start();
    simulator.engine.setPositionMode('HEDGE');
    simulator.engine.setMarginMode('BTCUSDT', 'ISOLATED');
    expect(story(simulator)).toEqual(['account MARGIN_TYPE_CHANGE']);
  });
});

describe('a conditional order', () => {
  const stop = { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', triggerPrice: '49000' } as const;

  it('is told by ALGO_UPDATE until its trigger, and then by the order that it became', async () => {
    await start();
    trade('BUY', '0.1');
    const from = simulator.userMessages.length;
    simulator.engine.placeOrder({ ...stop, quantity: '0.1', reduceOnly: true, clientId: 'stop' });
    simulator.engine.setPrice('BTCUSDT', '48900');
    expect(story(simulator, from)).toEqual([
      'algo NEW',
      'algo TRIGGERING',
      'algo TRIGGERED',
      'order NEW NEW',
      'TRADE_LITE',
      'account ORDER',
      'order TRADE FILLED',
      'algo FINISHED',
    ]);
    const [placed, , triggered] = told(simulator).filter(({ e }) => e === 'ALGO_UPDATE');
    expect(Object.keys(placed?.o ?? {}).join()).toBe('caid,aid,at,o,s,S,ps,f,q,X,ai,tp,p,V,wt,pm,cp,pP,R,tt,gtd,ia');
    expect(triggered?.o).toMatchObject({ ai: '4129466758', ap: '0', aq: '0', act: 'MARKET', tt: 1_700_000_000_000 });
    expect(told(simulator).at(-2)?.o).toMatchObject({ i: 4129466758, c: 'stop' });
  });

  it('is told of after the order that it became, where the exchange is slow to do so', async () => {
    await start({ algoTriggered: 'AFTER', tradeLite: 'OFF' });
    trade('BUY', '0.1');
    const from = simulator.userMessages.length;
    simulator.engine.placeOrder({ ...stop, quantity: '0.1' });
    simulator.engine.placeOrder({ ...stop, type: 'STOP', price: '50000', triggerPrice: '48000', quantity: '0.1' });
    simulator.engine.setPrice('BTCUSDT', '48900');
    simulator.engine.setPrice('BTCUSDT', '47900');
    expect(story(simulator, from).slice(2)).toEqual([
      'algo TRIGGERING',
      'order NEW NEW',
      'account ORDER',
      'order TRADE FILLED',
      'algo TRIGGERED',
      'algo FINISHED',
      'algo TRIGGERING',
      'order NEW NEW',
      'algo TRIGGERED',
    ]);
  });

  it('that closes a position ends with it; one that only reduces stays, and is rejected at its trigger', async () => {
    await start();
    trade('BUY', '0.1');
    simulator.engine.placeOrder({ ...stop, closePosition: true });
    simulator.engine.placeOrder({ ...stop, quantity: '0.1', reduceOnly: true, clientId: 'orphan' });
    const from = simulator.userMessages.length;
    trade('SELL', '0.1');
    expect(story(simulator, from)).toContain('algo EXPIRED');
    expect(simulator.truth().orders.map(({ clientId }) => clientId)).toEqual(['orphan']);
    const later = simulator.userMessages.length;
    simulator.engine.setPrice('BTCUSDT', '48900');
    expect(story(simulator, later)).toEqual(['algo TRIGGERING', 'algo REJECTED', 'CONDITIONAL_ORDER_TRIGGER_REJECT']);
    expect(lastTold(simulator).or).toEqual({ s: 'BTCUSDT', i: 4000001910701525, r: 'Reduce Only reject' });
    expect(simulator.truth().orders).toEqual([]);
  });

  it('is rejected when the order that it becomes cannot be placed', async () => {
    await start({ triggerRejects: 'RETIRED' });
    const { engine } = simulator;
    engine.placeOrder({ ...stop, quantity: '10', clientId: 'too big' });
    engine.placeOrder({
      ...stop,
      type: 'STOP',
      quantity: '0.1',
      price: '49500',
      timeInForce: 'FOK',
      clientId: 'at once',
    });
    const from = simulator.userMessages.length;
    engine.setPrice('BTCUSDT', '48900');
    const rejected = told(simulator).filter(({ o }) => o?.X === 'REJECTED');
    expect(rejected.map(({ o }) => [o?.caid, o?.rm])).toEqual([
      ['too big', 'Margin is insufficient.'],
      ['at once', 'FOK order has been rejected.'],
    ]);
    expect(story(simulator, from)).toEqual(['algo TRIGGERING', 'algo REJECTED', 'algo TRIGGERING', 'algo REJECTED']);
  });

  it('that is cancelled says less', async () => {
    await start();
    simulator.engine.cancel(simulator.engine.placeOrder({ ...stop, quantity: '0.1' }).id);
    const { o } = lastTold(simulator);
    expect(Object.keys(o ?? {}).join()).toBe('caid,aid,at,o,s,S,ps,f,q,X,ai,tp,p,R,tt,gtd,ia');
    expect(o?.X).toBe('CANCELED');
  });

  it('that trails follows the price by its rate', async () => {
    await start();
    trade('BUY', '0.1');
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'TRAILING_STOP_MARKET',
      quantity: '0.1',
      trailing: { rate: '0.01', activationPrice: '51000' },
    });
    expect(lastTold(simulator).o).toMatchObject({ AP: '51000', cr: '1', ia: false });
    for (const price of ['51000', '52000', '51480']) simulator.engine.setPrice('BTCUSDT', price);
    expect(simulator.truth().positions).toEqual([]);
    expect(lastTold(simulator).o).toMatchObject({ X: 'FINISHED', ap: '51480.0', ia: true });
  });
});

describe('ids', () => {
  it('are unique within a symbol, and in the algo service', async () => {
    await start({
      firstOrderId: '7',
      firstAlgoId: '7',
      instruments: TWO_SYMBOLS.instruments.concat(linearInstrument('SOL')),
    });
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'BTCUSDT']) {
      simulator.engine.placeOrder({ symbol, side: 'BUY', type: 'LIMIT', quantity: '0.1', price: '1000' });
    }
    simulator.engine.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'STOP_MARKET',
      quantity: '0.1',
      triggerPrice: '60000',
    });
    expect(simulator.truth().orders.map(({ symbol, type, id }) => `${symbol} ${type} ${id}`)).toEqual([
      'BTCUSDT LIMIT 7',
      'ETHUSDT LIMIT 7',
      'BTCUSDT LIMIT 8',
      'BTCUSDT STOP_MARKET 7',
    ]);
  });
});
