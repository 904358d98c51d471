import type { OrderListItem } from 'okx-api';
import { Decimal } from '../decimal.js';
import type { FillView, OrderEnd, OrderOrigin, OrderStatus, OrderType, OrderView } from '../order.js';
import { attachedTo } from './attached-algo.js';
import { algoClOrdIdOf, algoIdOf, clOrdIdOf } from './okx-id.js';
import { marginModeOf, positionSideOf } from './okx-words.js';
import { orBlank, type Row, sorted, time } from './row.js';

/** What a row says beside the order. */
export interface OrderContext {
  readonly settleAsset: string;
  readonly leverage: string;
  /** The order's last fill. */
  readonly lastFill: FillView | undefined;
}

/** What a push says of the event that it reports. */
export interface OrderPush {
  readonly lastPrice: string;
  readonly notionalUsd: string;
  readonly fill: (FillView & { readonly notionalUsd: string }) | undefined;
  readonly reqId: string;
  readonly amendResult: string;
}

const STATES: Readonly<Record<OrderStatus, OrderListItem['state']>> = {
  NEW: 'live',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELLED: 'canceled',
  EXPIRED: 'canceled',
  REJECTED: 'canceled',
  TRIGGERED: 'canceled',
};

const CATEGORIES: Readonly<Record<OrderOrigin, string>> = {
  USER: 'normal',
  LIQUIDATION: 'full_liquidation',
  ADL: 'adl',
};

const CANCEL_SOURCES: Readonly<Record<OrderEnd, string>> = {
  '': '',
  USER: '1',
  TIME_IN_FORCE: '14',
  POST_ONLY: '31',
  NO_LIQUIDITY: '14',
  NOTHING_TO_REDUCE: '23',
  LIQUIDATION: '3',
  TRIGGERED: '',
  INSUFFICIENT_MARGIN: '0',
  ADMINISTRATION: '0',
};

/** A plain order as REST lists it. */
export function orderRow(order: OrderView, context: OrderContext): Row {
  return sorted(fieldsOf(order, context));
}

/** A plain order as the channel `orders` reports it. */
export function orderPush(order: OrderView, context: OrderContext, push: OrderPush): Row {
  const { fill } = push;
  const row = fieldsOf(order, { ...context, lastFill: fill });
  return sorted({
    ...row,
    avgPx: order.averagePrice,
    lever: withFraction(context.leverage),
    amendResult: push.amendResult,
    amendSource: push.amendResult === '' ? '' : '1',
    code: '0',
    execType: fill === undefined ? '' : fill.isMaker ? 'M' : 'T',
    fillFee: fill === undefined ? '0' : negative(fill.fee),
    fillFeeCcy: fill?.feeAsset ?? '',
    fillFwdPx: '',
    fillIdxPx: fill === undefined ? '' : push.lastPrice,
    fillMarkPx: fill === undefined ? '' : push.lastPrice,
    fillMarkVol: '',
    fillNotionalUsd: fill?.notionalUsd ?? '',
    fillPnl: fill?.realisedPnl ?? '0',
    fillPxUsd: '',
    fillPxVol: '',
    lastPx: push.lastPrice,
    msg: '',
    notionalUsd: push.notionalUsd,
    reqId: push.reqId,
  });
}

/** One execution as REST lists it. */
export function fillRow(fill: FillView, order: OrderView): Row {
  return sorted({
    billId: fill.id,
    clOrdId: clOrdIdOf(order),
    execType: fill.isMaker ? 'M' : 'T',
    fee: negative(fill.fee),
    feeCcy: fill.feeAsset,
    fillIdxPx: fill.price,
    fillMarkPx: fill.price,
    fillPnl: fill.realisedPnl,
    fillPx: fill.price,
    fillSz: fill.quantity,
    fillTime: time(fill.timeMs),
    instId: fill.symbol,
    instType: 'SWAP',
    ordId: fill.orderId,
    posSide: positionSideOf(order.positionSide),
    side: fill.side === 'BUY' ? 'buy' : 'sell',
    subType: '',
    tag: order.tags['tag'] ?? '',
    tradeId: fill.id,
    ts: time(fill.timeMs),
  });
}

function fieldsOf(order: OrderView, context: OrderContext) {
  const { lastFill, settleAsset } = context;
  const { tags } = order;
  return {
    accFillSz: order.executed,
    algoClOrdId: algoClOrdIdOf(order),
    algoId: algoIdOf(order.parentId),
    attachAlgoClOrdId: '',
    attachAlgoOrds: [...attachedTo(order)],
    avgPx: orBlank(order.averagePrice),
    cTime: time(order.createdAtMs),
    cancelSource: order.end === 'TIME_IN_FORCE' && order.timeInForce === 'FOK' ? '13' : CANCEL_SOURCES[order.end],
    cancelSourceReason: '',
    category: CATEGORIES[order.origin],
    ccy: settleAsset,
    clOrdId: clOrdIdOf(order),
    fee: negative(order.fee),
    feeCcy: settleAsset,
    fillPx: lastFill?.price ?? '',
    fillSz: lastFill?.quantity ?? '0',
    fillTime: lastFill === undefined ? '' : time(lastFill.timeMs),
    instId: order.symbol,
    instType: 'SWAP',
    isTpLimit: 'false',
    lever: context.leverage,
    linkedAlgoOrd: { algoId: '' },
    ordId: order.id,
    ordType: ordTypeOf(order),
    pnl: order.realisedPnl,
    posSide: positionSideOf(order.positionSide),
    px: orBlank(order.price),
    pxType: '',
    pxUsd: '',
    pxVol: '',
    quickMgnType: '',
    rebate: '0',
    rebateCcy: settleAsset,
    reduceOnly: tags['reduceOnly'] ?? 'false',
    side: order.side === 'BUY' ? 'buy' : 'sell',
    slOrdPx: '',
    slTriggerPx: '',
    slTriggerPxType: '',
    source: order.parentId === '' ? '' : sourceOf(tags['ordType'] ?? ''),
    state: STATES[order.status],
    stpId: '',
    stpMode: 'cancel_maker',
    sz: order.quantity,
    tag: tags['tag'] ?? '',
    tdMode: marginModeOf(order.marginMode),
    tgtCcy: '',
    tpOrdPx: '',
    tpTriggerPx: '',
    tpTriggerPxType: '',
    tradeId: lastFill?.id ?? '',
    tradeQuoteCcy: '',
    uTime: time(order.updatedAtMs),
  } satisfies OrderListItem & Row;
}

function ordTypeOf(order: OrderView): OrderListItem['ordType'] {
  const isMarket: readonly OrderType[] = ['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];
  if (isMarket.includes(order.type)) return 'market';
  if (order.timeInForce === 'POST_ONLY') return 'post_only';
  if (order.timeInForce === 'FOK') return 'fok';
  return order.timeInForce === 'IOC' ? 'ioc' : 'limit';
}

/** The number that says which kind of algo order made an order. */
function sourceOf(algoOrdType: string): string {
  if (algoOrdType === 'trigger') return '6';
  return algoOrdType === 'move_order_stop' ? '25' : '7';
}

/** OKX reports a fee that was paid as a negative amount. */
function negative(amount: string): string {
  return Decimal.of(amount).negated().toString();
}

/** The channel writes a leverage of 2 as `2.0`. */
function withFraction(leverage: string): string {
  return leverage.includes('.') ? leverage : `${leverage}.0`;
}
