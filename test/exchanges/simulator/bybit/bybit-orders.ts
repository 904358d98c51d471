import type { ExchangeSimulator } from '../exchange-simulator.js';
import { defaultTriggerWhen, type OrderRequest, type OrderType, type OrderView } from '../order.js';
import type { PositionSide, PositionView } from '../position.js';
import { BybitRefusal } from './bybit-refusal.js';
import { positionSideOf } from './bybit-words.js';

/** The parameters of a request, as text. */
export type Params = Readonly<Record<string, string>>;

const TIMES_IN_FORCE = { GTC: 'GTC', IOC: 'IOC', FOK: 'FOK', PostOnly: 'POST_ONLY' } as const;

/** Reads what `POST /v5/order/create` asks for. */
export function orderRequest(params: Params, exchange: ExchangeSimulator): OrderRequest {
  const side = params['side'] === 'Buy' ? 'BUY' : params['side'] === 'Sell' ? 'SELL' : undefined;
  if (side === undefined) throw new BybitRefusal(10001, 'params error: side invalid');
  const isLimit = params['orderType'] === 'Limit';
  if (!isLimit && params['orderType'] !== 'Market') throw new BybitRefusal(10001, 'params error: orderType invalid');
  const positionSide = positionSideIn(params);
  const symbol = params['symbol'] ?? '';
  const closes = params['closeOnTrigger'] === 'true';
  const triggerWhen = triggerDirection(params);
  const type = typeOf(side, isLimit, triggerWhen);
  const isWhole = params['qty'] === '0' && params['reduceOnly'] === 'true' && closes;
  const timeInForce = Object.entries(TIMES_IN_FORCE).find(([word]) => word === params['timeInForce'])?.[1];
  const quantity = isWhole ? heldQuantity(exchange, symbol, positionSide) : params['qty'];
  return {
    symbol,
    side,
    type,
    positionSide,
    ...(quantity === undefined ? {} : { quantity }),
    ...(isLimit && params['price'] !== undefined ? { price: params['price'] } : {}),
    ...(triggerWhen === undefined ? {} : { triggerWhen, triggerPrice: params['triggerPrice'] ?? '' }),
    ...(isLimit && timeInForce !== undefined ? { timeInForce } : {}),
    reduceOnly: params['reduceOnly'] === 'true' || closes,
    clientId: params['orderLinkId'] ?? '',
    tags: {
      ...(triggerWhen === undefined ? {} : { triggerBy: params['triggerBy'] ?? 'LastPrice' }),
      ...(closes ? { closeOnTrigger: 'true' } : {}),
      ...(isPrice(params['takeProfit']) ? { takeProfit: params['takeProfit'], tpslMode: 'Full' } : {}),
      ...(isPrice(params['stopLoss']) ? { stopLoss: params['stopLoss'], tpslMode: 'Full' } : {}),
    },
  };
}

/** A price that is given, and not `0`. */
export function isPrice(text: string | undefined): text is string {
  return text !== undefined && text !== '' && Number(text) !== 0;
}

export function positionSideIn(params: Params): PositionSide {
  const positionSide = positionSideOf(Number(params['positionIdx'] ?? '0'));
  if (positionSide === undefined) throw new BybitRefusal(10001, 'params error: positionIdx invalid');
  return positionSide;
}

function triggerDirection(params: Params): 'RISES' | 'FALLS' | undefined {
  if (!isPrice(params['triggerPrice'])) return undefined;
  if (params['triggerDirection'] === '1') return 'RISES';
  if (params['triggerDirection'] === '2') return 'FALLS';
  throw new BybitRefusal(10001, 'params error: TriggerDirection invalid');
}

/** A trigger that lies where the order would gain, not lose, makes the order a take-profit. */
function typeOf(side: 'BUY' | 'SELL', isLimit: boolean, triggerWhen: 'RISES' | 'FALLS' | undefined): OrderType {
  if (triggerWhen === undefined) return isLimit ? 'LIMIT' : 'MARKET';
  const isStop = triggerWhen === defaultTriggerWhen('STOP', side);
  if (isStop) return isLimit ? 'STOP' : 'STOP_MARKET';
  return isLimit ? 'TAKE_PROFIT' : 'TAKE_PROFIT_MARKET';
}

