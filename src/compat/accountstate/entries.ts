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
  return withNumbers(order, ORDER_NUMBERS);
}

/** The core's position with every field of `accountstate`: what is not known is NaN or, of exit prices, `undefined`. */
export const positionOfCore: (position: Readonly<CorePosition>) => Readonly<EngineSimplePosition> = remembered(
  (position) => {
    const { value = Number.NaN, valueUpnl = Number.NaN, marginValue = Number.NaN } = position;
    const { liquidationPrice = Number.NaN, stopLossPrice, takeProfitPrice } = position;
    return { ...position, value, valueUpnl, marginValue, liquidationPrice, stopLossPrice, takeProfitPrice };
  },
);

/** The core's order with every field of `accountstate`: what is not known is NaN. */
export const orderOfCore: (order: Readonly<CoreOrder>) => Readonly<EngineOrder> = remembered((order) => {
  return { ...order, averagePrice: order.averagePrice ?? Number.NaN };
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

/** A copy with numbers where text with a number was given, as exchanges send it, and without those that are NaN. */
function withNumbers<Entry extends object>(entry: Entry, names: readonly string[]): Entry {
  const numbers = names.flatMap((name) => {
    const given: unknown = Reflect.get(entry, name);
    const number = typeof given === 'string' ? Number(given) : given;
    return number === given && !Number.isNaN(number) ? [] : [[name, Number.isNaN(number) ? undefined : number]];
  });
  return { ...entry, ...Object.fromEntries(numbers) };
}
