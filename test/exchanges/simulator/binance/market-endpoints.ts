import { Decimal } from '../decimal.js';
import type { MarketInstrument } from '../instrument.js';
import { nextFundingTime } from './account-messages.js';
import { digitsOf, fixed } from './amounts.js';
import type { Json, JsonObject } from './json-text.js';
import type { RequestParams } from './request-params.js';
import type { Endpoint } from './rest-service.js';
import type { Venue } from './venue.js';

/** The endpoints that need no key. */
export function marketEndpoints(venue: Venue): Readonly<Record<string, Endpoint>> {
  const open = (answer: (params: RequestParams) => Json): Endpoint => ({ access: 'PUBLIC', answer });
  return {
    'GET /fapi/v1/ping': open(() => ({})),
    'GET /fapi/v1/time': open(() => ({ serverTime: nowMs(venue) })),
    'GET /fapi/v1/exchangeInfo': open(() => exchangeInfo(venue)),
    'GET /fapi/v1/premiumIndex': open((params) => perSymbol(venue, params, (symbol) => premiumIndex(venue, symbol))),
    'GET /fapi/v1/ticker/price': open((params) => perSymbol(venue, params, (symbol) => ticker(venue, symbol))),
    'GET /fapi/v2/ticker/price': open((params) => perSymbol(venue, params, (symbol) => ticker(venue, symbol))),
    'GET /fapi/v1/ticker/bookTicker': open((params) => perSymbol(venue, params, (symbol) => bookTicker(venue, symbol))),
  };
}

/** The exchange's time at a request. */
export function nowMs(venue: Venue): number {
  venue.engine.clock.tick();
  return venue.engine.clock.nowMs;
}

/** One object for the symbol that is asked for, or one of each symbol. */
function perSymbol(venue: Venue, params: RequestParams, answer: (symbol: string) => JsonObject): Json {
  const symbol = params.optional('symbol');
  if (symbol === undefined) return venue.engine.instruments.map((instrument) => answer(instrument.symbol));
  return answer(venue.instrument(symbol).symbol);
}

function premiumIndex(venue: Venue, symbol: string): JsonObject {
  const price = fixed(venue.engine.price(symbol), 8);
  return {
    symbol,
    markPrice: price,
    indexPrice: price,
    estimatedSettlePrice: price,
    lastFundingRate: '0.00010000',
    interestRate: '0.00010000',
    nextFundingTime: nextFundingTime(nowMs(venue)),
    time: nowMs(venue),
  };
}

function ticker(venue: Venue, symbol: string): JsonObject {
  const price = fixed(venue.engine.price(symbol), digitsOf(venue.instrument(symbol).tickSize));
  return { symbol, price, time: nowMs(venue) };
}

function bookTicker(venue: Venue, symbol: string): JsonObject {
  const price = fixed(venue.engine.price(symbol), digitsOf(venue.instrument(symbol).tickSize));
  return { symbol, bidPrice: price, bidQty: '1000', askPrice: price, askQty: '1000', time: nowMs(venue) };
}

function exchangeInfo(venue: Venue): JsonObject {
  const assets = Object.keys(venue.engine.balances).map((asset) => ({
    asset,
    marginAvailable: true,
    autoAssetExchange: '-10000',
  }));
  return {
    timezone: 'UTC',
    serverTime: nowMs(venue),
    futuresType: 'U_MARGINED',
    rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 }],
    exchangeFilters: [],
    assets,
    symbols: venue.engine.instruments.map(symbolInfo),
  };
}

function symbolInfo(instrument: MarketInstrument): JsonObject {
  const { symbol, baseAsset, quoteAsset, settleAsset, tickSize, quantityStep } = instrument;
  const percent = (rate: string): string => fixed(Decimal.of(rate).times(Decimal.of('100')), 4);
  const lot = { minQty: quantityStep, maxQty: '1000', stepSize: quantityStep };
  return {
    symbol,
    pair: symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4133404800000,
    onboardDate: 1569398400000,
    status: 'TRADING',
    maintMarginPercent: percent(instrument.maintenanceRate),
    requiredMarginPercent: percent(Decimal.of('1').dividedBy(Decimal.of(instrument.maxLeverage)).toString()),
    baseAsset,
    quoteAsset,
    marginAsset: settleAsset,
    pricePrecision: digitsOf(tickSize),
    quantityPrecision: digitsOf(quantityStep),
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    settlePlan: 0,
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10000,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: tickSize, maxPrice: '4529764', tickSize },
      { filterType: 'LOT_SIZE', ...lot },
      { filterType: 'MARKET_LOT_SIZE', ...lot },
      { filterType: 'MAX_NUM_ORDERS', limit: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: 10 },
      { filterType: 'MIN_NOTIONAL', notional: '5' },
      { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4' },
    ],
    orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}
