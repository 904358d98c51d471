// A small bot on Bybit through ccxt, to be copied: it buys dips, each with a stop loss, and remembers of every entry what
// Bybit cannot give back. It can be killed, and lose its connection, at any time.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AccountStateStore, openAccount } from 'accountkeeper';
import { applyCcxtOrders, ccxtInstruments, type MessageOutcome, syncCcxt } from 'accountkeeper/ccxt';
import ccxt, { type ConstructorArgs } from 'ccxt';
import { followAccount, followPrice, READING } from './stream.js';

const symbol = 'BTC/USDT:USDT';
const [QUANTITY, DIP, STOP, MAX_ENTRIES] = [0.01, 0.99, 0.9, 5];
const REFUSALS = [ccxt.InvalidOrder, ccxt.InsufficientFunds, ccxt.BadRequest];

/** `clientId` is ccxt's `clientOrderId`. `filledAtMs` is exchange time, and 0 before. */
type Entry = { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number };
export type Memory = { readonly entries: readonly Entry[] };

/** Takes ccxt's configuration. Without `urls`, Bybit is on the internet. */
export async function startBot({ options, ...config }: ConstructorArgs): Promise<AccountStateStore<Memory>> {
  const persistence = process.env['PERSISTENCE_URL'] ?? 'sqlite://./ccxt-dips.db';
  const feed = { newUpdates: false, watchPositions: { fetchPositionsSnapshot: false } };
  const exchange = new ccxt.pro.bybit({ ...config, options: { ...options, ...feed } });
  if (config.urls !== undefined) await exchange.loadHttpProxyAgent(); // ccxt needs it for addresses without TLS
  const instruments = ccxtInstruments(await exchange.loadMarkets());
  const stored = { accountId: 'dips', persistence, persist: ['metadata', 'orders'], instruments } as const;
  const account = await openAccount<Memory>(stored);
  const entries = (): readonly Entry[] => account.getSymbolMetadata(symbol)?.entries ?? [];
  let reference = 0;
  let caughtUp: object | undefined; // the connection since which nothing is missing
  let work = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function take(outcome: MessageOutcome): void {
    if (outcome.kind === 'unknown') console.error('not understood:', outcome.reason);
    if (outcome.kind !== 'applied') return;
    const { atMs = 0, fills, positions, resync, prices, faults } = outcome;
    if (faults.length > 0) console.error('not understood:', faults);
    const isFlat = (resync !== undefined || positions.length > 0) && !account.isSymbolInAnyPosition(symbol);
    const next = entries().flatMap((entry) => {
      const fill = fills.find(({ order }) => order.customOrderId === entry.clientId);
      if (fill !== undefined) return { ...entry, filledAtMs: fill.order.updatedAtMs ?? atMs };
      // The position is closed, or the order ended without a fill: the entry must not steer what comes next.
      if (entry.filledAtMs !== 0) return isFlat && entry.filledAtMs < atMs ? [] : entry;
      return account.getOrderByCustomId(entry.clientId) === undefined ? [] : entry;
    });
    if (!isDeepStrictEqual(next, entries())) account.setSymbolMetadata(symbol, { entries: next });
    for (const { price } of prices) consider(price);
  }

  function consider(price: number): void {
    reference = entries().at(-1)?.signalPrice ?? (reference || price);
    const isUpToDate = caughtUp !== undefined && caughtUp === stream.connection();
    const isBusy = !isUpToDate || entries().some(({ filledAtMs }) => filledAtMs === 0);
    if (isBusy || price > reference * DIP || entries().length >= MAX_ENTRIES) return;
    const entry: Entry = { clientId: randomUUID(), signalPrice: price, filledAtMs: 0 };
    const what = { symbol, orderSide: 'BUY', positionSide: 'NONE', orderType: 'MARKET', status: 'NEW' } as const;
    const size = { price: 0, originalQuantity: QUANTITY, executedQuantity: 0, createdAtMs: 0, updatedAtMs: 0 };
    account.transaction(() => {
      account.upsertActiveOrder({ exchangeOrderId: '', customOrderId: entry.clientId, ...what, ...size });
      account.setSymbolMetadata(symbol, { entries: [...entries(), entry] });
    });
    run(() => send(entry));
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
    take(applyCcxtOrders(account, orders, READING));
    return orders.length > 0;
  }

  /** Learns what happened while nobody listened; only then the bot trades. */
  async function catchUp(): Promise<void> {
    const connection = stream.connection();
    for (const entry of entries()) {
      const isOpen = entry.filledAtMs === 0 && account.getOrderByCustomId(entry.clientId) !== undefined;
      if (isOpen && !(await lookUp(entry))) return send(entry).then(catchUp);
    }
    const outcome = await syncCcxt(account, exchange, READING);
    take(outcome);
    if (outcome.kind !== 'applied') throw new Error('no snapshot');
    if (outcome.resync?.vanishedOrders.length !== 0) return catchUp(); // a second listing decides about these
    caughtUp = connection;
  }

  /** Does one job after the other, and catches up a minute after the last, or a second after a failure. */
  function run(job: () => Promise<void>): void {
    const catchUpIn = (delayMs: number): void => {
      clearTimeout(timer);
      timer = setTimeout(run, delayMs, catchUp);
    };
    work = work.then(job).then(
      () => catchUpIn(60_000),
      (error: unknown) => {
        console.error(error);
        catchUpIn(1_000);
      },
    );
  }

  const onFailed = (error: unknown): void => {
    console.error(error);
    caughtUp = undefined;
  };
  const onSubscribed = (): void => run(catchUp);
  const stream = followAccount(exchange, account, { onOutcome: take, onFailed, onSubscribed });
  followPrice(exchange, account, symbol, take);
  return account;
}
