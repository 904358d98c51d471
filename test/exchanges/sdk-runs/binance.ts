import { once } from 'node:events';
import { USDMClient, WebsocketClient } from 'binance';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import {
  applyBinanceMessage,
  applyBinanceResponse,
  type BinanceRequest,
  binanceAlgoOrderKey,
  binanceInstruments,
  binanceOrderKey,
  parseExchangeJson,
  syncBinance,
} from '../../../src/exchanges/binance/index.js';
import { openAccount } from '../../../src/open-account.js';
import {
  type BinanceSimulator,
  type BinanceSimulatorOptions,
  startBinanceSimulator,
} from '../simulator/binance/binance-simulator.js';
import { exchangeId } from '../simulator/binance/order-ids.js';
import { timeInForce } from '../simulator/binance/order-messages.js';
import { TWO_SYMBOLS } from '../simulator/binance/test-account.js';
import type { ExchangeSimulator } from '../simulator/exchange-simulator.js';
import { isConditional, isLimit, type OrderRequest, type OrderView } from '../simulator/order.js';
import type { PositionSide } from '../simulator/position.js';
import type { StoreKeys } from './compare-with-truth.js';
import { OutcomeLog } from './outcome-log.js';
import type { RunMode, Trader, Venue } from './venue.js';
import { partsOfBot } from './venue-parts.js';

export interface VenueChoice extends Partial<BinanceSimulatorOptions> {
  /** The endpoints of snapshots: those of `syncBinance`, or the older ones with `applyBinanceResponse`. Default: `V3`. */
  readonly snapshots?: 'V3' | 'V2';
  /** Which of the SDK's events feed the store. Default: as the exchange sends them. */
  readonly events?: 'message' | 'formattedMessage';
  /** Default: `JSON.parse`. */
  readonly parse?: typeof parseExchangeJson;
}

const HEDGE = { positionMode: 'HEDGE' } as const;
const BEAUTIFIED = { events: 'formattedMessage' } as const;
const LONG_IDS = {
  firstOrderId: '8389765519993908929',
  firstAlgoId: '4000001910701524001',
  parse: parseExchangeJson,
} as const;
/** What two services of Binance report may come in another order, and two events are not always sent. */
const OTHER_ORDER = { algoTriggered: 'AFTER', tradeLite: 'OFF', triggerRejects: 'RETIRED' } as const;

const CHOICES: Readonly<Record<string, VenueChoice>> = {
  'one-way': {},
  hedge: HEDGE,
  'one-way, snapshots of version 2': { snapshots: 'V2' },
  'hedge, snapshots of version 2': { snapshots: 'V2', ...HEDGE },
  'one-way, beautified events': BEAUTIFIED,
  'hedge, beautified events': { ...BEAUTIFIED, ...HEDGE },
  'one-way, ids of 19 digits': LONG_IDS,
  'hedge, ids of 19 digits, beautified events, snapshots of version 2': {
    ...LONG_IDS,
    ...BEAUTIFIED,
    ...HEDGE,
    snapshots: 'V2',
  },
  'one-way, isolated margin': { marginMode: 'ISOLATED' },
  'hedge, isolated margin': { marginMode: 'ISOLATED', ...HEDGE },
  'one-way, conditional orders reported late': OTHER_ORDER,
  'hedge, conditional orders reported late': { ...OTHER_ORDER, ...HEDGE },
};

export const BINANCE_MODES: readonly RunMode[] = Object.entries(CHOICES).map(([name, choice]) => ({
  name,
  isHedge: choice.positionMode === 'HEDGE',
  open: () => openBinanceVenue(choice),
}));

const CREDENTIALS = { api_key: 'simulated-key', api_secret: 'simulated-secret' };
const SILENT = { trace: () => {}, info: () => {}, error: () => {} };

const KEYS: StoreKeys = {
  symbol: (symbol) => symbol,
  order: (order) => {
    const id = exchangeId(order.id).toString();
    return isConditional(order.type) ? binanceAlgoOrderKey(id) : binanceOrderKey(order.symbol, id);
  },
  ofPosition: ({ positionSide }) => ({ orderPositionSide: positionSide }),
  ofOrder: (order) => ({
    positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
    isreduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    averagePrice: isConditional(order.type) ? undefined : Number(order.averagePrice),
    timeInForce: timeInForceOf(order),
    createdAtMs: order.createdAtMs,
    updatedAtMs: order.updatedAtMs,
  }),
};

