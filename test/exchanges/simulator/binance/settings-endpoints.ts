import { isConditional } from '../order.js';
import { multiAssetsUpdate } from './account-messages.js';
import { BinanceError } from './binance-error.js';
import type { Json, JsonObject } from './json-text.js';
import type { ListenKeys } from './listen-keys.js';
import { nowMs } from './market-endpoints.js';
import type { RequestParams } from './request-params.js';
import type { Access, Endpoint } from './rest-service.js';
import type { Venue } from './venue.js';

const DONE = { code: 200, msg: 'success' };
const SIDES = ['BOTH', 'LONG', 'SHORT'] as const;

/** The endpoints that change how the account trades, and those of the listen key. */
export function settingsEndpoints(
  venue: Venue,
  listenKeys: ListenKeys,
  send: (message: JsonObject) => void,
): Readonly<Record<string, Endpoint>> {
  const of = (access: Access, answer: (params: RequestParams) => Json): Endpoint => ({ access, answer });
  return {
    'POST /fapi/v1/leverage': of('SIGNED', (params) => setLeverage(venue, params)),
    'POST /fapi/v1/marginType': of('SIGNED', (params) => setMarginType(venue, params)),
    'POST /fapi/v1/positionMargin': of('SIGNED', (params) => setPositionMargin(venue, params)),
    'POST /fapi/v1/positionSide/dual': of('SIGNED', (params) => setPositionMode(venue, params)),
    'POST /fapi/v1/multiAssetsMargin': of('SIGNED', (params) => {
      const isOn = params.isTrue('multiAssetsMargin');
      if (isOn === venue.isMultiAssetsMode) throw new BinanceError(-4171, 'No need to change the multi-assets mode.');
      venue.isMultiAssetsMode = isOn;
      send(multiAssetsUpdate(isOn, nowMs(venue)));
      return DONE;
    }),
    'POST /fapi/v1/listenKey': of('KEY', () => ({ listenKey: listenKeys.create() })),
    'PUT /fapi/v1/listenKey': of('KEY', () => ({ listenKey: listenKeys.extend() })),
    'DELETE /fapi/v1/listenKey': of('KEY', () => {
      listenKeys.end();
      return {};
    }),
  };
}

function setLeverage(venue: Venue, params: RequestParams): JsonObject {
  const { symbol } = venue.instrument(params.required('symbol'));
  const leverage = Number(params.required('leverage'));
  if (!Number.isInteger(leverage)) throw new BinanceError(-4028, 'Leverage is not valid');
  const isLess = leverage < Number(venue.engine.leverage(symbol));
  const isIsolated = venue.engine.positions.some(
    (each) => each.symbol === symbol && each.side !== 'NONE' && each.marginMode === 'ISOLATED',
  );
  if (isLess && isIsolated) {
    throw new BinanceError(-4161, 'Leverage reduction is not supported in Isolated Margin Mode with open positions.');
  }
  venue.engine.setLeverage(symbol, String(leverage));
  return { symbol, leverage, maxNotionalValue: '250000' };
}

function setMarginType(venue: Venue, params: RequestParams): JsonObject {
  const { symbol } = venue.instrument(params.required('symbol'));
  const invalid = new BinanceError(-4045, 'Invalid margin type.');
  const marginType = params.oneOf('marginType', ['CROSSED', 'ISOLATED'], invalid);
  const marginMode = marginType === 'CROSSED' ? 'CROSS' : 'ISOLATED';
  if (venue.engine.marginMode(symbol) === marginMode) {
    throw new BinanceError(-4046, 'No need to change margin type.');
  }
  // Conditional orders do not stand in the way: they are not in the book.
  if (venue.engine.activeOrders.some((order) => order.symbol === symbol && !isConditional(order.type))) {
    throw new BinanceError(-4047, 'Margin type cannot be changed if there exists open orders.');
  }
  if (venue.engine.positions.some((each) => each.symbol === symbol && each.side !== 'NONE')) {
    throw new BinanceError(-4048, 'Margin type cannot be changed if there exists position.');
  }
  venue.engine.setMarginMode(symbol, marginMode);
  return DONE;
}

function setPositionMargin(venue: Venue, params: RequestParams): JsonObject {
  const { symbol } = venue.instrument(params.required('symbol'));
  const amount = params.required('amount');
  const type = params.oneOf('type', ['1', '2'], new BinanceError(-1102, 'Invalid type.'));
  const side =
    params.optional('positionSide') === undefined ? 'BOTH' : params.oneOf('positionSide', SIDES, sideError());
  venue.engine.addMargin(symbol, type === '1' ? amount : `-${amount}`, side);
  return { amount: Number(amount), code: 200, msg: 'Successfully modify position margin.', type: Number(type) };
}

function sideError(): BinanceError {
  return new BinanceError(-4060, 'Invalid position side.');
}

function setPositionMode(venue: Venue, params: RequestParams): JsonObject {
  const positionMode = params.isTrue('dualSidePosition') ? 'HEDGE' : 'ONE_WAY';
  params.required('dualSidePosition');
  if (venue.engine.positionMode === positionMode) {
    throw new BinanceError(-4059, 'No need to change position side.');
  }
  if (venue.engine.activeOrders.length > 0) {
    throw new BinanceError(-4067, 'Position side cannot be changed if there exists open orders.');
  }
  venue.engine.setPositionMode(positionMode);
  return DONE;
}
