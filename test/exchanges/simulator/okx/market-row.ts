import type { Instrument, Ticker } from 'okx-api';
import { familyOf, type OkxInstrument } from './okx-instrument.js';
import { type Row, sorted } from './row.js';

const UNUSED = {
  alias: '',
  auctionEndTime: '',
  baseCcy: '',
  category: '1',
  contTdSwTime: '',
  expTime: '',
  futureSettlement: false,
  groupId: '1',
  instCategory: '1',
  listTime: '1573557408000',
  maxIcebergSz: '100000000.0000000000000000',
  maxLmtAmt: '20000000',
  maxLmtSz: '100000000',
  maxMktAmt: '',
  maxMktSz: '12000',
  maxPlatOILmt: '',
  maxStopSz: '12000',
  maxTriggerSz: '100000000.0000000000000000',
  maxTwapSz: '100000000.0000000000000000',
  openType: '',
  optType: '',
  posLmtAmt: '',
  posLmtPct: '',
  preMktSwTime: '',
  quoteCcy: '',
  ruleType: 'normal',
  state: 'live',
  stk: '',
  tradeQuoteCcyList: [],
};

export function instrumentRow(instrument: OkxInstrument, number: number): Row {
  const row = {
    ...UNUSED,
    ctMult: instrument.ctMult,
    ctType: instrument.kind,
    ctVal: instrument.ctVal,
    ctValCcy: instrument.kind === 'linear' ? instrument.baseAsset : instrument.quoteAsset,
    instFamily: familyOf(instrument),
    instId: instrument.symbol,
    instIdCode: 10458 + number,
    instType: 'SWAP',
    lever: instrument.maxLeverage,
    lotSz: instrument.quantityStep,
    minSz: instrument.quantityStep,
    settleCcy: instrument.settleAsset,
    tickSz: instrument.tickSize,
    uly: familyOf(instrument),
  } satisfies Instrument & Row;
  return sorted(row);
}

export function tickerRow(instId: string, price: string, nowMs: number): Row {
  return {
    instType: 'SWAP',
    instId,
    last: price,
    lastSz: '1',
    askPx: price,
    askSz: '100',
    bidPx: price,
    bidSz: '100',
    open24h: price,
    high24h: price,
    low24h: price,
    volCcy24h: '0',
    vol24h: '0',
    sodUtc0: price,
    sodUtc8: price,
    ts: String(nowMs),
  } satisfies Ticker & Row;
}

export function markPriceRow(instId: string, price: string, nowMs: number): Row {
  return { instType: 'SWAP', instId, markPx: price, ts: String(nowMs) };
}
