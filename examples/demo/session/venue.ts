/** An order of the simulated venue. */
export interface VenueOrder {
  readonly number: number;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly type: 'LIMIT' | 'MARKET' | 'STOP_MARKET';
  readonly price: number;
  readonly triggerPrice: number;
  readonly quantity: number;
  readonly reduceOnly: boolean;
  readonly createdAtMs: number;
  status: 'WAITING' | 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELLED';
  executed: number;
  averagePrice: number;
  updatedAtMs: number;
}

/** A one-way position of the simulated venue: the amount of a short is negative. */
export interface VenuePosition {
  readonly symbol: string;
  readonly leverage: number;
  readonly createdAtMs: number;
  amount: number;
  entryPrice: number;
  markPrice: number;
  updatedAtMs: number;
}

/** One execution, with what it led to. */
export interface VenueFill {
  readonly order: VenueOrder;
  readonly position: VenuePosition;
  readonly quantity: number;
  readonly price: number;
  readonly fee: number;
  readonly realised: number;
}

export type OrderRequest = Pick<VenueOrder, 'symbol' | 'side' | 'quantity'> &
  Partial<Pick<VenueOrder, 'type' | 'price' | 'triggerPrice' | 'reduceOnly'>>;

const FEE = 0.0005;

/** The books of an exchange, as far as one account is concerned: enough to keep an invented session consistent. */
export class Venue {
  readonly orders: Set<VenueOrder> = new Set();
  readonly positions: Map<string, VenuePosition> = new Map();
  balance: number;
  nowMs: number;
  #lastOrder = 0;

  constructor(balance: number, nowMs: number) {
    this.balance = balance;
    this.nowMs = nowMs;
  }

  list(symbol: string, markPrice: number, leverage: number): void {
    const [createdAtMs, updatedAtMs] = [this.nowMs, this.nowMs];
    this.positions.set(symbol, { symbol, leverage, createdAtMs, updatedAtMs, markPrice, amount: 0, entryPrice: 0 });
  }

  position(symbol: string): VenuePosition {
    const position = this.positions.get(symbol);
    if (position === undefined) throw new Error(`${symbol} is not listed`);
    return position;
  }

  place(request: OrderRequest): VenueOrder {
    this.#lastOrder += 1;
    const order: VenueOrder = {
      type: 'LIMIT',
      price: 0,
      triggerPrice: 0,
      reduceOnly: false,
      ...request,
      number: this.#lastOrder,
      status: request.type === 'STOP_MARKET' ? 'WAITING' : 'NEW',
      executed: 0,
      averagePrice: 0,
      createdAtMs: this.nowMs,
      updatedAtMs: this.nowMs,
    };
    this.orders.add(order);
    return order;
  }

  cancel(order: VenueOrder): void {
    order.status = 'CANCELLED';
    order.updatedAtMs = this.nowMs;
    this.orders.delete(order);
  }

  fill(order: VenueOrder, quantity: number, price: number): VenueFill {
    const executed = round(order.executed + quantity);
    order.averagePrice = round((order.averagePrice * order.executed + price * quantity) / executed);
    order.executed = executed;
    order.status = executed === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
    order.updatedAtMs = this.nowMs;
    if (order.status === 'FILLED') this.orders.delete(order);

    const position = this.position(order.symbol);
    const realised = movePosition(position, order.side === 'BUY' ? quantity : -quantity, price);
    position.updatedAtMs = this.nowMs;
    const fee = round(quantity * price * FEE);
    this.balance = round(this.balance + realised - fee);
    return { order, position, quantity, price, fee, realised };
  }
}

/** Changes the amount and the entry price. @returns the profit or loss that was realised. */
function movePosition(position: VenuePosition, change: number, price: number): number {
  const { amount, entryPrice } = position;
  const next = round(amount + change);
  const grows = amount === 0 || Math.sign(amount) === Math.sign(change);
  const closed = grows ? 0 : Math.min(Math.abs(amount), Math.abs(change));
  if (grows) position.entryPrice = round((amount * entryPrice + change * price) / next);
  else if (next === 0) position.entryPrice = 0;
  else if (Math.sign(next) !== Math.sign(amount)) position.entryPrice = price;
  position.amount = next;
  return round(closed * (price - entryPrice) * Math.sign(amount));
}

/** Away with the noise of binary fractions. */
export function round(value: number): number {
  return Number(value.toFixed(8));
}
