import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';
import { ccxtOrderKey, sideIn } from './read-fields.js';

type Status = EngineOrderUpdate['status'];
type Executed = (key: string) => number | undefined;
type TypeAndPrices = Pick<EngineOrderUpdate, 'orderType' | 'price' | 'triggerPrice'>;
const each = (status: Status, words: string) => Object.fromEntries(words.split(' ').map((word) => [word, status]));
/** ccxt's own words, and those of exchanges that it passes on. `triggered`: the order has become another one. */
const STATES: Readonly<Record<string, Status>> = {
  ...each('NEW', 'open NEW_ADL NEW_INSURANCE PENDING_NEW PENDING QUEUED BEST_EFFORT_OPENED pause executing _update 1'),
  ...each('PENDING_CANCEL', 'canceling CANCEL_QUEUED'),
  ...each('FILLED', 'closed'),
  ...each('CANCELLED', 'canceled cancelled auto_deleveraged reduce_only reduce_out position_closed stp inactive'),
  ...each('EXPIRED', 'expired triggered'),
  ...each('REJECTED', 'rejected partially_failed invalid'),
};
/** ccxt reduces most types to limit and market; the exchange's own words for them are in these fields of `info`. */
const TYPE_FIELDS = 'type origType orderType strategyType o ot stopOrderType planType ordType'.split(' ');
const TRAILING = /trail|move_order_stop|moving_plan|track_plan/;
const TAKE_PROFIT = /take[-_ ]?profit|touched|pos_profit|profit_plan/;
const CONDITIONAL = /stop|loss|profit|touched|trigger|conditional|oco/;

/** An order of ccxt's; `executedBefore` is asked, by {@link ccxtOrderKey}, where it does not say how much is filled. */
export function mapCcxtOrder(order: object, options: CcxtOptions = {}, executedBefore?: Executed): EngineOrderUpdate {
  const fields = order instanceof Fields ? order : new Fields(order, 'order');
  const symbol = fields.text('symbol');
  const customOrderId = fields.has('clientOrderId') ? fields.id('clientOrderId') : '';
  const info: Info = { ...Object(fields.raw('info')) };
  // OKX: ccxt takes the algo order's id for the order that it made, too, which alone says what is filled.
  const ids = info['accFillSz'] === undefined ? fields : fields.object('info').renamed({ id: ['ordId'] });
  const isAlgo = ids === fields && (info['algoId'] ?? info['aid']) !== undefined;
  const exchangeOrderId = ids.has('id') || customOrderId === '' ? ccxtOrderKey(symbol, ids.id('id'), isAlgo) : '';
  // An order that places another one is over then, and never filled itself, although ccxt says so.
  const isPlan = isAlgo || info['planType'] !== undefined;
  // Kraken Futures has no status as long as an order is open.
  const told = !fields.has('status') && fields.has('remaining') ? 'NEW' : fields.oneOf('status', STATES);
  const state = isPlan && told === 'FILLED' ? 'EXPIRED' : told;
  const isActive = state === 'NEW' || state === 'PENDING_CANCEL';
  const amount = fields.has('amount') ? fields.amount('amount') : undefined;
  const filled = fields.has('filled') ? fields.amount('filled') : state === 'FILLED' ? amount : undefined;
  const executedQuantity = isPlan ? 0 : (filled ?? executedBefore?.(exchangeOrderId) ?? 0);
  const typeAndPrices = orderTypeIn(fields, info, isActive && executedQuantity === 0);
  // Binance says so by a flag; elsewhere a conditional order without an amount closes the position.
  const closes = [info['closePosition'], info['cp']].find((flag): flag is boolean => typeof flag === 'boolean');
  const closePosition = closes ?? ((amount === undefined && typeAndPrices.triggerPrice !== undefined) || undefined);
  // A market order can be for an amount of the quote currency, which `cost` has then.
  const isKnown = !isActive || closePosition === true || (typeAndPrices.orderType === 'MARKET' && fields.has('cost'));
  const originalQuantity = amount ?? (isKnown ? executedQuantity : fields.number('amount'));
  if (executedQuantity > originalQuantity * (1 + 1e-9) && closePosition !== true) {
    throw fields.error('filled', `expected at most ${originalQuantity}, received ${executedQuantity}`);
  }
  return {
    exchangeOrderId,
    customOrderId,
    symbol,
    orderSide: fields.oneOf('side', { buy: 'BUY', sell: 'SELL' } as const),
    positionSide: sideIn(info) ?? 'NONE',
    ...typeAndPrices,
    status: state !== 'NEW' || !executedQuantity ? state : executedQuantity === amount ? 'FILLED' : 'PARTIALLY_FILLED',
    originalQuantity,
    executedQuantity,
    averagePrice: fields.positiveIfGiven('average'),
    timeInForce: fields.textIfGiven('timeInForce') || undefined,
    closePosition,
    createdAtMs: fields.newest('timestamp'),
    updatedAtMs: fields.newest('timestamp', 'lastTradeTimestamp', 'lastUpdateTimestamp'),
    isreduceOnly: fields.flagIfGiven('reduceOnly'),
    ...options.refineOrder?.(info),
  };
}

/** The nearest type that the store knows. An order that is resting is active, and nothing of it is filled. */
function orderTypeIn(fields: Fields, info: Info, isResting: boolean): TypeAndPrices {
  const type = fields.textIfGiven('type').toLowerCase();
  const names = [type, ...TYPE_FIELDS.map((name) => info[name])].join(' ').toLowerCase();
  const [stopLoss, takeProfit] = ['stopLossPrice', 'takeProfitPrice'].map((name) => fields.positiveIfGiven(name));
  // Exits of the position that the order opens, unless it opens none, or is a market order that waits (not on OKX).
  const isEntry = type === 'limit' ? fields.raw('reduceOnly') !== true : type === 'market' && !isResting;
  const exit = isEntry || info['accFillSz'] !== undefined ? undefined : (stopLoss ?? takeProfit);
  const triggerPrice = fields.positiveIfGiven('triggerPrice') ?? exit;
  // ccxt fills in the average price where a market order has none, and leaves out those of OKX's exits.
  const exitPrice = Math.max(Number(exit && info[exit === stopLoss ? 'slOrdPx' : 'tpOrdPx']), 0) || 0;
  const price = type.includes('market') ? 0 : (fields.positiveIfGiven('price') ?? exitPrice);
  if (TRAILING.test(names)) return { orderType: 'TRAILING_STOP_MARKET', triggerPrice, price };
  const plain = price > 0 || /limit|iceberg|twap|chase/.test(type) ? 'LIMIT' : 'MARKET';
  if (triggerPrice === undefined && !CONDITIONAL.test(type)) return { orderType: plain, triggerPrice, price };
  // Bybit's orders "if touched": to buy when the price has fallen (2), to sell when it has risen (1). OKX has `last`.
  const isBuy = fields.raw('side') === 'buy';
  const isTouched = String(info['triggerDirection']) === (isBuy ? '2' : '1');
  const rise = type === 'trigger' ? (Number(triggerPrice) - Number(info['last'])) * (isBuy ? -1 : 1) : 0;
  const isOnlyProfit = takeProfit !== undefined && takeProfit === triggerPrice && stopLoss !== triggerPrice;
  const kind = TAKE_PROFIT.test(names) || isTouched || rise > 0 || isOnlyProfit ? 'TAKE_PROFIT' : 'STOP';
  return { orderType: price > 0 ? kind : `${kind}_MARKET`, triggerPrice, price };
}
