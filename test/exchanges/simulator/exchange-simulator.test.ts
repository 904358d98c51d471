import { beforeEach, describe, expect, it } from 'vitest';
import type { SimulatorEvent } from './events.js';
import { ExchangeSimulator, type SimulatorOptions } from './exchange-simulator.js';
import { inverseInstrument, linearInstrument } from './sample-instruments.js';

const FREE_OF_FEES = { makerFeeRate: '0', takerFeeRate: '0' };

function exchange(other: Partial<SimulatorOptions> = {}): ExchangeSimulator {
  return new ExchangeSimulator({
    instruments: [
      linearInstrument('BTC', FREE_OF_FEES),
      linearInstrument('ETH'),
      inverseInstrument('BTC', FREE_OF_FEES),
    ],
    prices: { BTCUSDT: '50000', ETHUSDT: '2000', BTCUSD: '50000' },
    balances: { USDT: '10000', BTC: '1' },
    ...other,
  });
}

function record(simulator: ExchangeSimulator): SimulatorEvent[] {
  const events: SimulatorEvent[] = [];
  simulator.listen((list) => events.push(...list));
  return events;
}

function kinds(events: readonly SimulatorEvent[]): string[] {
  return events.map((event) => (event.kind === 'orderChanged' ? `${event.reason} ${event.order.status}` : event.kind));
}

describe('market orders', () => {
  it('open a position at the mark price, as a taker', () => {
    const simulator = exchange();

    simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '2', clientId: 'mine' });

    expect(simulator.truth()).toMatchObject({
      positions: [{ symbol: 'ETHUSDT', side: 'LONG', quantity: '2', entryPrice: '2000', leverage: '10' }],
      orders: [],
      balances: { USDT: '9997.8' },
    });
    expect(simulator.order('mine')).toMatchObject({
      status: 'FILLED',
      executed: '2',
      averagePrice: '2000',
      fee: '2.2',
    });
  });

  it('report the order, then each fill with the position and the wallet', () => {
    const simulator = exchange();
    const events = record(simulator);

    simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '2' });

    expect(kinds(events)).toEqual(['PLACED NEW', 'FILL FILLED', 'positionChanged', 'walletChanged']);
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4]);
  });

  it('take what is available, and lose the rest', () => {
    const simulator = exchange();
    simulator.setPrice('ETHUSDT', '2000', { available: '0.5' });

    const order = simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '2' });

    expect(order).toMatchObject({ status: 'CANCELLED', executed: '0.5', end: 'NO_LIQUIDITY' });
  });
});

describe('limit orders', () => {
  it('rest until the price crosses them, and are filled by what is available', () => {
    const simulator = exchange();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '1',
      price: '49000',
    });
    expect(simulator.order(id)).toMatchObject({ status: 'NEW', executed: '0' });

    simulator.setPrice('BTCUSDT', '48900', { available: '0.4' });
    expect(simulator.order(id)).toMatchObject({ status: 'PARTIALLY_FILLED', executed: '0.4' });

    simulator.setPrice('BTCUSDT', '48950');
    expect(simulator.order(id)).toMatchObject({ status: 'FILLED', averagePrice: '49000' });
  });

  it('are filled in the order of their prices, then of their times', () => {
    const simulator = exchange();
    const place = (price: string): string =>
      simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.1', price }).id;
    const [low, high, alsoHigh] = [place('48000'), place('49000'), place('49000')];

    simulator.setPrice('BTCUSDT', '47000', { available: '0.15' });

    expect(simulator.order(low)?.executed).toBe('0');
    expect(simulator.order(high)?.executed).toBe('0.1');
    expect(simulator.order(alsoHigh)?.executed).toBe('0.05');
  });

  it('that cross at once take the mark price', () => {
    const order = exchange().placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '51000',
    });

    expect(order).toMatchObject({ status: 'FILLED', averagePrice: '50000' });
  });

  it.each([
    ['POST_ONLY', '51000', 'POST_ONLY'],
    ['IOC', '49000', 'TIME_IN_FORCE'],
    ['FOK', '49000', 'TIME_IN_FORCE'],
  ] as const)('end at once with %s where they may not rest or take', (timeInForce, price, end) => {
    const simulator = exchange();

    const order = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price,
      timeInForce,
    });

    expect(order).toMatchObject({ status: 'CANCELLED', end, executed: '0' });
  });

  it('can be filled in parts by hand', () => {
    const simulator = exchange();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'LIMIT',
      quantity: '1',
      price: '51000',
    });

    simulator.fillPartially(id, '0.25');

    expect(simulator.truth().positions).toMatchObject([{ side: 'SHORT', quantity: '0.25', entryPrice: '51000' }]);
  });

  it('can be amended and cancelled', () => {
    const simulator = exchange();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '40000',
    });

    expect(simulator.amend(id, { price: '41000', quantity: '0.2' })).toMatchObject({ price: '41000', quantity: '0.2' });
    expect(simulator.cancel(id)).toMatchObject({ status: 'CANCELLED', end: 'USER' });
    expect(() => simulator.cancel(id)).toThrow(expect.objectContaining({ code: 'UNKNOWN_ORDER' }));
  });

  it('are all cancelled, or those that match', () => {
    const simulator = exchange();
    const common = { side: 'BUY', type: 'LIMIT', quantity: '0.1' } as const;
    simulator.placeOrder({ ...common, symbol: 'BTCUSDT', price: '40000' });
    simulator.placeOrder({ ...common, symbol: 'ETHUSDT', price: '1000' });

    expect(simulator.cancelAll((order) => order.symbol === 'BTCUSDT')).toHaveLength(1);
    expect(simulator.activeOrders).toMatchObject([{ symbol: 'ETHUSDT' }]);
  });
});