/** The simulator, the SDK's clients and a store that is fed from them. */
export async function openBinanceVenue(choice: VenueChoice = {}): Promise<Venue> {
  const { snapshots = 'V3', events = 'message', parse, ...options } = choice;
  const simulator = await startBinanceSimulator({ ...TWO_SYMBOLS, ...options });
  const rest = new USDMClient(
    { ...CREDENTIALS, baseUrl: simulator.restUrl },
    { proxy: false, ...(parse === undefined ? {} : { transformResponse: (text: string) => parse(text) }) },
  );
  const backend = new MemoryBackend();
  const log = new OutcomeLog();
  let bot: Bot | undefined;

  const resync = async (store: AccountStateStore): Promise<void> => {
    if (snapshots === 'V2') return mergeVersion2(store, rest, log);
    log.note(await syncBinance(store, (path, parameters) => rest.getPrivate(path, parameters)), 'the sync');
  };
  const start = async (): Promise<AccountStateStore> => {
    await bot?.stop();
    const { symbols } = await rest.getExchangeInfo();
    const store = await openAccount({
      accountId: 'binance',
      persistence: new MemoryDriver({ backend }),
      persist: ['metadata', 'positions', 'orders', 'leverage', 'balance'],
      instruments: binanceInstruments(symbols),
    });
    bot = new Bot(simulator, store, { events, parse, log });
    await bot.subscribe();
    await resync(store);
    return store;
  };

  return {
    name: 'binance',
    exchange: simulator.engine,
    keys: KEYS,
    symbols: { main: 'BTCUSDT', other: 'ETHUSDT' },
    trader: traderOf(rest, simulator.engine),
    start,
    resync,
    cut: () => {
      simulator.refuseStreams();
      simulator.cutStreams();
    },
    reconnect: async () => {
      const isBack = bot?.reconnected();
      simulator.acceptStreams();
      await isBack;
    },
    repeatMessages: (isOn) => simulator.duplicateMessages(isOn ? () => true : undefined),
    holdAnswers: () => {
      const names = snapshots === 'V2' ? VERSION_2 : ['account', 'positionRisk', ...LISTINGS, 'symbolConfig'];
      const isPart = (path: string): boolean => names.some((name) => path.endsWith(`/${name}`));
      const hold = simulator.holdAnswers(({ method, path }) => method === 'GET' && isPart(path));
      return { arrived: () => hold.whenHeld(names.length), release: () => hold.release() };
    },
    holdMessages: () => {
      simulator.stallStreams();
      return { release: () => simulator.resumeStreams('DELIVER') };
    },
    ...partsOfBot(() => bot, log, simulator),
  };
}

const LISTINGS = ['openOrders', 'openAlgoOrders'] as const;
const VERSION_2 = ['account', 'positionRisk', ...LISTINGS] as const;

/** A snapshot by the endpoints of version 2, which report the leverage with the positions. */
async function mergeVersion2(store: AccountStateStore, rest: USDMClient, log: OutcomeLog): Promise<void> {
  const asOfMs = await rest.getServerTime();
  const ask = async (version: number, name: BinanceRequest) =>
    [name, await rest.getPrivate(`fapi/v${version}/${name}`)] as const;
  const responses = await Promise.all([
    ask(2, 'account'),
    ask(2, 'positionRisk'),
    ...LISTINGS.map((name) => ask(1, name)),
  ]);
  for (const [name, response] of responses) log.note(applyBinanceResponse(store, name, response, { asOfMs }), response);
}

interface BotOptions {
  readonly events: 'message' | 'formattedMessage';
  readonly parse: typeof parseExchangeJson | undefined;
  readonly log: OutcomeLog;
}

/** What a user writes: a store, and the SDK's web socket client that feeds it. */
class Bot {
  readonly #simulator: BinanceSimulator;
  readonly #store: AccountStateStore;
  readonly #client: WebsocketClient;
  /** How many messages the simulator had sent when the bot was connected, and how many have come since. */
  #sentBefore = 0;
  #received = 0;

