import type { EngineOrder, EngineOrderStatus, EngineOrderType } from 'accountkeeper';
import type { Fields } from './exchange-fields.js';

/** A conditional order that waits for its trigger is as alive as one in the book. */
const STATUS: Readonly<Record<string, EngineOrderStatus>> = {
  Created: 'NEW',
  New: 'NEW',
  Active: 'NEW',
  Untriggered: 'NEW',
  Triggered: 'NEW',
  PartiallyFilled: 'PARTIALLY_FILLED',
  Filled: 'FILLED',
  Cancelled: 'CANCELLED',
  PartiallyFilledCanceled: 'CANCELLED',
  Deactivated: 'CANCELLED',
  Rejected: 'REJECTED',
};

type OrderKind = 'plain' | 'stop' | 'take-profit' | 'trailing-stop';

/** By `stopOrderType`. The two-sided orders count as stops: their stop is the part that must not be lost sight of. */
const KIND: Readonly<Record<string, OrderKind>> = {
  '': 'plain',
  UNKNOWN: 'plain',
  Stop: 'stop',
  StopLoss: 'stop',
  PartialStopLoss: 'stop',
  MmRateClose: 'stop',
  tpslOrder: 'stop',
  OcoOrder: 'stop',
  BidirectionalTpslOrder: 'stop',
  TakeProfit: 'take-profit',
  PartialTakeProfit: 'take-profit',
  TrailingStop: 'trailing-stop',
};

const TYPE: Readonly<Record<OrderKind, Readonly<Record<'Limit' | 'Market', EngineOrderType>>>> = {
  plain: { Limit: 'LIMIT', Market: 'MARKET' },
  stop: { Limit: 'STOP', Market: 'STOP_MARKET' },
  'take-profit': { Limit: 'TAKE_PROFIT', Market: 'TAKE_PROFIT_MARKET' },
  'trailing-stop': { Limit: 'TRAILING_STOP_MARKET', Market: 'TRAILING_STOP_MARKET' },
};

/** An order of REST or of the stream. `price` is the trigger price where an order has no price of its own. */
export function mapOrder(item: Fields): EngineOrder {
  const orderTypes = TYPE[item.oneOf('stopOrderType', KIND)];
  return {
    exchangeOrderId: item.text('orderId'),
    customOrderId: item.has('orderLinkId') ? item.text('orderLinkId') : '',
    symbol: item.text('symbol'),
    orderSide: item.oneOf('side', { Buy: 'BUY', Sell: 'SELL' } as const),
    positionSide: item.oneOf('positionIdx', { 0: 'NONE', 1: 'LONG', 2: 'SHORT' } as const),
    orderType: item.oneOf('orderType', orderTypes),
    status: item.oneOf('orderStatus', STATUS),
    price: item.numberIfSet('price') ?? item.numberIfSet('triggerPrice') ?? 0,
    originalQuantity: item.number('qty'),
    executedQuantity: item.numberIfGiven('cumExecQty') ?? 0,
    averagePrice: item.numberIfGiven('avgPrice') ?? 0,
    createdAtMs: item.number('createdTime'),
    updatedAtMs: item.number('updatedTime'),
    isreduceOnly: item.flag('reduceOnly'),
  };
}
