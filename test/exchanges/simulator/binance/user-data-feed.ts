import { Decimal } from '../decimal.js';
import type {
  LeverageChanged,
  OrderChanged,
  PositionChanged,
  SimulatorEvent,
  WalletChange,
  WalletChanged,
} from '../events.js';
import { isActive, isConditional, type OrderView } from '../order.js';
import type { PositionView } from '../position.js';
import {
  type AccountUpdateReason,
  accountUpdate,
  leverageUpdate,
  marginCall,
  updatedPosition,
  type WalletState,
} from './account-messages.js';
import { type AlgoStatus, algoUpdate, rejectReason, triggerReject } from './algo-messages.js';
import type { JsonObject } from './json-text.js';
import { orderTradeUpdate, tradeLite } from './order-messages.js';
import { flatBoth, type Venue } from './venue.js';

export interface UserDataOptions {
  /**
   * Whether `ALGO_UPDATE` tells of a triggered order before the order that it became appears, or after what became of
   * that order: two services of Binance tell it, and both happens. Default: `BEFORE`.
   */
  readonly algoTriggered?: 'BEFORE' | 'AFTER';
  /** Whether `CONDITIONAL_ORDER_TRIGGER_REJECT` is sent beside the `ALGO_UPDATE` that replaces it. Default: `SENT`. */
  readonly triggerRejects?: 'SENT' | 'RETIRED';
  /** Whether `TRADE_LITE` is sent ahead of a trade. Default: `SENT`. */
  readonly tradeLite?: 'SENT' | 'OFF';
  /** The part of a margin that the maintenance margin takes when `MARGIN_CALL` is sent. Default: `0.8`. */
  readonly marginCallAt?: string;
}

/** What happens to the events that belong together, by kind. */
interface EventGroup {
  readonly order: OrderChanged | undefined;
  readonly positions: readonly PositionChanged[];
  readonly wallet: WalletChanged | undefined;
  readonly leverage: LeverageChanged | undefined;
  readonly timeMs: number;
}

/** Tells what happens on the exchange in the messages of Binance's user data stream, in its order. */
export class UserDataFeed {
  readonly #venue: Venue;
  readonly #options: UserDataOptions;
  readonly #send: (message: JsonObject) => void;
  /** What ties up parts of a wallet, by position, as the messages told it so far. */
  readonly #isolated = new Map<string, { readonly asset: string; readonly margin: Decimal }>();
  /** `ALGO_UPDATE`s that wait for the order that the conditional one became, by its id. */
  readonly #held = new Map<string, () => void>();
  readonly #called = new Set<string>();
  /** Instead of the one that follows from the amount, for the next change of a wallet. */
  transferReason: AccountUpdateReason | undefined;

  constructor(venue: Venue, options: UserDataOptions, send: (message: JsonObject) => void) {
    this.#venue = venue;
    this.#options = options;
    this.#send = send;
    venue.engine.listen((events) => this.#tell(events));
  }

  #tell(events: readonly SimulatorEvent[]): void {
    const group = groupOf(events);
    this.#remember(group.positions);
    if (group.order !== undefined) this.#tellOrder(group.order, group);
    else if (group.leverage !== undefined) this.#tellLeverage(group.leverage, group);
    else if (group.wallet !== undefined) this.#tellWallet(group.wallet, group);
    else if (group.positions.length > 0) this.#tellMargin(group);
    if (events.some((event) => event.kind === 'priceChanged')) this.#callMargin(group.timeMs);
  }

  // Orders

  #tellOrder(event: OrderChanged, group: EventGroup): void {
    const { order } = event;
    if (isConditional(order.type)) this.#tellAlgo(event, group.timeMs);
    else if (event.reason === 'FILL') this.#tellFill(event, group);
    else if (this.#venue.isRecorded(order)) this.#tellBook(event, group.timeMs);
  }

