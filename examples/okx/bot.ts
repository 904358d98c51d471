// A small bot on OKX, to be copied: it buys dips of a swap, and remembers of every entry what OKX cannot give back. It can be
// killed, and lose its connection, at any time.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AccountStateStore, openAccount } from 'accountkeeper';
import { applyOkxMessage, applyOkxResponse, type MessageOutcome, okxInstruments, syncOkx } from 'accountkeeper/okx';
import { RestClient } from 'okx-api';
import { type Credentials, subscribeAccount, subscribePrices } from './stream.js';

const symbol = 'BTC-USDT-SWAP';
const ORDER = { instId: symbol, tdMode: 'cross', side: 'buy', ordType: 'market', sz: '1' } as const; // `sz`: contracts
const [DIP, MAX_ENTRIES] = [0.99, 5];

/** `clientId` is OKX's `clOrdId`. `filledAtMs` is exchange time, and 0 before. */
type Entry = { readonly clientId: string; readonly signalPrice: number; readonly filledAtMs: number };
export type Memory = { readonly entries: readonly Entry[] };
type Refusal = { code?: unknown; data?: { sCode: string; sMsg: string }[] };
/** Without `urls`, OKX is on the internet. */
export type BotOptions = Credentials & { urls?: { rest: string; private: string; public: string } };

export async function startBot({ urls, ...credentials }: BotOptions): Promise<AccountStateStore<Memory>> {
  const persistence = process.env['PERSISTENCE_URL'] ?? 'sqlite://./okx-dips.db';
  const rest = new RestClient({ ...credentials, ...(urls && { baseUrl: urls.rest }) });
  const instruments = okxInstruments(await rest.getInstruments({ instType: 'SWAP' }));
  const options = { accountId: 'dips', persistence, persist: ['metadata', 'orders'], instruments } as const;
  const account = await openAccount<Memory>(options);
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
    const entry: Entry = { clientId: randomUUID().replaceAll('-', ''), signalPrice: price, filledAtMs: 0 };
    const what = { symbol, orderSide: 'BUY', positionSide: 'NONE', orderType: 'MARKET', status: 'NEW' } as const;
    const size = { price: 0, originalQuantity: Number(ORDER.sz), executedQuantity: 0, createdAtMs: 0, updatedAtMs: 0 };
    account.transaction(() => {
      account.upsertActiveOrder({ exchangeOrderId: '', customOrderId: entry.clientId, ...what, ...size });
      account.setSymbolMetadata(symbol, { entries: [...entries(), entry] });
    });
    run(() => send(entry));
  }

  async function send({ clientId }: Entry): Promise<void> {
    await account.flush(); // the intent is durable before OKX can hear of it
    await rest.submitOrder({ ...ORDER, clOrdId: clientId }).catch((error: Refusal) => {
      const { sCode, sMsg } = error.data?.[0] ?? {};
      if (sCode === undefined) throw error; // it is not known whether OKX has the order
      if (sCode !== '51016') console.error('refused:', sMsg, account.deleteOrder(clientId)); // 51016: OKX has it already
    });
  }

  const isOpen = ({ clientId, filledAtMs }: Entry): boolean =>
    filledAtMs === 0 && account.getOrderByCustomId(clientId) !== undefined;

  /** Learns what happened while nobody listened; only then the bot trades. */
  async function catchUp(): Promise<void> {
    const loss = lossesHeard;
    for (const entry of entries().filter(isOpen)) {
      const answer = await rest.getOrderDetails({ instId: symbol, clOrdId: entry.clientId }).catch((error: Refusal) => {
        if (error.code !== '51603') throw error; // 51603: OKX has no such order
      });
      if (answer === undefined) return send(entry).then(catchUp);
      take(applyOkxResponse(account, 'orders', answer));
    }
    const outcome = await syncOkx(account, (path, parameters) => rest.getPrivate(path, parameters));
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

  const onMessage = (message: unknown): void => take(applyOkxMessage(account, message));
  const onLost = (): void => void losses++;
  const onSubscribed = (): void => {
    lossesHeard = losses;
    run(catchUp);
  };
  subscribeAccount(credentials, { onMessage, onLost, onSubscribed }, urls?.private);
  subscribePrices(symbol, onMessage, urls?.public);
  return account;
}
