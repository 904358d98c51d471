import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from './decimal.js';
import { ExchangeSimulator } from './exchange-simulator.js';
import type { FillView } from './order.js';
import { Refusal } from './refusal.js';
import { inverseInstrument, linearInstrument } from './sample-instruments.js';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'BTCUSD'] as const;
const TYPES = [
  'LIMIT',
  'MARKET',
  'MARKET',
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
] as const;

const symbol = fc.constantFrom(...SYMBOLS);
const price = fc.integer({ min: 50, max: 150 }).map(String);
const quantity = fc.integer({ min: 1, max: 60 }).map(String);
const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('place' as const),
      symbol,
      quantity,
      price,
      triggerPrice: price,
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      type: fc.constantFrom(...TYPES),
      positionSide: fc.constantFrom('LONG' as const, 'SHORT' as const),
      reduceOnly: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('price' as const), symbol, price, available: quantity }) },
  fc.record({ does: fc.constant('funding' as const), symbol, rate: fc.constantFrom('0.001', '-0.0004') }),
  fc.record({ does: fc.constant('leverage' as const), symbol, leverage: fc.constantFrom('2', '10', '50') }),
  fc.record({
    does: fc.constant('margin' as const),
    symbol,
    mode: fc.constantFrom('CROSS' as const, 'ISOLATED' as const),
  }),
  fc.record({
    does: fc.constant('adl' as const),
    symbol,
    quantity,
    side: fc.constantFrom('LONG' as const, 'SHORT' as const),
  }),
  fc.record({ does: fc.constant('transfer' as const), asset: fc.constantFrom('USDT', 'BTC'), quantity }),
  fc.record({ does: fc.constant('cancel' as const), n: fc.nat(5) }),
);
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

function take(simulator: ExchangeSimulator, step: Step, mode: 'ONE_WAY' | 'HEDGE'): void {
  simulator.clock.advance(1);
  switch (step.does) {
    case 'place': {
      const { does: _does, positionSide, type, ...order } = step;
      const trailing = type === 'TRAILING_STOP_MARKET' ? { trailing: { distance: '5' } } : {};
      simulator.placeOrder({ ...order, type, ...trailing, ...(mode === 'HEDGE' ? { positionSide } : {}) });
      break;
    }
    case 'price':
      simulator.setPrice(step.symbol, step.price, { available: step.available });
      break;
    case 'funding':
      simulator.funding(step.symbol, step.rate);
      break;
    case 'leverage':
      simulator.setLeverage(step.symbol, step.leverage);
      break;
    case 'margin':
      simulator.setMarginMode(step.symbol, step.mode);
      break;
    case 'adl':
      simulator.adl(step.symbol, step.side, step.quantity);
      break;
    case 'transfer':
      simulator.transfer(step.asset, step.quantity);
      break;
    case 'cancel':
      simulator.cancel(simulator.activeOrders[step.n]?.id ?? 'none');
  }
}

function exchange(mode: 'ONE_WAY' | 'HEDGE'): ExchangeSimulator {
  return new ExchangeSimulator({
    instruments: [linearInstrument('BTC'), linearInstrument('ETH'), inverseInstrument('BTC')],
    prices: { BTCUSDT: '100', ETHUSDT: '100', BTCUSD: '100' },
    balances: { USDT: '1000', BTC: '3' },
    positionMode: mode,
  });
}

/** What a fill moved, by cash flow alone: sold value in, bought value out; the other way round where coins pay. */
function cashFlow(fill: FillView): Decimal {
  const isPaid = (fill.side === 'BUY') !== (fill.symbol === 'BTCUSD');
  return isPaid ? Decimal.of(fill.value).negated() : Decimal.of(fill.value);
}

describe.each(['ONE_WAY', 'HEDGE'] as const)('whatever happens in %s mode', (mode) => {
  it('the wallets are what was booked, and positions are what was filled', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 20, maxLength: 60 }), (taken) => {
        const simulator = exchange(mode);
        const booked = new Map([
          ['USDT', Decimal.of('1000')],
          ['BTC', Decimal.of('3')],
        ]);
        const other = new Map<string, Decimal>();
        simulator.listen((events) => {
          for (const event of events) {
            if (event.kind !== 'walletChanged') continue;
            booked.set(event.asset, (booked.get(event.asset) ?? Decimal.zero).plus(Decimal.of(event.change)));
            if (event.reason === 'FILL') continue;
            other.set(event.asset, (other.get(event.asset) ?? Decimal.zero).plus(Decimal.of(event.change)));
          }
        });
        for (const step of taken) {
          try {
            take(simulator, step, mode);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
          }
        }
        const { fills, balances } = simulator;
        for (const [asset, start] of [
          ['USDT', '1000'],
          ['BTC', '3'],
        ] as const) {
          const own = fills.filter((fill) => fill.feeAsset === asset);
          const realised = Decimal.sum(own.map((fill) => Decimal.of(fill.realisedPnl)));
          const fees = Decimal.sum(own.map((fill) => Decimal.of(fill.fee)));
          const rest = other.get(asset) ?? Decimal.zero;
          expect(balances[asset]).toBe(Decimal.of(start).plus(realised).minus(fees).plus(rest).toString());
          expect(balances[asset]).toBe(booked.get(asset)?.toString());
          expect(Decimal.of(simulator.margin(asset).equity).sign).toBeGreaterThanOrEqual(0);
          // Cash and what is still held at its cost make up the realised profit.
          const held = simulator.positions.filter((position) => own.some((fill) => fill.symbol === position.symbol));
          const cost = Decimal.sum(
            held.map((position) => {
              const isAsset = (position.side === 'LONG') !== (position.symbol === 'BTCUSD');
              return isAsset ? Decimal.of(position.entryValue) : Decimal.of(position.entryValue).negated();
            }),
          );
          const flow = Decimal.sum(own.map(cashFlow));
          const difference = flow.plus(cost).minus(realised).abs();
          expect(Number(difference.toString())).toBeLessThan(1e-8 * (own.length * 3 + 3));
        }
        for (const name of SYMBOLS) {
          const own = fills.filter((fill) => fill.symbol === name);
          const signed = own.map(({ side, quantity: size }) => Decimal.of(side === 'BUY' ? size : `-${size}`));
          const held = simulator.positions.filter((position) => position.symbol === name);
          const sum = held.map(({ side, quantity: size }) => Decimal.of(side === 'SHORT' ? `-${size}` : size));
          expect(Decimal.sum(sum).toString()).toBe(Decimal.sum(signed).toString());
        }
      }),
      { numRuns: 200 },
    );
  });

  it('orders never execute more than they ask for, and those that reduce never open', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 20, maxLength: 60 }), (taken) => {
        const simulator = exchange(mode);
        for (const step of taken) {
          try {
            take(simulator, step, mode);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
          }
        }
        const reducing = new Set(simulator.orders.filter((order) => order.reduceOnly).map((order) => order.id));
        for (const order of simulator.orders) {
          const own = simulator.fills.filter((fill) => fill.orderId === order.id);
          expect(Decimal.sum(own.map((fill) => Decimal.of(fill.quantity))).toString()).toBe(order.executed);
          expect(Decimal.of(order.executed).compare(Decimal.of(order.quantity))).toBeLessThanOrEqual(0);
        }
        for (const fill of simulator.fills) {
          if (reducing.has(fill.orderId)) expect(fill.closed).toBe(fill.quantity);
        }
      }),
    );
  });
});
