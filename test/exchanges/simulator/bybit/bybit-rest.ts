import { Decimal } from '../decimal.js';
import type { ExchangeSimulator } from '../exchange-simulator.js';
import type { MarketInstrument } from '../instrument.js';
import { isActive, type OrderView } from '../order.js';
import type { PositionView } from '../position.js';
import type { BybitEntries, BybitMarginMode } from './bybit-entries.js';
import { orderRequest, type Params, positionSideIn, protect } from './bybit-orders.js';
import { pageOf } from './bybit-pages.js';
import { BybitRefusal } from './bybit-refusal.js';
import { isStopOrder, positionIdxOf } from './bybit-words.js';

/** How many closed orders the listing of open ones still knows. */
const RECENTLY_CLOSED = 500;

export interface BybitAccount {
  readonly type: 'UNIFIED' | 'CONTRACT';
  marginMode: BybitMarginMode;
}

type Route = (params: Params) => unknown;

/** The endpoints, each as a function from the parameters to the `result`. */
export class BybitRest {
  readonly routes: ReadonlyMap<string, Route>;
  readonly #exchange: ExchangeSimulator;
  readonly #entries: BybitEntries;
  readonly #account: BybitAccount;

  constructor(exchange: ExchangeSimulator, entries: BybitEntries, account: BybitAccount) {
    this.#exchange = exchange;
    this.#entries = entries;
    this.#account = account;
    const routes: Record<string, Route> = {
      'GET /v5/market/time': () => this.#time(),
      'GET /v5/market/instruments-info': (params) => this.#instruments(params),
      'GET /v5/market/tickers': (params) => this.#tickers(params),
      'GET /v5/position/list': (params) => this.#positions(params),
      'GET /v5/order/realtime': (params) => this.#orders(params),
      'GET /v5/order/history': (params) => this.#history(params),
      'GET /v5/account/wallet-balance': (params) => this.#wallet(params),
      'GET /v5/account/info': () => this.#info(),
      'GET /v5/user/query-api': () => ({ readOnly: 0, unified: 0, uta: this.#account.type === 'UNIFIED' ? 1 : 0 }),
      'POST /v5/account/set-margin-mode': (params) => this.#setAccountMarginMode(params),
      'POST /v5/order/create': (params) => this.#create(params),
      'POST /v5/order/amend': (params) => this.#amend(params),
      'POST /v5/order/cancel': (params) => this.#cancel(params),
      'POST /v5/order/cancel-all': (params) => this.#cancelAll(params),
      'POST /v5/position/set-leverage': (params) => this.#setLeverage(params),
      'POST /v5/position/switch-mode': (params) => this.#switchMode(params),
      'POST /v5/position/switch-isolated': (params) => this.#switchIsolated(params),
      'POST /v5/position/trading-stop': (params) => this.#tradingStop(params),
      'POST /v5/position/add-margin': (params) => this.#addMargin(params),
    };
    this.routes = new Map(Object.entries(routes));
  }

  /** A public ticker, as listed and as in the snapshot of the topic. */
  ticker(instrument: MarketInstrument): Readonly<Record<string, string>> {
    const price = this.#exchange.price(instrument.symbol);
    return {
      symbol: instrument.symbol,
      lastPrice: price,
      indexPrice: price,
      markPrice: price,
      prevPrice24h: price,
      price24hPcnt: '0',
      highPrice24h: price,
      lowPrice24h: price,
      prevPrice1h: price,
      openInterest: '1000',
      openInterestValue: '1000',
      turnover24h: '0',
      volume24h: '0',
      fundingRate: '0.0001',
      nextFundingTime: '1700006400000',
      predictedDeliveryPrice: '',
      basisRate: '',
      deliveryFeeRate: '',
      deliveryTime: '0',
      ask1Size: '1',
      bid1Price: price,
      ask1Price: price,
      bid1Size: '1',
      basis: '',
    };
  }

  #time() {
    const { nowMs } = this.#exchange.clock;
    return { timeSecond: String(Math.floor(nowMs / 1000)), timeNano: `${nowMs}000000` };
  }

  #instruments(params: Params) {
    const { category, found } = this.#inCategory(params);
    const page = pageOf(found, params, {
      place: ({ symbol }) => ({ timeMs: 0, name: symbol }),
      limit: 500,
      most: 1000,
      ties: 'FIRST_NAME',
    });
    return { category, ...page, list: page.list.map(instrumentEntry) };
  }

