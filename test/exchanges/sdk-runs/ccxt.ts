import ccxt, { type Exchange } from 'ccxt';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  type CcxtSyncOptions,
  ccxtInstruments,
  ccxtOrderKey,
  type MessageOutcome,
  syncCcxt,
} from '../../../src/exchanges/ccxt/index.js';
import { openAccount } from '../../../src/open-account.js';
import type { ExchangeSimulator } from '../simulator/exchange-simulator.js';
import { Signal } from '../simulator/okx/signal.js';
import { isLimit, type OrderRequest, type OrderView } from '../simulator/order.js';
import type { PositionSide } from '../simulator/position.js';
import type { StoreKeys } from './compare-with-truth.js';
import type { Trader, Venue } from './venue.js';

/** A message of a stream. */
export type Message = Readonly<Record<string, unknown>>;

/** A simulated exchange that ccxt connects to. */
export interface CcxtPlace
  extends Pick<Venue, 'name' | 'exchange' | 'symbols' | 'cut' | 'repeatMessages' | 'holdAnswers' | 'holdMessages'> {
  readonly keys: Omit<StoreKeys, 'symbol' | 'order'> & Partial<Pick<StoreKeys, 'symbol'>>;
  /** ccxt's symbol of one of the simulator's. */
  symbolOf(symbol: string): string;
  /** The id of an order, and whether the algo service has it. Default: the simulator's id. */
  idOf?(order: OrderView): readonly [id: string, isAlgo: boolean];
  /** A new object of ccxt's class, that knows no other address than the simulator's. */
  connect(): Exchange;
  /** What the parts of the account are synced and followed with, one after the other. */
  readonly syncs: readonly CcxtSyncOptions[];
  /** Parameters of each loop over `watchOrders`. Default: one without parameters. */
  readonly orderStreams?: readonly object[];
  /** The parameters by which the exchange knows what ccxt has no word for. */
  orderParams(order: OrderRequest): object;
  /** Whether no stream tells of a new leverage, so that a sync has to follow. */
  readonly isLeverageUntold?: boolean;
  readonly trader?: (exchange: () => Exchange) => Partial<Trader>;
  /** Takes connections again. */
  resume(): void;
  /** Whether these messages of a connection say that everything is subscribed to. */
  isSubscribed(messages: readonly Message[]): boolean;
  /** Calls the listener when something else than a message may have changed that. */
  onSubscribed?(listener: () => void): void;
  /** Whether a message is one of those that {@link sentCount} counts. */
  isCounted(message: Message): boolean;
  /** How many messages the streams have sent: all that ever were, or on the connections that are open now. */
  sentCount(): number;
  readonly isCountedFromConnect?: boolean;
  stop(): Promise<void>;
}

/** Gives each address of an exchange's the simulator's host, and leaves the paths as they are. */
export function pointAt(exchange: Exchange, restUrl: string, wsUrl: string): void {
  const moved = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, moved(each)]));
    }
    return String(value).replace(/^(https?|wss?):\/\/[^/]*/, (_, scheme) => (scheme[0] === 'w' ? wsUrl : restUrl));
  };
  Object.assign(exchange.urls, { api: moved(exchange.urls['api']) });
}

