import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type { SimulatorTruth } from '../simulator/exchange-simulator.js';
import type { OrderView } from '../simulator/order.js';

export type Facts = Readonly<Record<string, unknown>>;

/** How an adapter calls what the simulator knows by its own names. */
export interface StoreKeys {
  symbol(symbol: string, marginMode: 'CROSS' | 'ISOLATED'): string;
  order(order: OrderView): string;
  /** Orders that the exchange lists under a name that the store does not use. Default: as the simulator calls it. */
  orderType?(order: OrderView): string;
  /** Whether positions have a leverage. Default: yes. */
  readonly hasLeverage?: boolean;
  /** What the store must have of an asset. Default: the wallet's balance. */
  balance?(asset: string, truth: SimulatorTruth): number;
  /** What else a position and an order must have in the store, by the names of its fields. Default: nothing. */
  ofPosition?(position: SimulatorTruth['positions'][number], truth: SimulatorTruth): Facts;
  ofOrder?(order: OrderView): Facts;
}

/** What is compared of a store. */
export type ComparedStore = Pick<
  AccountStateStore,
  'getAllPositions' | 'getOrders' | 'getSymbolLeverage' | 'getWalletBalances'
>;

const TOLERANCE = 1e-9;

/** What the store has and the exchange has not, or the other way round; one line for each difference. */
export function differences(store: ComparedStore, truth: SimulatorTruth, keys: StoreKeys): string[] {
  const expected = {
    ...expectedPositions(truth, keys),
    ...expectedOrders(truth, keys),
    ...expectedBalances(truth, keys),
  };
  const actual = { ...heldPositions(store), ...heldOrders(store), ...balancesOf(store.getWalletBalances()) };
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
  return [
    ...names.flatMap((name) => difference(name, expected[name], actual[name])),
    ...truth.positions.flatMap(({ symbol, leverage, marginMode }) => {
      const held = store.getSymbolLeverage(keys.symbol(symbol, marginMode));
      const expected = keys.hasLeverage === false ? undefined : Number(leverage);
      return held === expected ? [] : [`leverage of ${symbol}: expected ${expected}, received ${held}`];
    }),
  ];
}

function difference(name: string, expected: Facts | undefined, actual: Facts | undefined): string[] {
  if (expected === undefined) return [`${name}: not at the exchange`];
  if (actual === undefined) return [`${name}: not in the store`];
  return Object.entries(expected).flatMap(([field, value]) => {
    const held = actual[field];
    const isEqual = typeof value === 'number' && typeof held === 'number' ? isClose(value, held) : value === held;
    return isEqual ? [] : [`${name} ${field}: expected ${value}, received ${held}`];
  });
}

function isClose(one: number, other: number): boolean {
  return Math.abs(one - other) <= TOLERANCE * Math.max(Math.abs(one), Math.abs(other));
}

function expectedPositions(truth: SimulatorTruth, keys: StoreKeys): Record<string, Facts> {
  return Object.fromEntries(
    truth.positions.map((position) => [
      `position ${position.side} ${keys.symbol(position.symbol, position.marginMode)}`,
      {
        quantity: Number(position.quantity),
        entryPrice: Number(position.entryPrice),
        ...keys.ofPosition?.(position, truth),
      },
    ]),
  );
}

function heldPositions(store: ComparedStore): Record<string, Facts> {
  return Object.fromEntries(
    store
      .getAllPositions()
      .map((position) => [
        `position ${position.positionSide} ${position.symbol}`,
        { ...position, quantity: Math.abs(position.assetQty), entryPrice: position.positionPrice },
      ]),
  );
}

function expectedOrders({ orders }: SimulatorTruth, keys: StoreKeys): Record<string, Facts> {
  return Object.fromEntries(
    orders.map((order) => [
      `order ${keys.order(order)}`,
      {
        side: order.side,
        type: keys.orderType?.(order) ?? order.type,
        status: order.status,
        price: Number(order.price),
        // A trailing stop has no trigger of its own until it is active.
        ...(order.trailing === undefined ? { triggerPrice: Number(order.triggerPrice) } : {}),
        ...(order.closePosition ? {} : { quantity: Number(order.quantity) }),
        executed: Number(order.executed),
        clientId: order.clientId,
        ...keys.ofOrder?.(order),
      },
    ]),
  );
}

function heldOrders(store: ComparedStore): Record<string, Facts> {
  return Object.fromEntries(
    store.getOrders().map((order) => [
      `order ${order.exchangeOrderId}`,
      {
        ...order,
        side: order.orderSide,
        type: order.orderType,
        status: order.status,
        price: order.price,
        triggerPrice: order.triggerPrice ?? 0,
        quantity: order.originalQuantity,
        executed: order.executedQuantity,
        clientId: order.customOrderId,
      },
    ]),
  );
}

function expectedBalances(truth: SimulatorTruth, keys: StoreKeys): Record<string, Facts> {
  const assets = Object.entries(truth.balances);
  return balancesOf(
    Object.fromEntries(assets.map(([asset, balance]) => [asset, keys.balance?.(asset, truth) ?? balance])),
  );
}

/** Assets without a balance are not told apart from those that are not there. */
function balancesOf(balances: Readonly<Record<string, string | number>>): Record<string, Facts> {
  const entries = Object.entries(balances).filter(([, balance]) => Number(balance) !== 0);
  return Object.fromEntries(entries.map(([asset, balance]) => [`balance ${asset}`, { balance: Number(balance) }]));
}
