import { type OrderRequest, round, Venue, type VenueFill, type VenueOrder } from './venue.js';

/** One line of a session file. */
export interface SessionMessage {
  readonly exchange: string;
  readonly transport: 'rest' | 'ws';
  readonly channel: string;
  readonly payload: unknown;
  readonly asOfMs?: number;
}

/** How one exchange words what happens. */
export interface Wording {
  readonly exchange: string;
  tick(symbol: string, price: number, venue: Venue): SessionMessage[];
  order(order: VenueOrder, venue: Venue): SessionMessage[];
  fill(fill: VenueFill, venue: Venue): SessionMessage[];
  funding(venue: Venue): SessionMessage[];
  leverage(symbol: string, venue: Venue): SessionMessage[];
  snapshot(venue: Venue): SessionMessage[];
  streamEnded(venue: Venue): SessionMessage[];
  streamOpened(venue: Venue): SessionMessage[];
}

/** Runs a venue, and records what its exchange would send while the account is connected. */
export class Recorder {
  readonly messages: SessionMessage[] = [];
  readonly venue: Venue;
  readonly #wording: Wording;
  #connected = false;

  constructor(wording: Wording, balance: number, startMs: number) {
    this.#wording = wording;
    this.venue = new Venue(balance, startMs);
  }

  connect(): void {
    this.#connected = true;
    this.#record(this.#wording.streamOpened(this.venue));
    this.#record(this.#wording.snapshot(this.venue));
  }

  disconnect(): void {
    this.#record(this.#wording.streamEnded(this.venue));
    this.#connected = false;
  }

  pass(seconds: number): void {
    this.venue.nowMs += seconds * 1_000;
  }

  tick(symbol: string, ...prices: number[]): void {
    for (const price of prices) {
      this.pass(3);
      this.venue.position(symbol).markPrice = price;
      this.#record(this.#wording.tick(symbol, price, this.venue));
    }
  }

  place(request: OrderRequest): VenueOrder {
    this.pass(1);
    const order = this.venue.place(request);
    this.#record(this.#wording.order(order, this.venue));
    return order;
  }

  trigger(order: VenueOrder): void {
    this.pass(1);
    order.status = 'NEW';
    order.updatedAtMs = this.venue.nowMs;
    this.#record(this.#wording.order(order, this.venue));
  }

  fill(order: VenueOrder, quantity: number, price: number): void {
    this.pass(2);
    this.#record(this.#wording.fill(this.venue.fill(order, quantity, price), this.venue));
  }

  /** A market order that fills at once. */
  market(request: OrderRequest, price: number): void {
    this.fill(this.place({ ...request, type: 'MARKET' }), request.quantity, price);
  }

  cancel(order: VenueOrder): void {
    this.pass(1);
    this.venue.cancel(order);
    this.#record(this.#wording.order(order, this.venue));
  }

  pay(funding: number): void {
    this.venue.balance = round(this.venue.balance - funding);
    this.#record(this.#wording.funding(this.venue));
  }

  leverage(symbol: string): void {
    this.#record(this.#wording.leverage(symbol, this.venue));
  }

  #record(messages: readonly SessionMessage[]): void {
    if (this.#connected) this.messages.push(...messages);
  }
}
