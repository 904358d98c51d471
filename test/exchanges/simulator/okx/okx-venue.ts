import { Decimal } from '../decimal.js';
import type { SimulatorEvent } from '../events.js';
import { ExchangeSimulator, type SimulatorOptions } from '../exchange-simulator.js';
import { contractValue } from '../instrument.js';
import { isActive, type OrderView } from '../order.js';
import type { PositionView } from '../position.js';
import { type AlgoContext, type AlgoOrder, algoOrders } from './algo-row.js';
import { type Funds, isThere } from './balance-row.js';
import { engineAlgoId, IdSequence, isAlgo } from './okx-id.js';
import type { OkxInstrument } from './okx-instrument.js';
import type { OrderContext } from './order-row.js';
import { keyOf, PositionBook, type PositionRecord } from './position-book.js';
import type { PositionContext } from './position-row.js';
import type { Row } from './row.js';

export type OkxVenueOptions = Omit<
  SimulatorOptions,
  'instruments' | 'orderId' | 'fillId' | 'whenTriggered' | 'whenClosed'
> & {
  readonly instruments: readonly OkxInstrument[];
};

/** What changed with a list of events. */
export interface Changed {
  readonly positions: readonly string[];
  readonly assets: readonly string[];
}

const FIRST_ORDER_ID = 2_497_956_918_703_120_384n;
const FIRST_TRADE_ID = 1_518_905_529n;
const IDS_APART = 4096n;
const DOLLARS: readonly string[] = ['USD', 'USDT', 'USDC'];

/** The engine with what OKX adds to it: ids, sums by currency, and the facts that its rows are made of. */
export class OkxVenue {
  readonly engine: ExchangeSimulator;
  readonly instruments: readonly OkxInstrument[];
  readonly uid: string = '77982378738415879';
  readonly positions: PositionBook = new PositionBook();
  readonly #walletTimes = new Map<string, number>();
  readonly #orderIds = new IdSequence(FIRST_ORDER_ID, IDS_APART);
  // The first algo order has the number of the first plain order: only the list it is in tells the two apart.
  readonly #algoIds = new IdSequence(FIRST_ORDER_ID, IDS_APART);
  readonly #tradeIds = new Map<string, IdSequence>();
  #expectedAlgoId: string | undefined;

