import type {
  AccountOrderV5,
  PositionV5,
  WalletBalanceV5,
  WSAccountOrderV5,
  WSExecutionV5,
  WSPositionV5,
} from 'bybit-api';
import { Decimal } from '../decimal.js';
import type { ExchangeSimulator } from '../exchange-simulator.js';
import { AMOUNT_DIGITS, contractValue, type MarketInstrument } from '../instrument.js';
import type { FillView, OrderView } from '../order.js';
import type { PositionView } from '../position.js';
import {
  cancelTypeOf,
  categoryOf,
  createTypeOf,
  isStopOrder,
  isWaiting,
  orderTypeOf,
  positionIdxOf,
  rejectReasonOf,
  sideOf,
  statusOf,
  timeInForceOf,
  type Wide,
} from './bybit-words.js';

/** How the account margins: in portfolio margin positions have neither leverage nor margin of their own. */
export type BybitMarginMode = 'REGULAR_MARGIN' | 'ISOLATED_MARGIN' | 'PORTFOLIO_MARGIN';

type Greeks = 'delta' | 'gamma' | 'vega' | 'theta';
export type PositionEntry = Wide<Omit<PositionV5, Greeks>>;
export type PositionMessage = Wide<Omit<WSPositionV5, Greeks>>;
export type OrderEntry = Wide<Omit<AccountOrderV5, 'orderIv' | 'avgPrice' | 'blockTradeId' | 'smpGroup'>> & {
  readonly smpGroup: number;
  readonly orderIv: string | null;
  readonly avgPrice: string | null;
  readonly blockTradeId: string | null;
};
export type OrderMessage = Wide<Omit<WSAccountOrderV5, 'smpGroup'>> & { readonly smpGroup: number };
export type ExecutionMessage = Wide<WSExecutionV5>;
export type WalletEntry = Omit<Wide<WalletBalanceV5>, 'coin'> & { readonly coin: readonly CoinEntry[] };
export type CoinEntry = Wide<Omit<WalletBalanceV5['coin'][number], 'free'>> & { readonly spotHedgingQty: string };

/** Writes what the account holds as entries of Bybit's lists and messages. */
export class BybitEntries {
  readonly #exchange: ExchangeSimulator;
  readonly #account: { readonly type: 'UNIFIED' | 'CONTRACT'; marginMode: BybitMarginMode };

  constructor(
    exchange: ExchangeSimulator,
    account: { readonly type: 'UNIFIED' | 'CONTRACT'; marginMode: BybitMarginMode },
  ) {
    this.#exchange = exchange;
    this.#account = account;
  }

  instrument(symbol: string): MarketInstrument {
    const found = this.#exchange.instruments.find((instrument) => instrument.symbol === symbol);
    if (found === undefined) throw new Error(`no instrument ${symbol}`);
    return found;
  }

  /** An entry of `GET /v5/position/list`. */
  position(position: PositionView): PositionEntry {
    const isEmpty = position.side === 'NONE';
    const common = this.#positionFields(position);
    return {
      ...common,
      avgPrice: position.entryPrice,
      positionValue: isEmpty && position.firstOpenedAtMs === 0 ? '' : common.positionValue,
      unrealisedPnl: isEmpty && position.firstOpenedAtMs === 0 ? '' : common.unrealisedPnl,
    };
  }