/** A venue that ccxt trades at, and that feeds a store as the adapter's documentation says. */
export function ccxtVenue(place: CcxtPlace): Venue {
  const { name, exchange, symbols, keys, repeatMessages, holdAnswers, holdMessages } = place;
  const backend = new MemoryBackend();
  const complaints: string[] = [];
  const listeners = new Set<() => void>();
  const trading = place.connect();
  const trader = traderOf(place, trading);
  let bot: Bot | undefined;
  let open: Signal | undefined;

  const note = (outcome: MessageOutcome, told: unknown): void => {
    const isUnderstood = outcome.kind !== 'unknown' && !(outcome.kind === 'applied' && outcome.faults.length > 0);
    if (!isUnderstood) complaints.push(`${JSON.stringify(outcome)} of ${JSON.stringify(told)}`);
  };
  const hear = (): void => {
    for (const listener of listeners) listener();
  };
  const resync = async (store: AccountStateStore): Promise<void> => {
    for (const options of place.syncs) note(await syncCcxt(store, bot?.client ?? trading, options), 'the sync');
  };
  const start = async (): Promise<AccountStateStore> => {
    await bot?.stop();
    const client = place.connect();
    await client.loadHttpProxyAgent();
    const instruments = ccxtInstruments(await client.loadMarkets());
    const persist = ['metadata', 'positions', 'orders', 'leverage', 'balance'] as const;
    const persistence = new MemoryDriver({ backend });
    const store = await openAccount({ accountId: name, persistence, persist, instruments });
    bot = new Bot(place, client, store, { note, hear, open: () => open?.given });
    await bot.subscribed();
    await resync(store);
    return store;
  };

  return {
    name,
    exchange,
    keys: {
      symbol: (symbol) => place.symbolOf(symbol),
      order: (order) => {
        const [id, isAlgo] = place.idOf?.(order) ?? [order.id, false];
        return ccxtOrderKey(place.symbolOf(order.symbol), id, isAlgo);
      },
      ...keys,
    },
    symbols,
    trader: {
      ...trader,
      setLeverage: async (symbol, leverage) => {
        await trader.setLeverage(symbol, leverage);
        if (place.isLeverageUntold === true && bot !== undefined) await resync(bot.store);
      },
    },
    start,
    resync,
    cut: () => {
      open = new Signal();
      bot?.forget();
      place.cut();
    },
    reconnect: async () => {
      place.resume();
      open?.give();
      open = undefined;
      await bot?.subscribed();
    },
    repeatMessages,
    holdAnswers,
    ...(holdMessages === undefined ? {} : { holdMessages }),
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isQuiet: () => bot?.isQuiet ?? true,
    complaints,
    stop: async () => {
      await bot?.stop();
      await trading.close();
      await place.stop();
    },
  };
}

interface BotParts {
  note(outcome: MessageOutcome, told: unknown): void;
  /** Is called when a message has come, and what it told was applied. */
  hear(): void;
  /** Resolves when the exchange takes connections again; `undefined` while it does. */
  open(): Promise<void> | undefined;
}

/** What a user writes: a loop for each `watch` method. */
class Bot {
  readonly client: Exchange;
  readonly #place: CcxtPlace;
  readonly store: AccountStateStore;
  readonly #parts: BotParts;
  /** Of the connections that are open now. */
  readonly #messages: Message[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #connections = new Set<object>();
  readonly #cut = new WeakSet<object>();
  readonly #loops: readonly Promise<void>[];
  /** How many messages had been sent when all was subscribed to, and how many have come since. */
  #sentBefore = 0;
  #received = 0;
  #isStopped = false;

