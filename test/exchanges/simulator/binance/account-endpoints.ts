import { Decimal } from '../decimal.js';
import type { PositionView } from '../position.js';
import { digitsOf, fixed, money, moneyOrZero } from './amounts.js';
import { BinanceError } from './binance-error.js';
import type { Json, JsonObject } from './json-text.js';
import { breakEvenPrice, marginAtMark, signedNotional, signedQuantity } from './position-numbers.js';
import type { RequestParams } from './request-params.js';
import type { Endpoint } from './rest-service.js';
import type { Venue } from './venue.js';

/** The endpoints that read the account. */
export function accountEndpoints(venue: Venue): Readonly<Record<string, Endpoint>> {
  const signed = (answer: (params: RequestParams) => Json): Endpoint => ({ access: 'SIGNED', answer });
  const balances = (): Json => Object.keys(venue.engine.balances).map((asset) => balance(venue, asset));
  return {
    'GET /fapi/v2/account': signed(() => accountV2(venue)),
    'GET /fapi/v3/account': signed(() => accountV3(venue)),
    'GET /fapi/v2/balance': signed(balances),
    'GET /fapi/v3/balance': signed(balances),
    'GET /fapi/v2/positionRisk': signed((params) =>
      ofSymbol(venue, venue.positions, params).map((position) => positionRiskV2(venue, position)),
    ),
    'GET /fapi/v3/positionRisk': signed((params) =>
      ofSymbol(venue, listedV3(venue), params).map((position) => positionRiskV3(venue, position)),
    ),
    'GET /fapi/v1/symbolConfig': signed((params) => symbolConfigs(venue, params.optional('symbol'))),
    'GET /fapi/v1/accountConfig': signed(() => ({
      feeTier: 0,
      canTrade: true,
      canDeposit: true,
      canWithdraw: true,
      dualSidePosition: isHedge(venue),
      updateTime: 0,
      multiAssetsMargin: venue.isMultiAssetsMode,
      tradeGroupId: -1,
    })),
    'GET /fapi/v1/positionSide/dual': signed(() => ({ dualSidePosition: isHedge(venue) })),
    'GET /fapi/v1/multiAssetsMargin': signed(() => ({ multiAssetsMargin: venue.isMultiAssetsMode })),
    'GET /fapi/v1/commissionRate': signed((params) => {
      const { symbol, makerFeeRate, takerFeeRate } = venue.instrument(params.required('symbol'));
      return { symbol, makerCommissionRate: makerFeeRate, takerCommissionRate: takerFeeRate };
    }),
    'GET /fapi/v1/leverageBracket': signed((params) => brackets(venue, params.optional('symbol'))),
  };
}

function isHedge(venue: Venue): boolean {
  return venue.engine.positionMode === 'HEDGE';
}

function ofSymbol(venue: Venue, positions: readonly PositionView[], params: RequestParams): readonly PositionView[] {
  const symbol = params.optional('symbol');
  if (symbol === undefined) return positions;
  venue.instrument(symbol);
  return positions.filter((position) => position.symbol === symbol);
}

/** The third version lists what is held, and the slots of symbols with orders. */
function listedV3(venue: Venue): readonly PositionView[] {
  return venue.engine.positions.filter((each) => each.side !== 'NONE' || venue.engine.activeOrders.some(isOf(each)));
}

function isOf(position: PositionView): (order: { readonly symbol: string }) => boolean {
  return (order) => order.symbol === position.symbol;
}

// Wallets

interface WalletNumbers {
  readonly wallet: Decimal;
  readonly unrealised: Decimal;
  readonly crossWallet: Decimal;
  readonly crossUnrealised: Decimal;
  readonly maintenance: Decimal;
  readonly positions: Decimal;
  readonly orders: Decimal;
  readonly available: Decimal;
}

function walletNumbers(venue: Venue, asset: string): WalletNumbers {
  const own = venue.engine.positions.filter((each) => venue.instrument(each.symbol).settleAsset === asset);
  const cross = own.filter((each) => each.marginMode === 'CROSS');
  const sum = (views: readonly PositionView[], of: (view: PositionView) => string | Decimal): Decimal =>
    Decimal.sum(views.map((view) => Decimal.of(of(view))));
  const symbols = venue.engine.instruments.filter((each) => each.settleAsset === asset).map(({ symbol }) => symbol);
  const wallet = Decimal.of(venue.engine.balances[asset] ?? '0');
  const crossWallet = wallet.minus(sum(own, (view) => view.isolatedMargin));
  const crossUnrealised = sum(cross, (view) => view.unrealisedPnl);
  const orders = Decimal.sum(symbols.map((symbol) => venue.orderMargin(symbol)));
  const free = crossWallet.plus(crossUnrealised).minus(sum(cross, marginAtMark)).minus(orders);
  return {
    wallet,
    unrealised: sum(own, (view) => view.unrealisedPnl),
    crossWallet,
    crossUnrealised,
    maintenance: sum(own, (view) => view.maintenanceMargin),
    positions: sum(own, marginAtMark),
    orders,
    available: free.max(Decimal.zero),
  };
}

