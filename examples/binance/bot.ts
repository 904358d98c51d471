// A small bot on Binance USDⓈ-M futures, to be copied: it buys dips, and remembers of every entry what Binance cannot give
// back. It can be killed, and lose its connection, at any time.
import { type AccountStateStore, openAccount } from 'accountkeeper';
import { applyBinanceMessage, mapBinanceOrder, parseExchangeJson, syncBinance } from 'accountkeeper/binance';
import { USDMClient, WebsocketClient } from 'binance';

const symbol = 'BTCUSDT';
const [QUANTITY, DIP, MAX_ENTRIES] = [0.01, 0.99, 5];

/** `clientId` is Binance's `newClientOrderId`. `filledAtMs` is exchange time, and 0 before. */
export type Entry = { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number };
export type Memory = { readonly entries: readonly Entry[] };
export type BotOptions = { key: string; secret: string; urls?: { rest: string; stream: string } }; // default: the real

export async function startBot({ key, secret, urls }: BotOptions): Promise<AccountStateStore<Memory>> {
  const persistence = process.env['PERSISTENCE_URL'] ?? 'sqlite://./binance-dips.db';
  const account = await openAccount<Memory>({ accountId: 'dips', persistence, persist: ['metadata', 'orders'] });
  const options = { api_key: key, api_secret: secret, ...(urls && { baseUrl: urls.rest }) };
  const rest = new USDMClient(options, { transformResponse: (text) => parseExchangeJson(text) });
  const entries = (): readonly Entry[] => account.getSymbolMetadata(symbol)?.entries ?? [];
  let [reference, losses, lossesMadeGood] = [0, 1, 0]; // of the connection; the start counts as one
  let lossesHeard = 0; // those before the last confirmed subscription
  let work = Promise.resolve();

  function take(outcome: ReturnType<typeof applyBinanceMessage>): void {
    if (outcome.kind === 'unknown') console.error('not understood:', outcome.reason);
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
    if (JSON.stringify(next) !== JSON.stringify(entries())) account.setSymbolMetadata(symbol, { entries: next });
    for (const { price } of prices) consider(price);
  }

  function consider(price: number): void {
    reference = entries().at(-1)?.signalPrice ?? (reference || price);
    const isBusy = losses !== lossesMadeGood || entries().some(({ filledAtMs }) => filledAtMs === 0);
    if (isBusy || price > reference * DIP || entries().length >= MAX_ENTRIES) return;
    const entry: Entry = { clientId: rest.generateNewOrderId(), signalPrice: price, filledAtMs: 0 };
    const what = { symbol, orderSide: 'BUY', positionSide: 'NONE', orderType: 'MARKET', status: 'NEW' } as const;
    const size = { price: 0, originalQuantity: QUANTITY, executedQuantity: 0, createdAtMs: 0, updatedAtMs: 0 };
    account.transaction(() => {
      account.upsertActiveOrder({ exchangeOrderId: '', customOrderId: entry.clientId, ...what, ...size });
      account.setSymbolMetadata(symbol, { entries: [...entries(), entry] });
    });
    run(() => send(entry.clientId));
  }

  async function send(clientId: string): Promise<void> {
    await account.flush(); // the intent is durable before Binance can hear of it
    const terms = { symbol, side: 'BUY', type: 'MARKET', quantity: QUANTITY, newClientOrderId: clientId } as const;
    await rest.submitNewOrder(terms).catch((error: { code?: unknown }) => {
      if (!(Number(error.code) <= -2000)) throw error; // it is not known whether Binance has the order
      console.error('refused:', error, account.deleteOrder(clientId));
    });
  }

  /** Learns what happened while nobody listened; only then the bot trades. */
  async function catchUp(): Promise<void> {
    const loss = lossesHeard;
    for (const { clientId } of entries().filter((each) => account.getOrderByCustomId(each.clientId) !== undefined)) {
      const answer = await rest.getOrder({ symbol, origClientOrderId: clientId }).catch((error: { code?: unknown }) => {
        if (error.code !== -2013) throw error; // -2013: Binance has no such order
      });
      if (answer === undefined) return send(clientId).then(catchUp);
      const { executedQuantity, updatedAtMs: filledAtMs = 0, ...order } = mapBinanceOrder(answer);
      account.upsertActiveOrder({ ...order, executedQuantity, updatedAtMs: filledAtMs });
      const next = entries().map((each) => (each.clientId === clientId ? { ...each, filledAtMs } : each));
      if (executedQuantity > 0) account.setSymbolMetadata(symbol, { entries: next });
    }
    const outcome = await syncBinance(account, (path, parameters) => rest.getPrivate(path, parameters));
    take(outcome);
    if (outcome.kind !== 'applied') throw new Error('no snapshot');
    if (outcome.resync?.vanishedOrders.length !== 0) return catchUp(); // a second listing decides about these
    lossesMadeGood = loss;
  }

  function run(job: () => Promise<void>): void {
    work = work.then(job).catch((error: unknown) => {
      console.error(error);
      setTimeout(run, 1_000, catchUp);
    });
  }

  const listen = (): WebsocketClient => {
    const base = urls && { wsUrl: urls.stream, restOptions: { baseUrl: urls.rest } };
    const stream = new WebsocketClient({ ...options, ...base, customParseJSONFn: parseExchangeJson });
    return stream.on('exception', console.error).on('message', (it) => take(applyBinanceMessage(account, it)));
  };
  const stream = listen().on('reconnecting', () => void losses++);
  const onSubscribed = (): void => {
    lossesHeard = losses;
    run(catchUp);
  };
  await stream.on('reconnected', onSubscribed).subscribeUsdFuturesUserDataStream();
  onSubscribed();
  void listen().subscribe([`${symbol.toLowerCase()}@markPrice`], 'usdm');
  return account;
}