describe('positions', () => {
  it('average their entry price, and keep it when they shrink', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    simulator.setPrice('BTCUSDT', '53000');
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.2' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.1' });

    expect(simulator.truth()).toMatchObject({
      positions: [{ quantity: '0.2', entryPrice: '52000' }],
      balances: { USDT: '10100' },
    });
  });

  it('of inverse contracts have the harmonic mean, and profit in the coin', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSD', side: 'BUY', type: 'MARKET', quantity: '5000' });
    simulator.setPrice('BTCUSD', '100000');
    simulator.placeOrder({ symbol: 'BTCUSD', side: 'BUY', type: 'MARKET', quantity: '5000' });
    expect(simulator.truth().positions).toMatchObject([{ quantity: '10000', entryPrice: '66666.6666666667' }]);

    simulator.placeOrder({ symbol: 'BTCUSD', side: 'SELL', type: 'MARKET', quantity: '10000' });

    expect(simulator.balances['BTC']).toBe('1.05');
  });

  it('flip in one-way mode, with the fill price as entry', () => {
    const simulator = exchange();
    const events = record(simulator);
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    simulator.setPrice('BTCUSDT', '51000');
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.3' });

    expect(simulator.truth()).toMatchObject({
      positions: [{ side: 'SHORT', quantity: '0.2', entryPrice: '51000' }],
      balances: { USDT: '10100' },
    });
    expect(events.filter((event) => event.kind === 'positionChanged')).toHaveLength(2);
  });

  it('of both sides are held in hedge mode', () => {
    const simulator = exchange({ positionMode: 'HEDGE' });
    const common = { symbol: 'BTCUSDT', type: 'MARKET' } as const;
    simulator.placeOrder({ ...common, side: 'BUY', quantity: '0.1', positionSide: 'LONG' });
    simulator.placeOrder({ ...common, side: 'SELL', quantity: '0.2', positionSide: 'SHORT' });
    simulator.placeOrder({ ...common, side: 'SELL', quantity: '0.3', positionSide: 'LONG' });

    expect(simulator.truth().positions).toMatchObject([{ side: 'SHORT', quantity: '0.2' }]);
    expect(() => simulator.placeOrder({ ...common, side: 'BUY', quantity: '0.1' })).toThrow(
      expect.objectContaining({ code: 'INVALID_POSITION_SIDE' }),
    );
  });

  it('report margin, profit and the price of liquidation', () => {
    const simulator = exchange({ marginMode: 'ISOLATED' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    simulator.setPrice('BTCUSDT', '49000');

    expect(simulator.positions.find((position) => position.symbol === 'BTCUSDT')).toMatchObject({
      entryValue: '5000',
      markValue: '4900',
      unrealisedPnl: '-100',
      isolatedMargin: '500',
      maintenanceMargin: '25',
      liquidationPrice: '45250',
    });
  });
});

