import { Decimal } from '../decimal.js';
import { isActive, isConditional, type OrderView, type TimeInForce } from '../order.js';
import type { PositionSide } from '../position.js';
import { algoAnswer, listedAlgo } from './algo-messages.js';
import { BinanceError } from './binance-error.js';
import type { Json, JsonObject } from './json-text.js';
import { exchangeId } from './order-ids.js';
import { clientOrderId, listedOrder, listedTrade, orderAcknowledgement, orderAnswer } from './order-messages.js';
import { missing, type RequestParams } from './request-params.js';
import type { Endpoint } from './rest-service.js';
import type { Venue } from './venue.js';

const SIDES = ['BUY', 'SELL'] as const;
const POSITION_SIDES = ['BOTH', 'LONG', 'SHORT'] as const;
const PLAIN_TYPES = ['LIMIT', 'MARKET'] as const;
const ALGO_TYPES = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'] as const;
const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD', 'GTE_GTC'] as const;
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const ALL_CANCELLED = { code: 200, msg: 'The operation of cancel all open order is done.' };

/** The endpoints of orders, plain and conditional. */
export function tradeEndpoints(venue: Venue): Readonly<Record<string, Endpoint>> {
  const signed = (answer: (params: RequestParams) => Json): Endpoint => ({ access: 'SIGNED', answer });
  return {
    'POST /fapi/v1/order': signed((params) => placeOrder(venue, params)),
    'PUT /fapi/v1/order': signed((params) => modifyOrder(venue, params)),
    'DELETE /fapi/v1/order': signed((params) => cancelOrder(venue, params)),
    'GET /fapi/v1/order': signed((params) => listed(venue, knownOrder(venue, params))),
    'GET /fapi/v1/openOrder': signed((params) => {
      const order = knownOrder(venue, params);
      if (!isActive(order)) throw noSuchOrder();
      return listed(venue, order);
    }),
    'GET /fapi/v1/openOrders': signed((params) => openOrders(venue, params).map((order) => listed(venue, order))),
    'GET /fapi/v1/allOrders': signed((params) => {
      const { symbol } = venue.instrument(params.required('symbol'));
      return venue.orders.filter((order) => order.symbol === symbol).map((order) => listed(venue, order));
    }),
    'DELETE /fapi/v1/allOpenOrders': signed((params) => {
      const { symbol } = venue.instrument(params.required('symbol'));
      venue.engine.cancelAll((order) => order.symbol === symbol && !isConditional(order.type));
      return ALL_CANCELLED;
    }),
    'GET /fapi/v1/userTrades': signed((params) => userTrades(venue, params)),
    'POST /fapi/v1/algoOrder': signed((params) => placeAlgo(venue, params)),
    'DELETE /fapi/v1/algoOrder': signed((params) => cancelAlgo(venue, params)),
    'GET /fapi/v1/algoOrder': signed((params) => listedAlgo(venue, knownAlgo(venue, params))),
    'GET /fapi/v1/openAlgoOrders': signed((params) => openAlgos(venue, params).map((algo) => listedAlgo(venue, algo))),
    'GET /fapi/v1/allAlgoOrders': signed((params) => {
      const { symbol } = venue.instrument(params.required('symbol'));
      return venue.algoOrders.filter((algo) => algo.symbol === symbol).map((algo) => listedAlgo(venue, algo));
    }),
    'DELETE /fapi/v1/algoOpenOrders': signed((params) => {
      const { symbol } = venue.instrument(params.required('symbol'));
      venue.engine.cancelAll((order) => order.symbol === symbol && isConditional(order.type));
      return ALL_CANCELLED;
    }),
  };
}

// Plain orders

function placeOrder(venue: Venue, params: RequestParams): JsonObject {
  const instrument = venue.instrument(params.required('symbol'));
  const typeText = params.required('type');
  if (ALGO_TYPES.some((type) => type === typeText)) {
    throw new BinanceError(
      -4120,
      'Order type not supported for this endpoint. Please use the Algo Order API endpoints.',
    );
  }
  const type = params.oneOf('type', PLAIN_TYPES, new BinanceError(-1116, 'Invalid orderType.'));
  if (type === 'MARKET' && params.optional('timeInForce') !== undefined) {
    throw new BinanceError(-1106, "Parameter 'timeInForce' sent when not required.");
  }
  if (type === 'LIMIT' && params.optional('timeInForce') === undefined) throw missing('timeInForce');
  const order = venue.engine.placeOrder({
    ...commonTerms(venue, params, 'newClientOrderId'),
    symbol: instrument.symbol,
    type,
    quantity: decimal(params, 'quantity'),
    ...(type === 'LIMIT' ? { price: decimal(params, 'price') } : {}),
  });
  if (!venue.isRecorded(order)) throw atOnceRefusal(order);
  const isFull = params.optional('newOrderRespType') === 'RESULT';
  return isFull ? orderAnswer(instrument, order) : orderAcknowledgement(instrument, order);
}

