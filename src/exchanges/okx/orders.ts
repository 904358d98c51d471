import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { Fields } from '../shared/fields.js';
import { fieldsOf, isSpot, symbolKeyOf } from './instruments.js';

const POSITION_SIDES = { net: 'NONE', long: 'LONG', short: 'SHORT' } as const;
/** An algo order that was triggered is over: what goes on is the order that it became, which has an id of its own. */
const STATES = {
  ...({ live: 'NEW', partially_filled: 'PARTIALLY_FILLED', filled: 'FILLED', canceled: 'CANCELLED' } as const),
  ...({ mmp_canceled: 'CANCELLED', pause: 'NEW', partially_effective: 'PARTIALLY_FILLED' } as const),
  ...({ effective: 'EXPIRED', order_failed: 'REJECTED', partially_failed: 'REJECTED' } as const),
};
const TYPES: Readonly<Record<string, 'LIMIT' | 'MARKET'>> = {
  ...({ market: 'MARKET', optimal_limit_ioc: 'MARKET', limit: 'LIMIT', post_only: 'LIMIT', fok: 'LIMIT' } as const),
  ...({ ioc: 'LIMIT', op_fok: 'LIMIT', mmp: 'LIMIT', mmp_and_post_only: 'LIMIT', elp: 'LIMIT', rpi: 'LIMIT' } as const),
};
/** `limits`: limit orders that follow each other, or the best price. */
const ALGO_TYPES = {
  ...({ conditional: 'exit', oco: 'exit', trigger: 'trigger', move_order_stop: 'trailing' } as const),
  ...({ iceberg: 'limits', smart_iceberg: 'limits', twap: 'limits', chase: 'limits' } as const),
};

/** The id under which an algo order is held: algo orders have an id space of their own. */
export function okxAlgoOrderKey(algoId: string): string {
  return `algo:${algoId}`;
}

/** An order of the channel `orders`, or of REST. Exit orders attached to it become algo orders when it is filled. */
export function mapOkxOrder(given: object): EngineOrderUpdate {
  const entry = fieldsOf(given, 'order');
  const type = entry.text('ordType');
  const isMarket = entry.oneOf('ordType', TYPES) === 'MARKET';
  const price = isMarket ? 0 : entry.amount('px');
  const averagePrice = entry.numberOrNone('avgPx');
  const executedQuantity = entry.raw('accFillSz') === '' ? 0 : entry.amount('accFillSz');
  return {
    ...commonFieldsOf(entry),
    exchangeOrderId: entry.id('ordId'),
    customOrderId: entry.textIfGiven('clOrdId'),
    orderType: isMarket ? 'MARKET' : 'LIMIT',
    status: entry.oneOf('state', STATES),
    price,
    originalQuantity: quantityOf(entry, entry.amount('sz'), isMarket, averagePrice || price, executedQuantity),
    executedQuantity,
    averagePrice,
    triggerPrice: 0,
    timeInForce: type === 'limit' || type === 'market' ? undefined : type,
    updatedAtMs: entry.time('uTime'),
  };
}

/**
 * An order of the channels `orders-algo` and `algo-advance` (which has no `uTime`), or of REST. Nothing of it is ever
 * executed: the orders that it places report their fills themselves. An `oco` is held as its stop loss.
 */
export function mapOkxAlgoOrder(given: object): EngineOrderUpdate {
  const entry = fieldsOf(given, 'algoOrder');
  const common = commonFieldsOf(entry);
  const terms = algoTermsOf(entry);
  const closePosition = entry.numberIfGiven('closeFraction') === 1;
  const size = closePosition && !entry.has('sz') ? 0 : entry.amount('sz');
  return {
    ...common,
    ...terms,
    exchangeOrderId: okxAlgoOrderKey(entry.id('algoId')),
    customOrderId: entry.textIfGiven('algoClOrdId'),
    status: entry.oneOf('state', STATES),
    originalQuantity: quantityOf(entry, size, terms.price === 0, terms.triggerPrice || terms.price, 0),
    executedQuantity: 0,
    closePosition,
    updatedAtMs: entry.time('uTime') || Math.max(common.createdAtMs, entry.time('triggerTime')),
  };
}

/** A stop waits for a price beyond the last one, a take profit for a better one; `-1` as its limit means market. */
function algoTermsOf(entry: Fields): Pick<EngineOrderUpdate, 'orderType' | 'price' | 'triggerPrice'> {
  const kind = entry.oneOf('ordType', ALGO_TYPES);
  const amount = (name: string) => (entry.has(name) ? entry.amount(name) : undefined);
  if (kind === 'limits') return { orderType: 'LIMIT', price: amount('pxLimit') ?? 0, triggerPrice: 0 };
  const trailPrice = amount('moveTriggerPx');
  if (kind === 'trailing') return { orderType: 'TRAILING_STOP_MARKET', price: 0, triggerPrice: trailPrice };
  const exit = kind === 'trigger' ? '' : entry.has('slTriggerPx') ? 'sl' : 'tp';
  const triggerPrice = entry.amount(exit ? `${exit}TriggerPx` : 'triggerPx');
  const price = Math.max(entry.numberIfGiven(exit ? `${exit}OrdPx` : 'ordPx') ?? 0, 0);
  const last = entry.numberIfGiven('last') ?? triggerPrice;
  const isBetter = entry.raw('side') === 'buy' ? triggerPrice < last : triggerPrice > last;
  const name = exit === 'tp' || (exit === '' && isBetter) ? 'TAKE_PROFIT' : 'STOP';
  return { orderType: price > 0 ? name : `${name}_MARKET`, price, triggerPrice };
}

/** What orders and algo orders have in common. Those of SPOT have no position side. */
function commonFieldsOf(entry: Fields) {
  return {
    symbol: symbolKeyOf(entry, 'tdMode'),
    orderSide: entry.oneOf('side', { buy: 'BUY', sell: 'SELL' } as const),
    positionSide: entry.has('posSide') ? entry.oneOf('posSide', POSITION_SIDES) : 'NONE',
    createdAtMs: entry.time('cTime'),
    isreduceOnly: entry.flagIfGiven('reduceOnly'),
  } as const;
}

/** A size in the quote currency, as a spot market buy's, is counted at `price`; it is at least what is executed. */
function quantityOf(entry: Fields, size: number, isMarket: boolean, price: number, executed: number): number {
  const isByDefault = isSpot(entry) && isMarket && entry.raw('side') === 'buy';
  const isInQuote = entry.has('tgtCcy') ? entry.oneOf('tgtCcy', { quote_ccy: true, base_ccy: false }) : isByDefault;
  if (isInQuote) return Math.max(price > 0 ? size / price : 0, executed);
  if (executed <= size * (1 + 1e-9)) return size;
  throw entry.error('accFillSz', `expected at most the size ${size}, received ${executed}`);
}