describe('reduce-only orders', () => {
  it('never open, and end with the position', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    const common = { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', reduceOnly: true } as const;
    const first = simulator.placeOrder({ ...common, quantity: '0.3', price: '51000' });
    const second = simulator.placeOrder({ ...common, quantity: '0.1', price: '52000' });

    simulator.setPrice('BTCUSDT', '51000');

    expect(simulator.order(first.id)).toMatchObject({ status: 'CANCELLED', executed: '0.1', end: 'NOTHING_TO_REDUCE' });
    expect(simulator.order(second.id)).toMatchObject({ status: 'CANCELLED', executed: '0', end: 'NOTHING_TO_REDUCE' });
    expect(simulator.truth().positions).toEqual([]);
  });

  it('are refused where there is nothing to reduce', () => {
    const place = () =>
      exchange().placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '1', reduceOnly: true });

    expect(place).toThrow(expect.objectContaining({ code: 'NOTHING_TO_REDUCE' }));
  });
});

describe('conditional orders', () => {
  function withLong(other: Partial<SimulatorOptions> = {}): ExchangeSimulator {
    const simulator = exchange(other);
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    return simulator;
  }

  it('wait for their price, and close the whole position', () => {
    const simulator = withLong();
    const common = { symbol: 'BTCUSDT', side: 'SELL', closePosition: true } as const;
    const stop = simulator.placeOrder({ ...common, type: 'STOP_MARKET', triggerPrice: '48000' });
    const profit = simulator.placeOrder({ ...common, type: 'TAKE_PROFIT_MARKET', triggerPrice: '55000' });
    simulator.setPrice('BTCUSDT', '48001');
    expect(simulator.order(stop.id)).toMatchObject({ status: 'NEW', isTriggered: false, triggerWhen: 'FALLS' });
    const events = record(simulator);

    simulator.setPrice('BTCUSDT', '48000');

    expect(simulator.order(stop.id)).toMatchObject({ status: 'FILLED', executed: '0.1', averagePrice: '48000' });
    expect(simulator.order(profit.id)).toMatchObject({ status: 'CANCELLED', end: 'NOTHING_TO_REDUCE' });
    expect(simulator.truth()).toMatchObject({ positions: [], orders: [], balances: { USDT: '9800' } });
    expect(kinds(events)).toEqual([
      'priceChanged',
      'TRIGGERED NEW',
      'FILL FILLED',
      'positionChanged',
      'walletChanged',
      'ENDED CANCELLED',
    ]);
  });

  it('with a limit price rest when they are triggered', () => {
    const simulator = withLong();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP',
      quantity: '0.1',
      triggerPrice: '48000',
      price: '48500',
    });

    simulator.setPrice('BTCUSDT', '47000');
    expect(simulator.order(id)).toMatchObject({ status: 'NEW', isTriggered: true });

    simulator.setPrice('BTCUSDT', '48500');
    expect(simulator.order(id)).toMatchObject({ status: 'FILLED', averagePrice: '48500' });
  });

  it('become another order where the exchange works so', () => {
    const simulator = withLong({ whenTriggered: 'NEW_ORDER' });
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      quantity: '0.1',
      triggerPrice: '48000',
    });

    simulator.setPrice('BTCUSDT', '47000');

    expect(simulator.order(id)).toMatchObject({ status: 'TRIGGERED', executed: '0' });
    expect(simulator.orders.at(-1)).toMatchObject({ parentId: id, type: 'MARKET', status: 'FILLED', executed: '0.1' });
  });

  it('that trail follow the best price by a distance, or by a rate once they are activated', () => {
    const simulator = withLong();
    const common = { symbol: 'BTCUSDT', side: 'SELL', type: 'TRAILING_STOP_MARKET', quantity: '0.05' } as const;
    const near = simulator.placeOrder({ ...common, trailing: { distance: '1000' } });
    const far = simulator.placeOrder({ ...common, trailing: { rate: '0.1', activationPrice: '60000' } });

    simulator.setPrice('BTCUSDT', '52000');
    expect(simulator.order(near.id)?.stopPrice).toBe('51000');
    expect(simulator.order(far.id)?.stopPrice).toBe('0');
    simulator.setPrice('BTCUSDT', '51000');
    expect(simulator.order(near.id)).toMatchObject({ status: 'FILLED', averagePrice: '51000' });

    simulator.setPrice('BTCUSDT', '60000');
    expect(simulator.order(far.id)?.stopPrice).toBe('54000');
    simulator.setPrice('BTCUSDT', '54000');
    expect(simulator.order(far.id)?.status).toBe('FILLED');
  });

  it('are refused when their price is reached already', () => {
    const place = () =>
      withLong().placeOrder({
        symbol: 'BTCUSDT',
        side: 'SELL',
        type: 'STOP_MARKET',
        quantity: '0.1',
        triggerPrice: '50000',
      });

    expect(place).toThrow(expect.objectContaining({ code: 'WOULD_TRIGGER' }));
  });
});