  constructor(place: CcxtPlace, client: Exchange, store: AccountStateStore, parts: BotParts) {
    this.client = client;
    this.#place = place;
    this.store = store;
    this.#parts = parts;
    const handle = client.handleMessage;
    client.handleMessage = (connection: object, message) => {
      handle.call(client, connection, message);
      // The loops take over what has come before anything else happens.
      setImmediate(() => this.#take(connection, message));
    };
    place.onSubscribed?.(() => this.#check());
    const [options = {}] = place.syncs;
    const orderStreams = place.orderStreams ?? [{}];
    this.#loops = [
      this.#follow(
        () => client.watchPositions(),
        (list) => applyCcxtPositions(this.store, list, options),
      ),
      this.#follow(
        () => client.watchBalance(),
        (balance) => applyCcxtBalance(this.store, balance, options),
      ),
      ...orderStreams.map((params) =>
        this.#follow(
          () => client.watchOrders(undefined, undefined, undefined, params),
          (list) => applyCcxtOrders(this.store, list, options),
        ),
      ),
    ];
  }

  /** Nothing that was sent is under way. */
  get isQuiet(): boolean {
    return this.#received === this.#place.sentCount() - this.#sentBefore;
  }

  /** Resolves when all streams are subscribed to. */
  async subscribed(): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!this.#place.isSubscribed(this.#messages)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    if (this.#place.isCountedFromConnect === true) return;
    this.#sentBefore = this.#place.sentCount();
    this.#received = 0;
  }

  /** The connections are cut: nothing that is still under way on them counts. */
  forget(): void {
    for (const connection of this.#connections) this.#cut.add(connection);
    this.#connections.clear();
    this.#messages.length = 0;
    this.#received = 0;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.client.close();
    await Promise.all(this.#loops);
    await this.store.close();
  }

  async #follow<Told>(next: () => Promise<Told>, apply: (told: Told) => MessageOutcome): Promise<void> {
    while (!this.#isStopped) {
      try {
        const told = await next();
        if (!this.#isStopped) this.#parts.note(apply(told), told);
      } catch (error) {
        if (!(error instanceof ccxt.NetworkError || error instanceof ccxt.ExchangeClosedByUser)) throw error;
        await this.#parts.open();
      }
    }
  }

  #take(connection: object, message: Message): void {
    if (this.#isStopped || this.#cut.has(connection)) return;
    this.#connections.add(connection);
    this.#messages.push(message);
    if (this.#place.isCounted(message)) this.#received += 1;
    this.#check();
    this.#parts.hear();
  }

  #check(): void {
    for (const check of this.#waiting) check();
  }
}

/** Orders through ccxt, which throws what the exchange refuses. */
function traderOf(place: CcxtPlace, client: Exchange): Trader {
  const placed = new Map<string, { readonly id: string; readonly order: OrderRequest }>();
  const find = (clientId: string): { readonly id: string; readonly order: OrderRequest } => {
    const found = placed.get(clientId);
    if (found === undefined) throw new Error(`no order ${clientId}`);
    return found;
  };
  return {
    place: async (order) => {
      const { symbol, price, clientId = '', timeInForce, triggerPrice, reduceOnly } = order;
      const params = {
        ...(clientId === '' ? {} : { clientOrderId: clientId }),
        ...(timeInForce === undefined ? {} : { timeInForce }),
        ...(triggerPrice === undefined ? {} : { triggerPrice: Number(triggerPrice) }),
        ...(reduceOnly === undefined ? {} : { reduceOnly }),
        ...place.orderParams(order),
      };
      const { id } = await client.createOrder(
        place.symbolOf(symbol),
        isLimit(order.type) ? 'limit' : 'market',
        order.side === 'BUY' ? 'buy' : 'sell',
        Number(order.quantity),
        price === undefined ? undefined : Number(price),
        params,
      );
      placed.set(clientId, { id: String(id), order });
    },
    cancel: async (clientId, symbol) => void (await client.cancelOrder(find(clientId).id, place.symbolOf(symbol))),
    amend: async (clientId, symbol, { quantity, price }) => {
      const { id, order } = find(clientId);
      const side = order.side === 'BUY' ? 'buy' : 'sell';
      await client.editOrder(id, place.symbolOf(symbol), 'limit', side, Number(quantity), Number(price));
    },
    setLeverage: async (symbol, leverage) => {
      await client.setLeverage(Number(leverage), place.symbolOf(symbol));
    },
    ...place.trader?.(() => client),
  };
}

/** The side of the order that closes what a side of a position holds. */
export function closingSide(exchange: ExchangeSimulator, symbol: string, positionSide: PositionSide): 'buy' | 'sell' {
  const held = exchange.positions.find((each) => each.symbol === symbol && each.positionSide === positionSide);
  return held?.side === 'SHORT' ? 'buy' : 'sell';
}
