import type { AccountPosition } from 'okx-api';
import { Decimal } from '../decimal.js';
import { AMOUNT_DIGITS } from '../instrument.js';
import type { PositionView } from '../position.js';
import { marginModeOf, positionSideOf } from './okx-words.js';
import type { PositionRecord } from './position-book.js';
import { orBlank, type Row, sorted, time } from './row.js';

/** What a row says beside the position. */
export interface PositionContext {
  readonly settleAsset: string;
  readonly takerFeeRate: string;
  readonly notionalUsd: string;
  /** Of the asset in cross margin; of the position in isolated margin. */
  readonly marginRatio: string;
  /** In long/short mode: what closing orders leave. `''` in net mode. */
  readonly available: string;
  readonly closingAlgos: readonly Row[];
}

const UNUSED = {
  baseBal: '',
  baseBorrowed: '',
  baseInterest: '',
  bizRefId: '',
  bizRefType: '',
  clSpotInUseAmt: '',
  deltaBS: '',
  deltaPA: '',
  gammaBS: '',
  gammaPA: '',
  hedgedPos: '',
  interest: '',
  liab: '',
  liabCcy: '',
  maxSpotInUseAmt: '',
  nonSettleAvgPx: '',
  optVal: '',
  pendingCloseOrdLiabVal: '',
  posCcy: '',
  quoteBal: '',
  quoteBorrowed: '',
  quoteInterest: '',
  settledPnl: '',
  spotInUseAmt: '',
  spotInUseCcy: '',
  thetaBS: '',
  thetaPA: '',
  usdPx: '',
  vegaBS: '',
  vegaPA: '',
};

/** What is empty of a position that was closed. */
const CLOSED = {
  adl: '',
  availPos: '',
  avgPx: '',
  bePx: '',
  idxPx: '',
  imr: '',
  last: '',
  liqPx: '',
  margin: '',
  markPx: '',
  mgnRatio: '',
  mmr: '',
  notionalUsd: '',
  upl: '',
  uplLastPx: '',
  uplRatio: '',
  uplRatioLastPx: '',
};

/** A position as REST lists it; one without a quantity where it was asked for by its instrument. */
export function positionRow(record: PositionRecord, view: PositionView, context: PositionContext): Row {
  return sorted(fieldsOf(record, view, context));
}

/** A position as the channel `positions` reports it. */
export function positionPush(record: PositionRecord, view: PositionView, context: PositionContext, nowMs: number): Row {
  return sorted({ ...fieldsOf(record, view, context), pTime: time(nowMs) });
}

/** A position as the channel `balance_and_position` reports it. */
export function briefPositionRow(record: PositionRecord, settleAsset: string): Row {
  const { view } = record;
  return {
    posId: record.posId,
    tradeId: record.tradeId,
    instId: view.symbol,
    instType: 'SWAP',
    mgnMode: marginModeOf(view.marginMode),
    posSide: positionSideOf(view.positionSide),
    pos: signedQuantity(view),
    ccy: settleAsset,
    posCcy: '',
    avgPx: orBlank(view.entryPrice),
    nonSettleAvgPx: '',
    settledPnl: '',
    uTime: time(view.updatedAtMs),
  };
}

function fieldsOf(record: PositionRecord, view: PositionView, context: PositionContext) {
  const ratio = ratioOf(view);
  const isIsolated = view.marginMode === 'ISOLATED';
  const row = {
    ...UNUSED,
    adl: '1',
    availPos: context.available,
    avgPx: view.entryPrice,
    bePx: breakEvenPrice(view, context.takerFeeRate),
    cTime: time(view.openedAtMs),
    ccy: context.settleAsset,
    closeOrderAlgo: context.closingAlgos,
    fee: record.fee,
    fundingFee: record.fundingFee,
    idxPx: view.markPrice,
    imr: isIsolated ? '' : view.initialMargin,
    instId: view.symbol,
    instType: 'SWAP',
    last: view.markPrice,
    lever: view.leverage,
    liqPenalty: '0',
    liqPx: orBlank(view.liquidationPrice),
    margin: isIsolated ? view.isolatedMargin : '',
    markPx: view.markPrice,
    mgnMode: marginModeOf(view.marginMode),
    mgnRatio: context.marginRatio,
    mmr: view.maintenanceMargin,
    notionalUsd: context.notionalUsd,
    pnl: record.pnl,
    pos: signedQuantity(view),
    posId: record.posId,
    posSide: positionSideOf(view.positionSide),
    realizedPnl: Decimal.sum([record.pnl, record.fee, record.fundingFee].map((each) => Decimal.of(each))).toString(),
    tradeId: record.tradeId,
    uTime: time(view.updatedAtMs),
    upl: view.unrealisedPnl,
    uplLastPx: view.unrealisedPnl,
    uplRatio: ratio,
    uplRatioLastPx: ratio,
  } satisfies Omit<AccountPosition, 'pTime'> & Row;
  return view.side === 'NONE' ? { ...row, ...CLOSED } : row;
}

/** In net mode, shorts are negative. */
function signedQuantity(view: PositionView): string {
  return view.positionSide === 'BOTH' && view.side === 'SHORT' ? `-${view.quantity}` : view.quantity;
}

/** The profit in relation to the initial margin. */
function ratioOf(view: PositionView): string {
  const margin = Decimal.of(view.entryValue).dividedBy(Decimal.of(view.leverage));
  return margin.isZero ? '' : Decimal.of(view.unrealisedPnl).dividedBy(margin).round(AMOUNT_DIGITS).toString();
}

/** The price that pays for both fees. */
function breakEvenPrice(view: PositionView, takerFeeRate: string): string {
  const entry = Decimal.of(view.entryPrice);
  const fees = entry.times(Decimal.of(takerFeeRate)).times(Decimal.of('2'));
  return (view.side === 'SHORT' ? entry.minus(fees) : entry.plus(fees)).round(AMOUNT_DIGITS).toString();
}