describe('the account', () => {
  it('refuses orders without margin, of bad amounts and with a client id in use', () => {
    const simulator = exchange();
    const common = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', clientId: 'mine' } as const;
    const place = (other: { quantity: string; price: string }) => () => simulator.placeOrder({ ...common, ...other });

    expect(place({ quantity: '3', price: '49000' })).toThrow(expect.objectContaining({ code: 'INSUFFICIENT_MARGIN' }));
    expect(place({ quantity: '0.0001', price: '49000' })).toThrow(
      expect.objectContaining({ code: 'INVALID_QUANTITY' }),
    );
    expect(place({ quantity: '0.1', price: '0.001' })).toThrow(expect.objectContaining({ code: 'INVALID_PRICE' }));
    place({ quantity: '0.1', price: '49000' })();
    expect(place({ quantity: '0.1', price: '49000' })).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_CLIENT_ID' }),
    );
    expect(simulator.orders).toHaveLength(1);
  });

  it('pays and receives funding on both sides', () => {
    const simulator = exchange({ positionMode: 'HEDGE' });
    const events = record(simulator);
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.2', positionSide: 'LONG' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.1', positionSide: 'SHORT' });
    events.length = 0;

    simulator.funding('BTCUSDT', '0.001');

    expect(simulator.balances['USDT']).toBe('9995');
    expect(events.filter((event) => event.kind === 'walletChanged')).toMatchObject([
      { reason: 'FUNDING', change: '-10' },
      { reason: 'FUNDING', change: '5' },
    ]);
  });

  it('moves assets in and out', () => {
    const simulator = exchange();

    simulator.transfer('USDT', '-2500.5');
    simulator.transfer('USDC', '3');

    expect(simulator.balances).toEqual({ USDT: '7499.5', BTC: '1', USDC: '3' });
    expect(() => simulator.transfer('USDC', '-4')).toThrow(expect.objectContaining({ code: 'INVALID_AMOUNT' }));
  });

  it('sets leverage, with the margin of isolated positions', () => {
    const simulator = exchange({ marginMode: 'ISOLATED' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    const events = record(simulator);

    expect(simulator.setLeverage('BTCUSDT', '20')).toBe(true);
    expect(simulator.setLeverage('BTCUSDT', '20')).toBe(false);

    expect(simulator.truth()).toMatchObject({ positions: [{ leverage: '20' }], leverage: { BTCUSDT: '20' } });
    expect(events).toMatchObject([
      { kind: 'leverageChanged', leverage: '20' },
      { kind: 'positionChanged', position: { isolatedMargin: '250', leverage: '20' } },
    ]);
    expect(() => simulator.setLeverage('BTCUSDT', '101')).toThrow(
      expect.objectContaining({ code: 'INVALID_LEVERAGE' }),
    );
  });

  it('sets the margin mode, and adds margin to isolated positions', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });

    simulator.setMarginMode('BTCUSDT', 'ISOLATED');
    simulator.addMargin('BTCUSDT', '100');

    expect(simulator.truth().positions).toMatchObject([{ marginMode: 'ISOLATED', quantity: '0.1' }]);
    expect(simulator.positions).toContainEqual(expect.objectContaining({ isolatedMargin: '600' }));
    expect(() => simulator.addMargin('BTCUSDT', '-101')).toThrow(expect.objectContaining({ code: 'INVALID_AMOUNT' }));
  });

  it('holds cross and isolated positions of one symbol side by side', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.2', marginMode: 'ISOLATED' });

    expect(simulator.truth().positions).toMatchObject([
      { side: 'LONG', marginMode: 'CROSS' },
      { side: 'SHORT', marginMode: 'ISOLATED' },
    ]);
  });

  it('changes its position mode only when nothing is open', () => {
    const simulator = exchange();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '40000',
    });
    expect(() => simulator.setPositionMode('HEDGE')).toThrow(
      expect.objectContaining({ code: 'POSITION_OR_ORDER_OPEN' }),
    );
    simulator.cancel(id);

    expect(simulator.setPositionMode('HEDGE')).toBe(true);
    expect(simulator.positionMode).toBe('HEDGE');
  });
});

