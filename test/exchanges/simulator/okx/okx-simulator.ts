import type { SimulatorEvent } from '../events.js';
import type { ExchangeSimulator } from '../exchange-simulator.js';
import { LocalServer } from '../local-server.js';
import { RunningClock } from '../running-clock.js';
import { isAdvance } from './algo-row.js';
import type { HeldRequests } from './held-requests.js';
import { isAlgo } from './okx-id.js';
import { OkxMessages } from './okx-messages.js';
import { type OkxFailure, OkxRest, type RequestListener } from './okx-rest.js';
import { OkxEndpoints, type OkxRequest } from './okx-rest-endpoints.js';
import { type Endpoint, EVERY_CHANNEL, OkxStream } from './okx-stream.js';
import { OkxTrading } from './okx-trading.js';
import { OkxVenue, type OkxVenueOptions } from './okx-venue.js';
import { text } from './params.js';
import type { Row } from './row.js';

export interface OkxSimulatorOptions extends Omit<OkxVenueOptions, 'clock'> {
  /** `RUNS`: time passes as it does on the machine. Default: `STANDS_STILL`, until the exchange's clock is advanced. */
  readonly clock?: 'STANDS_STILL' | 'RUNS';
  /** How many currencies or positions a snapshot's message holds. Default: 20. */
  readonly snapshotPageSize?: number;
}

/** What tests do to the connections. Paths are given from `/api` on. */
export interface OkxControls {
  /** Drops every web socket and refuses new ones. What is pushed meanwhile is lost. */
  cut(): void;
  /** Takes web sockets again. */
  resume(): void;
  /** Holds the pushes of a channel back; of all channels without one. */
  pause(channel?: string): void;
  /** Sends what was held back of a channel, or of all. */
  release(channel?: string): void;
  /** Loses every message of web sockets that stay open. */
  lose(): void;
  /** Lets messages through again; the lost ones stay lost. */
  deliver(): void;
  /** Sends the last push of a channel once more. */
  repeat(channel: string): void;
  /** Sends each push twice from now on, or not. */
  repeatEach(isOn: boolean): void;
  /** Sends the snapshots of `account` and `positions`, as OKX does at regular times. */
  pushRegular(): void;
  /** Announces that the connections will be closed for an upgrade. */
  announceUpgrade(): void;
  /**
   * Holds requests to a path. `ANSWER`: they have been carried out, and their answers grow old. `REQUEST`: they are
   * carried out when they are let go.
   */
  hold(path: string, what: 'ANSWER' | 'REQUEST'): HeldRequests;
  /** Calls the listener for each request, before it is carried out or when its answer has been made. */
  onRequest(when: 'BEFORE' | 'AFTER', listener: RequestListener): () => void;
  /** Fails the next request to a path. */
  fail(path: string, failure: OkxFailure): void;
  /** Every request that has arrived. */
  readonly requests: readonly OkxRequest[];
}

/** OKX on this machine: one account in futures mode that trades swaps. */
export interface OkxSimulator {
  /**
   * The exchange itself, with its `truth()`. Its ids of algo orders begin with `algo:`; an `oco` is two orders, whose
   * ids end with `/tp` and `/sl`.
   */
  readonly exchange: ExchangeSimulator;
  readonly restUrl: string;
  readonly wsUrls: Readonly<Record<Endpoint, string>>;
  readonly controls: OkxControls;
  /** What is subscribed to now. */
  readonly subscriptions: readonly Row[];
  /** How many pushes went out on the connections that are open now. */
  readonly pushed: number;
  /** Ends every connection, and listens no more. */
  stop(): Promise<void>;
}

