import type { EngineOrder as CoreOrder } from '../../core/account/types/order.js';
import type { EngineSimplePosition as CorePosition } from '../../core/account/types/position.js';
import type { EngineOrder, EngineSimplePosition } from './types.js';

const POSITION_NUMBERS = [
  'timestampMs',
  'positionPrice',
  'assetQty',
  'value',
  'valueUpnl',
  'marginValue',
  'liquidationPrice',
  'stopLossPrice',
  'takeProfitPrice',
];
const ORDER_NUMBERS = [
  'price',
  'triggerPrice',
  'originalQuantity',
  'executedQuantity',
  'averagePrice',
  'createdAtMs',
  'updatedAtMs',
];

/** The position as the core takes it. */
export function positionForCore(position: EngineSimplePosition): EngineSimplePosition {
  return withNumbers(position, POSITION_NUMBERS);
}

/** The order as the core takes it. */
export function orderForCore(order: EngineOrder): EngineOrder {
  return { ...withNumbers(order, ORDER_NUMBERS), exchangeOrderId: orderIdForCore(order.exchangeOrderId) };
}

/** The id of an order as the core takes it: as text, also when it was given as a number. */
export function orderIdForCore(orderId: string): string {
  return typeof orderId === 'number' || typeof orderId === 'bigint' ? String(orderId) : orderId;
}

/** The number that was given, also as text; NaN for what is none. */
export function toNumber(given: unknown): number {
  const number = typeof given === 'string' ? Number(given) : given;
  return typeof number === 'number' ? number : Number.NaN;
}

/** The core's position with every field of `accountstate`: a number that is not known is NaN. */
export const positionOfCore: (position: Readonly<CorePosition>) => Readonly<EngineSimplePosition> = remembered(
  (position) => {
    const { timestampMs = Number.NaN, positionPrice = Number.NaN, assetQty = Number.NaN } = position;
    const {
      value = Number.NaN,
      valueUpnl = Number.NaN,
      marginValue = Number.NaN,
      liquidationPrice = Number.NaN,
    } = position;
    const { stopLossPrice, takeProfitPrice } = position;
    const amounts = { positionPrice, assetQty, value, valueUpnl, marginValue, liquidationPrice };
    return { ...position, timestampMs, ...amounts, stopLossPrice, takeProfitPrice };
  },
);

/** The core's order with every number of `accountstate`: one that is not known is NaN. */
export const orderOfCore: (order: Readonly<CoreOrder>) => Readonly<EngineOrder> = remembered((order) => {
  const {
    price = Number.NaN,
    originalQuantity = Number.NaN,
    executedQuantity = Number.NaN,
    averagePrice = Number.NaN,
  } = order;
  const { createdAtMs = Number.NaN, updatedAtMs = Number.NaN } = order;
  return { ...order, price, originalQuantity, executedQuantity, averagePrice, createdAtMs, updatedAtMs };
});

/** The same frozen result for the same snapshot, which never changes. */
function remembered<Core extends object, Own>(make: (core: Core) => Own): (core: Core) => Readonly<Own> {
  const made = new WeakMap<Core, Readonly<Own>>();
  return (core) => {
    const own = made.get(core) ?? Object.freeze(make(core));
    made.set(core, own);
    return own;
  };
}

/** A copy with numbers where text was given, as exchanges send them. */
function withNumbers<Entry extends object>(entry: Entry, names: readonly string[]): Entry {
  const numbers = names.flatMap((name) => {
    const given: unknown = Reflect.get(entry, name);
    return typeof given === 'string' ? [[name, Number(given)]] : [];
  });
  return { ...entry, ...Object.fromEntries(numbers) };
}
