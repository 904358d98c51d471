import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeSimulator } from '../exchange-simulator.js';
import { Refusal } from '../refusal.js';
import { algoIdOf, isAlgo } from './okx-id.js';
import { inverseSwap, linearSwap } from './okx-instrument.js';
import { type OkxSimulator, startOkxSimulator } from './okx-simulator.js';
import { text } from './params.js';
import { ReplayedAccount } from './replayed-account.js';
import type { Row } from './row.js';

const LINEAR = 'BTC-USDT-SWAP';
const INVERSE = 'BTC-USD-SWAP';

type Step =
  | { readonly kind: 'request'; readonly path: string; readonly params: Row }
  | { readonly kind: 'operate'; readonly name: string; readonly operate: (engine: ExchangeSimulator) => void }
  | { readonly kind: 'cut' };

const instId = fc.constantFrom(LINEAR, INVERSE);
const side = fc.constantFrom('buy', 'sell');
const sz = fc.integer({ min: 1, max: 30 }).map(String);
const price = fc.integer({ min: 400, max: 600 }).map((hundreds) => String(hundreds * 100));

function requests(isHedged: boolean): fc.Arbitrary<Step> {
  const common = { instId, tdMode: fc.constantFrom('cross', 'isolated'), side, sz };
  const sides = isHedged ? { posSide: fc.constantFrom('long', 'short') } : {};
  const order = fc.record({
    ...common,
    ...sides,
    ordType: fc.constantFrom('market', 'limit', 'post_only', 'ioc'),
    px: price,
    reduceOnly: fc.boolean(),
  });
  const stop = fc.record({
    ...common,
    ...sides,
    ordType: fc.constantFrom('conditional', 'oco'),
    tpTriggerPx: price,
    tpOrdPx: fc.constant('-1'),
    slTriggerPx: price,
    slOrdPx: fc.constantFrom('-1', '50000'),
    reduceOnly: fc.boolean(),
    cxlOnClosePos: fc.boolean(),
  });
  const trigger = fc.record({
    ...common,
    ...sides,
    ordType: fc.constant('trigger'),
    triggerPx: price,
    orderPx: fc.constantFrom('-1', '50000'),
  });
  const trailing = fc.record({
    ...common,
    ...sides,
    ordType: fc.constant('move_order_stop'),
    callbackSpread: fc.constantFrom('1000', '5000'),
  });
  const leverage = fc.record({
    instId,
    lever: fc.constantFrom('5', '10', '20'),
    mgnMode: fc.constantFrom('cross', 'isolated'),
    posSide: fc.constant('long'),
  });
  const request =
    (path: string) =>
    (params: Row): Step => ({ kind: 'request', path, params });
  return fc.oneof(
    { weight: 6, arbitrary: order.map(request('trade/order')) },
    { weight: 2, arbitrary: stop.map(request('trade/order-algo')) },
    trigger.map(request('trade/order-algo')),
    trailing.map(request('trade/order-algo')),
    leverage.map(request('account/set-leverage')),
  );
}

function operations(): fc.Arbitrary<Step> {
  const operate =
    (name: string) =>
    (operation: (engine: ExchangeSimulator) => void): Step => ({ kind: 'operate', name, operate: operation });
  const nth = fc.nat({ max: 20 });
  const active = (engine: ExchangeSimulator, number: number): string =>
    engine.activeOrders[number % Math.max(1, engine.activeOrders.length)]?.id ?? '';
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(instId, price)
        .map(([symbol, to]) => operate(`${symbol} at ${to}`)((engine) => engine.setPrice(symbol, to))),
    },
    nth.map((number) => operate('cancel')((engine) => engine.cancel(active(engine, number)))),
    nth.map((number) => operate('fill 1')((engine) => engine.fillPartially(active(engine, number), '1'))),
    instId.map((symbol) => operate('funding')((engine) => engine.funding(symbol, '0.001'))),
    fc.constantFrom('-100', '250.5').map((amt) => operate(`transfer ${amt}`)((engine) => engine.transfer('USDT', amt))),
    fc.constant(operate('10 ms')((engine) => engine.clock.advance(10))),
  );
}