function modifyOrder(venue: Venue, params: RequestParams): JsonObject {
  const order = knownOrder(venue, params);
  const quantity = decimal(params, 'quantity');
  const price = decimal(params, 'price');
  const isSame = Decimal.of(quantity).compare(Decimal.of(order.quantity)) === 0;
  if (isSame && Decimal.of(price).compare(Decimal.of(order.price)) === 0) {
    throw new BinanceError(-5027, 'No need to modify the order.');
  }
  return orderAnswer(venue.instrument(order.symbol), venue.engine.amend(order.id, { quantity, price }));
}

function cancelOrder(venue: Venue, params: RequestParams): JsonObject {
  const order = findOrder(venue, params);
  if (order === undefined || !isActive(order)) throw new BinanceError(-2011, 'Unknown order sent.');
  return orderAnswer(venue.instrument(order.symbol), venue.engine.cancel(order.id));
}

function openOrders(venue: Venue, params: RequestParams): readonly OrderView[] {
  const symbol = params.optional('symbol');
  if (symbol !== undefined) venue.instrument(symbol);
  return venue.orders.filter((order) => isActive(order) && (symbol === undefined || order.symbol === symbol));
}

function listed(venue: Venue, order: OrderView): JsonObject {
  return listedOrder(venue.instrument(order.symbol), order);
}

/** The order of an id or a client's id; the newest of those with the same client's id. */
function findOrder(venue: Venue, params: RequestParams): OrderView | undefined {
  const { symbol } = venue.instrument(params.required('symbol'));
  const id = params.optional('orderId');
  const clientId = params.optional('origClientOrderId');
  if (id === undefined && clientId === undefined) {
    throw new BinanceError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  }
  const own = venue.orders.filter((order) => order.symbol === symbol);
  return own.filter((order) => (id === undefined ? clientOrderId(order) === clientId : isId(order, id))).at(-1);
}

function knownOrder(venue: Venue, params: RequestParams): OrderView {
  const order = findOrder(venue, params);
  if (order === undefined) throw noSuchOrder();
  return order;
}

function isId(order: OrderView, id: string): boolean {
  return exchangeId(order.id).toString() === id;
}

function noSuchOrder(): BinanceError {
  return new BinanceError(-2013, 'Order does not exist.');
}

function userTrades(venue: Venue, params: RequestParams): Json {
  const instrument = venue.instrument(params.required('symbol'));
  const orderId = params.optional('orderId');
  return venue.engine.fills
    .filter((fill) => fill.symbol === instrument.symbol)
    .filter((fill) => orderId === undefined || exchangeId(fill.orderId).toString() === orderId)
    .map((fill) => {
      const order = venue.engine.order(fill.orderId);
      return listedTrade(instrument, fill, order?.positionSide ?? 'BOTH');
    });
}

/** Orders that must, or must not, be filled at once are refused without a trace. */
function atOnceRefusal(order: OrderView): BinanceError {
  return order.end === 'POST_ONLY'
    ? new BinanceError(-5022, 'Post Only order will be rejected.')
    : new BinanceError(-5021, 'FOK order has been rejected.');
}

// Conditional orders

function placeAlgo(venue: Venue, params: RequestParams): JsonObject {
  const instrument = venue.instrument(params.required('symbol'));
  params.oneOf('algoType', ['CONDITIONAL'], new BinanceError(-1102, 'Invalid algoType.'));
  const type = params.oneOf('type', ALGO_TYPES, new BinanceError(-1116, 'Invalid orderType.'));
  const isClosing = params.isTrue('closePosition');
  if (isClosing && params.optional('quantity') !== undefined) {
    throw new BinanceError(-4136, 'Target strategy invalid for orderType with closePosition.');
  }
  const terms = commonTerms(venue, params, 'clientAlgoId');
  if (isClosing) checkSingleClose(venue, terms.side, terms.positionSide, type, instrument.symbol);
  const algo = venue.engine.placeOrder({
    ...terms,
    symbol: instrument.symbol,
    type,
    ...(isClosing ? { closePosition: true } : { quantity: decimal(params, 'quantity') }),
    ...(type === 'STOP' || type === 'TAKE_PROFIT' ? { price: decimal(params, 'price') } : {}),
    ...(type === 'TRAILING_STOP_MARKET'
      ? { trailing: trailingOf(params) }
      : { triggerPrice: decimal(params, 'triggerPrice') }),
  });
  return algoAnswer(venue, algo);
}

