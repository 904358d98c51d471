import { type OrderRequest as OkxOrder, RestClient, WebsocketClient } from 'okx-api';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { applyOkxMessage, okxInstruments, okxSymbolKey, syncOkx } from '../../../src/exchanges/okx/index.js';
import { openAccount } from '../../../src/open-account.js';
import { Decimal } from '../simulator/decimal.js';
import { inverseSwap, linearSwap, type OkxInstrument } from '../simulator/okx/okx-instrument.js';
import { type OkxSimulator, startOkxSimulator } from '../simulator/okx/okx-simulator.js';
import { marginModeOf, positionSideOf } from '../simulator/okx/okx-words.js';
import { CREDENTIALS, SILENT } from '../simulator/okx/sdk-client.js';
import { isConditional, type OrderRequest, type OrderView } from '../simulator/order.js';
import type { MarginMode, PositionMode, PositionSide, PositionView } from '../simulator/position.js';
import type { Facts, StoreKeys } from './compare-with-truth.js';
import { OutcomeLog } from './outcome-log.js';
import type { RunMode, Trader, Venue } from './venue.js';
import { holdAnswersOf, holdMessagesOf, partsOfBot } from './venue-parts.js';

interface VenueChoice {
  readonly positionMode?: PositionMode;
  /** The contract of the other symbol. */
  readonly other?: 'ETH-USDT-SWAP' | 'ETH-USD-SWAP';
  /** The symbols that are traded in isolated margin. */
  readonly isolated?: readonly string[];
  /** Whether positions and balances come twice: before the orders, and again with the details. */
  readonly balanceAndPosition?: boolean;
}

const MAIN = 'BTC-USDT-SWAP';

export const OKX_MODES: readonly RunMode[] = [
  { name: 'net', isHedge: false, open: () => openOkxVenue({}) },
  { name: 'long/short', isHedge: true, open: () => openOkxVenue({ positionMode: 'HEDGE' }) },
  { name: 'net, an inverse swap', isHedge: false, open: () => openOkxVenue({ other: 'ETH-USD-SWAP' }) },
  {
    name: 'long/short, an inverse swap',
    isHedge: true,
    open: () => openOkxVenue({ positionMode: 'HEDGE', other: 'ETH-USD-SWAP' }),
  },
  {
    name: 'net, the other symbol isolated',
    isHedge: false,
    open: () => openOkxVenue({ isolated: ['ETH-USDT-SWAP'] }),
  },
  {
    name: 'long/short, the main symbol isolated',
    isHedge: true,
    open: () => openOkxVenue({ positionMode: 'HEDGE', isolated: [MAIN] }),
  },
  {
    name: 'net, with balance_and_position',
    isHedge: false,
    open: () => openOkxVenue({ balanceAndPosition: true, other: 'ETH-USD-SWAP' }),
  },
];

/** A contract is worth half a coin, so that a quantity in coins would be noticed. */
const INSTRUMENTS: readonly OkxInstrument[] = [
  linearSwap('BTC', { ctVal: '0.05', ctMult: '10' }),
  linearSwap('ETH', { ctVal: '0.5' }),
  inverseSwap('ETH'),
];

