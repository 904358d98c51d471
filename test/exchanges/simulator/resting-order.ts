import { Decimal } from './decimal.js';
import { AMOUNT_DIGITS, type MarketInstrument, priceOfValue } from './instrument.js';
import {
  defaultTriggerWhen,
  isConditional,
  type OrderEnd,
  type OrderOrigin,
  type OrderRequest,
  type OrderStatus,
  type OrderView,
} from './order.js';
import type { MarginMode, PositionSide } from './position.js';

/** What the exchange adds to a request. */
export interface OrderFacts {
  readonly id: string;
  readonly clientId: string;
  readonly instrument: MarketInstrument;
  readonly positionSide: PositionSide;
  readonly marginMode: MarginMode;
  readonly reduceOnly: boolean;
  readonly origin: OrderOrigin;
  readonly parentId: string;
  readonly priceAtCreation: Decimal;
  readonly nowMs: number;
}

/** An order inside the exchange, with what changes of it. */
export class RestingOrder {
  readonly request: OrderRequest;
  readonly facts: OrderFacts;
  readonly direction: number;
  marginMode: MarginMode;
  status: OrderStatus = 'NEW';
  end: OrderEnd = '';
  price: Decimal;
  triggerPrice: Decimal;
  quantity: Decimal;
  executed: Decimal = Decimal.zero;
  executedValue: Decimal = Decimal.zero;
  fee: Decimal = Decimal.zero;
  realised: Decimal = Decimal.zero;
  isTriggered = false;
  updatedAtMs: number;
  /** The best price since a trailing stop follows. */
  #extreme: Decimal | undefined;

  constructor(request: OrderRequest, facts: OrderFacts) {
    this.request = request;
    this.facts = facts;
    this.direction = request.side === 'BUY' ? 1 : -1;
    this.marginMode = facts.marginMode;
    this.price = Decimal.of(request.price ?? '0');
    this.triggerPrice = Decimal.of(request.triggerPrice ?? '0');
    this.quantity = Decimal.of(request.quantity ?? '0');
    this.updatedAtMs = facts.nowMs;
    if (request.trailing !== undefined && request.trailing.activationPrice === undefined) {
      this.#extreme = facts.priceAtCreation;
    }
  }

  get left(): Decimal {
    return this.quantity.minus(this.executed);
  }

  get isWaiting(): boolean {
    return isConditional(this.request.type) && !this.isTriggered;
  }

  get triggerWhen(): 'RISES' | 'FALLS' {
    return this.request.triggerWhen ?? defaultTriggerWhen(this.request.type, this.request.side);
  }

  /** Where a trailing stop stands; `undefined` while it does not follow. */
  get stopPrice(): Decimal | undefined {
    const { trailing } = this.request;
    if (trailing === undefined || this.#extreme === undefined) return undefined;
    const distance =
      'distance' in trailing ? Decimal.of(trailing.distance) : this.#extreme.times(Decimal.of(trailing.rate));
    return this.direction > 0 ? this.#extreme.plus(distance) : this.#extreme.minus(distance);
  }

  /** Lets a trailing stop follow the price. */
  follow(price: Decimal): void {
    const { trailing } = this.request;
    if (trailing === undefined) return;
    if (this.#extreme !== undefined) {
      this.#extreme = this.direction > 0 ? this.#extreme.min(price) : this.#extreme.max(price);
    } else if (trailing.activationPrice !== undefined) {
      // It starts once the price has gone so far in the position's favour.
      const gone = price.compare(Decimal.of(trailing.activationPrice)) * this.direction;
      if (gone <= 0) this.#extreme = price;
    }
  }

  isReachedBy(price: Decimal): boolean {
    const trigger = this.request.trailing === undefined ? this.triggerPrice : this.stopPrice;
    if (trigger === undefined) return false;
    const rises = this.request.trailing === undefined ? this.triggerWhen === 'RISES' : this.direction > 0;
    return rises ? price.compare(trigger) >= 0 : price.compare(trigger) <= 0;
  }

  /** A limit price is reached by the market. */
  isCrossedBy(price: Decimal): boolean {
    return price.compare(this.price) * this.direction <= 0;
  }

  addFill(quantity: Decimal, value: Decimal, fee: Decimal, realised: Decimal): void {
    this.executed = this.executed.plus(quantity);
    this.executedValue = this.executedValue.plus(value);
    this.fee = this.fee.plus(fee);
    this.realised = this.realised.plus(realised);
    this.status = this.left.sign <= 0 ? 'FILLED' : 'PARTIALLY_FILLED';
  }

  view(): OrderView {
    const { request, facts } = this;
    return {
      id: facts.id,
      clientId: facts.clientId,
      symbol: request.symbol,
      side: request.side,
      type: request.type,
      status: this.status,
      price: this.price.toString(),
      triggerPrice: this.triggerPrice.toString(),
      triggerWhen: isConditional(request.type) && request.trailing === undefined ? this.triggerWhen : '',
      isTriggered: this.isTriggered,
      trailing: request.trailing,
      stopPrice: this.stopPrice?.toString() ?? '0',
      quantity: this.quantity.toString(),
      executed: this.executed.toString(),
      executedValue: this.executedValue.round(AMOUNT_DIGITS).toString(),
      averagePrice: priceOfValue(facts.instrument, this.executed, this.executedValue).toString(),
      fee: this.fee.toString(),
      realisedPnl: this.realised.toString(),
      timeInForce: request.timeInForce ?? 'GTC',
      reduceOnly: facts.reduceOnly,
      closePosition: request.closePosition ?? false,
      positionSide: facts.positionSide,
      marginMode: this.marginMode,
      origin: facts.origin,
      end: this.end,
      parentId: facts.parentId,
      priceAtCreation: facts.priceAtCreation.toString(),
      createdAtMs: facts.nowMs,
      updatedAtMs: this.updatedAtMs,
      tags: request.tags ?? {},
    };
  }
}
