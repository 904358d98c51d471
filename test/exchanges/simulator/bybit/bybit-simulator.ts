import type { SimulatorEvent } from '../events.js';
import { ExchangeSimulator, type SimulatorOptions } from '../exchange-simulator.js';
import { type LocalAnswer, type LocalRequest, LocalServer } from '../local-server.js';
import { BybitEntries, type BybitMarginMode } from './bybit-entries.js';
import { heldPosition, type Params, protect } from './bybit-orders.js';
import { refusalOf } from './bybit-refusal.js';
import { type BybitAccount, BybitRest } from './bybit-rest.js';
import { BybitStream, type PrivateMessage } from './bybit-stream.js';
import { categoryOf, isWaiting, orderTypeOf, positionIdxOf } from './bybit-words.js';

export interface BybitSimulatorOptions
  extends Omit<SimulatorOptions, 'marginMode' | 'orderId' | 'fillId' | 'whenTriggered'> {
  /** Default: `UNIFIED`. */
  readonly accountType?: 'UNIFIED' | 'CONTRACT';
  /** Default: `REGULAR_MARGIN`. */
  readonly marginMode?: BybitMarginMode;
  /** Whether orders that are filled at once are reported as `New` before. Default: `RESTING`. */
  readonly reportNew?: 'RESTING' | 'ALWAYS';
}

/** Answers that wait to be let go. */
export interface Hold {
  /** Resolves when so many requests have arrived and wait. */
  arrived(count: number): Promise<void>;
  /** Lets everything go that waits, and holds nothing any more. */
  release(): void;
  /** Loses everything that waits, as if it had not arrived, and holds nothing any more. */
  lose(): void;
}

/** Changes what the stream sends for one event: leaves messages out, repeats them, changes their order. */
export type MessageShaper = (messages: readonly PrivateMessage[]) => readonly PrivateMessage[];

export interface BybitControls {
  /** Drops every web socket and refuses new ones. What is sent meanwhile is lost. */
  cut(): void;
  /** Takes web sockets again. */
  resume(): void;
  /** Holds back the messages of all web sockets. */
  pause(): void;
  /** Sends what was held back. */
  release(): void;
  /**
   * Holds requests to a path. `ANSWER`: they have been carried out, and their answers grow old. `REQUEST`: they are still
   * on their way, and are carried out when they are let go.
   */
  hold(path: string, what: 'ANSWER' | 'REQUEST'): Hold;
  /** Is called for each request, before it is carried out or after its answer is written. */
  onRequest(when: 'BEFORE' | 'AFTER', listener: (path: string, params: Params) => void): () => void;
  /** Shapes what the stream sends from now on; without a function it sends everything as it happens. */
  shape(shaper?: MessageShaper): void;
  /** Repeats the report of a filled order, as after a request to cancel it that came too late. */
  repeatFilled(orderId: string): void;
  /** Every request that has arrived. */
  readonly requests: readonly { readonly path: string; readonly params: Params }[];
}

export interface BybitSimulator {
  readonly restUrl: string;
  readonly wsUrls: { readonly private: string; readonly linear: string; readonly inverse: string };
  readonly exchange: ExchangeSimulator;
  readonly controls: BybitControls;
  /** The private messages that reached somebody. */
  readonly sent: readonly PrivateMessage[];
  /** How many clients listen to a private topic. */
  listeners(topic: PrivateMessage['topic']): number;
  stop(): Promise<void>;
}

const USER_ID = '100000001';

/** Messages of one event, each twice. */
export const twice: MessageShaper = (messages) => messages.flatMap((message) => [message, message]);

/** Messages of one event in another order of their topics; each topic keeps its own order. */
export function inOrder(...topics: readonly PrivateMessage['topic'][]): MessageShaper {
  const rank = ({ topic }: PrivateMessage): number => (topics.includes(topic) ? topics.indexOf(topic) : topics.length);
  return (messages) => [...messages].sort((one, other) => rank(one) - rank(other));
}

interface Pending {
  readonly messages: PrivateMessage[];
  /** The order that these messages report as new. */
  readonly newOrderId: string;
  readonly orderId: string;
}

