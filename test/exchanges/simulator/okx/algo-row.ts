import type { AlgoOrderListItem } from 'okx-api';
import type { OrderView } from '../order.js';
import { algoClOrdIdOf, algoIdOf } from './okx-id.js';
import { marginModeOf, positionSideOf } from './okx-words.js';
import { orBlank, type Row, sorted, time } from './row.js';

/** An algo order: one order of the engine, or the two legs of an `oco`. */
export interface AlgoOrder {
  readonly algoId: string;
  readonly ordType: AlgoOrderListItem['ordType'];
  readonly legs: readonly [OrderView, ...OrderView[]];
  readonly state: AlgoOrderListItem['state'];
  /** The orders that it made when it was triggered. */
  readonly made: readonly OrderView[];
}

/** What a row says beside the algo order. */
export interface AlgoContext {
  readonly settleAsset: string;
  readonly leverage: string;
}

const UNUSED = {
  amendPxOnTriggerType: '0',
  attachAlgoOrds: [],
  ccy: '',
  chaseType: '',
  chaseVal: '',
  clOrdId: '',
  isTradeBorrowMode: '',
  linkedOrd: { ordId: '' },
  maxChaseType: '',
  maxChaseVal: '',
  pxLimit: '',
  pxSpread: '',
  pxVar: '',
  quickMgnType: '',
  szLimit: '',
  tgtCcy: '',
  timeInterval: '',
  tradeQuoteCcy: '',
};

/** Brings the engine's conditional orders together as OKX's algo orders, in the order of placing. */
export function algoOrders(orders: readonly OrderView[]): readonly AlgoOrder[] {
  const legs = new Map<string, [OrderView, ...OrderView[]]>();
  const made = new Map<string, OrderView[]>();
  for (const order of orders) {
    const algoId = algoIdOf(order.parentId === '' ? order.id : order.parentId);
    if (order.parentId !== '') made.set(algoId, [...(made.get(algoId) ?? []), order]);
    else if (algoId !== order.id) {
      const others = legs.get(algoId);
      if (others === undefined) legs.set(algoId, [order]);
      else others.push(order);
    }
  }
  return [...legs].map(([algoId, list]) => ({
    algoId,
    ordType: ordTypeOf(list[0]),
    legs: list,
    state: stateOf(list),
    made: made.get(algoId) ?? [],
  }));
}

/** An algo order as REST lists it. */
export function algoRow(algo: AlgoOrder, context: AlgoContext): Row {
  return sorted(fieldsOf(algo, context));
}

/** An algo order as the channels `orders-algo` and `algo-advance` report it. */
export function algoPush(
  algo: AlgoOrder,
  context: AlgoContext,
  push: { readonly notionalUsd: string; readonly reqId: string; readonly amendResult: string; readonly nowMs: number },
): Row {
  const { amendResult, notionalUsd, reqId } = push;
  const isAdvanced = isAdvance(algo.ordType);
  const other = isAdvanced ? { count: '1', pTime: time(push.nowMs) } : {};
  return sorted({ ...fieldsOf(algo, context), ...other, amendResult, notionalUsd, reqId });
}

/** The types that the channel `algo-advance` reports, and not `orders-algo`. */
export function isAdvance(ordType: string): boolean {
  return ordType === 'move_order_stop';
}

function fieldsOf(algo: AlgoOrder, context: AlgoContext) {
  const order = algo.legs[0];
  const triggered = algo.legs.find((leg) => leg.isTriggered);
  const tp = algo.legs.find((leg) => kindOf(leg) === 'tp');
  const sl = algo.legs.find((leg) => kindOf(leg) === 'sl');
  const trigger = algo.ordType === 'trigger' ? order : undefined;
  const { trailing, tags } = order;
  const made = algo.made.at(-1);
  return {
    ...UNUSED,
    activePx: trailing?.activationPrice ?? '',
    actualPx: made === undefined ? '' : orBlank(made.price),
    actualSide: triggered === undefined ? '' : kindOf(triggered),
    actualSz: made?.quantity ?? '0',
    algoClOrdId: algoClOrdIdOf(order),
    algoId: algo.algoId,
    cTime: time(order.createdAtMs),
    callbackRatio: trailing !== undefined && 'rate' in trailing ? trailing.rate : '',
    callbackSpread: trailing !== undefined && 'distance' in trailing ? trailing.distance : '',
    ccy: context.settleAsset,
    closeFraction: order.closePosition ? '1' : '',
    failCode: failCodeOf(algo),
    instId: order.symbol,
    instType: 'SWAP',
    last: order.priceAtCreation,
    lever: context.leverage,
    moveTriggerPx: trailing === undefined ? '' : orBlank(order.stopPrice),
    ordId: made?.id ?? '',
    ordIdList: algo.made.map((each) => each.id),
    ordPx: trigger === undefined ? '' : orderPriceOf(trigger),
    ordType: algo.ordType,
    posSide: positionSideOf(order.positionSide),
    reduceOnly: tags['reduceOnly'] ?? 'false',
    side: order.side === 'BUY' ? 'buy' : 'sell',
    slOrdPx: orderPriceOf(sl),
    slTriggerPx: sl?.triggerPrice ?? '',
    slTriggerPxType: sl === undefined ? '' : (tags['slTriggerPxType'] ?? 'last'),
    state: algo.state,
    sz: order.closePosition && triggered === undefined ? '' : order.quantity,
    tag: tags['tag'] ?? '',
    tdMode: marginModeOf(order.marginMode),
    tpOrdPx: orderPriceOf(tp),
    tpTriggerPx: tp?.triggerPrice ?? '',
    tpTriggerPxType: tp === undefined ? '' : (tags['tpTriggerPxType'] ?? 'last'),
    triggerPx: trigger?.triggerPrice ?? '',
    triggerPxType: trigger === undefined ? '' : (tags['triggerPxType'] ?? 'last'),
    triggerTime: triggered === undefined ? '' : time(triggered.updatedAtMs),
    uTime: time(Math.max(...algo.legs.map((leg) => leg.updatedAtMs))),
  };
}

/** Of an order that no request of OKX placed, the type follows from what it is. */
function ordTypeOf(order: OrderView): AlgoOrderListItem['ordType'] {
  const { ordType } = order.tags;
  if (ordType === 'oco' || ordType === 'trigger') return ordType;
  return order.trailing === undefined ? 'conditional' : 'move_order_stop';
}

function kindOf(leg: OrderView): 'tp' | 'sl' | '' {
  if (leg.trailing !== undefined || leg.tags['ordType'] === 'trigger') return '';
  return leg.type === 'TAKE_PROFIT' || leg.type === 'TAKE_PROFIT_MARKET' ? 'tp' : 'sl';
}

/** The price of the order that a leg makes; -1 for a market order. */
function orderPriceOf(leg: OrderView | undefined): string {
  if (leg === undefined) return '';
  return leg.price === '0' ? '-1' : leg.price;
}

function stateOf(legs: readonly OrderView[]): AlgoOrderListItem['state'] {
  if (legs.some((leg) => leg.status === 'TRIGGERED')) return 'effective';
  if (legs.some((leg) => leg.isTriggered)) return 'order_failed';
  return legs.some((leg) => leg.status === 'NEW') ? 'live' : 'canceled';
}

function failCodeOf(algo: AlgoOrder): string {
  if (algo.state !== 'order_failed') return '';
  return algo.legs.some((leg) => leg.end === 'INSUFFICIENT_MARGIN') ? '51008' : '51169';
}