/** Starts OKX v5 on a free port of 127.0.0.1, with one account that any key and signature opens. */
export async function startOkxSimulator(options: OkxSimulatorOptions): Promise<OkxSimulator> {
  const { clock, snapshotPageSize = 20, ...others } = options;
  const venue = new OkxVenue({ ...others, ...(clock === 'RUNS' && { clock: new RunningClock() }) });
  const trading = new OkxTrading(venue);
  const messages = new OkxMessages(venue, snapshotPageSize);
  const endpoints = new OkxEndpoints(venue, trading);
  const rest = new OkxRest(
    (request) => endpoints.answer(request),
    () => venue.nowMs,
  );
  const stream = new OkxStream({
    uid: venue.uid,
    snapshot: (arg) => messages.snapshot(arg),
    hasInstrument: (instId) => venue.instruments.some((instrument) => instrument.symbol === instId),
    trade: (op, items) => {
      const answer = endpoints.trade(op, items);
      const timeUs = `${venue.nowMs}000`;
      return answer && { ...answer, inTime: timeUs, outTime: timeUs };
    },
  });
  publishEvents(venue, trading, messages, stream);
  const server = await LocalServer.start({
    answer: (request) => rest.answer(request),
    connect: (socket, path) => stream.connect(socket, path),
  });
  const base = `ws://${server.host}/ws/v5`;
  return {
    exchange: venue.engine,
    restUrl: `http://${server.host}`,
    wsUrls: { public: `${base}/public`, private: `${base}/private`, business: `${base}/business`, all: `${base}/all` },
    controls: controlsOf(server, rest, stream),
    get subscriptions() {
      return stream.subscriptions;
    },
    get pushed() {
      return stream.pushed;
    },
    stop: () => {
      rest.releaseAll();
      return server.stop();
    },
  };
}

function controlsOf(server: LocalServer, rest: OkxRest, stream: OkxStream): OkxControls {
  return {
    cut: () => {
      server.isRefusing = true;
      server.dropSockets();
    },
    resume: () => {
      server.isRefusing = false;
    },
    pause: (channel = EVERY_CHANNEL) => stream.pause(channel),
    release: (channel = EVERY_CHANNEL) => stream.release(channel),
    lose: () => {
      stream.isLosing = true;
    },
    deliver: () => {
      stream.isLosing = false;
    },
    repeat: (channel) => stream.repeat(channel),
    repeatEach: (isOn) => {
      stream.isRepeating = isOn;
    },
    pushRegular: () => stream.pushRegular(),
    announceUpgrade: () => stream.announceUpgrade(),
    hold: (path, what) => rest.hold(path, what),
    onRequest: (when, listener) => rest.onRequest(when, listener),
    fail: (path, failure) => rest.fail(path, failure),
    get requests() {
      return rest.requests;
    },
  };
}

/**
 * Pushes what happens. Orders, prices and the cash are pushed at once; what changed of the account and of positions is
 * brought together, as OKX does for about 50 ms: here, until the code that operates the engine lets others run.
 */
function publishEvents(venue: OkxVenue, trading: OkxTrading, messages: OkxMessages, stream: OkxStream): void {
  const changedAssets = new Set<string>();
  const changedPositions = new Set<string>();

  function flush(): void {
    const assets = [...changedAssets];
    const positions = [...changedPositions];
    changedAssets.clear();
    changedPositions.clear();
    stream.publish('account', (arg) => messages.account(arg, assets));
    stream.publish('positions', (arg) => messages.positions(arg, positions));
  }

  function publish(event: SimulatorEvent): void {
    if (event.kind === 'priceChanged') {
      for (const channel of ['tickers', 'mark-price']) {
        const isAsked = (instId: string): boolean => instId === event.symbol;
        stream.publish(channel, (arg) =>
          isAsked(text(arg, 'instId')) ? messages.price(arg, event.symbol) : undefined,
        );
      }
    } else if (event.kind === 'orderChanged') {
      const { symbol, id } = event.order;
      if (!isAlgo(id)) {
        const body = messages.order(event, trading.reqId);
        stream.publish('orders', (arg) => (messages.covers(arg, symbol) ? body : undefined));
        return;
      }
      const pushed = messages.algo(event, trading.reqId);
      if (pushed === undefined) return;
      const channel = isAdvance(pushed.algo.ordType) ? 'algo-advance' : 'orders-algo';
      stream.publish(channel, (arg) => (messages.covers(arg, symbol) ? pushed.body : undefined));
    }
  }

  venue.engine.listen((events) => {
    const changed = venue.learn(events);
    trading.endSiblings(events);
    for (const event of events) publish(event);
    const body = messages.balanceAndPosition(events, changed.positions);
    stream.publish('balance_and_position', () => body);
    if (changedAssets.size + changedPositions.size === 0 && changed.assets.length + changed.positions.length > 0) {
      queueMicrotask(flush);
    }
    for (const asset of changed.assets) changedAssets.add(asset);
    for (const key of [...changed.positions, ...venue.orderedPositions(events)]) changedPositions.add(key);
    trading.follow(events);
  });
}
