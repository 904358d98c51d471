import { describe, expect, it } from 'vitest';
import { ExchangeSimulator } from './exchange-simulator.js';
import { linearInstrument } from './sample-instruments.js';
import { SimulatedClock } from './simulated-clock.js';

describe('the clock', () => {
  it('stands still until it is advanced', () => {
    const clock = new SimulatedClock(1000);
    clock.tick();
    expect(clock.nowMs).toBe(1000);
    clock.advance(5);
    expect(clock.nowMs).toBe(1005);
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });

  it('takes over at each tick what has passed on another clock, and never goes back', () => {
    let otherMs = 50;
    const clock = new SimulatedClock(1000, () => otherMs);
    otherMs = 70;
    expect(clock.nowMs).toBe(1000);
    clock.tick();
    expect(clock.nowMs).toBe(1020);
    otherMs = 60;
    clock.tick();
    otherMs = 75;
    clock.tick();
    expect(clock.nowMs).toBe(1025);
  });

  it('ticks once for each operation of the exchange', () => {
    let otherMs = 0;
    const exchange = new ExchangeSimulator({
      instruments: [linearInstrument('BTC')],
      prices: { BTCUSDT: '100' },
      balances: { USDT: '1000' },
      clock: new SimulatedClock(1000, () => {
        otherMs += 1;
        return otherMs;
      }),
    });
    const times: number[] = [];
    exchange.listen((events) => times.push(...events.map(({ timeMs }) => timeMs)));
    exchange.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '1' });
    exchange.transfer('USDT', '1');
    expect([...new Set(times)]).toEqual([1001, 1002]);
  });
});
