// A small bot on Bybit through ccxt, to be copied: it buys dips, each with a stop loss, and remembers of every entry what
// Bybit cannot give back. It can be killed, and lose its connection, at any time.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AccountStateStore, openAccount } from 'accountkeeper';
import { applyCcxtOrders, ccxtInstruments, followCcxt, type MessageOutcome } from 'accountkeeper/ccxt';
import ccxt, { type ConstructorArgs } from 'ccxt';
import { watchConnection } from './stream.js';

const symbol = 'BTC/USDT:USDT';
const [QUANTITY, DIP, STOP, MAX_ENTRIES] = [0.01, 0.99, 0.9, 5];
const REFUSALS = [ccxt.InvalidOrder, ccxt.InsufficientFunds, ccxt.BadRequest];

/** `clientId` is ccxt's `clientOrderId`. `filledAtMs` is exchange time, and 0 before. */
type Entry = { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number };
export type Memory = { readonly entries: readonly Entry[] };

/** Takes ccxt's configuration. Without `urls`, Bybit is on the internet. */
export async function startBot(config: ConstructorArgs): Promise<AccountStateStore<Memory>> {
  const persistence = process.env['PERSISTENCE_URL'] ?? 'sqlite://./ccxt-dips.db';
  const exchange = new ccxt.pro.bybit(config);
  if (config.urls !== undefined) await exchange.loadHttpProxyAgent(); // ccxt needs it for addresses without TLS
  const instruments = ccxtInstruments(await exchange.loadMarkets());
  const stored = { accountId: 'dips', persistence, persist: ['metadata', 'orders'], instruments } as const;
  const account = await openAccount<Memory>(stored);
  const entries = (): readonly Entry[] => account.getSymbolMetadata(symbol)?.entries ?? [];
  let reference = 0;
  let work = Promise.resolve();
  const connection = watchConnection(exchange);
  let syncedOn: object | undefined; // the connection that was complete when the last sync began
  let caughtUp: object | undefined; // the connection since which nothing is missing

  function take(outcome: MessageOutcome): void {
    if (outcome.kind !== 'applied') return;
    const { atMs = 0, fills, positions, resync, prices } = outcome;
    const isFlat = (resync !== undefined || positions.length > 0) && !account.isSymbolInAnyPosition(symbol);
    const next = entries().flatMap((entry) => {
      const fill = fills.find(({ order }) => order.customOrderId === entry.clientId);
      if (fill !== undefined) return { ...entry, filledAtMs: fill.order.updatedAtMs ?? atMs };
      // The position is closed, or the order ended without a fill: the entry must not steer what comes next.
      if (entry.filledAtMs !== 0) return isFlat && entry.filledAtMs < atMs ? [] : entry;
      return account.getOrderByCustomId(entry.clientId) === undefined ? [] : entry;
    });
    if (!isDeepStrictEqual(next, entries())) account.setSymbolMetadata(symbol, { entries: next });
    if (resync?.vanishedOrders.length === 0) caughtUp = syncedOn; // a second listing decides about those
    for (const { price } of prices) consider(price);
  }

  function consider(price: number): void {
    reference = entries().at(-1)?.signalPrice ?? (reference || price);
    const isUpToDate = caughtUp !== undefined && caughtUp === connection();
    const isBusy = !isUpToDate || entries().some(({ filledAtMs }) => filledAtMs === 0);
    if (isBusy || price > reference * DIP || entries().length >= MAX_ENTRIES) return;
    const entry: Entry = { clientId: randomUUID(), signalPrice: price, filledAtMs: 0 };
    const what = { symbol, orderSide: 'BUY', positionSide: 'NONE', orderType: 'MARKET', status: 'NEW' } as const;
    const size = { price: 0, originalQuantity: QUANTITY, executedQuantity: 0, createdAtMs: 0, updatedAtMs: 0 };
    account.transaction(() => {
      account.upsertActiveOrder({ exchangeOrderId: '', customOrderId: entry.clientId, ...what, ...size });
      account.setSymbolMetadata(symbol, { entries: [...entries(), entry] });
    });
    work = send(entry).catch((error: unknown) => {
      console.error(error);
      void following.sync();
    });
  }

  async function send(entry: Entry): Promise<void> {
    await account.flush(); // the intent is durable before Bybit can hear of it
    const stopLoss = { triggerPrice: entry.signalPrice * STOP };
    const params = { clientOrderId: entry.clientId, stopLoss };
    await exchange.createOrder(symbol, 'market', 'buy', QUANTITY, undefined, params).catch(async (error: unknown) => {
      if (!REFUSALS.some((kind) => error instanceof kind)) throw error; // it is not known whether Bybit has the order
      // Such an error comes also when Bybit has the order already.
      if (!(await lookUp(entry))) console.error('refused:', error, account.deleteOrder(entry.clientId));
    });
  }

  /** Takes over what Bybit knows of an entry's order. `false`: nothing. */
  async function lookUp({ clientId }: Entry): Promise<boolean> {
    const query = [symbol, undefined, undefined, { orderLinkId: clientId }] as const;
    const orders = await exchange.fetchOpenOrders(...query);
    orders.push(...(await exchange.fetchCanceledAndClosedOrders(...query)));
    take(applyCcxtOrders(account, orders));
    return orders.length > 0;
  }

  /** Settles what Bybit has not confirmed, before a listing without it would end it. */
  async function beforeSync(): Promise<void> {
    await work;
    syncedOn = connection();
    for (const entry of entries()) {
      // Bybit has refused the order of an entry that has none any more.
      const isOpen = entry.filledAtMs === 0 && account.getOrderByCustomId(entry.clientId) !== undefined;
      if (!isOpen || (await lookUp(entry))) continue;
      await send(entry);
      await lookUp(entry);
    }
  }

  const following = await followCcxt(account, exchange, { symbols: [symbol], onOutcome: take, beforeSync });
  return account;
}