  #tellBook(event: OrderChanged, timeMs: number): void {
    this.#send(orderTradeUpdate(this.#venue, event.order, event.reason, undefined, timeMs));
    this.#afterChild(event.order, timeMs);
  }

  #tellFill(event: OrderChanged, group: EventGroup): void {
    const { order, fill } = event;
    if (fill === undefined) return;
    if (order.origin !== 'USER') {
      const unfilled: OrderView = { ...order, status: 'NEW', executed: '0', averagePrice: '0' };
      this.#send(orderTradeUpdate(this.#venue, unfilled, 'PLACED', undefined, group.timeMs));
    } else if (this.#options.tradeLite !== 'OFF') {
      this.#send(tradeLite(this.#venue.instrument(order.symbol), order, fill));
    }
    const wallets = group.wallet === undefined ? [] : [this.#walletState(group.wallet, '0')];
    this.#send(accountUpdate('ORDER', wallets, this.#positionsOf(group, 'WITH_BOTH'), group.timeMs));
    this.#send(orderTradeUpdate(this.#venue, order, 'FILL', fill, group.timeMs));
    this.#afterChild(order, group.timeMs);
  }

  #tellAlgo(event: OrderChanged, timeMs: number): void {
    const algo = event.order;
    if (event.reason === 'TRIGGERED') this.#tellTriggered(algo, timeMs);
    else if (event.reason !== 'ENDED') this.#sendAlgo(algo, 'NEW', timeMs);
    else if (algo.isTriggered) this.#tellRejected(algo, rejectReason(algo), timeMs);
    else this.#sendAlgo(algo, algo.end === 'USER' ? 'CANCELED' : 'EXPIRED', timeMs);
  }

  #tellTriggered(algo: OrderView, timeMs: number): void {
    const child = this.#venue.childOf(algo);
    if (child === undefined || wasRefused(child)) {
      // It was refused in the same moment: it never came into the book.
      this.#tellRejected(algo, child === undefined ? '' : rejectReason(child), timeMs);
      return;
    }
    this.#sendAlgo(algo, 'TRIGGERING', timeMs);
    const tell = () => this.#send(algoUpdate(this.#venue, algo, 'TRIGGERED', timeMs, { child }));
    if (this.#options.algoTriggered === 'AFTER') this.#held.set(child.id, tell);
    else tell();
  }

  #tellRejected(algo: OrderView, reason: string, timeMs: number): void {
    this.#sendAlgo(algo, 'TRIGGERING', timeMs);
    this.#send(algoUpdate(this.#venue, algo, 'REJECTED', timeMs, { reason }));
    if (this.#options.triggerRejects !== 'RETIRED') this.#send(triggerReject(algo, reason, timeMs));
  }

  #sendAlgo(algo: OrderView, status: AlgoStatus, timeMs: number): void {
    this.#send(algoUpdate(this.#venue, algo, status, timeMs));
  }

  /** Tells of the conditional order after a message of the order that it became. */
  #afterChild(child: OrderView, timeMs: number): void {
    if (child.parentId === '') return;
    const isOver = !isActive(child);
    const staysOpen = isActive(this.#venue.engine.order(child.id) ?? child);
    if (isOver || staysOpen) {
      this.#held.get(child.id)?.();
      this.#held.delete(child.id);
    }
    const algo = this.#venue.algoOrders.find((order) => order.id === child.parentId);
    if (isOver && algo !== undefined) this.#send(algoUpdate(this.#venue, algo, 'FINISHED', timeMs, { child }));
  }

  // The account

  #tellWallet(event: WalletChanged, group: EventGroup): void {
    const { transferReason } = this;
    if (event.reason === 'TRANSFER') this.transferReason = undefined;
    const reason =
      event.reason === 'TRANSFER' && transferReason !== undefined
        ? transferReason
        : reasonOf(event.reason, event.change);
    // Funding is told with the position only where the position has a margin of its own.
    const isolated = group.positions.filter(({ position }) => position.marginMode === 'ISOLATED');
    const positions = this.#positionsOf({ ...group, positions: isolated });
    this.#send(accountUpdate(reason, [this.#walletState(event, event.change)], positions, group.timeMs));
  }

  #tellLeverage(event: LeverageChanged, group: EventGroup): void {
    this.#send(leverageUpdate(event.symbol, event.leverage, group.timeMs));
    const moved = group.positions.filter(({ position }) => position.isolatedMargin !== '0');
    if (moved.length > 0) this.#tellMargin({ ...group, positions: moved });
  }

  /** Margin went from the wallet into a position, out of it, or became the position's own. */
  #tellMargin(group: EventGroup): void {
    const isModeChange = group.positions.some(({ reason }) => reason === 'MARGIN_MODE');
    const asset = group.positions.map(({ position }) => this.#venue.instrument(position.symbol).settleAsset)[0] ?? '';
    const balance = this.#venue.engine.balances[asset] ?? '0';
    const wallet = { asset, balance, crossBalance: this.#crossBalance(asset, balance), change: '0' };
    const reason = isModeChange ? 'MARGIN_TYPE_CHANGE' : 'MARGIN_TRANSFER';
    this.#send(accountUpdate(reason, [wallet], this.#positionsOf(group), group.timeMs));
  }

  #positionsOf(group: EventGroup, both?: 'WITH_BOTH'): readonly JsonObject[] {
    const views = group.positions.map(({ position }) => position);
    const first = views[0];
    const withFlat =
      both === undefined || first === undefined || first.positionSide === 'BOTH' ? views : [flatBoth(first), ...views];
    return withFlat.map((view) => updatedPosition(this.#venue.instrument(view.symbol), view));
  }

  #walletState(event: WalletChanged, change: string): WalletState {
    const { asset, balance } = event;
    return { asset, balance, crossBalance: this.#crossBalance(asset, balance), change };
  }

  #crossBalance(asset: string, balance: string): string {
    const tied = [...this.#isolated.values()].filter((each) => each.asset === asset).map(({ margin }) => margin);
    return Decimal.of(balance).minus(Decimal.sum(tied)).toString();
  }

  #remember(positions: readonly PositionChanged[]): void {
    for (const { position } of positions) {
      const asset = this.#venue.instrument(position.symbol).settleAsset;
      const margin = Decimal.of(position.isolatedMargin);
      this.#isolated.set(`${position.symbol} ${position.positionSide}`, { asset, margin });
    }
  }

  // Margin calls

  /** Sends a margin call when the maintenance margin takes too much of what backs positions; once until it is less. */
  #callMargin(timeMs: number): void {
    const open = this.#venue.engine.positions.filter((position) => position.side !== 'NONE');
    for (const position of open.filter((each) => each.marginMode === 'ISOLATED')) {
      const backing = Decimal.of(position.isolatedMargin).plus(Decimal.of(position.unrealisedPnl));
      const key = `${position.symbol} ${position.positionSide}`;
      if (this.#isDue(key, backing, position.maintenanceMargin)) this.#sendCall([position], undefined, timeMs);
    }
    for (const [asset, balance] of Object.entries(this.#venue.engine.balances)) {
      const { equity, maintenance } = this.#venue.engine.margin(asset);
      const cross = open.filter(
        (each) => each.marginMode === 'CROSS' && this.#venue.instrument(each.symbol).settleAsset === asset,
      );
      if (cross.length > 0 && this.#isDue(asset, Decimal.of(equity), maintenance)) {
        this.#sendCall(cross, this.#crossBalance(asset, balance), timeMs);
      }
    }
  }

  #isDue(key: string, backing: Decimal, maintenance: string): boolean {
    const limit = backing.times(Decimal.of(this.#options.marginCallAt ?? '0.8'));
    const isShort = Decimal.of(maintenance).compare(limit) >= 0;
    const isNew = isShort && !this.#called.has(key);
    if (isShort) this.#called.add(key);
    else this.#called.delete(key);
    return isNew;
  }

  #sendCall(positions: readonly PositionView[], crossBalance: string | undefined, timeMs: number): void {
    this.#send(marginCall((symbol) => this.#venue.instrument(symbol), positions, crossBalance, timeMs));
  }
}

function groupOf(events: readonly SimulatorEvent[]): EventGroup {
  return {
    order: events.find((event) => event.kind === 'orderChanged'),
    positions: events.filter((event) => event.kind === 'positionChanged'),
    wallet: events.find((event) => event.kind === 'walletChanged'),
    leverage: events.find((event) => event.kind === 'leverageChanged'),
    timeMs: events[0]?.timeMs ?? 0,
  };
}

function reasonOf(reason: WalletChange, change: string): AccountUpdateReason {
  if (reason === 'FUNDING') return 'FUNDING_FEE';
  if (reason === 'INSURANCE') return 'INSURANCE_CLEAR';
  if (reason === 'FILL') return 'ORDER';
  return change.startsWith('-') ? 'WITHDRAW' : 'DEPOSIT';
}

function wasRefused(child: OrderView): boolean {
  if (child.executed !== '0') return false;
  return child.end === 'POST_ONLY' || (child.end === 'TIME_IN_FORCE' && child.timeInForce === 'FOK');
}