  #tickers(params: Params) {
    const { category, found } = this.#inCategory(params);
    return { category, list: found.map((instrument) => this.ticker(instrument)) };
  }

  #positions(params: Params) {
    const { category, found } = this.#inCategory(params);
    const isScoped = isGiven(params['symbol']) || isGiven(params['settleCoin']);
    if (category === 'linear' && !isScoped)
      throw new BybitRefusal(10001, 'params error: symbol or settleCoin required');
    const symbols = new Set(found.map(({ symbol }) => symbol));
    const listed = this.#exchange.positions.filter(
      (position) => symbols.has(position.symbol) && (isGiven(params['symbol']) || position.side !== 'NONE'),
    );
    const place = (position: PositionView) => ({
      timeMs: position.updatedAtMs,
      name: `${position.symbol},${positionIdxOf(position.positionSide)}`,
    });
    const page = pageOf(listed, params, { place, limit: 20, most: 200, ties: 'FIRST_NAME' });
    return {
      list: page.list.map((each) => this.#entries.position(each)),
      nextPageCursor: page.nextPageCursor,
      category,
    };
  }

  #orders(params: Params) {
    const { category, found } = this.#inCategory(params);
    const isById = isGiven(params['orderId']) || isGiven(params['orderLinkId']);
    const isScoped = isById || ['symbol', 'settleCoin', 'baseCoin'].some((name) => isGiven(params[name]));
    if (category === 'linear' && !isScoped) {
      throw new BybitRefusal(10001, 'params error: symbol, settleCoin or baseCoin required');
    }
    const symbols = new Set(found.map(({ symbol }) => symbol));
    const known = this.#exchange.orders.filter((order) => symbols.has(order.symbol));
    const closed = known.filter((order) => !isActive(order)).slice(-RECENTLY_CLOSED);
    const withClosed = isById || params['openOnly'] === '1' || params['openOnly'] === '2';
    const candidates = [...known.filter(isActive), ...(withClosed ? closed : [])];
    return this.#orderPage(category, candidates, params);
  }

  #history(params: Params) {
    const { category, found } = this.#inCategory(params);
    const symbols = new Set(found.map(({ symbol }) => symbol));
    const closed = this.#exchange.orders.filter((order) => symbols.has(order.symbol) && !isActive(order));
    return this.#orderPage(category, closed, params);
  }

  #orderPage(category: string, orders: readonly OrderView[], params: Params) {
    const { orderId, orderLinkId, orderFilter } = params;
    const matches = (order: OrderView): boolean => {
      if (isGiven(orderId)) return order.id === orderId;
      if (isGiven(orderLinkId)) return order.clientId === orderLinkId;
      return !isGiven(orderFilter) || (orderFilter === 'StopOrder') === isStopOrder(order);
    };
    const place = (order: OrderView) => ({ timeMs: order.createdAtMs, name: order.id });
    const page = pageOf(orders.filter(matches), params, { place, limit: 20, most: 50, ties: 'LAST_NAME' });
    return { category, nextPageCursor: page.nextPageCursor, list: page.list.map((each) => this.#entries.order(each)) };
  }

  #wallet(params: Params) {
    if (params['accountType'] !== this.#account.type) throw new BybitRefusal(10001, 'accountType invalid');
    const { balances } = this.#exchange;
    const asked = isGiven(params['coin']) ? params['coin'].split(',') : undefined;
    const coins = asked ?? Object.keys(balances).filter((coin) => !Decimal.of(balances[coin] ?? '0').isZero);
    return { list: [this.#entries.wallet(coins)] };
  }

  #info() {
    return {
      unifiedMarginStatus: this.#account.type === 'UNIFIED' ? 5 : 1,
      marginMode: this.#account.marginMode,
      isMasterTrader: false,
      spotHedgingStatus: 'OFF',
      updatedTime: String(this.#exchange.clock.nowMs),
      dcpStatus: 'OFF',
      timeWindow: 10,
      smpGroup: 0,
    };
  }

  #setAccountMarginMode(params: Params) {
    const mode = (['REGULAR_MARGIN', 'ISOLATED_MARGIN', 'PORTFOLIO_MARGIN'] as const).find(
      (each) => each === params['setMarginMode'],
    );
    if (mode === undefined || this.#account.type !== 'UNIFIED') throw new BybitRefusal(10001, 'setMarginMode invalid');
    this.#account.marginMode = mode;
    for (const { symbol } of this.#exchange.instruments) {
      this.#exchange.setMarginMode(symbol, mode === 'ISOLATED_MARGIN' ? 'ISOLATED' : 'CROSS');
    }
    return { reasons: [] };
  }

  #create(params: Params) {
    this.#inCategory(params);
    // Of contracts, Bybit remembers the client ids of closed orders, too.
    const { orderLinkId } = params;
    if (isGiven(orderLinkId) && this.#exchange.order(orderLinkId)?.clientId === orderLinkId) {
      throw new BybitRefusal(110072, 'OrderLinkedID is duplicate');
    }
    const order = this.#exchange.placeOrder(orderRequest(params, this.#exchange));
    return { orderId: order.id, orderLinkId: order.clientId };
  }

  #amend(params: Params) {
    const order = this.#named(params);
    const { qty, price, triggerPrice } = params;
    this.#exchange.amend(order.id, {
      ...(isGiven(qty) ? { quantity: qty } : {}),
      ...(isGiven(price) ? { price } : {}),
      ...(isGiven(triggerPrice) ? { triggerPrice } : {}),
    });
    return { orderId: order.id, orderLinkId: order.clientId };
  }

  #cancel(params: Params) {
    const order = this.#exchange.cancel(this.#named(params).id);
    return { orderId: order.id, orderLinkId: order.clientId };
  }

  #cancelAll(params: Params) {
    const { found } = this.#inCategory(params);
    const symbols = new Set(found.map(({ symbol }) => symbol));
    const { orderFilter } = params;
    const cancelled = this.#exchange.cancelAll(
      (order) =>
        symbols.has(order.symbol) && (!isGiven(orderFilter) || (orderFilter === 'StopOrder') === isStopOrder(order)),
    );
    return { list: cancelled.map(({ id, clientId }) => ({ orderId: id, orderLinkId: clientId })), success: '1' };
  }

  #setLeverage(params: Params) {
    const [buy, sell] = [params['buyLeverage'], params['sellLeverage']];
    if (!isGiven(buy) || buy !== sell) throw new BybitRefusal(10001, 'buy leverage and sell leverage must be equal');
    const isNew = this.#exchange.setLeverage(params['symbol'] ?? '', buy);
    if (!isNew) throw new BybitRefusal(110043, 'Set leverage not modified');
    return {};
  }

  #switchMode(params: Params) {
    const mode = params['mode'] === '3' ? 'HEDGE' : params['mode'] === '0' ? 'ONE_WAY' : undefined;
    if (mode === undefined) throw new BybitRefusal(10001, 'params error: mode invalid');
    if (!this.#exchange.setPositionMode(mode)) throw new BybitRefusal(110025, 'Position mode is not modified');
    return {};
  }

  #switchIsolated(params: Params) {
    if (this.#account.type === 'UNIFIED') throw new BybitRefusal(100028, 'unified account is forbidden');
    const symbol = params['symbol'] ?? '';
    if (!this.#exchange.setMarginMode(symbol, params['tradeMode'] === '1' ? 'ISOLATED' : 'CROSS')) {
      throw new BybitRefusal(110026, 'Cross/isolated margin mode is not modified');
    }
    if (isGiven(params['buyLeverage'])) this.#exchange.setLeverage(symbol, params['buyLeverage']);
    return {};
  }

  #tradingStop(params: Params) {
    protect(this.#exchange, params);
    return {};
  }

  #addMargin(params: Params) {
    const positionSide = positionSideIn(params);
    const symbol = params['symbol'] ?? '';
    this.#exchange.addMargin(symbol, params['margin'] ?? '0', positionSide);
    const position = this.#exchange.positions.find(
      (each) => each.symbol === symbol && each.positionSide === positionSide,
    );
    return position === undefined ? {} : { category: params['category'], ...this.#entries.position(position) };
  }

  #named(params: Params): OrderView {
    const order = this.#exchange.order(params['orderId'] || params['orderLinkId'] || '');
    if (order === undefined || !isActive(order) || order.symbol !== params['symbol']) {
      throw new BybitRefusal(110001, 'order not exists or too late to cancel');
    }
    return order;
  }

  #inCategory(params: Params): {
    readonly category: 'linear' | 'inverse';
    readonly found: readonly MarketInstrument[];
  } {
    const { category, symbol, settleCoin, baseCoin } = params;
    if (category === 'spot' || category === 'option') return { category: category as 'linear', found: [] };
    if (category !== 'linear' && category !== 'inverse')
      throw new BybitRefusal(10001, 'params error: category invalid');
    const found = this.#exchange.instruments.filter(
      (instrument) =>
        instrument.kind === category &&
        (!isGiven(symbol) || instrument.symbol === symbol) &&
        (isGiven(symbol) || !isGiven(settleCoin) || instrument.settleAsset === settleCoin) &&
        (isGiven(symbol) || !isGiven(baseCoin) || instrument.baseAsset === baseCoin),
    );
    if (isGiven(symbol) && found.length === 0) throw new BybitRefusal(10001, 'params error: symbol invalid');
    return { category, found };
  }
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function instrumentEntry(instrument: MarketInstrument) {
  const scale = instrument.tickSize.split('.')[1]?.length ?? 0;
  return {
    symbol: instrument.symbol,
    contractType: instrument.kind === 'linear' ? 'LinearPerpetual' : 'InversePerpetual',
    status: 'Trading',
    baseCoin: instrument.baseAsset,
    quoteCoin: instrument.quoteAsset,
    symbolType: '',
    launchTime: '1585526400000',
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: String(scale),
    leverageFilter: { minLeverage: '1', maxLeverage: instrument.maxLeverage, leverageStep: '0.01' },
    priceFilter: { minPrice: instrument.tickSize, maxPrice: '1999999.8', tickSize: instrument.tickSize },
    lotSizeFilter: {
      maxOrderQty: '1000000',
      minOrderQty: instrument.quantityStep,
      qtyStep: instrument.quantityStep,
      postOnlyMaxOrderQty: '1000000',
      maxMktOrderQty: '100000',
      minNotionalValue: '0',
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    settleCoin: instrument.settleAsset,
    copyTrading: 'none',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
    isPreListing: false,
    preListingInfo: null,
    riskParameters: { priceLimitRatioX: '0.01', priceLimitRatioY: '0.02' },
    displayName: '',
  };
}
