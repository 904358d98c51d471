import { EventEmitter } from 'node:events';
import { ExchangeSimulator, type SimulatorOptions, type SimulatorTruth } from '../exchange-simulator.js';
import { LocalServer } from '../local-server.js';
import { SimulatedClock } from '../simulated-clock.js';
import { accountEndpoints } from './account-endpoints.js';
import { type AccountUpdateReason, listenKeyExpired, markPriceUpdate } from './account-messages.js';
import { type JsonObject, toJsonText } from './json-text.js';
import { ListenKeys } from './listen-keys.js';
import { marketEndpoints, nowMs } from './market-endpoints.js';
import { exchangeId, type OrderIdOptions, OrderIds } from './order-ids.js';
import { type Hold, type RestFault, RestService, type SeenRequest } from './rest-service.js';
import { settingsEndpoints } from './settings-endpoints.js';
import { type StreamNotice, Streams } from './streams.js';
import { tradeEndpoints } from './trade-endpoints.js';
import { UserDataFeed, type UserDataOptions } from './user-data-feed.js';
import { Venue } from './venue.js';

export interface BinanceSimulatorOptions
  extends Omit<SimulatorOptions, 'orderId' | 'fillId' | 'whenTriggered' | 'clock'>,
    OrderIdOptions,
    UserDataOptions {
  /**
   * Whether exchange time stands still until it is advanced, or runs from `startMs` as real time passes: needed where a
   * client measures the difference to its own clock. Default: `STANDING`.
   */
  readonly time?: 'STANDING' | 'RUNNING';
}

interface Notices extends Record<StreamNotice, []> {
  request: [request: SeenRequest];
}

const FUNDING_RATE = '0.0001';

/** Starts Binance USDⓈ-M futures on a free port of 127.0.0.1. */
export async function startBinanceSimulator(options: BinanceSimulatorOptions): Promise<BinanceSimulator> {
  return BinanceSimulator.start(options);
}

/**
 * Binance USDⓈ-M futures with one account: the endpoints and streams that an account needs, over an
 * {@link ExchangeSimulator} that tests move. No signature is verified; it must only be there.
 */
export class BinanceSimulator {
  readonly engine: ExchangeSimulator;
  /** What happens at the border, to wait for with `once` of `node:events`. */
  readonly notices: EventEmitter<Notices> = new EventEmitter();
  /** The text of every message of the user data stream, also of those that reached nobody. */
  readonly userMessages: string[] = [];
  readonly #listenKeys = new ListenKeys();
  readonly #streams: Streams;
  readonly #feed: UserDataFeed;
  readonly #venue: Venue;
  readonly #rest: RestService;
  #duplicates: ((message: JsonObject) => boolean) | undefined;
  #server: LocalServer | undefined;
  #host = '';

