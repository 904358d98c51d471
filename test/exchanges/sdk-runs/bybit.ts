import { type OrderParamsV5, RestClientV5, WebsocketClient } from 'bybit-api';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { applyBybitMessage, bybitInstruments, bybitSymbolKey, syncBybit } from '../../../src/exchanges/bybit/index.js';
import { openAccount } from '../../../src/open-account.js';
import {
  type BybitSimulator,
  type BybitSimulatorOptions,
  inOrder,
  type MessageShaper,
  startBybitSimulator,
  twice,
} from '../simulator/bybit/bybit-simulator.js';
import { positionIdxOf, sideOf, timeInForceOf } from '../simulator/bybit/bybit-words.js';
import { defaultTriggerWhen, isConditional, isLimit, type OrderRequest } from '../simulator/order.js';
import type { PositionSide } from '../simulator/position.js';
import { inverseInstrument, linearInstrument } from '../simulator/sample-instruments.js';
import { OutcomeLog } from './outcome-log.js';
import type { RunMode, Trader, Venue } from './venue.js';
import { bybitPositionFacts, holdAnswersOf, holdMessagesOf, partsOfBot } from './venue-parts.js';

type SimulatorChoice = Pick<BybitSimulatorOptions, 'marginMode' | 'positionMode' | 'reportNew'>;

interface VenueChoice extends SimulatorChoice {
  /** The contract of the other symbol. */
  readonly other?: 'ETHUSDT' | 'ETHUSD';
  readonly shape?: MessageShaper;
}

/** Bybit changes neither what a message says nor the order within a topic; between topics nothing is promised. */
const WALLET_FIRST = inOrder('wallet', 'position', 'order', 'execution');

export const BYBIT_MODES: readonly RunMode[] = [
  { name: 'one-way', isHedge: false, open: () => openBybitVenue({}) },
  { name: 'hedge', isHedge: true, open: () => openBybitVenue({ positionMode: 'HEDGE' }) },
  { name: 'one-way, an inverse contract', isHedge: false, open: () => openBybitVenue({ other: 'ETHUSD' }) },
  {
    name: 'one-way, portfolio margin',
    isHedge: false,
    open: () => openBybitVenue({ marginMode: 'PORTFOLIO_MARGIN' }),
  },
  {
    name: 'hedge, isolated margin',
    isHedge: true,
    open: () => openBybitVenue({ positionMode: 'HEDGE', marginMode: 'ISOLATED_MARGIN' }),
  },
  {
    name: 'one-way, the wallet first, and each order new before it is filled',
    isHedge: false,
    open: () => openBybitVenue({ shape: WALLET_FIRST, reportNew: 'ALWAYS' }),
  },
];

const CREDENTIALS = { key: 'simulated-key', secret: 'simulated-secret' };
const SILENT = { trace: () => {}, info: () => {}, error: () => {} };
const PRIVATE = ['order', 'execution', 'position', 'wallet'];
/** The requests of a snapshot: of the positions in USDT, USDC and the coins; of the orders on spot as well. */
const SNAPSHOT = { '/v5/position/list': 3, '/v5/order/realtime': 4, '/v5/account/wallet-balance': 1 };

async function openBybitVenue({ other = 'ETHUSDT', shape, ...choice }: VenueChoice): Promise<Venue> {
  const simulator = await startBybitSimulator({
    instruments: [linearInstrument('BTC'), linearInstrument('ETH'), inverseInstrument('ETH')],
    prices: { BTCUSDT: '50000', ETHUSDT: '2000', ETHUSD: '2000' },
    balances: { USDT: '10000', ETH: '10' },
    ...choice,
  });
  const { exchange, controls } = simulator;
  controls.shape(shape);
  const rest = new RestClientV5({ ...CREDENTIALS, baseUrl: simulator.restUrl });
  const backend = new MemoryBackend();
  const log = new OutcomeLog();
  let bot: Bot | undefined;

  const resync = async (store: AccountStateStore): Promise<void> => {
    log.note(await syncBybit(store, (path, parameters) => rest.getPrivate(path, parameters)), 'the sync');
  };
  const start = async (): Promise<AccountStateStore> => {
    await bot?.stop();
    const [linear, inverse] = await Promise.all([
      rest.getInstrumentsInfo({ category: 'linear' }),
      rest.getInstrumentsInfo({ category: 'inverse' }),
    ]);
    const store = await openAccount({
      accountId: 'bybit',
      persistence: new MemoryDriver({ backend }),
      persist: ['metadata', 'positions', 'orders', 'leverage', 'balance'],
      instruments: bybitInstruments({ linear: linear.result.list, inverse: inverse.result.list }),
    });
    bot = new Bot(simulator, store, log);
    await bot.subscribe();
    await resync(store);
    return store;
  };

  return {
    name: 'bybit',
    exchange,
    keys: {
      symbol: (symbol) => bybitSymbolKey(symbol.endsWith('USD') ? 'inverse' : 'linear', symbol),
      order: ({ id }) => id,
      hasLeverage: choice.marginMode !== 'PORTFOLIO_MARGIN',
      ofPosition: bybitPositionFacts,
      ofOrder: (order) => ({
        positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
        isreduceOnly: order.reduceOnly,
        closePosition: order.closePosition,
        ...(order.executed === '0' ? {} : { averagePrice: Number(order.averagePrice) }),
        timeInForce: timeInForceOf(order),
        createdAtMs: order.createdAtMs,
        updatedAtMs: order.updatedAtMs,
      }),
    },
    symbols: { main: 'BTCUSDT', other },
    trader: traderOf(rest),
    start,
    resync,
    cut: () => controls.cut(),
    reconnect: async () => {
      const subscribed = bot?.subscribed();
      controls.resume();
      await subscribed;
    },
    repeatMessages: (isOn) => {
      const shaped: MessageShaper = (messages) => shape?.(messages) ?? messages;
      controls.shape(isOn ? (messages) => twice(shaped(messages)) : shape);
    },
    holdAnswers: () => holdAnswersOf(controls, SNAPSHOT),
    holdMessages: () => holdMessagesOf(controls),
    ...partsOfBot(() => bot, log, simulator),
  };
}