/** One stop and one take-profit may close a position. */
function checkSingleClose(venue: Venue, side: string, positionSide: string, type: string, symbol: string): void {
  const same = venue.algoOrders.filter((algo) => isActive(algo) && algo.closePosition && algo.symbol === symbol);
  if (same.some((algo) => algo.side === side && algo.positionSide === positionSide && algo.type === type)) {
    throw new BinanceError(-4130, 'An open stop or take profit order with GTE and closePosition is existing.');
  }
}

function trailingOf(params: RequestParams): { readonly rate: string; readonly activationPrice?: string } {
  const rate = Decimal.of(decimal(params, 'callbackRate')).dividedBy(Decimal.of('100')).toString();
  return params.optional('activatePrice') === undefined
    ? { rate }
    : { rate, activationPrice: decimal(params, 'activatePrice') };
}

function cancelAlgo(venue: Venue, params: RequestParams): JsonObject {
  const algo = findAlgo(venue, params);
  if (algo === undefined || !isActive(algo)) throw new BinanceError(-2011, 'Unknown order sent.');
  venue.engine.cancel(algo.id);
  return { algoId: exchangeId(algo.id), clientAlgoId: clientOrderId(algo), code: '200', msg: 'success' };
}

function openAlgos(venue: Venue, params: RequestParams): readonly OrderView[] {
  const symbol = params.optional('symbol');
  const id = params.optional('algoId');
  if (symbol !== undefined) venue.instrument(symbol);
  return venue.algoOrders.filter(
    (algo) =>
      isActive(algo) && (symbol === undefined || algo.symbol === symbol) && (id === undefined || isId(algo, id)),
  );
}

function findAlgo(venue: Venue, params: RequestParams): OrderView | undefined {
  const id = params.optional('algoId');
  const clientId = params.optional('clientAlgoId');
  if (id === undefined && clientId === undefined) {
    throw new BinanceError(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!");
  }
  return venue.algoOrders
    .filter((algo) => (id === undefined ? clientOrderId(algo) === clientId : isId(algo, id)))
    .at(-1);
}

function knownAlgo(venue: Venue, params: RequestParams): OrderView {
  const algo = findAlgo(venue, params);
  if (algo === undefined) throw noSuchOrder();
  return algo;
}

// Terms

interface CommonTerms {
  readonly side: (typeof SIDES)[number];
  readonly positionSide: PositionSide;
  readonly clientId: string;
  readonly reduceOnly: boolean;
  readonly timeInForce: TimeInForce;
  readonly tags: Readonly<Record<string, string>>;
}

/** What plain and conditional orders share. */
function commonTerms(venue: Venue, params: RequestParams, clientIdName: string): CommonTerms {
  const isHedge = venue.engine.positionMode === 'HEDGE';
  if (isHedge && params.optional('reduceOnly') !== undefined) {
    throw new BinanceError(-1106, "Parameter 'reduceonly' sent when not required.");
  }
  const side = params.oneOf('side', SIDES, new BinanceError(-1117, 'Invalid side.'));
  const clientId = params.optional(clientIdName) ?? '';
  if (clientId !== '' && !CLIENT_ID.test(clientId)) {
    throw new BinanceError(-4015, 'Client order id is not valid.');
  }
  const invalidSide = new BinanceError(-4060, 'Invalid position side.');
  const positionSide =
    params.optional('positionSide') === undefined ? 'BOTH' : params.oneOf('positionSide', POSITION_SIDES, invalidSide);
  const invalidTime = new BinanceError(-1115, 'Invalid timeInForce.');
  const time =
    params.optional('timeInForce') === undefined ? 'GTC' : params.oneOf('timeInForce', TIMES_IN_FORCE, invalidTime);
  const isPlain = time === 'GTD' || time === 'GTE_GTC';
  const tags: Record<string, string> = isPlain ? { timeInForce: time } : {};
  for (const name of ['workingType', 'priceProtect', 'selfTradePreventionMode', 'goodTillDate']) {
    const value = params.optional(name);
    if (value !== undefined) tags[name] = value.toLowerCase() === 'true' ? 'true' : value;
  }
  return {
    side,
    positionSide,
    clientId,
    reduceOnly: params.isTrue('reduceOnly'),
    timeInForce: isPlain ? 'GTC' : time === 'GTX' ? 'POST_ONLY' : time,
    tags,
  };
}

/** A number that is above zero. */
function decimal(params: RequestParams, name: string): string {
  const text = params.required(name);
  if (!/^\d+(\.\d+)?$/.test(text)) throw missing(name);
  return Decimal.of(text).toString();
}