  private constructor(options: BinanceSimulatorOptions) {
    const ids = new OrderIds(options);
    const startMs = options.startMs ?? 1_700_000_000_000;
    const clock = options.time === 'RUNNING' ? new SimulatedClock(startMs, Date.now) : new SimulatedClock(startMs);
    this.engine = new ExchangeSimulator({
      // Conditional orders that close a position end with it; others wait on, to be rejected when they are triggered.
      whenClosed: (order) => (order.triggerWhen === '' || order.closePosition ? 'CANCEL' : 'KEEP'),
      ...options,
      clock,
      whenTriggered: 'NEW_ORDER',
      orderId: (_n, symbol, isAlgo) => ids.next(symbol, isAlgo),
      fillId: (n) => String(310_194_315 + n),
    });
    this.#venue = new Venue(this.engine);
    this.#streams = new Streams((notice) => this.notices.emit(notice));
    this.#feed = new UserDataFeed(this.#venue, options, (message) => this.sendUserMessage(message));
    const endpoints = {
      ...marketEndpoints(this.#venue),
      ...accountEndpoints(this.#venue),
      ...tradeEndpoints(this.#venue),
      ...settingsEndpoints(this.#venue, this.#listenKeys, (message) => this.sendUserMessage(message)),
    };
    this.#rest = new RestService(new Map(Object.entries(endpoints)), (seen) => this.notices.emit('request', seen));
    this.engine.listen((events) => {
      for (const event of events) if (event.kind === 'priceChanged') this.publishMarkPrices([event.symbol]);
    });
  }

  static async start(options: BinanceSimulatorOptions): Promise<BinanceSimulator> {
    const simulator = new BinanceSimulator(options);
    simulator.#server = await LocalServer.start({
      answer: (request) => simulator.#rest.answer(request),
      connect: (socket, path, query) => simulator.#streams.connect(socket, path, query),
      refused: () => simulator.notices.emit('streamRefused'),
    });
    simulator.#host = simulator.#server.host;
    return simulator;
  }

  /** Ends every connection and frees the port. */
  async stop(): Promise<void> {
    this.#rest.releaseAll();
    await this.#server?.stop();
  }

  /** The base of all endpoints. */
  get restUrl(): string {
    return `http://${this.#host}`;
  }

  /** The base of all streams: `/private`, `/market`, `/public`, `/ws` and `/stream` follow it. */
  get wsUrl(): string {
    return `ws://${this.#host}`;
  }

  /** What is true now, with the ids of orders as the exchange tells them: unique per symbol, algo orders apart. */
  truth(): SimulatorTruth {
    const truth = this.engine.truth();
    return { ...truth, orders: truth.orders.map((order) => ({ ...order, id: exchangeId(order.id).toString() })) };
  }

  // The account

  /** Moves an asset for a reason other than a deposit or a withdrawal. */
  adjustWallet(asset: string, amount: string, reason: AccountUpdateReason): void {
    this.#feed.transferReason = reason;
    try {
      this.engine.transfer(asset, amount);
    } finally {
      this.#feed.transferReason = undefined;
    }
  }

  // Streams

  /** The listen key that is valid; `undefined` without one. */
  get listenKey(): string | undefined {
    return this.#listenKeys.current;
  }

  get openStreams(): number {
    return this.#streams.openCount;
  }

  /** Somebody listens to the user data stream. */
  get isHeard(): boolean {
    return this.listenKey !== undefined && this.#streams.isHeard(this.listenKey);
  }

  /** Cuts every socket. What happens until a client is back reaches nobody, then or later. */
  cutStreams(): void {
    this.#server?.dropSockets();
  }

  /** Refuses new sockets until {@link acceptStreams}; `streamRefused` is noticed. */
  refuseStreams(): void {
    if (this.#server !== undefined) this.#server.isRefusing = true;
  }

  acceptStreams(): void {
    if (this.#server !== undefined) this.#server.isRefusing = false;
  }

  /** Keeps stream messages back while the sockets stay open: answers of endpoints overtake them. */
  stallStreams(): void {
    this.#streams.stall();
  }

  /** Ends {@link stallStreams}: the messages come late, or not at all. */
  resumeStreams(what: 'DELIVER' | 'LOSE'): void {
    this.#streams.resume(what);
  }

  /** Expires the listen key as after 60 minutes without a keep-alive: its stream says so, and then falls silent. */
  expireListenKey(): void {
    const key = this.#listenKeys.end();
    if (key === undefined) return;
    const message = listenKeyExpired(key, nowMs(this.#venue));
    this.userMessages.push(toJsonText(message));
    this.#streams.publish(key, message, 'listenKeyExpired');
  }

  /** Sends each message that matches twice; none any more without a function. */
  duplicateMessages(matches?: (message: JsonObject) => boolean): void {
    this.#duplicates = matches;
  }

  /** Sends a message of the test's own to the user data stream, such as `STRATEGY_UPDATE`. */
  sendUserMessage(message: JsonObject): void {
    const times = this.#duplicates?.(message) === true ? 2 : 1;
    const eventType = typeof message['e'] === 'string' ? message['e'] : '';
    for (let n = 0; n < times; n += 1) {
      this.userMessages.push(toJsonText(message));
      if (this.listenKey !== undefined) this.#streams.publish(this.listenKey, message, eventType);
    }
  }

  /** Sends mark prices to their streams, of all symbols or of some. Every change of a price does so as well. */
  publishMarkPrices(symbols: readonly string[] = this.engine.instruments.map(({ symbol }) => symbol)): void {
    const of = (symbol: string): JsonObject =>
      markPriceUpdate(symbol, this.engine.price(symbol), FUNDING_RATE, this.engine.clock.nowMs);
    for (const symbol of symbols) {
      const stream = `${symbol.toLowerCase()}@markPrice`;
      for (const name of [stream, `${stream}@1s`]) this.#streams.publish(name, of(symbol), 'markPriceUpdate');
    }
    const all = this.engine.instruments.map(({ symbol }) => of(symbol));
    for (const name of ['!markPrice@arr', '!markPrice@arr@1s']) this.#streams.publish(name, all, 'markPriceUpdate');
  }

  // Endpoints

  /** Keeps answers back: the exchange has done by then what it was asked for, and its streams overtake them. */
  holdAnswers(matches: (request: SeenRequest) => boolean = () => true): Hold {
    return this.#rest.hold('ANSWER', matches);
  }

  /** Keeps requests back before the exchange does anything: it does it when the hold is released. */
  holdRequests(matches: (request: SeenRequest) => boolean = () => true): Hold {
    return this.#rest.hold('ARRIVAL', matches);
  }

  /** Lets the next request that matches fail. */
  failNext(matches: (request: SeenRequest) => boolean, fault: RestFault): void {
    this.#rest.failNext(matches, fault);
  }
}