  /** An entry of the topic `position`. */
  positionMessage(position: PositionView): PositionMessage {
    const category = categoryOf(this.instrument(position.symbol));
    return { ...this.#positionFields(position), category, entryPrice: position.entryPrice };
  }

  #positionFields(position: PositionView): Omit<PositionMessage, 'category' | 'entryPrice'> {
    const isPortfolio = this.#account.marginMode === 'PORTFOLIO_MARGIN';
    const isNew = position.updatedAtMs === 0;
    const margin = this.#positionMargin(position);
    const isIsolated = position.marginMode === 'ISOLATED';
    return {
      positionIdx: positionIdxOf(position.positionSide),
      tradeMode: this.#account.type === 'CONTRACT' && isIsolated ? 1 : 0,
      riskId: isPortfolio ? 0 : 1,
      riskLimitValue: isPortfolio ? '0' : '2000000',
      symbol: position.symbol,
      side: this.#positionSide(position),
      size: position.quantity,
      sessionAvgPrice: '',
      leverage: isPortfolio ? '' : position.leverage,
      positionValue: position.entryValue,
      positionBalance: isIsolated ? position.isolatedMargin : '0',
      markPrice: position.markPrice,
      positionIM: margin.initial,
      positionMM: margin.maintenance,
      positionIMByMp: margin.initialAtMark,
      positionMMByMp: margin.maintenance,
      takeProfit: this.#protection(position, 'TakeProfit'),
      stopLoss: this.#protection(position, 'StopLoss'),
      trailingStop: this.#trailingStop(position),
      unrealisedPnl: position.unrealisedPnl,
      cumRealisedPnl: cumulative(position).toString(),
      curRealisedPnl: position.netProfitSinceOpened,
      createdTime: String(position.firstOpenedAtMs),
      updatedTime: isNew ? '' : String(position.updatedAtMs),
      tpslMode: 'Full',
      liqPrice: position.liquidationPrice === '0' ? '' : position.liquidationPrice,
      bustPrice: '',
      positionStatus: 'Normal',
      adlRankIndicator: position.side === 'NONE' ? 0 : 2,
      autoAddMargin: 0,
      leverageSysUpdatedTime: '',
      mmrSysUpdatedTime: '',
      seq: isNew ? -1 : position.sequence,
      isReduceOnly: false,
      openTime: position.side === 'NONE' ? 0 : position.openedAtMs,
    };
  }