function balance(venue: Venue, asset: string): JsonObject {
  const { wallet, crossWallet, crossUnrealised, available } = walletNumbers(venue, asset);
  return {
    accountAlias: 'SgsRoCmY',
    asset,
    balance: money(wallet),
    crossWalletBalance: money(crossWallet),
    crossUnPnl: money(crossUnrealised),
    availableBalance: money(available),
    maxWithdrawAmount: money(available.min(crossWallet)),
    marginAvailable: true,
    updateTime: venue.walletTimes.get(asset) ?? 0,
  };
}

function accountAsset(venue: Venue, asset: string, own: JsonObject): JsonObject {
  const numbers = walletNumbers(venue, asset);
  return {
    asset,
    walletBalance: money(numbers.wallet),
    unrealizedProfit: money(numbers.unrealised),
    marginBalance: money(numbers.wallet.plus(numbers.unrealised)),
    maintMargin: money(numbers.maintenance),
    initialMargin: money(numbers.positions.plus(numbers.orders)),
    positionInitialMargin: money(numbers.positions),
    openOrderInitialMargin: money(numbers.orders),
    crossWalletBalance: money(numbers.crossWallet),
    crossUnPnl: money(numbers.crossUnrealised),
    availableBalance: money(numbers.available),
    maxWithdrawAmount: money(numbers.available.min(numbers.crossWallet)),
    ...own,
    updateTime: venue.walletTimes.get(asset) ?? 0,
  };
}

/** In single-asset mode the totals are those of USDT. */
function totals(venue: Venue): JsonObject {
  const numbers = walletNumbers(venue, 'USDT');
  return {
    totalInitialMargin: money(numbers.positions.plus(numbers.orders)),
    totalMaintMargin: money(numbers.maintenance),
    totalWalletBalance: money(numbers.wallet),
    totalUnrealizedProfit: money(numbers.unrealised),
    totalMarginBalance: money(numbers.wallet.plus(numbers.unrealised)),
    totalPositionInitialMargin: money(numbers.positions),
    totalOpenOrderInitialMargin: money(numbers.orders),
    totalCrossWalletBalance: money(numbers.crossWallet),
    totalCrossUnPnl: money(numbers.crossUnrealised),
    availableBalance: money(numbers.available),
    maxWithdrawAmount: money(numbers.available.min(numbers.crossWallet)),
  };
}

// Accounts

function accountV2(venue: Venue): JsonObject {
  const assets = Object.keys(venue.engine.balances);
  return {
    feeTier: 0,
    feeBurn: true,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: venue.isMultiAssetsMode,
    tradeGroupId: -1,
    ...totals(venue),
    assets: assets.map((asset) => accountAsset(venue, asset, { marginAvailable: true })),
    positions: venue.positions.map((position) => accountPositionV2(venue, position)),
  };
}

function accountPositionV2(venue: Venue, position: PositionView): JsonObject {
  const margin = moneyOrZero(marginAtMark(position));
  return {
    symbol: position.symbol,
    initialMargin: margin,
    maintMargin: moneyOrZero(position.maintenanceMargin),
    unrealizedProfit: money(position.unrealisedPnl),
    positionInitialMargin: margin,
    openOrderInitialMargin: moneyOrZero(venue.orderMargin(position.symbol)),
    leverage: position.leverage,
    isolated: position.marginMode === 'ISOLATED',
    entryPrice: entryPrice(position),
    maxNotional: '250000',
    bidNotional: '0',
    askNotional: '0',
    positionSide: position.positionSide,
    positionAmt: amount(venue, position),
    notional: moneyOrZero(signedNotional(position)),
    isolatedWallet: moneyOrZero(position.isolatedMargin),
    updateTime: position.updatedAtMs,
  };
}

