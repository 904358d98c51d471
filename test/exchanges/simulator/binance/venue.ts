import { Decimal } from '../decimal.js';
import type { ExchangeSimulator } from '../exchange-simulator.js';
import type { MarketInstrument } from '../instrument.js';
import { isConditional, type OrderView } from '../order.js';
import type { PositionView } from '../position.js';
import { Refusal } from '../refusal.js';

/** The account as Binance sees it: the engine, and what the engine has no word for. */
export class Venue {
  readonly engine: ExchangeSimulator;
  /** When an asset's wallet changed last; missing when it never did. */
  readonly walletTimes: Map<string, number> = new Map();
  isMultiAssetsMode = false;
  /** The orders that came into the book. */
  readonly #recorded = new Set<string>();

  constructor(engine: ExchangeSimulator) {
    this.engine = engine;
    engine.listen((events) => {
      for (const event of events) {
        if (event.kind === 'walletChanged') this.walletTimes.set(event.asset, event.timeMs);
        if (event.kind === 'orderChanged' && event.reason !== 'ENDED') this.#recorded.add(event.order.id);
      }
    });
  }

  instrument(symbol: string): MarketInstrument {
    const found = this.engine.instruments.find((instrument) => instrument.symbol === symbol);
    if (found === undefined) throw new Refusal('UNKNOWN_SYMBOL', symbol);
    return found;
  }

  /** The orders of the order book's service, those of the exchange itself included. */
  get orders(): readonly OrderView[] {
    return this.engine.orders.filter((order) => !isConditional(order.type) && this.isRecorded(order));
  }

  /** An order that had to be filled at once, or not at once, and was refused for it, leaves no record on Binance. */
  isRecorded(order: OrderView): boolean {
    return this.#recorded.has(order.id);
  }

  /** The conditional orders: they live in the algo service. */
  get algoOrders(): readonly OrderView[] {
    return this.engine.orders.filter((order) => isConditional(order.type));
  }

  /** The order that a conditional one became. */
  childOf(algo: OrderView): OrderView | undefined {
    return this.engine.orders.find((order) => order.parentId === algo.id);
  }

  /** What the orders in the book would cost to hold, of one symbol and side. */
  openNotional(symbol: string, side: 'BUY' | 'SELL'): Decimal {
    return Decimal.sum(this.#inBook(symbol, side).map(leftNotional));
  }

  /** The margin that a symbol's orders tie up. */
  orderMargin(symbol: string): Decimal {
    const opening = this.#inBook(symbol).filter((order) => !order.reduceOnly);
    return Decimal.sum(opening.map(leftNotional)).dividedBy(Decimal.of(this.engine.leverage(symbol)));
  }

  hasOpenOrder(symbol: string): boolean {
    return this.engine.activeOrders.some((order) => order.symbol === symbol);
  }

  /** The slots of positions in the current mode; in hedge mode each symbol also has a flat one of the side `BOTH`. */
  get positions(): readonly PositionView[] {
    if (this.engine.positionMode === 'ONE_WAY') return this.engine.positions;
    return this.engine.instruments.flatMap(({ symbol }) => {
      const own = this.engine.positions.filter((position) => position.symbol === symbol);
      return own[0] === undefined ? [] : [flatBoth(own[0]), ...own];
    });
  }

  #inBook(symbol: string, side?: 'BUY' | 'SELL'): readonly OrderView[] {
    return this.engine.activeOrders.filter(
      (order) => order.symbol === symbol && !isConditional(order.type) && (side === undefined || order.side === side),
    );
  }
}

/** The empty slot of the side `BOTH` beside a position in hedge mode. */
export function flatBoth(position: PositionView): PositionView {
  const none = '0';
  return {
    ...position,
    positionSide: 'BOTH',
    side: 'NONE',
    quantity: none,
    entryPrice: none,
    entryValue: none,
    markValue: none,
    isolatedMargin: none,
    initialMargin: none,
    maintenanceMargin: none,
    unrealisedPnl: none,
    liquidationPrice: none,
    realisedPnl: none,
    fees: none,
    funding: none,
    netProfitSinceOpened: none,
    openedAtMs: 0,
    updatedAtMs: 0,
  };
}

function leftNotional(order: OrderView): Decimal {
  const left = Decimal.of(order.quantity).minus(Decimal.of(order.executed));
  return left.times(Decimal.of(order.price === '0' ? order.priceAtCreation : order.price));
}
