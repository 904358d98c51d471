import type { AccountBalance, AccountBalanceDetail } from 'okx-api';
import { Decimal } from '../decimal.js';
import { AMOUNT_DIGITS } from '../instrument.js';
import { type Row, sorted, time } from './row.js';

/** The funds of one currency. */
export interface Funds {
  readonly asset: string;
  /** Without what isolated positions took. */
  readonly cash: Decimal;
  readonly equity: Decimal;
  /** The margin of isolated positions, with their profit. */
  readonly isolatedEquity: Decimal;
  readonly isolatedProfit: Decimal;
  /** Of all positions. */
  readonly profit: Decimal;
  readonly free: Decimal;
  /** Of cross positions and of orders. */
  readonly initialMargin: Decimal;
  readonly maintenanceMargin: Decimal;
  readonly orderMargin: Decimal;
  /** The value of all positions. */
  readonly positionValue: Decimal;
  readonly hasCrossPosition: boolean;
  readonly usdPrice: Decimal;
  readonly updatedAtMs: number;
}

const UNUSED_OF_CURRENCY = {
  accAvgPx: '',
  autoLendMtAmt: '0',
  autoLendStatus: 'off',
  borrowFroz: '',
  clSpotInUseAmt: '',
  colBorrAutoConversion: '0',
  colRes: '0',
  collateralEnabled: false,
  collateralRestrict: false,
  crossLiab: '',
  fixedBal: '0',
  frpType: '',
  interest: '',
  isoLiab: '',
  liab: '',
  maxLoan: '',
  maxSpotInUseAmt: '',
  openAvgPx: '',
  rewardBal: '0',
  smtSyncEq: '0',
  spotBal: '',
  spotCopyTradingEq: '0',
  spotInUseAmt: '',
  spotIsoBal: '0',
  spotUpl: '',
  spotUplRatio: '',
  stgyEq: '0',
  totalPnl: '',
  totalPnlRatio: '',
  twap: '0',
  uplLiab: '',
};

/** In futures mode, what would cover several currencies is empty. */
const UNUSED_OF_ACCOUNT = {
  adjEq: '',
  availEq: '',
  borrowFroz: '',
  delta: '',
  deltaLever: '',
  deltaNeutralStatus: '',
  imr: '',
  mgnRatio: '',
  mmr: '',
  notionalUsd: '',
  notionalUsdForBorrow: '',
  notionalUsdForFutures: '',
  notionalUsdForOption: '',
  notionalUsdForSwap: '',
  ordFroz: '',
  upl: '',
};

/** The account with the funds of some currencies. The sums are of all currencies that there are. */
export function accountRow(details: readonly Funds[], all: readonly Funds[], nowMs: number): Row {
  const row = {
    ...UNUSED_OF_ACCOUNT,
    details: details.map(fundsRow),
    isoEq: usd(all, (funds) => funds.isolatedEquity),
    totalEq: usd(all, (funds) => funds.equity),
    uTime: time(nowMs),
  } satisfies Omit<AccountBalance, 'details' | 'spotCopyTradingEq'> & Row;
  return sorted(row);
}

/** OKX leaves out the currencies of which nothing is there. */
export function isThere(funds: Funds): boolean {
  return !funds.equity.isZero || !funds.free.isZero || !funds.cash.isZero;
}

function fundsRow(funds: Funds): Row {
  const text = (amount: Decimal): string => amount.round(AMOUNT_DIGITS).toString();
  const available = funds.free.max(Decimal.zero);
  const { hasCrossPosition } = funds;
  const row = {
    ...UNUSED_OF_CURRENCY,
    availBal: text(available),
    availEq: text(available),
    cashBal: text(funds.cash),
    ccy: funds.asset,
    coinUsdPrice: text(funds.usdPrice),
    disEq: text(funds.equity.times(funds.usdPrice)),
    eq: text(funds.equity),
    eqUsd: text(funds.equity.times(funds.usdPrice)),
    frozenBal: text(funds.equity.minus(available)),
    imr: text(funds.initialMargin),
    isoEq: text(funds.isolatedEquity),
    isoUpl: text(funds.isolatedProfit),
    mgnRatio: hasCrossPosition ? text(ratio(funds.equity.minus(funds.isolatedEquity), funds.maintenanceMargin)) : '',
    mmr: text(funds.maintenanceMargin),
    notionalLever: text(ratio(funds.positionValue, funds.equity)),
    ordFrozen: text(funds.orderMargin),
    uTime: time(funds.updatedAtMs),
    upl: text(funds.profit),
  } satisfies Omit<AccountBalanceDetail, 'openAvgPx' | 'accAvgPx'> & Row;
  return sorted(row);
}

function ratio(part: Decimal, of: Decimal): Decimal {
  return of.isZero ? Decimal.zero : part.dividedBy(of);
}

function usd(all: readonly Funds[], amountOf: (funds: Funds) => Decimal): string {
  return Decimal.sum(all.map((funds) => amountOf(funds).times(funds.usdPrice)))
    .round(AMOUNT_DIGITS)
    .toString();
}