/** The third version tells neither leverage nor margin mode nor entry price. */
function accountV3(venue: Venue): JsonObject {
  const assets = Object.keys(venue.engine.balances);
  return {
    ...totals(venue),
    assets: assets.map((asset) => accountAsset(venue, asset, {})),
    positions: listedV3(venue).map((position) => ({
      symbol: position.symbol,
      positionSide: position.positionSide,
      positionAmt: amount(venue, position),
      unrealizedProfit: money(position.unrealisedPnl),
      isolatedMargin: isolatedMargin(position),
      notional: moneyOrZero(signedNotional(position)),
      isolatedWallet: moneyOrZero(position.isolatedMargin),
      initialMargin: moneyOrZero(marginAtMark(position)),
      maintMargin: moneyOrZero(position.maintenanceMargin),
      updateTime: position.updatedAtMs,
    })),
  };
}

// Positions

function positionRiskV2(venue: Venue, position: PositionView): JsonObject {
  return {
    symbol: position.symbol,
    positionAmt: amount(venue, position),
    entryPrice: entryPrice(position),
    breakEvenPrice: breakEvenPrice(position),
    markPrice: fixed(position.markPrice, 8),
    unRealizedProfit: money(position.unrealisedPnl),
    liquidationPrice: liquidationPrice(position),
    leverage: position.leverage,
    maxNotionalValue: '250000',
    marginType: position.marginMode === 'CROSS' ? 'cross' : 'isolated',
    isolatedMargin: isolatedMargin(position),
    isAutoAddMargin: 'false',
    positionSide: position.positionSide,
    notional: moneyOrZero(signedNotional(position)),
    isolatedWallet: moneyOrZero(position.isolatedMargin),
    updateTime: position.updatedAtMs,
  };
}

function positionRiskV3(venue: Venue, position: PositionView): JsonObject {
  const margin = marginAtMark(position);
  const orders = venue.orderMargin(position.symbol);
  return {
    symbol: position.symbol,
    positionSide: position.positionSide,
    positionAmt: amount(venue, position),
    entryPrice: entryPrice(position),
    breakEvenPrice: breakEvenPrice(position),
    markPrice: fixed(position.markPrice, 8),
    unRealizedProfit: money(position.unrealisedPnl),
    liquidationPrice: liquidationPrice(position),
    isolatedMargin: moneyOrZero(isolatedMargin(position)),
    notional: moneyOrZero(signedNotional(position)),
    marginAsset: venue.instrument(position.symbol).settleAsset,
    isolatedWallet: moneyOrZero(position.isolatedMargin),
    initialMargin: moneyOrZero(margin.plus(orders)),
    maintMargin: moneyOrZero(position.maintenanceMargin),
    positionInitialMargin: moneyOrZero(margin),
    openOrderInitialMargin: moneyOrZero(orders),
    adl: 2,
    bidNotional: moneyOrZero(venue.openNotional(position.symbol, 'BUY')),
    askNotional: moneyOrZero(venue.openNotional(position.symbol, 'SELL')),
    updateTime: position.updatedAtMs,
  };
}

function amount(venue: Venue, position: PositionView): string {
  return fixed(signedQuantity(position), digitsOf(venue.instrument(position.symbol).quantityStep));
}

function entryPrice(position: PositionView): string {
  return position.entryPrice === '0' ? '0.0' : position.entryPrice;
}

function liquidationPrice(position: PositionView): string {
  return position.liquidationPrice === '0' ? '0' : fixed(position.liquidationPrice, 8);
}

/** The position's own margin and its profit. */
function isolatedMargin(position: PositionView): string {
  if (position.marginMode === 'CROSS') return '0.00000000';
  return money(Decimal.of(position.isolatedMargin).plus(Decimal.of(position.unrealisedPnl)));
}

// Configuration

function symbolConfigs(venue: Venue, symbol: string | undefined): Json {
  const symbols = symbol === undefined ? venue.engine.instruments.map((each) => each.symbol) : [symbol];
  return symbols.map((each) => {
    venue.instrument(each);
    return {
      symbol: each,
      marginType: venue.engine.marginMode(each) === 'CROSS' ? 'CROSSED' : 'ISOLATED',
      isAutoAddMargin: false,
      leverage: Number(venue.engine.leverage(each)),
      maxNotionalValue: '250000',
    };
  });
}

function brackets(venue: Venue, symbol: string | undefined): Json {
  const all = venue.engine.instruments.filter((each) => symbol === undefined || each.symbol === symbol);
  if (all.length === 0) throw new BinanceError(-1121, 'Invalid symbol.');
  return all.map((each) => ({
    symbol: each.symbol,
    brackets: [
      {
        bracket: 1,
        initialLeverage: Number(each.maxLeverage),
        notionalCap: 250000,
        notionalFloor: 0,
        maintMarginRatio: Number(each.maintenanceRate),
        cum: 0,
      },
    ],
  }));
}