export async function openOkxVenue(choice: VenueChoice): Promise<Venue> {
  const { positionMode = 'ONE_WAY', other = 'ETH-USDT-SWAP', isolated = [], balanceAndPosition = false } = choice;
  const simulator = await startOkxSimulator({
    instruments: INSTRUMENTS,
    prices: { [MAIN]: '50000', 'ETH-USDT-SWAP': '2000', 'ETH-USD-SWAP': '2000' },
    balances: { USDT: '5000', ETH: '10' },
    positionMode,
    clock: 'RUNS',
  });
  const { exchange, controls } = simulator;
  for (const symbol of isolated) exchange.setMarginMode(symbol, 'ISOLATED');
  const rest = new RestClient({ ...CREDENTIALS, baseUrl: simulator.restUrl });
  const backend = new MemoryBackend();
  const log = new OutcomeLog();
  let bot: Bot | undefined;

  const resync = async (store: AccountStateStore): Promise<void> => {
    log.note(await syncOkx(store, (path, parameters) => rest.getPrivate(path, parameters)), 'the sync');
  };
  const start = async (): Promise<AccountStateStore> => {
    await bot?.stop();
    const store = await openAccount({
      accountId: 'okx',
      persistence: new MemoryDriver({ backend }),
      persist: ['metadata', 'positions', 'orders', 'leverage', 'balance'],
      instruments: okxInstruments(await rest.getInstruments({ instType: 'SWAP' })),
    });
    bot = new Bot(simulator, store, [MAIN, other], balanceAndPosition, log);
    await bot.subscribe();
    await resync(store);
    return store;
  };

  return {
    name: 'okx',
    exchange,
    keys: keysOf(simulator),
    symbols: { main: MAIN, other },
    trader: traderOf(rest, positionMode === 'HEDGE', (symbol) => (isolated.includes(symbol) ? 'ISOLATED' : 'CROSS')),
    start,
    resync,
    cut: () => controls.cut(),
    reconnect: async () => {
      const subscribed = bot?.subscribed();
      controls.resume();
      await subscribed;
    },
    repeatMessages: (isOn) => controls.repeatEach(isOn),
    holdAnswers: () => holdAnswersOf(controls, SNAPSHOT),
    holdMessages: () => holdMessagesOf(controls),
    ...partsOfBot(() => bot, log, simulator),
  };
}

/** The requests of a snapshot, and how many there are of each: algo orders are listed by type. */
const SNAPSHOT = {
  '/api/v5/account/positions': 1,
  '/api/v5/account/balance': 1,
  '/api/v5/trade/orders-pending': 1,
  '/api/v5/trade/orders-algo-pending': 7,
};

type Channel = Parameters<WebsocketClient['subscribe']>[0];

/** What a user writes: a store, and the SDK's web socket client that feeds it. */
class Bot {
  readonly #simulator: OkxSimulator;
  readonly #store: AccountStateStore;
  readonly #client: WebsocketClient;
  readonly #private: Extract<Channel, readonly unknown[]>;
  readonly #prices: Extract<Channel, readonly unknown[]>;
  /** How many pushes have come on the connections that are open, by their names. */
  readonly #received = new Map<string, number>();