async function take(step: Step, simulator: OkxSimulator, account: ReplayedAccount): Promise<void> {
  if (step.kind === 'request') {
    await account.request('POST', step.path, step.params);
  } else if (step.kind === 'cut') {
    simulator.controls.cut();
    simulator.controls.resume();
    await account.connect();
  } else {
    try {
      step.operate(simulator.exchange);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

/** The truth and what a client knows, in the same words. */
function truthOf(simulator: OkxSimulator): object {
  const { positions, orders, balances } = simulator.exchange.truth();
  return {
    positions: positions
      .map(({ symbol, side: held, positionSide, quantity, entryPrice, leverage, marginMode }) =>
        [symbol, marginMode, positionSide, held, quantity, entryPrice, leverage].join(' '),
      )
      .sort(),
    orders: orders
      .filter(({ id }) => !isAlgo(id))
      .map(({ id, symbol, status, quantity, executed, price: limit }) =>
        [id, symbol, status, quantity, executed, limit].join(' '),
      )
      .sort(),
    algos: [...new Set(orders.filter(({ id }) => isAlgo(id)).map(({ id }) => algoIdOf(id)))].sort(),
    wallets: Object.entries(balances)
      .filter(([, balance]) => balance !== '0')
      .map((entry) => entry.join(' '))
      .sort(),
  };
}

function knowledgeOf(account: ReplayedAccount): object {
  return {
    positions: [...account.positions.values()].map(positionText).sort(),
    orders: [...account.orders.values()]
      .map((row) => {
        const status = text(row, 'state') === 'live' ? 'NEW' : 'PARTIALLY_FILLED';
        return [
          text(row, 'ordId'),
          text(row, 'instId'),
          status,
          ...['sz', 'accFillSz', 'px'].map((key) => text(row, key)),
        ].join(' ');
      })
      .sort(),
    algos: [...account.algos.keys()].sort(),
    wallets: [...account.wallets]
      .filter(([, balance]) => balance !== '0')
      .map((entry) => entry.join(' '))
      .sort(),
  };
}

function positionText(row: Row): string {
  const pos = text(row, 'pos');
  const posSide = text(row, 'posSide');
  const isShort = posSide === 'short' || pos.startsWith('-');
  return [
    text(row, 'instId'),
    text(row, 'mgnMode').toUpperCase(),
    posSide === 'net' ? 'BOTH' : posSide.toUpperCase(),
    isShort ? 'SHORT' : 'LONG',
    pos.replace('-', ''),
    text(row, 'avgPx'),
    text(row, 'lever'),
  ].join(' ');
}

async function check(isHedged: boolean, steps: readonly Step[]): Promise<void> {
  const simulator = await startOkxSimulator({
    instruments: [linearSwap('BTC'), inverseSwap('BTC')],
    prices: { [LINEAR]: '50000', [INVERSE]: '50000' },
    balances: { USDT: '10000', BTC: '0.2' },
    positionMode: isHedged ? 'HEDGE' : 'ONE_WAY',
    snapshotPageSize: 1,
  });
  try {
    const account = new ReplayedAccount(simulator);
    await account.connect();
    for (const step of steps) {
      await take(step, simulator, account);
      await account.settle();
      expect(knowledgeOf(account)).toEqual(truthOf(simulator));
    }
  } finally {
    await simulator.stop();
  }
}

describe('a client that reads the lists and follows the stream', () => {
  it.each([
    ['net', false],
    ['long/short', true],
  ] as const)('knows the truth after every step, in %s mode', async (_name, isHedged) => {
    const step = fc.oneof(
      { weight: 6, arbitrary: requests(isHedged) },
      { weight: 5, arbitrary: operations() },
      { weight: 1, arbitrary: fc.constant<Step>({ kind: 'cut' }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) => check(isHedged, steps)),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('knows the end of both legs of an order that ends with its position, and of what came with it', async () => {
    const common = { instId: INVERSE, tdMode: 'cross', posSide: 'short' };
    const exits = { tpTriggerPx: '40000', tpOrdPx: '-1', slTriggerPx: '60000', slOrdPx: '-1' };
    await check(true, [
      { kind: 'request', path: 'trade/order', params: { ...common, side: 'sell', sz: '2', ordType: 'market' } },
      {
        kind: 'request',
        path: 'trade/order-algo',
        params: { ...common, ...exits, side: 'buy', sz: '2', ordType: 'oco', cxlOnClosePos: true },
      },
      {
        kind: 'request',
        path: 'trade/order',
        params: { ...common, side: 'buy', sz: '3', ordType: 'ioc', px: '55000', reduceOnly: true },
      },
    ]);
  });
});
