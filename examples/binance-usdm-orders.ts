import type { EngineOrder, EngineOrderStatus, EngineOrderType } from 'accountkeeper';
import type { Fields } from './exchange-fields.js';

const STATUS: Readonly<Record<string, EngineOrderStatus>> = {
  NEW: 'NEW',
  PARTIALLY_FILLED: 'PARTIALLY_FILLED',
  FILLED: 'FILLED',
  CANCELED: 'CANCELLED',
  EXPIRED: 'EXPIRED',
  EXPIRED_IN_MATCH: 'EXPIRED',
  REJECTED: 'REJECTED',
};

const TYPE: Readonly<Record<string, EngineOrderType>> = {
  LIMIT: 'LIMIT',
  MARKET: 'MARKET',
  STOP: 'STOP',
  STOP_MARKET: 'STOP_MARKET',
  TAKE_PROFIT: 'TAKE_PROFIT',
  TAKE_PROFIT_MARKET: 'TAKE_PROFIT_MARKET',
  TRAILING_STOP_MARKET: 'TRAILING_STOP_MARKET',
  LIQUIDATION: 'MARKET',
};

const SIDE = { BUY: 'BUY', SELL: 'SELL' } as const;
const POSITION_SIDE = { BOTH: 'NONE', LONG: 'LONG', SHORT: 'SHORT' } as const;

/** An entry of `openOrders`. `price` is the trigger price where an order has no price of its own. */
export function mapOrder(item: Fields): EngineOrder {
  return {
    exchangeOrderId: item.id('orderId'),
    customOrderId: item.has('clientOrderId') ? item.text('clientOrderId') : '',
    symbol: item.text('symbol'),
    orderSide: item.oneOf('side', SIDE),
    positionSide: item.oneOf('positionSide', POSITION_SIDE),
    orderType: item.oneOf('type', TYPE),
    status: item.oneOf('status', STATUS),
    price: item.numberIfSet('price') ?? item.numberIfSet('stopPrice') ?? item.numberIfSet('activatePrice') ?? 0,
    originalQuantity: item.number('origQty'),
    executedQuantity: item.number('executedQty'),
    averagePrice: item.numberIfGiven('avgPrice') ?? 0,
    createdAtMs: item.number('time'),
    updatedAtMs: item.number('updateTime'),
    isreduceOnly: item.flag('reduceOnly'),
  };
}

/**
 * The `o` of an ORDER_TRADE_UPDATE. Its `T` orders the messages of an order. It does not say when the order was made:
 * `createdAtMs` is what was known before, and by default the time of this message.
 */
export function mapStreamOrder(item: Fields, createdAtMs?: number): EngineOrder {
  const updatedAtMs = item.number('T');
  return {
    exchangeOrderId: item.id('i'),
    customOrderId: item.has('c') ? item.text('c') : '',
    symbol: item.text('s'),
    orderSide: item.oneOf('S', SIDE),
    positionSide: item.oneOf('ps', POSITION_SIDE),
    orderType: item.oneOf('o', TYPE),
    status: item.oneOf('X', STATUS),
    price: item.numberIfSet('p') ?? item.numberIfSet('sp') ?? item.numberIfSet('AP') ?? 0,
    originalQuantity: item.number('q'),
    executedQuantity: item.number('z'),
    averagePrice: item.number('ap'),
    createdAtMs: createdAtMs ?? updatedAtMs,
    updatedAtMs,
    isreduceOnly: item.flag('R'),
  };
}