  constructor(simulator: BinanceSimulator, store: AccountStateStore, { events, parse, log }: BotOptions) {
    this.#simulator = simulator;
    this.#store = store;
    this.#client = new WebsocketClient(
      {
        ...CREDENTIALS,
        beautify: events === 'formattedMessage',
        wsUrl: simulator.wsUrl,
        reconnectTimeout: 5,
        restOptions: { baseUrl: simulator.restUrl },
        requestOptions: { proxy: false },
        ...(parse === undefined ? {} : { customParseJSONFn: parse }),
      },
      SILENT,
    );
    this.#client.on('exception', () => {});
    this.#client.on(events, (message: unknown) => {
      this.#received += 1;
      log.note(applyBinanceMessage(store, message), message);
    });
  }

  /** Nothing that was sent is under way. */
  get isQuiet(): boolean {
    return this.#received === this.#simulator.userMessages.length - this.#sentBefore;
  }

  async subscribe(): Promise<void> {
    await this.#client.subscribeUsdFuturesUserDataStream();
    this.#countFromNow();
  }

  /** Resolves when the SDK has connected anew: the listen key is the subscription. */
  async reconnected(): Promise<void> {
    await once(this.#client, 'reconnected');
    this.#countFromNow();
  }

  async stop(): Promise<void> {
    this.#client.closeAll(true);
    this.#client.removeAllListeners();
    // The SDK still reports the end of a socket that was cut off before it was open.
    this.#client.on('exception', () => {});
    await this.#store.close();
  }

  #countFromNow(): void {
    this.#sentBefore = this.#simulator.userMessages.length;
    this.#received = 0;
  }
}

/** Orders through the SDK: conditional ones through the algo service. */
function traderOf(rest: USDMClient, exchange: ExchangeSimulator): Trader {
  // The methods of the SDK that are named after orders want a prefix in client ids.
  const placeAlgo = (terms: object): Promise<unknown> =>
    rest.postPrivate('fapi/v1/algoOrder', { algoType: 'CONDITIONAL', ...terms });
  /** The side of the order that closes a position, and what is held. */
  const closing = (symbol: string, positionSide: PositionSide) => {
    const held = exchange
      .truth()
      .positions.find((each) => each.symbol === symbol && each.positionSide === positionSide);
    return { symbol, positionSide, side: held?.side === 'LONG' ? 'SELL' : 'BUY', quantity: held?.quantity };
  };
  return {
    place: async (order) => {
      const { clientId } = order;
      if (isConditional(order.type)) await placeAlgo({ ...termsOf(order), clientAlgoId: clientId });
      else await rest.postPrivate('fapi/v1/order', { ...termsOf(order), newClientOrderId: clientId });
    },
    cancel: async (clientId, symbol) => void (await rest.cancelOrder({ symbol, origClientOrderId: clientId })),
    amend: async (clientId, symbol, { quantity, price }) => {
      const side = exchange.order(clientId)?.side ?? 'BUY';
      const changes = { quantity: Number(quantity), price: Number(price) };
      await rest.modifyOrder({ symbol, side, origClientOrderId: clientId, ...changes });
    },
    setLeverage: async (symbol, leverage) => {
      await rest.setLeverage({ symbol, leverage: Number(leverage) });
    },
    trail: async (symbol, positionSide, distance) => {
      const percent = (100 * Number(distance)) / Number(exchange.price(symbol));
      const terms = { callbackRate: percent.toFixed(1), clientAlgoId: 'trail1' };
      await placeAlgo({ ...closing(symbol, positionSide), ...terms, type: 'TRAILING_STOP_MARKET' });
    },
    protect: async (symbol, positionSide, stopLoss) => {
      const { quantity: _whole, ...terms } = closing(symbol, positionSide);
      await placeAlgo({
        ...terms,
        type: 'STOP_MARKET',
        triggerPrice: stopLoss,
        closePosition: 'true',
        clientAlgoId: 'protect1',
      });
    },
  };
}

/** An order as the endpoints take it; in hedge mode the position's side says that it reduces. */
function termsOf(order: OrderRequest): object {
  const { symbol, side, type, quantity, price, triggerPrice, positionSide = 'BOTH' } = order;
  return {
    symbol,
    side,
    positionSide,
    type,
    quantity,
    ...(isLimit(type) ? { price, timeInForce: order.timeInForce ?? 'GTC' } : {}),
    ...(isConditional(type) ? { triggerPrice } : {}),
    ...(order.reduceOnly === true && positionSide === 'BOTH' ? { reduceOnly: 'true' } : {}),
  };
}

/** An order that closes a position lives as long as there is one. */
function timeInForceOf(order: OrderView): string {
  return isConditional(order.type) && order.closePosition ? 'GTE_GTC' : timeInForce(order);
}