  #positionSide(position: PositionView): string {
    if (position.side === 'NONE') return this.#account.type === 'CONTRACT' ? 'None' : '';
    return position.side === 'LONG' ? 'Buy' : 'Sell';
  }

  /** The margins, with what closing at the price of bankruptcy would cost. */
  #positionMargin(position: PositionView): Record<'initial' | 'maintenance' | 'initialAtMark', string> {
    if (this.#account.marginMode === 'PORTFOLIO_MARGIN') return { initial: '', maintenance: '', initialAtMark: '' };
    const { takerFeeRate } = this.instrument(position.symbol);
    const part = Decimal.of('1').dividedBy(Decimal.of(position.leverage));
    const bankrupt = position.side === 'LONG' ? Decimal.of('1').minus(part) : Decimal.of('1').plus(part);
    const fee = Decimal.of(position.entryValue).times(bankrupt).times(Decimal.of(takerFeeRate));
    const withFee = (margin: Decimal): string => margin.plus(fee).round(AMOUNT_DIGITS).toString();
    return {
      initial: withFee(Decimal.of(position.initialMargin)),
      maintenance: withFee(Decimal.of(position.maintenanceMargin)),
      initialAtMark: withFee(Decimal.of(position.markValue).times(part)),
    };
  }

  #protecting(position: PositionView, stopOrderType: string): OrderView | undefined {
    return this.#exchange.activeOrders.find(
      (order) =>
        order.symbol === position.symbol &&
        order.positionSide === position.positionSide &&
        order.tags['stopOrderType'] === stopOrderType,
    );
  }

  #protection(position: PositionView, stopOrderType: 'TakeProfit' | 'StopLoss'): string {
    return this.#protecting(position, stopOrderType)?.triggerPrice ?? '0';
  }

  #trailingStop(position: PositionView): string {
    const trailing = this.#protecting(position, 'TrailingStop')?.trailing;
    return trailing !== undefined && 'distance' in trailing ? trailing.distance : '0';
  }

  /** An entry of `GET /v5/order/realtime`. */
  order(order: OrderView): OrderEntry {
    const common = this.#orderFields(order);
    const isFilled = order.executed !== '0';
    return {
      ...common,
      price: orderTypeOf(order.type) === 'Market' && isWaiting(order) ? '0' : common.price,
      avgPrice: isFilled ? order.averagePrice : null,
      blockTradeId: null,
      orderIv: null,
      isLeverage: '0',
      cancelType: common.cancelType === 'UNKNOWN' ? '' : common.cancelType,
      triggerPrice: common.triggerPrice === '' ? '0' : common.triggerPrice,
      takeProfit: order.tags['takeProfit'] ?? '0',
      stopLoss: order.tags['stopLoss'] ?? '0',
      basePrice: order.priceAtCreation,
      smpOrderId: '0',
      tpslMode: order.tags['tpslMode'] ?? 'Full',
      placeType: 'order',
      ocoTriggerType: '',
      marketUnit: 'baseCoin',
      slippageToleranceType: 'UNKNOWN',
      slippageTolerance: '0',
      extraFees: '',
    };
  }

  /** An entry of the topic `order`. */
  orderMessage(order: OrderView, status: string = statusOf(order)): OrderMessage {
    const common = this.#orderFields(order);
    return {
      category: categoryOf(this.instrument(order.symbol)),
      ...common,
      orderStatus: status,
      blockTradeId: '',
      isLeverage: '',
      avgPrice: order.executed === '0' ? '' : order.averagePrice,
      orderIv: '',
      smpOrderId: '',
      tpslMode: order.tags['tpslMode'] ?? 'UNKNOWN',
      placeType: '',
      marketUnit: '',
      feeCurrency: '',
      closedPnl: order.realisedPnl,
    };
  }

  #orderFields(order: OrderView) {
    const instrument = this.instrument(order.symbol);
    const isOver = order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED';
    const left = isOver ? Decimal.zero : Decimal.of(order.quantity).minus(Decimal.of(order.executed));
    const at = Decimal.of(order.price === '0' ? order.priceAtCreation : order.price);
    const leftValue = contractValue(instrument, left, at).round(AMOUNT_DIGITS);
    const fee = order.fee;
    return {
      symbol: order.symbol,
      orderId: order.id,
      orderLinkId: order.clientId,
      blockTradeId: '',
      side: sideOf(order.side),
      positionIdx: positionIdxOf(order.positionSide),
      orderStatus: statusOf(order),
      cancelType: cancelTypeOf(order),
      rejectReason: rejectReasonOf(order),
      timeInForce: timeInForceOf(order),
      isLeverage: '',
      price: this.#priceOf(order),
      qty: order.quantity,
      avgPrice: '',
      leavesQty: left.toString(),
      leavesValue: leftValue.toString(),
      cumExecQty: order.executed,
      cumExecValue: order.executedValue,
      cumExecFee: fee,
      orderType: orderTypeOf(order.type),
      stopOrderType: order.tags['stopOrderType'] ?? (isStopOrder(order) ? 'Stop' : ''),
      orderIv: '',
      triggerPrice: order.triggerPrice === '0' ? '' : order.triggerPrice,
      takeProfit: order.tags['takeProfit'] ?? '',
      stopLoss: order.tags['stopLoss'] ?? '',
      triggerBy: isStopOrder(order) ? (order.tags['triggerBy'] ?? 'LastPrice') : '',
      tpTriggerBy: '',
      slTriggerBy: '',
      triggerDirection: order.triggerWhen === '' ? 0 : order.triggerWhen === 'RISES' ? 1 : 2,
      placeType: '',
      lastPriceOnCreated: order.priceAtCreation,
      closeOnTrigger: order.closePosition || order.tags['closeOnTrigger'] === 'true',
      reduceOnly: order.reduceOnly,
      smpGroup: 0,
      smpType: 'None',
      smpOrderId: '',
      slLimitPrice: '0',
      tpLimitPrice: '0',
      tpslMode: '',
      createType: createTypeOf(order),
      marketUnit: '',
      createdTime: String(order.createdAtMs),
      updatedTime: String(order.updatedAtMs),
      cumFeeDetail: fee === '0' ? {} : { [instrument.settleAsset]: fee },
    };
  }

  /** A market order has the price to which it may slip, once it is on its way. */
  #priceOf(order: OrderView): string {
    if (orderTypeOf(order.type) === 'Limit') return order.price;
    if (isWaiting(order)) return '';
    const slip = Decimal.of(order.side === 'BUY' ? '1.05' : '0.95');
    const tick = Decimal.of(this.instrument(order.symbol).tickSize);
    const ticks = Decimal.of(this.#exchange.price(order.symbol)).times(slip).dividedBy(tick).round(0);
    return ticks.times(tick).toString();
  }

  /** An entry of the topic `execution`. */
  execution(fill: FillView, order: OrderView, sequence: number): ExecutionMessage {
    const left = Decimal.of(order.quantity).minus(Decimal.of(order.executed));
    return {
      ...this.#executionFields(fill.symbol, sequence),
      closedSize: fill.closed,
      execFee: fill.fee,
      execId: fill.id,
      execPrice: fill.price,
      execQty: fill.quantity,
      execType: fill.origin === 'ADL' ? 'AdlTrade' : fill.origin === 'LIQUIDATION' ? 'BustTrade' : 'Trade',
      execValue: fill.value,
      feeRate: fill.feeRate,
      leavesQty: left.toString(),
      orderId: fill.orderId,
      orderLinkId: order.clientId,
      orderPrice: this.#priceOf(order),
      orderQty: order.quantity,
      orderType: orderTypeOf(order.type),
      stopOrderType: order.tags['stopOrderType'] ?? (isStopOrder(order) ? 'Stop' : 'UNKNOWN'),
      side: sideOf(fill.side),
      execTime: String(fill.timeMs),
      isMaker: fill.isMaker,
      execPnl: fill.realisedPnl,
      createType: createTypeOf(order),
      feeCurrency: fill.feeAsset,
    };
  }

  /** The execution that stands for a payment of funding. */
  fundingExecution(position: PositionView, change: string, timeMs: number): ExecutionMessage {
    const id = `${position.symbol}-${positionIdxOf(position.positionSide)}-${timeMs}`;
    return {
      ...this.#executionFields(position.symbol, position.sequence),
      closedSize: '0',
      execFee: Decimal.of(change).negated().toString(),
      execId: `funding-${id}`,
      execPrice: position.markPrice,
      execQty: position.quantity,
      execType: 'Funding',
      execValue: position.markValue,
      feeRate: '0.0001',
      leavesQty: '0',
      orderId: id,
      orderLinkId: '',
      orderPrice: '0',
      orderQty: '0',
      orderType: 'UNKNOWN',
      stopOrderType: 'UNKNOWN',
      side: position.side === 'LONG' ? 'Buy' : 'Sell',
      execTime: String(timeMs),
      isMaker: false,
      execPnl: '0',
      createType: 'CreateByUser',
      feeCurrency: this.instrument(position.symbol).settleAsset,
    };
  }

  #executionFields(symbol: string, sequence: number) {
    return {
      category: categoryOf(this.instrument(symbol)),
      symbol,
      isLeverage: '0',
      tradeIv: '',
      markIv: '',
      markPrice: this.#exchange.price(symbol),
      indexPrice: this.#exchange.price(symbol),
      underlyingPrice: '',
      blockTradeId: '',
      extraFees: '',
      seq: sequence,
      marketUnit: '',
    };
  }

  /** An entry of `GET /v5/account/wallet-balance` and of the topic `wallet`, with some of the coins. */
  wallet(coins: readonly string[]): WalletEntry {
    const all = Object.keys(this.#exchange.balances);
    const total = (field: 'wallet' | 'equity' | 'unrealised' | 'initial' | 'maintenance' | 'free'): string => {
      const inUsd = all.map((coin) => this.#sums(coin)[field].times(this.#usdPrice(coin)));
      return Decimal.sum(inUsd).round(AMOUNT_DIGITS).toString();
    };
    const equity = Decimal.of(total('equity'));
    const rate = (amount: string): string =>
      equity.sign <= 0 ? '0' : Decimal.of(amount).dividedBy(equity).round(4).toString();
    const [initial, maintenance] = [total('initial'), total('maintenance')];
    return {
      accountIMRate: rate(initial),
      accountMMRate: rate(maintenance),
      accountIMRateByMp: rate(initial),
      accountMMRateByMp: rate(maintenance),
      totalEquity: total('equity'),
      totalWalletBalance: total('wallet'),
      totalMarginBalance: total('equity'),
      totalAvailableBalance: total('free'),
      totalPerpUPL: total('unrealised'),
      totalInitialMargin: initial,
      totalMaintenanceMargin: maintenance,
      totalInitialMarginByMp: initial,
      totalMaintenanceMarginByMp: maintenance,
      coin: coins.map((coin) => this.#coin(coin)),
      accountLTV: '0',
      accountType: this.#account.type,
    };
  }

  #coin(coin: string): CoinEntry {
    const sums = this.#sums(coin);
    const isPortfolio = this.#account.marginMode === 'PORTFOLIO_MARGIN';
    const positions = this.#exchange.positions.filter((each) => this.instrument(each.symbol).settleAsset === coin);
    return {
      coin,
      equity: sums.equity.toString(),
      usdValue: sums.equity.times(this.#usdPrice(coin)).round(AMOUNT_DIGITS).toString(),
      walletBalance: sums.wallet.toString(),
      availableToWithdraw: '',
      availableToBorrow: '',
      borrowAmount: '0',
      accruedInterest: '0',
      totalOrderIM: isPortfolio ? '' : this.#exchange.margin(coin).orders,
      totalPositionIM: isPortfolio ? '' : sums.positions.toString(),
      totalPositionMM: isPortfolio ? '' : sums.maintenance.toString(),
      unrealisedPnl: sums.unrealised.toString(),
      cumRealisedPnl: Decimal.sum(positions.map(cumulative)).toString(),
      bonus: '0',
      collateralSwitch: true,
      marginCollateral: true,
      locked: '0',
      spotHedgingQty: '0',
      spotBorrow: '0',
    };
  }

  #sums(coin: string) {
    const positions = this.#exchange.positions.filter((each) => this.instrument(each.symbol).settleAsset === coin);
    const margin = this.#exchange.margin(coin);
    const of = (field: 'unrealisedPnl' | 'initialMargin' | 'maintenanceMargin'): Decimal =>
      Decimal.sum(positions.map((position) => Decimal.of(position[field])));
    const unrealised = of('unrealisedPnl');
    const wallet = Decimal.of(this.#exchange.balances[coin] ?? '0');
    return {
      wallet,
      unrealised,
      equity: wallet.plus(unrealised),
      positions: of('initialMargin'),
      initial: of('initialMargin').plus(Decimal.of(margin.orders)),
      maintenance: of('maintenanceMargin'),
      free: Decimal.of(margin.free),
    };
  }

  #usdPrice(coin: string): Decimal {
    if (coin === 'USDT' || coin === 'USDC') return Decimal.of('1');
    const known = this.#exchange.instruments.find((instrument) => instrument.baseAsset === coin);
    return known === undefined ? Decimal.zero : Decimal.of(this.#exchange.price(known.symbol));
  }
}

/** What Bybit counts as realised: with fees and funding. */
function cumulative(position: PositionView): Decimal {
  return Decimal.of(position.realisedPnl).minus(Decimal.of(position.fees)).plus(Decimal.of(position.funding));
}
