import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../decimal.js';
import { isConditional } from '../order.js';
import type { PositionMode } from '../position.js';
import { Refusal } from '../refusal.js';
import { type BinanceSimulator, startBinanceSimulator } from './binance-simulator.js';
import { call, TWO_SYMBOLS, told } from './test-account.js';

const TYPES = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TRAILING_STOP_MARKET'] as const;
const symbol = fc.constantFrom('BTCUSDT', 'ETHUSDT');
const price = fc.integer({ min: 60, max: 140 }).map(String);
const quantity = fc.integer({ min: 1, max: 40 }).map(String);

const order = fc.record({
  what: fc.constant('order' as const),
  symbol,
  side: fc.constantFrom('BUY', 'SELL'),
  positionSide: fc.constantFrom('LONG', 'SHORT'),
  type: fc.constantFrom(...TYPES),
  quantity,
  price,
  triggerPrice: price,
  timeInForce: fc.constantFrom('GTC', 'IOC', 'FOK', 'POST_ONLY'),
  reduceOnly: fc.boolean(),
  closePosition: fc.boolean(),
});
const step = fc.oneof(
  { weight: 5, arbitrary: order },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('price' as const), symbol, price, available: fc.option(quantity) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('cancel', 'amend', 'funding', 'transfer', 'leverage', 'margin mode', 'margin', 'adl'),
      symbol,
      price,
      quantity,
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(simulator: BinanceSimulator, each: Step, mode: PositionMode): void {
  const { engine } = simulator;
  if (each.what === 'order') {
    const { what: _what, positionSide, closePosition, triggerPrice, ...terms } = each;
    engine.placeOrder({
      ...terms,
      positionSide: mode === 'HEDGE' ? positionSide : 'BOTH',
      closePosition: closePosition && isConditional(each.type),
      ...(each.type === 'TRAILING_STOP_MARKET' ? { trailing: { rate: '0.1' } } : { triggerPrice }),
    });
  } else if (each.what === 'price') {
    engine.setPrice(each.symbol, each.price, each.available === null ? {} : { available: each.available });
  } else if (each.what === 'cancel') {
    engine.cancel(engine.activeOrders[0]?.id ?? '');
  } else if (each.what === 'amend') {
    engine.amend(engine.activeOrders.find(({ type }) => type === 'LIMIT')?.id ?? '', { price: each.price });
  } else if (each.what === 'funding') {
    engine.funding(each.symbol, '0.01');
  } else if (each.what === 'transfer') {
    engine.transfer('USDT', `-${each.quantity}`);
  } else if (each.what === 'leverage') {
    engine.setLeverage(each.symbol, each.quantity);
  } else if (each.what === 'margin mode') {
    engine.setMarginMode(each.symbol, engine.marginMode(each.symbol) === 'CROSS' ? 'ISOLATED' : 'CROSS');
  } else if (each.what === 'margin') {
    engine.addMargin(each.symbol, each.quantity, mode === 'HEDGE' ? 'LONG' : 'BOTH');
  } else {
    engine.adl(each.symbol, 'LONG', each.quantity);
  }
}

/** What a reader of the stream alone knows in the end. */
function readStream(simulator: BinanceSimulator): {
  readonly wallet: string;
  readonly cross: string;
  readonly positions: readonly string[];
  readonly orders: readonly string[];
} {
  let [wallet, cross] = ['1000', '1000'];
  const positions = new Map<string, string>();
  const orders = new Map<string, string>();
  for (const { e, o, a } of told(simulator)) {
    for (const { wb, cw } of a?.B ?? []) [wallet, cross] = [wb, cw];
    for (const { s, ps, pa, ep, mt } of a?.P ?? []) positions.set(`${s} ${ps}`, `${Decimal.of(pa)} at ${ep} ${mt}`);
    if (e === 'ORDER_TRADE_UPDATE' && o !== undefined) {
      orders.set(`${o.s} ${o.i}`, isOpen(o.X) ? `${Decimal.of(o.z)} of ${Decimal.of(o.q)} at ${Decimal.of(o.p)}` : '');
    }
    if (e === 'ALGO_UPDATE' && o !== undefined) orders.set(`algo ${o.aid}`, o.X === 'NEW' ? `at ${o.tp}` : '');
  }
  const held = [...positions].filter(([, text]) => !text.startsWith('0 ')).map((entry) => entry.join(': '));
  const open = [...orders].filter(([, text]) => text !== '').map((entry) => entry.join(': '));
  return { wallet, cross, positions: held.sort(), orders: open.sort() };
}

function isOpen(status: string): boolean {
  return status === 'NEW' || status === 'PARTIALLY_FILLED';
}

function truth(simulator: BinanceSimulator): ReturnType<typeof readStream> {
  const { positions, orders, balances } = simulator.truth();
  const isolated = simulator.engine.positions.map(({ isolatedMargin }) => Decimal.of(isolatedMargin));
  const wallet = Decimal.of(balances['USDT'] ?? '0');
  return {
    wallet: wallet.toString(),
    cross: wallet.minus(Decimal.sum(isolated)).toString(),
    positions: positions
      .map((each) => {
        const amount = each.side === 'SHORT' ? `-${each.quantity}` : each.quantity;
        const mode = each.marginMode === 'CROSS' ? 'cross' : 'isolated';
        return `${each.symbol} ${each.positionSide}: ${amount} at ${each.entryPrice} ${mode}`;
      })
      .sort(),
    orders: orders
      .map((each) =>
        isConditional(each.type)
          ? `algo ${each.id}: at ${each.triggerPrice}`
          : `${each.symbol} ${each.id}: ${each.executed} of ${each.quantity} at ${each.price}`,
      )
      .sort(),
  };
}

describe.each(['ONE_WAY', 'HEDGE'] as const)('whatever happens in %s mode', (positionMode) => {
  it('the stream tells all of it, and the endpoints agree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const simulator = await startBinanceSimulator({
          ...TWO_SYMBOLS,
          prices: { BTCUSDT: '100', ETHUSDT: '100' },
          balances: { USDT: '1000' },
          positionMode,
        });
        try {
          for (const each of steps) {
            try {
              take(simulator, each, positionMode);
            } catch (error) {
              if (!(error instanceof Refusal)) throw error;
            }
            simulator.engine.clock.advance(1);
          }
          const expected = truth(simulator);
          expect(readStream(simulator)).toEqual(expected);
          const risks = (await call(simulator, 'GET', '/fapi/v2/positionRisk')).list;
          const held = risks.filter(({ positionAmt }) => !Decimal.of(positionAmt).isZero);
          expect(held.map((each) => `${each.positionSide} ${Decimal.of(each.positionAmt)}`).sort()).toEqual(
            expected.positions.map((text) => /^\S+ (\S+): (\S+)/.exec(text)?.slice(1).join(' ')).sort(),
          );
          const open = (await call(simulator, 'GET', '/fapi/v1/openOrders')).list;
          const algos = (await call(simulator, 'GET', '/fapi/v1/openAlgoOrders')).list;
          expect(open.length + algos.length).toBe(expected.orders.length);
        } finally {
          await simulator.stop();
        }
      }),
      { numRuns: 60 },
    );
  });
});