  constructor(options: OkxVenueOptions) {
    this.instruments = options.instruments;
    this.engine = new ExchangeSimulator({
      ...options,
      whenTriggered: 'NEW_ORDER',
      whenClosed: 'KEEP',
      orderId: (_n, _symbol, isConditional) => (isConditional ? this.#takeAlgoId() : this.#orderIds.next()),
      fillId: (_n, symbol) => this.#nextTradeId(symbol),
    });
  }

  get nowMs(): number {
    return this.engine.clock.nowMs;
  }

  /** Learns what the rows need to know of events. */
  learn(events: readonly SimulatorEvent[]): Changed {
    const positions = this.positions.learn(events);
    const assets = new Set<string>();
    for (const event of events) {
      if (event.kind === 'walletChanged') {
        assets.add(event.asset);
        this.#walletTimes.set(event.asset, event.timeMs);
      } else if (event.kind === 'positionChanged') {
        assets.add(this.instrument(event.position.symbol).settleAsset);
        if (event.position.marginMode === 'ISOLATED' && event.position.side !== 'NONE') {
          this.#walletTimes.set(this.instrument(event.position.symbol).settleAsset, event.timeMs);
        }
      } else if (event.kind === 'orderChanged') {
        assets.add(this.instrument(event.order.symbol).settleAsset);
      }
    }
    return { positions, assets: [...assets] };
  }

  /** The open positions of which an order was placed, changed or ended: the channel `positions` repeats them. */
  orderedPositions(events: readonly SimulatorEvent[]): readonly string[] {
    const keys = events.flatMap((event) => (event.kind === 'orderChanged' ? [keyOfOrder(event.order)] : []));
    return keys.filter((key) => (this.positions.record(key)?.view.side ?? 'NONE') !== 'NONE');
  }

  instrument(symbol: string): OkxInstrument {
    const instrument = this.instruments.find((each) => each.symbol === symbol);
    if (instrument === undefined) throw new TypeError(`expected an instrument that is listed, received '${symbol}'`);
    return instrument;
  }

  /** The id for an algo order to be placed. */
  newAlgoId(): string {
    return this.#algoIds.next();
  }

  /** Lets the next conditional order have an id. */
  expectAlgoId(engineId: string): void {
    this.#expectedAlgoId = engineId;
  }

  // Orders

  /** The plain orders that ever were, in the order of placing. */
  get plainOrders(): readonly OrderView[] {
    return this.engine.orders.filter((order) => !isAlgo(order.id));
  }

  get algoOrders(): readonly AlgoOrder[] {
    return algoOrders(this.engine.orders);
  }

  algoOrder(algoId: string): AlgoOrder | undefined {
    return this.algoOrders.find((algo) => algo.algoId === algoId);
  }

  orderContext(order: OrderView): OrderContext {
    const lastFill = this.engine.fills.filter((fill) => fill.orderId === order.id).at(-1);
    return { ...this.algoContext(order), lastFill };
  }

  algoContext(order: OrderView): AlgoContext {
    return {
      settleAsset: this.instrument(order.symbol).settleAsset,
      leverage: this.engine.leverage(order.symbol, order.marginMode),
    };
  }

  // Positions

  /** The position as it is now, with the price of now. */
  view(record: PositionRecord): PositionView {
    const key = keyOf(record.view);
    return this.engine.positions.find((each) => keyOf(each) === key) ?? record.view;
  }

  positionContext(view: PositionView): PositionContext {
    const instrument = this.instrument(view.symbol);
    return {
      settleAsset: instrument.settleAsset,
      takerFeeRate: instrument.takerFeeRate,
      notionalUsd: this.notionalUsd(view.symbol, view.quantity, view.markPrice),
      marginRatio: this.#marginRatio(view, instrument.settleAsset),
      available: view.positionSide === 'BOTH' ? '' : this.#available(view),
      closingAlgos: this.#closingAlgos(view),
    };
  }

  /** What contracts are worth in US dollars. */
  notionalUsd(symbol: string, quantity: string, price: string): string {
    const instrument = this.instrument(symbol);
    const contracts = Decimal.of(quantity);
    if (instrument.kind === 'inverse') return contracts.times(Decimal.of(instrument.contractSize)).toString();
    const value = contractValue(instrument, contracts, Decimal.of(price));
    return value.times(this.usdPrice(instrument.settleAsset)).round(8).toString();
  }

  // Balances

  get funds(): readonly Funds[] {
    return Object.keys(this.engine.balances)
      .map((asset) => this.fundsOf(asset))
      .filter(isThere);
  }

  fundsOf(asset: string): Funds {
    const sums = this.engine.margin(asset);
    const of = (key: keyof typeof sums): Decimal => Decimal.of(sums[key]);
    const open = this.engine.positions.filter(
      (view) => view.side !== 'NONE' && this.instrument(view.symbol).settleAsset === asset,
    );
    const isolated = open.filter((view) => view.marginMode === 'ISOLATED');
    const isolatedMargin = Decimal.sum(isolated.map((view) => Decimal.of(view.isolatedMargin)));
    const isolatedProfit = Decimal.sum(isolated.map((view) => Decimal.of(view.unrealisedPnl)));
    const isolatedEquity = isolatedMargin.plus(isolatedProfit);
    return {
      asset,
      cash: of('wallet').minus(isolatedMargin),
      equity: of('equity').plus(isolatedEquity),
      isolatedEquity,
      isolatedProfit,
      profit: of('unrealised').plus(isolatedProfit),
      free: of('free'),
      initialMargin: of('positions').plus(of('orders')),
      maintenanceMargin: of('maintenance'),
      orderMargin: of('orders'),
      positionValue: Decimal.sum(open.map((view) => Decimal.of(view.markValue))),
      hasCrossPosition: open.length > isolated.length,
      usdPrice: this.usdPrice(asset),
      updatedAtMs: this.#walletTimes.get(asset) ?? this.nowMs,
    };
  }

  /** The cash of an asset after what was learned last. */
  cash(asset: string, balance: string): string {
    const taken = this.positions.isolatedMargin(asset, (symbol) => this.instrument(symbol).settleAsset);
    return Decimal.of(balance).minus(taken).toString();
  }

  walletTime(asset: string): number {
    return this.#walletTimes.get(asset) ?? this.nowMs;
  }

  usdPrice(asset: string): Decimal {
    if (DOLLARS.includes(asset)) return Decimal.of('1');
    const instrument = this.instruments.find((each) => each.baseAsset === asset);
    return instrument === undefined ? Decimal.zero : Decimal.of(this.engine.price(instrument.symbol));
  }

  #available(view: PositionView): string {
    const closing = this.engine.activeOrders.filter(
      (order) => !isAlgo(order.id) && order.reduceOnly && keyOfOrder(order) === keyOf(view),
    );
    const held = closing.map((order) => Decimal.of(order.quantity).minus(Decimal.of(order.executed)));
    return Decimal.of(view.quantity).minus(Decimal.sum(held)).max(Decimal.zero).toString();
  }

  #marginRatio(view: PositionView, asset: string): string {
    const isIsolated = view.marginMode === 'ISOLATED';
    const sums = this.engine.margin(asset);
    const backing = isIsolated
      ? Decimal.of(view.isolatedMargin).plus(Decimal.of(view.unrealisedPnl))
      : Decimal.of(sums.equity);
    const maintenance = Decimal.of(isIsolated ? view.maintenanceMargin : sums.maintenance);
    return maintenance.isZero ? '' : backing.dividedBy(maintenance).round(8).toString();
  }

  #closingAlgos(view: PositionView): readonly Row[] {
    const legs = this.engine.activeOrders.filter((order) => order.closePosition && keyOfOrder(order) === keyOf(view));
    return algoOrders(legs).map((algo) => {
      const tp = algo.legs.find((leg) => leg.type.startsWith('TAKE_PROFIT'));
      const sl = algo.legs.find((leg) => leg.type.startsWith('STOP'));
      return {
        algoId: algo.algoId,
        closeFraction: '1',
        slTriggerPx: sl?.triggerPrice ?? '',
        slTriggerPxType: sl === undefined ? '' : 'last',
        tpTriggerPx: tp?.triggerPrice ?? '',
        tpTriggerPxType: tp === undefined ? '' : 'last',
      };
    });
  }

  #takeAlgoId(): string {
    const expected = this.#expectedAlgoId ?? engineAlgoId(this.newAlgoId());
    this.#expectedAlgoId = undefined;
    return expected;
  }

  #nextTradeId(symbol: string): string {
    const ids = this.#tradeIds.get(symbol) ?? new IdSequence(FIRST_TRADE_ID, 1n);
    this.#tradeIds.set(symbol, ids);
    return ids.next();
  }
}

/** The key of the position that an order acts on. */
export function keyOfOrder(order: OrderView): string {
  return `${order.symbol} ${order.positionSide} ${order.marginMode}`;
}

/** An order that OKX lists as pending. */
export function isPending(order: OrderView): boolean {
  return isActive(order) && !isAlgo(order.id);
}