/** Starts Bybit v5 on free ports of 127.0.0.1, with one account that any key and signature opens. */
export async function startBybitSimulator(options: BybitSimulatorOptions): Promise<BybitSimulator> {
  const venue = new Venue(options);
  const server = await LocalServer.start({
    answer: (request) => venue.answer(request),
    connect: (socket, path) => venue.stream.connect(socket, path),
  });
  const base = `ws://${server.host}/v5`;
  return {
    restUrl: `http://${server.host}`,
    wsUrls: { private: `${base}/private`, linear: `${base}/public/linear`, inverse: `${base}/public/inverse` },
    exchange: venue.exchange,
    controls: venue.controls(server),
    sent: venue.stream.sent,
    listeners: (topic) => venue.stream.listeners(topic),
    stop: () => {
      venue.releaseAll();
      return server.stop();
    },
  };
}

interface HoldEntry {
  readonly path: string;
  readonly what: 'ANSWER' | 'REQUEST';
  waiting: (() => void)[];
  watchers: { readonly count: number; readonly resolve: () => void }[];
}

class Venue {
  readonly exchange: ExchangeSimulator;
  readonly stream: BybitStream;
  readonly #entries: BybitEntries;
  readonly #rest: BybitRest;
  readonly #reportsAllNew: boolean;
  readonly #requests: { readonly path: string; readonly params: Params }[] = [];
  readonly #hooks = {
    BEFORE: new Set<(path: string, params: Params) => void>(),
    AFTER: new Set<(path: string, params: Params) => void>(),
  };
  readonly #holds = new Set<HoldEntry>();
  #pending: Pending[] = [];
  #shaper: MessageShaper | undefined;

  constructor(options: BybitSimulatorOptions) {
    const { marginMode = 'REGULAR_MARGIN', accountType = 'UNIFIED', reportNew, ...rest } = options;
    const account: BybitAccount = { type: accountType, marginMode };
    this.exchange = new ExchangeSimulator({
      ...rest,
      marginMode: marginMode === 'ISOLATED_MARGIN' ? 'ISOLATED' : 'CROSS',
      orderId: (n) => uuid(1, n),
      fillId: (n) => uuid(2, n),
    });
    this.#reportsAllNew = reportNew === 'ALWAYS';
    this.#entries = new BybitEntries(this.exchange, account);
    this.#rest = new BybitRest(this.exchange, this.#entries, account);
    this.stream = new BybitStream(
      () => this.exchange.clock.nowMs,
      (category, symbol) => {
        const found = this.exchange.instruments.find((each) => each.kind === category && each.symbol === symbol);
        return found === undefined ? undefined : this.#rest.ticker(found);
      },
    );
    this.exchange.observe((events) => this.#note(events));
    this.exchange.listen((events) => {
      this.#flush();
      for (const event of events) this.#protectWhatWasOpened(event);
    });
  }

  // REST

  async answer(request: LocalRequest): Promise<LocalAnswer> {
    const { path } = request;
    const params = paramsOf(request);
    this.#requests.push({ path, params });
    await this.#wait(path, 'REQUEST');
    for (const hook of this.#hooks.BEFORE) hook(path, params);
    const answer = this.#carryOut(request, params);
    for (const hook of this.#hooks.AFTER) hook(path, params);
    await this.#wait(path, 'ANSWER');
    return answer;
  }

  #carryOut(request: LocalRequest, params: Params): LocalAnswer {
    const route = this.#rest.routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return { status: 404, body: '' };
    const isPublic = request.path.startsWith('/v5/market/');
    const signed = ['x-bapi-api-key', 'x-bapi-sign', 'x-bapi-timestamp'].every((name) => request.headers[name]);
    if (!isPublic && !signed) return this.#write({ retCode: 10003, retMsg: 'API key is invalid.' }, {});
    try {
      const result = route(params);
      return this.#write({ retCode: 0, retMsg: 'OK' }, result);
    } catch (error) {
      return this.#write(refusalOf(error), {});
    }
  }

  #write(code: { readonly retCode: number; readonly retMsg: string }, result: unknown): LocalAnswer {
    const { nowMs } = this.exchange.clock;
    return {
      status: 200,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-bapi-limit': '50',
        'x-bapi-limit-status': '49',
        'x-bapi-limit-reset-timestamp': String(nowMs),
      },
      body: JSON.stringify({ ...code, result, retExtInfo: {}, time: nowMs }),
    };
  }

  // Stream

  /** Writes messages of what happens while it happens, so that they say how things were then. */
  #note(events: readonly SimulatorEvent[]): void {
    const messages: PrivateMessage[] = [];
    let newOrderId = '';
    let orderId = '';
    for (const event of events) {
      switch (event.kind) {
        case 'orderChanged': {
          const { order, fill, reason } = event;
          orderId = order.id;
          if (reason === 'PLACED') newOrderId = order.id;
          if (fill !== undefined) {
            messages.push(
              this.#message(
                'execution',
                order.symbol,
                [this.#entries.execution(fill, order, event.sequence)],
                event.sequence,
              ),
            );
          }
          if (reason === 'TRIGGERED') {
            messages.push(
              this.#message('order', order.symbol, [this.#entries.orderMessage(order, 'Triggered')], event.sequence),
            );
            if (orderTypeOf(order.type) === 'Market') break;
          }
          messages.push(this.#message('order', order.symbol, [this.#entries.orderMessage(order)], event.sequence));
          if (fill === undefined) messages.push(...this.#unchanged(order.symbol, order.positionSide));
          break;
        }
        case 'positionChanged': {
          const { position } = event;
          if (event.reason === 'FUNDING') {
            const paid = events.find((each) => each.kind === 'walletChanged');
            const change = paid?.kind === 'walletChanged' ? paid.change : '0';
            const execution = this.#entries.fundingExecution(position, change, event.timeMs);
            messages.push(this.#message('execution', position.symbol, [execution]));
          }
          messages.push(this.#message('position', position.symbol, [this.#entries.positionMessage(position)]));
          break;
        }
        case 'walletChanged':
          messages.push(this.#walletMessage(event.asset));
          break;
        case 'priceChanged': {
          const { symbol, price } = event;
          const category = categoryOf(this.#entries.instrument(symbol));
          const changes = { lastPrice: price, markPrice: price, indexPrice: price };
          this.stream.publishTicker(category, symbol, changes, event.sequence);
          break;
        }
        default:
      }
    }
    if (messages.length > 0) this.#pending.push({ messages, newOrderId, orderId });
  }

  /** Every order that comes, changes or goes brings the position and the wallet along, changed or not. */
  #unchanged(symbol: string, positionSide: 'BOTH' | 'LONG' | 'SHORT'): readonly PrivateMessage[] {
    const marginMode = this.exchange.marginMode(symbol);
    const position = this.exchange.positions.find(
      (each) => each.symbol === symbol && each.positionSide === positionSide && each.marginMode === marginMode,
    );
    if (position === undefined) return [];
    return [
      this.#message('position', symbol, [this.#entries.positionMessage(position)]),
      this.#walletMessage(this.#entries.instrument(symbol).settleAsset),
    ];
  }

  #message(
    topic: 'order' | 'execution' | 'position',
    symbol: string,
    data: readonly unknown[],
    sequence: number = this.exchange.sequence,
  ): PrivateMessage {
    const { nowMs } = this.exchange.clock;
    const id = topic === 'position' ? `${USER_ID}_position_${nowMs}` : `${USER_ID}_${symbol}_${sequence}`;
    return { topic, category: categoryOf(this.#entries.instrument(symbol)), id, creationTime: nowMs, data };
  }

  #walletMessage(asset: string): PrivateMessage {
    const { nowMs } = this.exchange.clock;
    const data = [this.#entries.wallet([asset])];
    return { topic: 'wallet', category: undefined, id: `${USER_ID}_wallet_${nowMs}`, creationTime: nowMs, data };
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const [at, { messages, newOrderId }] of pending.entries()) {
      const isOvertaken = newOrderId !== '' && pending.slice(at + 1).some((later) => later.orderId === newOrderId);
      if (isOvertaken && !this.#reportsAllNew) continue;
      for (const message of this.#shaper?.(messages) ?? messages) this.stream.publish(message);
    }
  }

  /** A filled order that brought its own take-profit and stop-loss sets them. */
  #protectWhatWasOpened(event: SimulatorEvent): void {
    if (event.kind !== 'orderChanged' || event.reason !== 'FILL') return;
    const { symbol, positionSide, tags } = event.order;
    const { takeProfit, stopLoss } = tags;
    if (takeProfit === undefined && stopLoss === undefined) return;
    if (heldPosition(this.exchange, symbol, positionSide) === undefined) return;
    try {
      protect(this.exchange, {
        symbol,
        positionIdx: String(positionIdxOf(positionSide)),
        ...(takeProfit === undefined ? {} : { takeProfit }),
        ...(stopLoss === undefined ? {} : { stopLoss }),
      });
    } catch (error) {
      // A price that the market has passed already protects nothing.
      refusalOf(error);
    }
  }

  // Controls

  controls(server: LocalServer): BybitControls {
    return {
      cut: () => {
        server.isRefusing = true;
        this.stream.forget();
        server.dropSockets();
      },
      resume: () => {
        server.isRefusing = false;
      },
      pause: () => this.stream.pause(),
      release: () => this.stream.release(),
      hold: (path, what) => this.#hold(path, what),
      onRequest: (when, listener) => {
        this.#hooks[when].add(listener);
        return () => this.#hooks[when].delete(listener);
      },
      shape: (shaper) => {
        this.#shaper = shaper;
      },
      repeatFilled: (orderId) => this.#repeatFilled(orderId),
      requests: this.#requests,
    };
  }

  releaseAll(): void {
    for (const entry of this.#holds) letGo(entry);
    this.#holds.clear();
  }

  #repeatFilled(orderId: string): void {
    const order = this.exchange.order(orderId);
    if (order === undefined || isWaiting(order)) throw new Error(`no filled order ${orderId}`);
    const repeated = {
      ...this.#entries.orderMessage(order),
      cancelType: 'CancelByUser',
      rejectReason: 'EC_OrigClOrdIDDoesNotExist',
    };
    this.stream.publish(this.#message('order', order.symbol, [repeated]));
  }

  #hold(path: string, what: 'ANSWER' | 'REQUEST'): Hold {
    const entry: HoldEntry = { path, what, waiting: [], watchers: [] };
    this.#holds.add(entry);
    return {
      arrived: (count) =>
        new Promise((resolve) => {
          entry.watchers.push({ count, resolve });
          notify(entry);
        }),
      release: () => {
        this.#holds.delete(entry);
        letGo(entry);
      },
      lose: () => {
        this.#holds.delete(entry);
        entry.waiting = [];
      },
    };
  }

  async #wait(path: string, what: 'ANSWER' | 'REQUEST'): Promise<void> {
    const entry = [...this.#holds].find((each) => each.path === path && each.what === what);
    if (entry === undefined) return;
    await new Promise<void>((resolve) => {
      entry.waiting.push(resolve);
      notify(entry);
    });
  }
}

function notify(entry: HoldEntry): void {
  const isDue = ({ count }: { readonly count: number }): boolean => entry.waiting.length >= count;
  for (const watcher of entry.watchers.filter(isDue)) watcher.resolve();
  entry.watchers = entry.watchers.filter((watcher) => !isDue(watcher));
}

function letGo(entry: HoldEntry): void {
  for (const resolve of entry.waiting) resolve();
  entry.waiting = [];
}

function paramsOf(request: LocalRequest): Params {
  if (request.method === 'GET') return Object.fromEntries(request.query);
  const body: unknown = JSON.parse(request.body === '' ? '{}' : request.body);
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
}

/** An id that looks like Bybit's, and is the n-th of its kind. */
function uuid(kind: number, n: number): string {
  const text = n.toString(16).padStart(12, '0');
  return `${text.slice(-8)}-000${kind}-4000-8000-${text}`;
}
