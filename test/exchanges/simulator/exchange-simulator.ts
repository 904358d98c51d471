import { AccountBook, type MarginSums } from './account-book.js';
import { Decimal } from './decimal.js';
import type { OrderChange, PositionChange, SimulatorEvent, SimulatorListener, WalletChange } from './events.js';
import { AMOUNT_DIGITS, contractValue, type MarketInstrument } from './instrument.js';
import {
  type FillView,
  isActive,
  isConditional,
  isLimit,
  type OrderEnd,
  type OrderOrigin,
  type OrderRequest,
  type OrderSide,
  type OrderStatus,
  type OrderView,
} from './order.js';
import type { MarginMode, Position, PositionMode, PositionSide, PositionView } from './position.js';
import { Refusal } from './refusal.js';
import { RestingOrder } from './resting-order.js';
import { SimulatedClock } from './simulated-clock.js';

export interface SimulatorOptions {
  readonly instruments: readonly MarketInstrument[];
  /** The first price of each symbol. */
  readonly prices: Readonly<Record<string, string>>;
  readonly balances: Readonly<Record<string, string>>;
  /** Default: `ONE_WAY`. */
  readonly positionMode?: PositionMode;
  /** Of every symbol. Default: `CROSS`. */
  readonly marginMode?: MarginMode;
  /** Of every symbol. Default: 10. */
  readonly leverage?: string;
  /** Exchange time at the start. Default: 1700000000000. */
  readonly startMs?: number;
  /** Instead of `startMs`. Each operation begins with a tick of it. Default: a clock that stands still. */
  readonly clock?: SimulatedClock;
  /** Makes the id of the n-th order. Default: the number. */
  readonly orderId?: (n: number, symbol: string, isConditional: boolean) => string;
  /** Makes the id of the n-th fill. Default: the number. */
  readonly fillId?: (n: number, symbol: string) => string;
  /** What a triggered conditional order becomes: itself, or the parent of a new one. Default: `SAME_ORDER`. */
  readonly whenTriggered?: 'SAME_ORDER' | 'NEW_ORDER';
  /** What happens to the reduce-only orders of a position that was closed, or to one of them. Default: `CANCEL`. */
  readonly whenClosed?: 'CANCEL' | 'KEEP' | ((order: OrderView) => 'CANCEL' | 'KEEP');
  /** Whether orders need free margin. Default: `CHECK`. */
  readonly margin?: 'CHECK' | 'IGNORE';
}

/** What is true on the exchange now: what an account keeper must have in the end. */
export interface SimulatorTruth {
  readonly positions: readonly {
    readonly symbol: string;
    readonly side: 'LONG' | 'SHORT';
    readonly positionSide: PositionSide;
    readonly quantity: string;
    readonly entryPrice: string;
    readonly leverage: string;
    readonly marginMode: MarginMode;
  }[];
  /** The active ones. */
  readonly orders: readonly OrderView[];
  readonly balances: Readonly<Record<string, string>>;
  readonly leverage: Readonly<Record<string, string>>;
}

const MARGIN_MODES: readonly MarginMode[] = ['CROSS', 'ISOLATED'];

type Fact = SimulatorEvent extends infer Event
  ? Event extends SimulatorEvent
    ? Omit<Event, 'sequence' | 'timeMs'>
    : never
  : never;

/**
 * A derivatives exchange with one account, in memory. It does nothing by itself: the clock, the prices and everything
 * else move when they are told to. What is true of the account follows from the fills.
 */