function heldQuantity(exchange: ExchangeSimulator, symbol: string, positionSide: PositionSide): string {
  return heldPosition(exchange, symbol, positionSide)?.quantity ?? '0';
}

export function heldPosition(
  exchange: ExchangeSimulator,
  symbol: string,
  positionSide: PositionSide,
): PositionView | undefined {
  return exchange.positions.find(
    (position) => position.symbol === symbol && position.positionSide === positionSide && position.side !== 'NONE',
  );
}

/** Takes over what `POST /v5/position/trading-stop` asks for: `0` removes, another price replaces. */
export function protect(exchange: ExchangeSimulator, params: Params): void {
  const symbol = params['symbol'] ?? '';
  const positionSide = positionSideIn(params);
  const position = heldPosition(exchange, symbol, positionSide);
  if (position === undefined) throw new BybitRefusal(10001, 'can not set tp/sl/ts for zero position');
  const isPartial = params['tpslMode'] === 'Partial';
  const side = position.side === 'LONG' ? 'SELL' : 'BUY';
  const place = (
    kind: 'TakeProfit' | 'StopLoss',
    price: string,
    size: string | undefined,
    limit: string | undefined,
  ) => {
    const base = kind === 'TakeProfit' ? 'TAKE_PROFIT' : 'STOP';
    const isLimit = isPartial && isPrice(limit);
    exchange.placeOrder({
      symbol,
      side,
      positionSide,
      type: isLimit ? base : `${base}_MARKET`,
      triggerPrice: price,
      reduceOnly: true,
      ...(isPartial ? { quantity: size ?? position.quantity } : { closePosition: true }),
      ...(isLimit ? { price: limit } : {}),
      tags: {
        stopOrderType: isPartial ? `Partial${kind}` : kind,
        tpslMode: isPartial ? 'Partial' : 'Full',
        closeOnTrigger: 'true',
      },
    });
  };
  const replace = (kind: 'TakeProfit' | 'StopLoss', price: string | undefined, size?: string, limit?: string): void => {
    if (price === undefined || price === '') return;
    const existing = isPartial ? undefined : protectionOf(exchange, symbol, positionSide, kind);
    if (!isPrice(price)) {
      if (existing !== undefined) exchange.cancel(existing.id);
    } else if (existing === undefined) place(kind, price, size, limit);
    else if (existing.triggerPrice !== price) exchange.amend(existing.id, { triggerPrice: price });
  };
  replace('TakeProfit', params['takeProfit'], params['tpSize'], params['tpLimitPrice']);
  replace('StopLoss', params['stopLoss'], params['slSize'], params['slLimitPrice']);
  const { trailingStop, activePrice } = params;
  if (trailingStop !== undefined && trailingStop !== '') {
    const existing = protectionOf(exchange, symbol, positionSide, 'TrailingStop');
    if (existing !== undefined) exchange.cancel(existing.id);
    if (isPrice(trailingStop)) {
      const activation = isPrice(activePrice) ? { activationPrice: activePrice } : {};
      exchange.placeOrder({
        symbol,
        side,
        positionSide,
        type: 'TRAILING_STOP_MARKET',
        closePosition: true,
        trailing: { distance: trailingStop, ...activation },
        tags: { stopOrderType: 'TrailingStop', tpslMode: 'Full', closeOnTrigger: 'true' },
      });
    }
  }
  exchange.touch(symbol, positionSide);
}

function protectionOf(
  exchange: ExchangeSimulator,
  symbol: string,
  positionSide: PositionSide,
  kind: 'TakeProfit' | 'StopLoss' | 'TrailingStop',
): OrderView | undefined {
  return exchange.activeOrders.find(
    (order) => order.symbol === symbol && order.positionSide === positionSide && order.tags['stopOrderType'] === kind,
  );
}