/** What a user writes: a store, and the SDK's web socket client that feeds it. */
class Bot {
  readonly #simulator: BybitSimulator;
  readonly #store: AccountStateStore;
  readonly #client: WebsocketClient;
  /** How many messages the simulator had sent when it was subscribed to, and how many have come since. */
  #sentBefore = 0;
  #received = 0;

  constructor(simulator: BybitSimulator, store: AccountStateStore, log: OutcomeLog) {
    this.#simulator = simulator;
    this.#store = store;
    const wsUrl = simulator.wsUrls.private;
    this.#client = new WebsocketClient({ ...CREDENTIALS, market: 'v5', wsUrl, reconnectTimeout: 5 }, SILENT);
    this.#client.on('exception', () => {});
    this.#client.on('update', (message: unknown) => {
      this.#received += 1;
      log.note(applyBybitMessage(store, message), message);
    });
  }

  /** Nothing that was sent is under way. */
  get isQuiet(): boolean {
    return this.#received === this.#simulator.sent.length - this.#sentBefore;
  }

  async subscribe(): Promise<void> {
    const subscribed = this.subscribed();
    void this.#client.subscribeV5(PRIVATE, 'linear');
    await subscribed;
  }

  /** Resolves with the next confirmation of a subscription: the SDK subscribes anew whenever it has reconnected. */
  subscribed(): Promise<void> {
    return new Promise((resolve) => {
      const listener = (answer: { readonly op?: string; readonly success?: boolean }): void => {
        if (answer.op !== 'subscribe' || answer.success !== true) return;
        this.#client.off('response', listener);
        this.#sentBefore = this.#simulator.sent.length;
        this.#received = 0;
        resolve();
      };
      this.#client.on('response', listener);
    });
  }

  async stop(): Promise<void> {
    this.#client.closeAll(true);
    this.#client.removeAllListeners();
    // The SDK still reports the end of a socket that was cut off before it was open.
    this.#client.on('exception', () => {});
    await this.#store.close();
  }
}

/** Orders through the SDK. An answer that is a refusal is thrown. */
function traderOf(rest: RestClientV5): Trader {
  const setTradingStop = async (
    symbol: string,
    positionSide: PositionSide,
    prices: { readonly trailingStop: string } | { readonly stopLoss: string },
  ): Promise<void> => {
    const positionIdx = positionIdxOf(positionSide) as 0 | 1 | 2;
    const category = categoryOf(symbol);
    succeeded(await rest.setTradingStop({ category, symbol, positionIdx, tpslMode: 'Full', ...prices }));
  };
  return {
    place: async (order) => succeeded(await rest.submitOrder(orderParams(order))),
    cancel: async (clientId, symbol) => {
      succeeded(await rest.cancelOrder({ category: categoryOf(symbol), symbol, orderLinkId: clientId }));
    },
    amend: async (clientId, symbol, { quantity, price }) => {
      const changes = { qty: quantity, price };
      succeeded(await rest.amendOrder({ category: categoryOf(symbol), symbol, orderLinkId: clientId, ...changes }));
    },
    setLeverage: async (symbol, leverage) => {
      const both = { buyLeverage: leverage, sellLeverage: leverage };
      succeeded(await rest.setLeverage({ category: categoryOf(symbol), symbol, ...both }));
    },
    trail: (symbol, positionSide, trailingStop) => setTradingStop(symbol, positionSide, { trailingStop }),
    protect: (symbol, positionSide, stopLoss) => setTradingStop(symbol, positionSide, { stopLoss }),
  };
}

function succeeded(answer: { readonly retCode: number; readonly retMsg: string }): void {
  if (answer.retCode !== 0) throw new Error(`refused with ${answer.retCode}: ${answer.retMsg}`);
}

function categoryOf(symbol: string): 'linear' | 'inverse' {
  return symbol.endsWith('USD') ? 'inverse' : 'linear';
}

function orderParams(order: OrderRequest): OrderParamsV5 {
  const { symbol, side, type, quantity = '0', price, triggerPrice, timeInForce, positionSide = 'BOTH' } = order;
  const triggerDirection = defaultTriggerWhen(type, side) === 'RISES' ? 1 : 2;
  return {
    category: categoryOf(symbol),
    symbol,
    side: sideOf(side),
    orderType: isLimit(type) ? 'Limit' : 'Market',
    qty: quantity,
    positionIdx: positionIdxOf(positionSide) as 0 | 1 | 2,
    ...(price === undefined ? {} : { price }),
    ...(isConditional(type) && triggerPrice !== undefined ? { triggerPrice, triggerDirection } : {}),
    ...(timeInForce === undefined ? {} : { timeInForce: timeInForce === 'POST_ONLY' ? 'PostOnly' : timeInForce }),
    ...(order.reduceOnly === undefined ? {} : { reduceOnly: order.reduceOnly }),
    ...(order.clientId === undefined ? {} : { orderLinkId: order.clientId }),
  };
}