export class ExchangeSimulator {
  readonly clock: SimulatedClock;
  readonly #options: SimulatorOptions;
  readonly #account = new AccountBook(() => this.#active());
  readonly #orders = new Map<string, RestingOrder>();
  /** The orders that are active, and some that no longer are. */
  readonly #live = new Set<RestingOrder>();
  readonly #fills: FillView[] = [];
  readonly #listeners = new Set<SimulatorListener>();
  readonly #observers = new Set<SimulatorListener>();
  #positionMode: PositionMode;
  #sequence = 0;
  #ordersMade = 0;
  #depth = 0;
  #undelivered: (readonly SimulatorEvent[])[] = [];

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.clock = options.clock ?? new SimulatedClock(options.startMs ?? 1_700_000_000_000);
    this.#positionMode = options.positionMode ?? 'ONE_WAY';
    const leverage = Decimal.of(options.leverage ?? '10');
    for (const instrument of options.instruments) {
      this.#account.open({
        instrument,
        price: Decimal.of(options.prices[instrument.symbol] ?? '1'),
        available: undefined,
        marginMode: options.marginMode ?? 'CROSS',
        leverage: { CROSS: leverage, ISOLATED: leverage },
      });
    }
    for (const [asset, balance] of Object.entries(options.balances)) this.#account.book(asset, Decimal.of(balance));
  }

  // Reading

  get positionMode(): PositionMode {
    return this.#positionMode;
  }

  /** The number of the last event. */
  get sequence(): number {
    return this.#sequence;
  }

  get instruments(): readonly MarketInstrument[] {
    return this.#options.instruments;
  }

  /** Every order that ever was, in the order of placing. */
  get orders(): readonly OrderView[] {
    return [...this.#orders.values()].map((order) => order.view());
  }

  get activeOrders(): readonly OrderView[] {
    return this.#active().map((order) => order.view());
  }

  /** Every fill that ever was. */
  get fills(): readonly FillView[] {
    return this.#fills;
  }

  /** Every slot that positions can be in, in the current position mode, or in which one was. */
  get positions(): readonly PositionView[] {
    for (const { instrument, marginMode } of this.#account.markets) {
      for (const side of this.#sides()) this.#account.position(instrument.symbol, side, marginMode);
    }
    const sides = new Set<PositionSide>(this.#sides());
    return this.#account.positions
      .filter(
        (position) =>
          position.direction !== 0 ||
          (sides.has(position.positionSide) &&
            this.#account.market(position.instrument.symbol).marginMode === position.marginMode),
      )
      .map((position) => this.#account.view(position));
  }

  get balances(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#account.wallets].map(([asset, balance]) => [asset, balance.toString()]));
  }

  /** An order by the exchange's id or by the client's; the newest when several have that one. */
  order(id: string): OrderView | undefined {
    return this.#find(id)?.view();
  }

  price(symbol: string): string {
    return this.#account.market(symbol).price.toString();
  }

  leverage(symbol: string, marginMode?: MarginMode): string {
    const market = this.#account.market(symbol);
    return market.leverage[marginMode ?? market.marginMode].toString();
  }

  marginMode(symbol: string): MarginMode {
    return this.#account.market(symbol).marginMode;
  }

  truth(): SimulatorTruth {
    const positions = this.positions.flatMap((view) => {
      const { symbol, side, positionSide, quantity, entryPrice, leverage, marginMode } = view;
      return side === 'NONE' ? [] : [{ symbol, side, positionSide, quantity, entryPrice, leverage, marginMode }];
    });
    const leverage = Object.fromEntries(this.instruments.map(({ symbol }) => [symbol, this.leverage(symbol)]));
    return { positions, orders: this.activeOrders, balances: this.balances, leverage };
  }

  /** The margin of an asset: wallet, profit of cross positions, what is tied up, what is free. */
  margin(asset: string): MarginSums<string> {
    const sums = this.#account.margin(asset);
    const text = (value: Decimal): string => value.round(AMOUNT_DIGITS).toString();
    return {
      wallet: text(sums.wallet),
      equity: text(sums.equity),
      unrealised: text(sums.unrealised),
      positions: text(sums.positions),
      maintenance: text(sums.maintenance),
      orders: text(sums.orders),
      free: text(sums.free),
    };
  }

  /**
   * Calls the observer at once, while the operation still runs: it finds the account as it is at that event. It must not
   * operate itself.
   */
  observe(observer: SimulatorListener): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Calls the listener after each operation, once for each list of events that belong together. */
  listen(listener: SimulatorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Orders

  /** Places an order, and fills it as far as the market goes now. */
  placeOrder(request: OrderRequest): OrderView {
    return this.#run(() => {
      const order = this.#accept(request);
      this.#settle(order);
      return order.view();
    });
  }

  amend(
    id: string,
    changes: { readonly quantity?: string; readonly price?: string; readonly triggerPrice?: string },
  ): OrderView {
    return this.#run(() => {
      const order = this.#findActive(id);
      const { instrument } = order.facts;
      const quantity = Decimal.of(changes.quantity ?? order.quantity);
      const price = Decimal.of(changes.price ?? order.price);
      const triggerPrice = Decimal.of(changes.triggerPrice ?? order.triggerPrice);
      if (changes.quantity !== undefined) this.#checkQuantity(instrument, quantity);
      if (quantity.compare(order.executed) <= 0 && !order.quantity.isZero) {
        throw new Refusal('INVALID_QUANTITY', `${quantity} of the order ${id} are filled already`);
      }
      if (changes.price !== undefined) this.#checkPrice(instrument, price);
      if (changes.triggerPrice !== undefined) this.#checkPrice(instrument, triggerPrice);
      order.quantity = quantity;
      order.price = price;
      order.triggerPrice = triggerPrice;
      order.updatedAtMs = this.clock.nowMs;
      const isPostOnly = order.request.timeInForce === 'POST_ONLY' && !order.isWaiting;
      if (isPostOnly && order.isCrossedBy(this.#account.market(order.request.symbol).price)) {
        this.#end(order, 'CANCELLED', 'POST_ONLY');
      } else {
        this.#emit([this.#orderChanged(order, 'AMENDED')]);
        this.#fillAtMarket(order);
      }
      return order.view();
    });
  }

  cancel(id: string): OrderView {
    return this.end(id, 'CANCELLED', 'USER');
  }

  /** Ends an order as the exchange would for reasons of its own. */
  end(id: string, status: 'CANCELLED' | 'EXPIRED' | 'REJECTED', reason: OrderEnd): OrderView {
    return this.#run(() => {
      const order = this.#findActive(id);
      this.#end(order, status, reason);
      return order.view();
    });
  }

  /** Cancels the active orders that match; all without a filter. */
  cancelAll(matches: (order: OrderView) => boolean = () => true): readonly OrderView[] {
    return this.#run(() => {
      const orders = this.#active().filter((order) => matches(order.view()));
      for (const order of orders) this.#end(order, 'CANCELLED', 'USER');
      return orders.map((order) => order.view());
    });
  }

  /** Fills a part of an active order as a maker, at its own price or at another one. */
  fillPartially(id: string, quantity: string, price?: string): OrderView {
    return this.#run(() => {
      const order = this.#findActive(id);
      if (order.isWaiting) throw new Refusal('UNKNOWN_ORDER', `${id} waits for its trigger`);
      const limit = order.price.isZero ? this.#account.market(order.request.symbol).price : order.price;
      this.#execute(order, Decimal.of(quantity).min(order.left), price === undefined ? limit : Decimal.of(price), true);
      return order.view();
    });
  }

  // The market

  /**
   * Moves the price: fills what it crosses, triggers conditional orders, and liquidates. `available` is how much
   * can be filled until the next price; everything without it.
   */
  setPrice(symbol: string, price: string, options: { readonly available?: string } = {}): void {
    this.#run(() => {
      const market = this.#account.market(symbol);
      market.price = Decimal.of(price);
      this.#checkPrice(market.instrument, market.price);
      market.available = options.available === undefined ? undefined : Decimal.of(options.available);
      this.#emit([{ kind: 'priceChanged', symbol, price: market.price.toString() }]);
      const orders = this.#active().filter((order) => order.request.symbol === symbol);
      for (const order of orders.filter((each) => !each.isWaiting).sort(byPriceThenTime)) this.#fillResting(order);
      for (const order of orders.filter((each) => each.isWaiting)) {
        order.follow(market.price);
        if (isActive(order) && order.isReachedBy(market.price)) this.#trigger(order);
      }
    });
  }

  /** Settles funding: a positive rate is paid by longs and received by shorts. */
  funding(symbol: string, rate: string): void {
    this.#run(() => {
      const { instrument, price } = this.#account.market(symbol);
      for (const position of this.#account.positions) {
        if (position.instrument !== instrument || position.direction === 0) continue;
        const paid = position.valueAt(price).times(Decimal.of(rate)).round(AMOUNT_DIGITS);
        const change = position.direction > 0 ? paid.negated() : paid;
        position.funding = position.funding.plus(change);
        position.net = position.net.plus(change);
        this.#account.book(instrument.settleAsset, change);
        this.#touch(position);
        this.#emit([
          this.#positionChanged(position, 'FUNDING'),
          this.#walletChanged(instrument.settleAsset, change, 'FUNDING'),
        ]);
      }
    });
  }

  /** Reduces a position because the other side of the market was liquidated. */
  adl(symbol: string, side: 'LONG' | 'SHORT', quantity: string, price?: string): void {
    this.#run(() => {
      const position = this.#account.positions.find(
        (each) => each.instrument.symbol === symbol && each.direction === (side === 'LONG' ? 1 : -1),
      );
      if (position === undefined) throw new Refusal('NOTHING_TO_REDUCE', `no ${side} of ${symbol}`);
      const at = price === undefined ? this.#account.market(symbol).price : Decimal.of(price);
      this.#force(position, Decimal.of(quantity).min(position.quantity.abs()), at, 'ADL');
    });
  }

  // The account

  /** Moves an asset into the account, or out of it with a negative amount. */
  transfer(asset: string, amount: string): void {
    this.#run(() => {
      const change = Decimal.of(amount);
      const { free } = this.#account.margin(asset);
      if (change.sign < 0 && free.plus(change).sign < 0) {
        throw new Refusal('INVALID_AMOUNT', `${free} of ${asset} are free`);
      }
      this.#account.book(asset, change);
      this.#emit([this.#walletChanged(asset, change, 'TRANSFER')]);
    });
  }

  /** Sets a symbol's leverage, in one margin mode or in both. Returns whether it was another one. */
  setLeverage(symbol: string, leverage: string, marginMode?: MarginMode): boolean {
    return this.#run(() => {
      const market = this.#account.market(symbol);
      const value = Decimal.of(leverage);
      if (value.compare(Decimal.of('1')) < 0 || value.compare(Decimal.of(market.instrument.maxLeverage)) > 0) {
        throw new Refusal('INVALID_LEVERAGE', `${symbol} takes 1 to ${market.instrument.maxLeverage}`);
      }
      const modes = marginMode === undefined ? MARGIN_MODES : [marginMode];
      const isNew = modes.some((mode) => market.leverage[mode].compare(value) !== 0);
      if (!isNew) return false;
      this.#account.checkTiedUp(
        modes.flatMap((mode) => this.#slots(symbol, mode)),
        value,
      );
      for (const mode of modes) {
        market.leverage[mode] = value;
        const facts: Fact[] = [];
        for (const position of this.#slots(symbol, mode)) {
          if (mode === 'ISOLATED') position.isolatedMargin = position.cost.dividedBy(value).round(AMOUNT_DIGITS);
          this.#touch(position);
          facts.push(this.#positionChanged(position, 'LEVERAGE'));
        }
        if (mode === market.marginMode || marginMode !== undefined) {
          this.#emit([{ kind: 'leverageChanged', symbol, marginMode: mode, leverage: value.toString() }, ...facts]);
        }
      }
      return true;
    });
  }

  /** Sets the margin mode of a symbol, of its positions and of its orders. Returns whether it was another one. */
  setMarginMode(symbol: string, marginMode: MarginMode): boolean {
    return this.#run(() => {
      const market = this.#account.market(symbol);
      const former = market.marginMode;
      if (former === marginMode) return false;
      const moved = this.#slots(symbol, former);
      if (this.#slots(symbol, marginMode).some((position) => position.direction !== 0)) {
        throw new Refusal('POSITION_OR_ORDER_OPEN', `${symbol} has a position in the other margin mode`);
      }
      this.#account.checkTiedUp(moved, market.leverage[marginMode]);
      market.marginMode = marginMode;
      const facts: Fact[] = [];
      for (const position of moved) {
        const other = this.#account.position(symbol, position.positionSide, marginMode);
        this.#account.place(other, former);
        this.#account.place(position, marginMode);
        const margin = position.cost.dividedBy(market.leverage[marginMode]).round(AMOUNT_DIGITS);
        position.isolatedMargin = marginMode === 'ISOLATED' ? margin : Decimal.zero;
        this.#touch(position);
        facts.push(this.#positionChanged(position, 'MARGIN_MODE'));
      }
      for (const order of this.#active()) {
        if (order.request.symbol === symbol && order.marginMode === former) order.marginMode = marginMode;
      }
      this.#emit([{ kind: 'marginModeChanged', symbol, marginMode }, ...facts]);
      return true;
    });
  }

  /** Adds margin to an isolated position, or takes some out with a negative amount. */
  addMargin(symbol: string, amount: string, positionSide: PositionSide = 'BOTH'): void {
    this.#run(() => {
      const position = this.#account.position(symbol, positionSide, 'ISOLATED');
      const change = Decimal.of(amount);
      if (position.direction === 0) throw new Refusal('NOT_OPEN', `no isolated position of ${symbol}`);
      const margin = position.isolatedMargin.plus(change);
      const floor = position.cost.dividedBy(this.#account.market(symbol).leverage.ISOLATED).round(AMOUNT_DIGITS);
      const isTooMuch = change.compare(this.#account.margin(position.instrument.settleAsset).free) > 0;
      if (isTooMuch || margin.compare(floor) < 0) throw new Refusal('INVALID_AMOUNT', `${amount} for ${symbol}`);
      position.isolatedMargin = margin;
      this.#touch(position);
      this.#emit([this.#positionChanged(position, 'MARGIN')]);
    });
  }

  /** Reports a position as changed by something that only the venue keeps, such as a take-profit price. */
  touch(symbol: string, positionSide: PositionSide): void {
    this.#run(() => {
      const position = this.#account.position(symbol, positionSide, this.#account.market(symbol).marginMode);
      this.#touch(position);
      this.#emit([this.#positionChanged(position, 'VENUE')]);
    });
  }

  /** Switches between one-way and hedge mode; nothing may be open. Returns whether it was another one. */
  setPositionMode(positionMode: PositionMode): boolean {
    return this.#run(() => {
      if (this.#positionMode === positionMode) return false;
      const isOpen = this.#account.positions.some((position) => position.direction !== 0);
      if (isOpen || this.#active().length > 0) {
        throw new Refusal('POSITION_OR_ORDER_OPEN', 'the position mode can only be changed when nothing is open');
      }
      this.#positionMode = positionMode;
      this.#emit([{ kind: 'positionModeChanged', positionMode }]);
      return true;
    });
  }

  // Accepting

  #accept(request: OrderRequest): RestingOrder {
    const market = this.#account.market(request.symbol);
    const { instrument } = market;
    const positionSide = request.positionSide ?? 'BOTH';
    if (!this.#sides().includes(positionSide)) {
      throw new Refusal('INVALID_POSITION_SIDE', `${positionSide} in ${this.#positionMode} mode`);
    }
    if (request.closePosition !== true) this.#checkQuantity(instrument, Decimal.of(request.quantity ?? '0'));
    if (isLimit(request.type)) this.#checkPrice(instrument, Decimal.of(request.price ?? '0'));
    if (isConditional(request.type) && request.trailing === undefined) {
      this.#checkPrice(instrument, Decimal.of(request.triggerPrice ?? '0'));
    }
    const { clientId = '' } = request;
    if (clientId !== '' && this.#active().some((order) => order.facts.clientId === clientId)) {
      throw new Refusal('DUPLICATE_CLIENT_ID', clientId);
    }
    const reduces =
      (positionSide === 'LONG' && request.side === 'SELL') || (positionSide === 'SHORT' && request.side === 'BUY');
    const marginMode = request.marginMode ?? market.marginMode;
    const reduceOnly = request.reduceOnly === true || request.closePosition === true || reduces;
    const direction = request.side === 'BUY' ? 1 : -1;
    const held = this.#account.position(request.symbol, positionSide, marginMode).direction;
    if (reduceOnly && !isConditional(request.type) && held * direction >= 0) {
      throw new Refusal('NOTHING_TO_REDUCE', `no position of ${request.symbol} for the ${request.side} to reduce`);
    }
    const order = this.#create(request, { positionSide, marginMode, reduceOnly, origin: 'USER', parentId: '' });
    if (order.isWaiting && request.trailing === undefined && order.isReachedBy(market.price)) {
      throw new Refusal('WOULD_TRIGGER', `the price of ${request.symbol} is ${market.price} already`);
    }
    if (request.type === 'LIMIT' || request.type === 'MARKET') {
      if (!this.#isCovered(order)) throw new Refusal('INSUFFICIENT_MARGIN', `for the order of ${request.symbol}`);
    }
    return this.#keep(order);
  }

  #create(
    request: OrderRequest,
    facts: Pick<RestingOrder['facts'], 'positionSide' | 'marginMode' | 'reduceOnly' | 'origin' | 'parentId'>,
  ): RestingOrder {
    const { instrument, price } = this.#account.market(request.symbol);
    const n = this.#ordersMade + 1;
    return new RestingOrder(request, {
      ...facts,
      id: this.#options.orderId?.(n, request.symbol, isConditional(request.type)) ?? String(n),
      clientId: request.clientId ?? '',
      instrument,
      priceAtCreation: price,
      nowMs: this.clock.nowMs,
    });
  }

  #keep(order: RestingOrder): RestingOrder {
    this.#ordersMade += 1;
    this.#orders.set(order.facts.id, order);
    this.#live.add(order);
    return order;
  }

  #isCovered(order: RestingOrder): boolean {
    return this.#options.margin === 'IGNORE' || this.#account.isCovered(order);
  }

  // Matching

  /** Brings an order that was just placed into the book, as its time in force allows. */
  #settle(order: RestingOrder): void {
    const { timeInForce = 'GTC', type } = order.request;
    const market = this.#account.market(order.request.symbol);
    const crosses = !order.isWaiting && (!isLimit(type) || order.isCrossedBy(market.price));
    const isShort = market.available !== undefined && market.available.compare(order.left) < 0;
    if (timeInForce === 'POST_ONLY' && crosses) {
      this.#end(order, 'CANCELLED', 'POST_ONLY');
    } else if (timeInForce === 'FOK' && !order.isWaiting && (!crosses || isShort)) {
      this.#end(order, 'CANCELLED', 'TIME_IN_FORCE');
    } else {
      this.#emit([this.#orderChanged(order, 'PLACED')]);
      this.#fillAtMarket(order);
    }
  }

  /** Takes from the market what an order may take. */
  #fillAtMarket(order: RestingOrder): void {
    if (!isActive(order) || order.isWaiting) return;
    const market = this.#account.market(order.request.symbol);
    const isPriced = isLimit(order.request.type);
    if (!isPriced || order.isCrossedBy(market.price)) this.#take(order, market.price, false);
    if (!isActive(order)) return;
    if (!isPriced) this.#end(order, 'CANCELLED', 'NO_LIQUIDITY');
    else if (order.request.timeInForce === 'IOC' || order.request.timeInForce === 'FOK') {
      this.#end(order, 'CANCELLED', 'TIME_IN_FORCE');
    }
  }

  #fillResting(order: RestingOrder): void {
    const { price } = this.#account.market(order.request.symbol);
    if (isActive(order) && order.isCrossedBy(price)) this.#take(order, order.price, true);
  }

  #take(order: RestingOrder, price: Decimal, isMaker: boolean): void {
    const market = this.#account.market(order.request.symbol);
    const quantity = market.available === undefined ? order.left : order.left.min(market.available);
    if (quantity.sign <= 0) return;
    const filled = this.#execute(order, quantity, price, isMaker);
    market.available = market.available?.minus(filled);
  }

  #trigger(order: RestingOrder): void {
    const position = this.#positionOf(order);
    const isCovered = this.#isCovered(order);
    order.isTriggered = true;
    order.updatedAtMs = this.clock.nowMs;
    if (order.request.closePosition === true) order.quantity = position.quantity.abs();
    if (order.facts.reduceOnly && position.direction * order.direction >= 0) {
      this.#end(order, 'CANCELLED', 'NOTHING_TO_REDUCE');
    } else if (!isCovered) {
      this.#end(order, 'REJECTED', 'INSUFFICIENT_MARGIN');
    } else if (this.#options.whenTriggered === 'NEW_ORDER') {
      this.#replace(order);
    } else {
      this.#emit([this.#orderChanged(order, 'TRIGGERED')]);
      this.#fillAtMarket(order);
    }
  }

  /** Places the order that a conditional one becomes. */
  #replace(order: RestingOrder): void {
    const { request, facts } = order;
    const { trailing: _trailing, triggerPrice: _price, triggerWhen: _when, ...rest } = request;
    const type = isLimit(request.type) ? 'LIMIT' : 'MARKET';
    order.status = 'TRIGGERED';
    order.end = 'TRIGGERED';
    const child = this.#create(
      { ...rest, type, quantity: order.quantity.toString() },
      { ...facts, marginMode: order.marginMode, parentId: facts.id },
    );
    this.#emit([this.#orderChanged(order, 'TRIGGERED')]);
    this.#settle(this.#keep(child));
  }

  /** Fills a quantity at a price, and books everything that follows. Returns what was filled. */
  #execute(order: RestingOrder, wanted: Decimal, price: Decimal, isMaker: boolean): Decimal {
    const { request, facts } = order;
    const { instrument } = facts;
    const position = this.#positionOf(order);
    const signedWish = order.direction > 0 ? wanted : wanted.negated();
    const quantity = facts.reduceOnly ? position.closable(signedWish) : wanted;
    if (quantity.isZero) {
      this.#end(order, 'CANCELLED', 'NOTHING_TO_REDUCE');
      return quantity;
    }
    const leverage = this.#account.market(request.symbol).leverage[order.marginMode];
    const feeRate = isMaker ? instrument.makerFeeRate : instrument.takerFeeRate;
    const value = contractValue(instrument, quantity, price);
    const fee = value.times(Decimal.of(feeRate)).round(AMOUNT_DIGITS);
    const signed = order.direction > 0 ? quantity : quantity.negated();
    const { realised, closed } = position.fill(signed, price, leverage, this.clock.nowMs);
    position.fees = position.fees.plus(fee);
    position.net = position.net.minus(fee);
    order.addFill(quantity, value, fee, realised);
    order.updatedAtMs = this.clock.nowMs;
    const change = realised.minus(fee);
    this.#account.book(instrument.settleAsset, change);
    this.#touch(position);
    const n = this.#fills.length + 1;
    const fill: FillView = {
      id: this.#options.fillId?.(n, request.symbol) ?? String(n),
      orderId: facts.id,
      symbol: request.symbol,
      side: request.side,
      quantity: quantity.toString(),
      price: price.toString(),
      value: value.round(AMOUNT_DIGITS).toString(),
      isMaker,
      fee: fee.toString(),
      feeRate,
      feeAsset: instrument.settleAsset,
      realisedPnl: realised.toString(),
      closed: closed.toString(),
      origin: facts.origin,
      timeMs: this.clock.nowMs,
    };
    this.#fills.push(fill);
    this.#emit([
      { kind: 'orderChanged', reason: 'FILL', order: order.view(), fill },
      this.#positionChanged(position, 'FILL'),
      this.#walletChanged(instrument.settleAsset, change, 'FILL'),
    ]);
    if (position.direction === 0 && !closed.isZero) this.#endReducing(position);
    if (isActive(order) && facts.reduceOnly && quantity.compare(wanted) < 0) {
      this.#end(order, 'CANCELLED', 'NOTHING_TO_REDUCE');
    }
    return quantity;
  }

  /** Ends the orders that have nothing left to reduce. */
  #endReducing(position: Position): void {
    const { whenClosed = 'CANCEL' } = this.#options;
    for (const order of this.#active()) {
      if (!order.facts.reduceOnly || this.#positionOf(order) !== position) continue;
      const what = typeof whenClosed === 'function' ? whenClosed(order.view()) : whenClosed;
      if (what === 'CANCEL') this.#end(order, 'CANCELLED', 'NOTHING_TO_REDUCE');
    }
  }

  #end(order: RestingOrder, status: OrderStatus, reason: OrderEnd): void {
    order.status = status;
    order.end = reason;
    order.updatedAtMs = this.clock.nowMs;
    this.#emit([this.#orderChanged(order, 'ENDED')]);
  }

  // Liquidation

  #liquidate(): void {
    for (const position of this.#account.positions) {
      if (position.marginMode !== 'ISOLATED' || position.direction === 0) continue;
      const { price } = this.#account.market(position.instrument.symbol);
      const margin = position.isolatedMargin;
      if (margin.plus(position.unrealisedAt(price)).compare(position.maintenanceMargin) > 0) continue;
      this.#endOrders((order) => this.#positionOf(order) === position);
      const before = position.realised;
      this.#force(position, position.quantity.abs(), price, 'LIQUIDATION');
      const excess = before.minus(position.realised).minus(margin);
      if (excess.sign > 0) this.#insure(position.instrument.settleAsset, excess);
    }
    for (const asset of this.#account.wallets.keys()) {
      const positions = this.#account.positions.filter(
        (each) => each.marginMode === 'CROSS' && each.direction !== 0 && each.instrument.settleAsset === asset,
      );
      const { equity, maintenance } = this.#account.margin(asset);
      if (positions.length > 0 && equity.compare(maintenance) > 0) continue;
      if (positions.length === 0 && equity.sign >= 0) continue;
      this.#endOrders((order) => order.facts.instrument.settleAsset === asset && order.marginMode === 'CROSS');
      for (const position of positions) {
        const { price } = this.#account.market(position.instrument.symbol);
        this.#force(position, position.quantity.abs(), price, 'LIQUIDATION');
      }
      const left = this.#account.margin(asset).equity;
      if (left.sign < 0) this.#insure(asset, left.negated());
    }
  }

  #endOrders(matches: (order: RestingOrder) => boolean): void {
    for (const order of this.#active().filter(matches)) this.#end(order, 'CANCELLED', 'LIQUIDATION');
  }

  /** Takes over a loss that the account cannot bear. */
  #insure(asset: string, amount: Decimal): void {
    this.#account.book(asset, amount);
    this.#emit([this.#walletChanged(asset, amount, 'INSURANCE')]);
  }

  /** Closes a part of a position with an order of the exchange's own. */
  #force(position: Position, quantity: Decimal, price: Decimal, origin: OrderOrigin): void {
    const { instrument, positionSide, marginMode } = position;
    const side: OrderSide = position.direction > 0 ? 'SELL' : 'BUY';
    const order = this.#create(
      { symbol: instrument.symbol, side, type: 'MARKET', quantity: quantity.toString(), positionSide },
      { positionSide, marginMode, reduceOnly: false, origin, parentId: '' },
    );
    this.#execute(this.#keep(order), quantity, price, false);
  }

  // Finding

  #sides(): readonly PositionSide[] {
    return this.#positionMode === 'HEDGE' ? ['LONG', 'SHORT'] : ['BOTH'];
  }

  #positionOf(order: RestingOrder): Position {
    return this.#account.position(order.request.symbol, order.facts.positionSide, order.marginMode);
  }

  #slots(symbol: string, marginMode: MarginMode): readonly Position[] {
    return this.#sides().map((side) => this.#account.position(symbol, side, marginMode));
  }

  #active(): readonly RestingOrder[] {
    for (const order of this.#live) {
      if (!isActive(order)) this.#live.delete(order);
    }
    return [...this.#live];
  }

  #find(id: string): RestingOrder | undefined {
    const byClient = [...this.#orders.values()].filter((order) => order.facts.clientId === id && id !== '');
    return this.#orders.get(id) ?? byClient.at(-1);
  }

  #findActive(id: string): RestingOrder {
    const order = this.#find(id);
    if (order === undefined || !isActive(order)) throw new Refusal('UNKNOWN_ORDER', id);
    return order;
  }

  #checkQuantity(instrument: MarketInstrument, quantity: Decimal): void {
    if (quantity.sign > 0 && quantity.isMultipleOf(Decimal.of(instrument.quantityStep))) return;
    throw new Refusal('INVALID_QUANTITY', `${quantity} of ${instrument.symbol}`);
  }

  #checkPrice(instrument: MarketInstrument, price: Decimal): void {
    if (price.sign > 0 && price.isMultipleOf(Decimal.of(instrument.tickSize))) return;
    throw new Refusal('INVALID_PRICE', `${price} of ${instrument.symbol}`);
  }

  // Telling

  #run<T>(operation: () => T): T {
    if (this.#depth === 0) this.clock.tick();
    this.#depth += 1;
    try {
      const result = operation();
      if (this.#depth === 1) this.#liquidate();
      return result;
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#deliver();
    }
  }

  /** Events go out when the operation is over: a listener finds the account as it is then, and can operate itself. */
  #deliver(): void {
    const lists = this.#undelivered;
    this.#undelivered = [];
    for (const events of lists) {
      for (const listener of this.#listeners) listener(events);
    }
  }

  #emit(facts: readonly Fact[]): void {
    const events = facts.map((fact): SimulatorEvent => {
      this.#sequence += 1;
      return { ...fact, sequence: this.#sequence, timeMs: this.clock.nowMs };
    });
    this.#undelivered.push(events);
    for (const observer of this.#observers) observer(events);
  }

  #orderChanged(order: RestingOrder, reason: OrderChange): Fact {
    return { kind: 'orderChanged', reason, order: order.view(), fill: undefined };
  }

  #positionChanged(position: Position, reason: PositionChange): Fact {
    return { kind: 'positionChanged', reason, position: this.#account.view(position) };
  }

  #walletChanged(asset: string, change: Decimal, reason: WalletChange): Fact {
    const balance = this.#account.balance(asset);
    return { kind: 'walletChanged', reason, asset, balance: balance.toString(), change: change.toString() };
  }

  #touch(position: Position): void {
    position.updatedAtMs = this.clock.nowMs;
    position.sequence = this.#sequence + 1;
  }
}

/** The best price first: the highest bid, the lowest offer; then the oldest. */
function byPriceThenTime(one: RestingOrder, other: RestingOrder): number {
  if (one.direction !== other.direction) return other.direction - one.direction;
  return other.price.compare(one.price) * one.direction;
}
