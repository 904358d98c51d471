// A small bot on Bybit, to be copied: it buys dips, each with a stop loss, and remembers of every entry what Bybit cannot
// give back. It can be killed, and lose its connection, at any time.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AccountStateStore, openAccount } from 'accountkeeper';
import { applyBybitMessage, applyBybitResponse, type MessageOutcome, syncBybit } from 'accountkeeper/bybit';
import { RestClientV5 } from 'bybit-api';
import { subscribePrices, subscribePrivate } from './stream.js';

const MARKET = { category: 'linear', symbol: 'BTCUSDT' } as const;
const { symbol, category } = MARKET;
const [QUANTITY, DIP, STOP, MAX_ENTRIES] = [0.01, 0.99, 0.9, 5];

/** `clientId` is Bybit's `orderLinkId`. `filledAtMs` is exchange time, and 0 before. */
type Entry = { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number };
export type Memory = { readonly entries: readonly Entry[] };
/** Without `urls`, Bybit is on the internet. */
export type BotOptions = { key: string; secret: string; urls?: { rest: string; private: string; public: string } };

export async function startBot({ key, secret, urls }: BotOptions): Promise<AccountStateStore<Memory>> {
  const persistence = process.env['PERSISTENCE_URL'] ?? 'sqlite://./bybit-dips.db';
  const account = await openAccount<Memory>({ accountId: 'dips', persistence, persist: ['metadata', 'orders'] });
  const rest = new RestClientV5({ key, secret, ...(urls && { baseUrl: urls.rest }) });
  const entries = (): readonly Entry[] => account.getSymbolMetadata(symbol)?.entries ?? [];
  let [reference, losses, lossesMadeGood] = [0, 1, 0]; // of the connection; the start counts as one
  let lossesHeard = 0; // those before the last confirmed subscription
  let work = Promise.resolve();

  function take(outcome: MessageOutcome): void {
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
    if (!isDeepStrictEqual(next, entries())) account.setSymbolMetadata(symbol, { entries: next });
    for (const tick of prices) if (tick.symbol === symbol) consider(tick.price);
  }

  function consider(price: number): void {
    reference = entries().at(-1)?.signalPrice ?? (reference || price);
    const isBusy = losses !== lossesMadeGood || entries().some(({ filledAtMs }) => filledAtMs === 0);
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

  async function send({ clientId, signalPrice }: Entry): Promise<void> {
    await account.flush(); // the intent is durable before Bybit can hear of it
    const terms = { side: 'Buy', orderType: 'Market', qty: String(QUANTITY), orderLinkId: clientId } as const;
    const stopLoss = (signalPrice * STOP).toFixed(2);
    const { retCode, retMsg } = await rest.submitOrder({ ...MARKET, ...terms, stopLoss });
    const isThere = retCode === 0 || retCode === 110072; // 110072: Bybit has had this client id before
    if (!isThere) console.error('refused:', retMsg, account.deleteOrder(clientId));
  }

  const isOpen = ({ clientId, filledAtMs }: Entry): boolean =>
    filledAtMs === 0 && account.getOrderByCustomId(clientId) !== undefined;

  /** Learns what happened while nobody listened; only then the bot trades. */
  async function catchUp(): Promise<void> {
    const loss = lossesHeard;
    for (const entry of entries().filter(isOpen)) {
      const query = { ...MARKET, orderLinkId: entry.clientId };
      const answers = [await rest.getActiveOrders(query), await rest.getHistoricOrders(query)];
      for (const answer of answers) take(applyBybitResponse(account, 'orders', answer, { category }));
      const isLost = answers.every(({ result }) => result.list.length === 0);
      if (isLost) return send(entry).then(catchUp);
    }
    const outcome = await syncBybit(account, (path, parameters) => rest.getPrivate(path, parameters));
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

  const onMessage = (message: unknown): void => take(applyBybitMessage(account, message));
  const onLost = (): void => void losses++;
  const onSubscribed = (): void => {
    lossesHeard = losses;
    run(catchUp);
  };
  const listener = { onMessage, onLost, onSubscribed };
  subscribePrivate(['order', 'position', 'wallet'], { key, secret }, listener, { wsUrl: urls?.private });
  subscribePrices(symbol, onMessage, urls?.public);
  return account;
}
