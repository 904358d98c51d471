import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';
import { ccxtOrderKey, newestIn, positiveIn, SIDES } from './read-fields.js';

const ACTIVE = { open: 'NEW', NEW_ADL: 'NEW', NEW_INSURANCE: 'NEW', canceling: 'PENDING_CANCEL' } as const;
/** `triggered`: a conditional order that has become another one. */
const ENDED = { closed: 'FILLED', triggered: 'FILLED', canceled: 'CANCELLED', cancelled: 'CANCELLED' } as const;
const STATES = { ...ACTIVE, ...ENDED, expired: 'EXPIRED', rejected: 'REJECTED' } as const;
const ORDER_SIDES = { buy: 'BUY', sell: 'SELL' } as const;
/** Where exchanges name the position of the hedge mode that an order is for. */
const POSITION_SIDE_FIELDS = ['positionSide', 'ps', 'posSide', 'positionIdx'];
const FLAGS: Readonly<Record<string, boolean>> = { true: true, false: false };
/** ccxt reduces most types to limit and market; the exchange's own words for them are in these fields of `info`. */
const TYPE_FIELDS = 'type origType orderType strategyType o ot stopOrderType planType ordType'.split(' ');
const TRAILING = /trail|move_order_stop|moving_plan|track_plan/;
const TAKE_PROFIT = /take[-_ ]?profit|touched|pos_profit|profit_plan/;
const CONDITIONAL = /stop|loss|profit|touched|trigger|conditional|oco/;
const ROUNDING = 1 + 1e-9;

type TypeAndPrices = Pick<EngineOrderUpdate, 'orderType' | 'price' | 'triggerPrice'>;

/** An order of ccxt's; `executedBefore` is asked, by {@link ccxtOrderKey}, where it does not say how much is filled. */
export function mapCcxtOrder(
  order: object,
  options: CcxtOptions = {},
  executedBefore?: (key: string) => number | undefined,
): EngineOrderUpdate {
  const fields = order instanceof Fields ? order : new Fields(order, 'order');
  const symbol = fields.text('symbol');
  const customOrderId = fields.has('clientOrderId') ? fields.id('clientOrderId') : '';
  const info: Info = { ...Object(fields.raw('info')) };
  // OKX: ccxt takes the algo order's id for the order that it made, too, which alone says what is filled.
  const ids = info['accFillSz'] === undefined ? fields : fields.object('info').renamed({ id: ['ordId'] });
  const isAlgo = ids === fields && (info['algoId'] ?? info['aid']) !== undefined;
  const exchangeOrderId = ids.has('id') || customOrderId === '' ? ccxtOrderKey(symbol, ids.id('id'), isAlgo) : '';
  const state = fields.oneOf('status', STATES);
  const isActive = state === 'NEW' || state === 'PENDING_CANCEL';
  const amount = fields.numberIfGiven('amount');
  const filled = fields.numberIfGiven('filled') ?? (state === 'FILLED' ? amount : undefined);
  const executedQuantity = filled ?? executedBefore?.(exchangeOrderId) ?? 0;
  const typeAndPrices = orderTypeIn(fields, info, isActive && executedQuantity === 0);
  // Binance says so by a flag; elsewhere a conditional order without an amount closes the position.
  const closes = FLAGS[String(info['closePosition'] ?? info['cp'])];
  const closePosition = closes ?? ((amount === undefined && typeAndPrices.triggerPrice !== undefined) || undefined);
  const originalQuantity = amount ?? (isActive && closePosition !== true ? fields.number('amount') : executedQuantity);
  const isTooMuch = executedQuantity > originalQuantity * ROUNDING && closePosition !== true;
  if (originalQuantity < 0 || executedQuantity < 0 || isTooMuch) {
    throw fields.error('filled', `expected 0 to ${originalQuantity}, received ${executedQuantity}`);
  }
  return {
    exchangeOrderId,
    customOrderId,
    symbol,
    orderSide: fields.oneOf('side', ORDER_SIDES),
    positionSide: POSITION_SIDE_FIELDS.map((name) => SIDES[String(info[name]).toLowerCase()]).find(Boolean) ?? 'NONE',
    ...typeAndPrices,
    status: state !== 'NEW' || !executedQuantity ? state : executedQuantity === amount ? 'FILLED' : 'PARTIALLY_FILLED',
    originalQuantity,
    executedQuantity,
    averagePrice: positiveIn(fields, 'average'),
    timeInForce: fields.textIfGiven('timeInForce') || undefined,
    closePosition,
    createdAtMs: newestIn(fields, 'timestamp'),
    updatedAtMs: newestIn(fields, 'timestamp', 'lastTradeTimestamp', 'lastUpdateTimestamp'),
    isreduceOnly: fields.flagIfGiven('reduceOnly'),
    ...options.refineOrder?.(info),
  };
}

/** The nearest type that the store knows. An order that is resting is active, and nothing of it is filled. */
function orderTypeIn(fields: Fields, info: Info, isResting: boolean): TypeAndPrices {
  const type = fields.textIfGiven('type').toLowerCase();
  const words = [type, ...TYPE_FIELDS.map((name) => info[name])].filter((word) => typeof word === 'string');
  const names = words.join(' ').toLowerCase();
  // ccxt fills in the average price where a market order has none.
  const price = type.includes('market') ? 0 : (positiveIn(fields, 'price') ?? 0);
  const stopLoss = positiveIn(fields, 'stopLossPrice');
  const takeProfit = positiveIn(fields, 'takeProfitPrice');
  // Exits of the position that the order opens, unless it opens none, or is a market order that waits.
  const hasExits = type === 'limit' ? fields.raw('reduceOnly') !== true : type === 'market' && !isResting;
  const triggerPrice = positiveIn(fields, 'triggerPrice') ?? (hasExits ? undefined : (stopLoss ?? takeProfit));
  if (TRAILING.test(names)) return { orderType: 'TRAILING_STOP_MARKET', triggerPrice, price };
  if (triggerPrice === undefined && !CONDITIONAL.test(type)) {
    return { orderType: price > 0 || type.includes('limit') ? 'LIMIT' : 'MARKET', triggerPrice, price };
  }
  // Bybit's orders "if touched": to buy when the price has fallen (2), to sell when it has risen (1).
  const isTouched = String(info['triggerDirection']) === (fields.raw('side') === 'buy' ? '2' : '1');
  const isOnlyProfit = takeProfit !== undefined && takeProfit === triggerPrice && stopLoss !== triggerPrice;
  const kind = TAKE_PROFIT.test(names) || isTouched || isOnlyProfit ? 'TAKE_PROFIT' : 'STOP';
  return { orderType: price > 0 ? kind : `${kind}_MARKET`, triggerPrice, price };
}
