import { Decimal } from './decimal.js';
import { AMOUNT_DIGITS, contractValue, type MarketInstrument } from './instrument.js';
import { type MarginMode, Position, type PositionSide, type PositionView } from './position.js';
import { Refusal } from './refusal.js';
import type { RestingOrder } from './resting-order.js';

/** A symbol with its price, and with how the account trades it. */
export interface Market {
  readonly instrument: MarketInstrument;
  price: Decimal;
  /** What can still be taken at this price; `undefined`: everything. */
  available: Decimal | undefined;
  marginMode: MarginMode;
  readonly leverage: Record<MarginMode, Decimal>;
}

/** The margin of one asset. `positions`, `maintenance` and `unrealised` are those of cross positions. */
export type MarginSums<T> = Readonly<
  Record<'wallet' | 'equity' | 'unrealised' | 'positions' | 'maintenance' | 'orders' | 'free', T>
>;

/** What the account has: wallets, positions, and the margin that follows from them and from the active orders. */
export class AccountBook {
  readonly #markets = new Map<string, Market>();
  readonly #positions = new Map<string, Position>();
  readonly #wallets = new Map<string, Decimal>();
  readonly #activeOrders: () => readonly RestingOrder[];

  constructor(activeOrders: () => readonly RestingOrder[]) {
    this.#activeOrders = activeOrders;
  }

  get markets(): readonly Market[] {
    return [...this.#markets.values()];
  }

  get positions(): readonly Position[] {
    return [...this.#positions.values()];
  }

  get wallets(): ReadonlyMap<string, Decimal> {
    return this.#wallets;
  }

  open(market: Market): void {
    this.#markets.set(market.instrument.symbol, market);
    this.book(market.instrument.settleAsset, Decimal.zero);
  }

  market(symbol: string): Market {
    const market = this.#markets.get(symbol);
    if (market === undefined) throw new Refusal('UNKNOWN_SYMBOL', symbol);
    return market;
  }

  position(symbol: string, positionSide: PositionSide, marginMode: MarginMode): Position {
    const key = keyOf(symbol, positionSide, marginMode);
    let position = this.#positions.get(key);
    if (position === undefined) {
      position = new Position(this.market(symbol).instrument, positionSide, marginMode);
      this.#positions.set(key, position);
    }
    return position;
  }

  /** Puts a position where those of a margin mode are. */
  place(position: Position, marginMode: MarginMode): void {
    position.marginMode = marginMode;
    this.#positions.set(keyOf(position.instrument.symbol, position.positionSide, marginMode), position);
  }

  balance(asset: string): Decimal {
    return this.#wallets.get(asset) ?? Decimal.zero;
  }

  book(asset: string, change: Decimal): void {
    this.#wallets.set(asset, this.balance(asset).plus(change));
  }

  margin(asset: string): MarginSums<Decimal> {
    const wallet = this.balance(asset);
    const settled = this.positions.filter((each) => each.instrument.settleAsset === asset);
    const cross = settled.filter((each) => each.marginMode === 'CROSS');
    const isolated = Decimal.sum(settled.map((each) => each.isolatedMargin));
    const unrealised = Decimal.sum(cross.map((each) => each.unrealisedAt(this.market(each.instrument.symbol).price)));
    const positions = Decimal.sum(cross.map((each) => this.initialMargin(each)));
    const maintenance = Decimal.sum(cross.map((each) => each.maintenanceMargin));
    const orders = Decimal.sum(
      this.#activeOrders()
        .filter((order) => order.facts.instrument.settleAsset === asset && !order.isWaiting && !order.facts.reduceOnly)
        .map((order) => this.#orderMargin(order)),
    );
    const equity = wallet.minus(isolated).plus(unrealised);
    const free = equity.minus(positions).minus(orders);
    return { wallet, equity, unrealised, positions, maintenance, orders, free };
  }

  initialMargin(position: Position): Decimal {
    if (position.marginMode === 'ISOLATED') return position.isolatedMargin;
    const { leverage } = this.market(position.instrument.symbol);
    return position.cost.dividedBy(leverage.CROSS).round(AMOUNT_DIGITS);
  }

  /** There is free margin for what an order opens. Orders that only reduce need none. */
  isCovered(order: RestingOrder): boolean {
    const { marginMode, facts } = order;
    if (facts.reduceOnly) return true;
    const market = this.market(facts.instrument.symbol);
    const position = this.position(facts.instrument.symbol, facts.positionSide, marginMode);
    const signed = order.direction > 0 ? order.left : order.left.negated();
    const opens = order.left.minus(position.closable(signed));
    const price = order.price.isZero ? market.price : order.price;
    const needed = contractValue(facts.instrument, opens, price).dividedBy(market.leverage[marginMode]);
    return needed.compare(this.margin(facts.instrument.settleAsset).free) <= 0;
  }

  /** Refuses what would tie up more margin than is free. */
  checkTiedUp(positions: readonly Position[], leverage: Decimal): void {
    for (const position of positions) {
      const needed = position.cost.dividedBy(leverage).minus(this.initialMargin(position));
      if (needed.sign > 0 && needed.compare(this.margin(position.instrument.settleAsset).free) > 0) {
        throw new Refusal('INSUFFICIENT_MARGIN', `for the position of ${position.instrument.symbol}`);
      }
    }
  }

  view(position: Position): PositionView {
    const { instrument, marginMode } = position;
    const { price, leverage } = this.market(instrument.symbol);
    const unrealised = position.unrealisedAt(price);
    const { equity, maintenance } = this.margin(instrument.settleAsset);
    // In cross margin everything but the position's own profit and maintenance margin backs it.
    const others = equity.minus(unrealised).minus(maintenance.minus(position.maintenanceMargin));
    const backing = marginMode === 'ISOLATED' ? position.isolatedMargin : others;
    return {
      symbol: instrument.symbol,
      positionSide: position.positionSide,
      side: position.direction === 0 ? 'NONE' : position.direction > 0 ? 'LONG' : 'SHORT',
      quantity: position.quantity.abs().toString(),
      entryPrice: position.entryPrice.toString(),
      markPrice: price.toString(),
      leverage: leverage[marginMode].toString(),
      marginMode,
      entryValue: position.cost.round(AMOUNT_DIGITS).toString(),
      markValue: position.valueAt(price).round(AMOUNT_DIGITS).toString(),
      isolatedMargin: position.isolatedMargin.toString(),
      initialMargin: this.initialMargin(position).toString(),
      maintenanceMargin: position.maintenanceMargin.toString(),
      unrealisedPnl: unrealised.toString(),
      liquidationPrice: position.liquidationPrice(backing).toString(),
      realisedPnl: position.realised.toString(),
      fees: position.fees.toString(),
      funding: position.funding.toString(),
      netProfitSinceOpened: position.net.toString(),
      firstOpenedAtMs: position.firstOpenedAtMs,
      openedAtMs: position.openedAtMs,
      updatedAtMs: position.updatedAtMs,
      sequence: position.sequence,
    };
  }

  #orderMargin(order: RestingOrder): Decimal {
    const { instrument } = order.facts;
    const { leverage, price } = this.market(instrument.symbol);
    const at = order.price.isZero ? price : order.price;
    return contractValue(instrument, order.left, at).dividedBy(leverage[order.marginMode]).round(AMOUNT_DIGITS);
  }
}

function keyOf(symbol: string, positionSide: PositionSide, marginMode: MarginMode): string {
  return `${symbol} ${positionSide} ${marginMode}`;
}