describe('forced closing', () => {
  it('liquidates cross positions when the equity is gone, with every order', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '1' });
    simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'LIMIT', quantity: '1', price: '1000' });

    simulator.setPrice('BTCUSDT', '39000');

    expect(simulator.truth()).toMatchObject({ positions: [], orders: [], balances: { USDT: '0' } });
    expect(simulator.orders.at(-1)).toMatchObject({
      origin: 'LIQUIDATION',
      status: 'FILLED',
      side: 'SELL',
      type: 'MARKET',
    });
  });

  it('takes no more than its margin from an isolated position', () => {
    const simulator = exchange({ marginMode: 'ISOLATED' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });

    simulator.setPrice('BTCUSDT', '30000');

    expect(simulator.truth()).toMatchObject({ positions: [], balances: { USDT: '9500' } });
  });

  it('reduces a position by auto-deleveraging', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.3' });

    simulator.adl('BTCUSDT', 'SHORT', '0.1', '49000');

    expect(simulator.truth()).toMatchObject({ positions: [{ quantity: '0.2' }], balances: { USDT: '10100' } });
    expect(simulator.orders.at(-1)).toMatchObject({ origin: 'ADL', side: 'BUY', status: 'FILLED' });
  });
});

describe('listeners', () => {
  let simulator: ExchangeSimulator;
  beforeEach(() => {
    simulator = exchange();
  });

  it('are called with the clock that the operation had', () => {
    const events = record(simulator);
    simulator.transfer('USDT', '1');
    simulator.clock.advance(25);
    simulator.transfer('USDT', '1');

    expect(events.map((event) => event.timeMs)).toEqual([1_700_000_000_000, 1_700_000_000_025]);
  });

  it('can operate themselves, and find the account as it is after the operation', () => {
    const seen: string[] = [];
    simulator.listen((events) => {
      const fill = events.find((event) => event.kind === 'orderChanged' && event.reason === 'FILL');
      if (fill === undefined) return;
      seen.push(String(simulator.truth().positions[0]?.quantity));
      if (seen.length === 1) simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '1' });
    });

    simulator.placeOrder({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '1' });

    expect(seen).toEqual(['1', '2']);
  });

  it('hear nothing of what was refused', () => {
    const events = record(simulator);

    expect(() => simulator.transfer('USDT', '-20000')).toThrow();
    expect(events).toEqual([]);
  });
});

describe('observers', () => {
  it('are called while the operation runs, with the account as it is at the event', () => {
    const simulator = exchange();
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.1', price: '49000' });
    simulator.placeOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.2', price: '48000' });
    const [during, after]: [string[], string[]] = [[], []];
    const held = (): string => String(simulator.truth().positions[0]?.quantity);
    simulator.observe((events) => {
      if (events.some((event) => event.kind === 'positionChanged')) during.push(held());
    });
    simulator.listen((events) => {
      if (events.some((event) => event.kind === 'positionChanged')) after.push(held());
    });

    simulator.setPrice('BTCUSDT', '48000');

    expect(during).toEqual(['0.1', '0.3']);
    expect(after).toEqual(['0.3', '0.3']);
  });
});

describe('a venue', () => {
  it('reports a position as changed, and keeps reducing orders where the exchange does', () => {
    const simulator = exchange({ whenClosed: 'KEEP' });
    const common = { symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.1' } as const;
    simulator.placeOrder({ ...common, side: 'BUY' });
    simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: '40000',
      closePosition: true,
    });
    const events = record(simulator);

    simulator.clock.advance(5);
    simulator.touch('BTCUSDT', 'BOTH');
    simulator.placeOrder({ ...common, side: 'SELL' });

    expect(events[0]).toMatchObject({ kind: 'positionChanged', position: { updatedAtMs: 1_700_000_000_005 } });
    expect(simulator.activeOrders).toMatchObject([{ type: 'STOP_MARKET', closePosition: true }]);
    simulator.setPrice('BTCUSDT', '39000');
    expect(simulator.activeOrders).toEqual([]);
  });

  it('ends an order for reasons of its own', () => {
    const simulator = exchange();
    const { id } = simulator.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '40000',
    });

    expect(simulator.end(id, 'EXPIRED', 'ADMINISTRATION')).toMatchObject({ status: 'EXPIRED', end: 'ADMINISTRATION' });
  });
});
