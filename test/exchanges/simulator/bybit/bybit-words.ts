import type { MarketInstrument } from '../instrument.js';
import type { OrderType, OrderView } from '../order.js';
import type { PositionSide } from '../position.js';

export type BybitCategory = 'linear' | 'inverse';

/** The same fields as in the SDK's type, with any text or number in them: the exchange sends more than the types name. */
export type Wide<T> = {
  readonly [Field in keyof T]: T[Field] extends string | undefined
    ? string
    : T[Field] extends number | undefined
      ? number
      : T[Field];
};

export function categoryOf(instrument: MarketInstrument): BybitCategory {
  return instrument.kind;
}

export function positionIdxOf(positionSide: PositionSide): number {
  return positionSide === 'BOTH' ? 0 : positionSide === 'LONG' ? 1 : 2;
}

export function positionSideOf(positionIdx: number): PositionSide | undefined {
  return ([`BOTH`, 'LONG', 'SHORT'] as const)[positionIdx];
}

export function sideOf(side: 'BUY' | 'SELL'): 'Buy' | 'Sell' {
  return side === 'BUY' ? 'Buy' : 'Sell';
}

/** The order still waits for its trigger. */
export function isWaiting(order: OrderView): boolean {
  return order.type !== 'LIMIT' && order.type !== 'MARKET' && !order.isTriggered;
}

/** The order was placed as a conditional one. */
export function isStopOrder(order: OrderView): boolean {
  return order.type !== 'LIMIT' && order.type !== 'MARKET';
}

export function orderTypeOf(type: OrderType): 'Limit' | 'Market' {
  return type === 'LIMIT' || type === 'STOP' || type === 'TAKE_PROFIT' ? 'Limit' : 'Market';
}

/** Bybit's order status. Derivatives that end with fills are `Cancelled`, too. */
export function statusOf(order: OrderView): string {
  switch (order.status) {
    case 'NEW':
      return isWaiting(order) ? 'Untriggered' : 'New';
    case 'PARTIALLY_FILLED':
      return 'PartiallyFilled';
    case 'FILLED':
      return 'Filled';
    case 'REJECTED':
      return 'Rejected';
    default:
      return isWaiting(order) ? 'Deactivated' : 'Cancelled';
  }
}

export function cancelTypeOf(order: OrderView): string {
  switch (order.end) {
    case 'USER':
      return 'CancelByUser';
    case 'NOTHING_TO_REDUCE':
      return order.closePosition ? 'CancelByTpSlTsClear' : 'CancelByReduceOnly';
    case 'LIQUIDATION':
      return 'CancelAllBeforeLiq';
    case 'ADMINISTRATION':
      return 'CancelByAdmin';
    default:
      return 'UNKNOWN';
  }
}

export function rejectReasonOf(order: OrderView): string {
  switch (order.end) {
    case 'USER':
      return 'EC_PerCancelRequest';
    case 'POST_ONLY':
      return 'EC_PostOnlyWillTakeLiquidity';
    case 'NO_LIQUIDITY':
      return 'EC_NoImmediateQtyToFill';
    case 'TIME_IN_FORCE':
      return order.timeInForce === 'FOK' ? 'EC_NoEnoughQtyToFill' : 'EC_NoImmediateQtyToFill';
    case 'INSUFFICIENT_MARGIN':
    case 'NOTHING_TO_REDUCE':
      return 'EC_Others';
    default:
      return 'EC_NoError';
  }
}

export function createTypeOf(order: OrderView): string {
  if (order.origin === 'LIQUIDATION') return 'CreateByLiq';
  if (order.origin === 'ADL') return 'CreateByAdl_PassThrough';
  switch (order.tags['stopOrderType']) {
    case 'TakeProfit':
    case 'StopLoss':
    case 'PartialTakeProfit':
    case 'PartialStopLoss':
    case 'TrailingStop':
      return `CreateBy${order.tags['stopOrderType']}`;
    default:
      return 'CreateByUser';
  }
}

export function timeInForceOf(order: OrderView): string {
  if (orderTypeOf(order.type) === 'Market') return isWaiting(order) ? 'GTC' : 'IOC';
  return order.timeInForce === 'POST_ONLY' ? 'PostOnly' : order.timeInForce;
}