  constructor(
    simulator: OkxSimulator,
    store: AccountStateStore,
    instIds: readonly string[],
    hasBalanceAndPosition: boolean,
    log: OutcomeLog,
  ) {
    this.#simulator = simulator;
    this.#store = store;
    this.#private = [
      { channel: 'account' },
      { channel: 'positions', instType: 'ANY' },
      { channel: 'orders', instType: 'ANY' },
      { channel: 'orders-algo', instType: 'ANY' },
      { channel: 'algo-advance', instType: 'ANY' },
      ...(hasBalanceAndPosition ? [{ channel: 'balance_and_position' } as const] : []),
    ];
    this.#prices = instIds.map((instId) => ({ channel: 'mark-price', instId }));
    const wsUrl = simulator.wsUrls.all;
    this.#client = new WebsocketClient({ accounts: [CREDENTIALS], wsUrl, reconnectTimeout: 5 }, SILENT);
    // Without a listener, an exception would end the process: the SDK reports each connection that fails.
    this.#client.on('exception', () => {});
    this.#client.on('reconnect', ({ wsKey }) => void this.#received.delete(wsKey));
    this.#client.on('update', (message) => {
      const { wsKey = '' } = message;
      this.#received.set(wsKey, (this.#received.get(wsKey) ?? 0) + 1);
      log.note(applyOkxMessage(store, message), message);
    });
    this.#client.on('response', (message) => {
      // Without an event it is no answer of OKX: the SDK reports a failed connection, of which it says nothing.
      if (message.event !== undefined) log.note(applyOkxMessage(store, message), message);
    });
  }

  /** Nothing that was pushed is under way. */
  get isQuiet(): boolean {
    return [...this.#received.values()].reduce((sum, count) => sum + count, 0) === this.#simulator.pushed;
  }

  async subscribe(): Promise<void> {
    const subscribed = this.subscribed();
    void this.#client.subscribe(this.#private, true);
    void this.#client.subscribe(this.#prices);
    await subscribed;
  }

  /** Resolves when all channels are confirmed: the SDK subscribes anew whenever it has reconnected. */
  subscribed(): Promise<void> {
    const missing = new Set([...this.#private, ...this.#prices].map(nameOf));
    return new Promise((resolve) => {
      const listener = (answer: { readonly event?: string; readonly arg?: object }): void => {
        if (answer.event !== 'subscribe' || answer.arg === undefined) return;
        missing.delete(nameOf(answer.arg));
        if (missing.size > 0) return;
        this.#client.off('response', listener);
        resolve();
      };
      this.#client.on('response', listener);
    });
  }

  async stop(): Promise<void> {
    for (const event of ['update', 'response', 'reconnect'] as const) this.#client.removeAllListeners(event);
    this.#client.closeAll(true);
    await this.#store.close();
  }
}

function nameOf(arg: { readonly channel?: string; readonly instId?: string }): string {
  return `${arg.channel} ${arg.instId ?? ''}`;
}

/** How the adapter calls what the simulator knows, and what of it a store must have beside the common facts. */
function keysOf({ exchange }: OkxSimulator): StoreKeys {
  return {
    symbol: (symbol, marginMode) => okxSymbolKey(symbol, marginModeOf(marginMode)),
    // The simulator's ids of algo orders have the adapter's prefix.
    order: ({ id }) => id,
    balance: (asset, { balances }) => {
      const isolated = exchange.positions.filter(
        ({ symbol, isolatedMargin }) => instrumentOf(symbol).settleAsset === asset && isolatedMargin !== '0',
      );
      const margin = Decimal.sum(isolated.map(({ isolatedMargin }) => Decimal.of(isolatedMargin)));
      return Number(
        Decimal.of(balances[asset] ?? '0')
          .minus(margin)
          .toString(),
      );
    },
    ofPosition: ({ symbol, positionSide, marginMode }, { orders }) => {
      const view = exchange.positions.find(
        (each) => each.symbol === symbol && each.positionSide === positionSide && each.marginMode === marginMode,
      );
      const protecting = orders.find(
        (order) => order.symbol === symbol && order.positionSide === positionSide && order.closePosition,
      );
      return {
        orderPositionSide: positionSide,
        stopLossPrice: Number(protecting?.triggerPrice ?? 0),
        ...amountsOf(view),
      };
    },
    ofOrder: factsOf,
  };
}

/** The profit and the margin of a position. In coins, the simulator rounds more coarsely than the store calculates. */
function amountsOf(view: PositionView | undefined): Facts {
  if (view === undefined || instrumentOf(view.symbol).kind === 'inverse') return {};
  const isIsolated = view.marginMode === 'ISOLATED';
  return {
    valueUpnl: Number(view.unrealisedPnl),
    marginValue: Number(isIsolated ? view.isolatedMargin : view.initialMargin),
    // In cross margin it moves with the whole account, and is known as of the last report of the position.
    ...(isIsolated ? { liquidationPrice: Number(view.liquidationPrice) } : {}),
  };
}

function instrumentOf(symbol: string): OkxInstrument {
  const instrument = INSTRUMENTS.find((each) => each.symbol === symbol);
  if (instrument === undefined) throw new TypeError(`expected an instrument that is listed, received '${symbol}'`);
  return instrument;
}

function factsOf(order: OrderView): Facts {
  const isAlgo = order.id.startsWith('algo:');
  return {
    clientId: isAlgo ? order.clientId.replace(/^algo:/, '') : order.clientId,
    positionSide: order.positionSide === 'BOTH' ? 'NONE' : order.positionSide,
    // In long/short mode OKX does not speak of it: which side an order closes, follows from the position side.
    isreduceOnly: order.tags['reduceOnly'] === 'true',
    ...(isAlgo ? { closePosition: order.closePosition } : { averagePrice: Number(order.averagePrice) }),
    createdAtMs: order.createdAtMs,
    updatedAtMs: order.updatedAtMs,
  };
}

/** Orders through the SDK. An answer that is a refusal is thrown. */
function traderOf(rest: RestClient, isHedge: boolean, marginMode: (symbol: string) => MarginMode): Trader {
  const modeOf = (symbol: string): 'cross' | 'isolated' => marginModeOf(marginMode(symbol));
  const common = ({ symbol, side, positionSide = 'BOTH', marginMode: mode, reduceOnly }: OrderRequest) => ({
    instId: symbol,
    tdMode: mode === undefined ? modeOf(symbol) : marginModeOf(mode),
    side: side === 'BUY' ? ('buy' as const) : ('sell' as const),
    ...(positionSide === 'BOTH' ? {} : { posSide: positionSide === 'LONG' ? ('long' as const) : ('short' as const) }),
    ...(reduceOnly === true && positionSide === 'BOTH' ? { reduceOnly } : {}),
  });
  /** An order that closes a position, of either side. */
  const closing = async (instId: string, positionSide: PositionSide) => {
    const posSide = positionSideOf(positionSide);
    const position = (await rest.getPositions({ instId })).find((each) => each.posSide === posSide);
    const isShort = positionSide === 'SHORT' || position?.pos.startsWith('-');
    const side = isShort ? 'BUY' : 'SELL';
    return { position, ...common({ symbol: instId, side, type: 'MARKET', positionSide, reduceOnly: true }) };
  };
  return {
    place: async (order) => {
      const { type, quantity: sz = '', price = '-1', triggerPrice = '', clientId = '' } = order;
      if (!isConditional(type)) {
        succeeded(await rest.submitOrder({ ...common(order), sz, clOrdId: clientId, ...plainTermsOf(order) }));
        return;
      }
      const isTakeProfit = type === 'TAKE_PROFIT' || type === 'TAKE_PROFIT_MARKET';
      const terms = isTakeProfit
        ? { tpTriggerPx: triggerPrice, tpOrdPx: price }
        : { slTriggerPx: triggerPrice, slOrdPx: price };
      const ids = { algoClOrdId: clientId };
      succeeded(await rest.placeAlgoOrder({ ...common(order), ordType: 'conditional', sz, ...terms, ...ids }));
    },
    cancel: async (clOrdId, instId) => succeeded(await rest.cancelOrder({ instId, clOrdId })),
    amend: async (clOrdId, instId, { quantity, price }) => {
      succeeded(await rest.amendOrder({ instId, clOrdId, newSz: quantity, newPx: price }));
    },
    setLeverage: async (instId, lever) => {
      const mgnMode = modeOf(instId);
      // In isolated margin, each side of long/short mode has a leverage of its own.
      const sides = isHedge && mgnMode === 'isolated' ? (['long', 'short'] as const) : [undefined];
      for (const posSide of sides) {
        await rest.setLeverage({ instId, lever, mgnMode, ...(posSide === undefined ? {} : { posSide }) });
      }
    },
    trail: async (symbol, positionSide, callbackSpread) => {
      const { position, ...order } = await closing(symbol, positionSide);
      const sz = position?.pos.replace('-', '') ?? '';
      succeeded(await rest.placeAlgoOrder({ ...order, ordType: 'move_order_stop', sz, callbackSpread }));
    },
    protect: async (symbol, positionSide, slTriggerPx) => {
      const { position: _position, ...order } = await closing(symbol, positionSide);
      const terms = { sz: '', closeFraction: '1', slTriggerPx, slOrdPx: '-1' };
      succeeded(await rest.placeAlgoOrder({ ...order, ordType: 'conditional', ...terms }));
    },
  };
}

function plainTermsOf({ type, price, timeInForce = 'GTC' }: OrderRequest): Pick<OkxOrder, 'ordType' | 'px'> {
  if (type === 'MARKET' || price === undefined) return { ordType: 'market' };
  const words = { GTC: 'limit', IOC: 'ioc', FOK: 'fok', POST_ONLY: 'post_only' } as const;
  return { ordType: words[timeInForce], px: price };
}

function succeeded(results: readonly { readonly sCode: string; readonly sMsg: string }[]): void {
  const refused = results.find(({ sCode }) => sCode !== '0');
  if (refused !== undefined) throw new Error(`refused with ${refused.sCode}: ${refused.sMsg}`);
}
