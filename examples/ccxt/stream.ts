import type { AccountStateStore } from 'accountkeeper';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  applyCcxtTicker,
  type CcxtOptions,
  type MessageOutcome,
} from 'accountkeeper/ccxt';
import ccxt from 'ccxt';

/** Bybit, as ccxt connects to it. */
type Bybit = InstanceType<typeof ccxt.pro.bybit>;

export interface StreamListener {
  onOutcome(outcome: MessageOutcome): void;
  /** A message was missed, most often because the connection is lost. ccxt connects again. */
  onFailed(error: unknown): void;
  /** Bybit has confirmed all subscriptions, at the start or after a loss: from now on everything comes. */
  onSubscribed(): void;
}

export interface AccountStream {
  /** The connection on which everything comes; `undefined` while there is none. Each loss ends one. */
  connection(): object | undefined;
}

/** How Bybit's wallets are read: ccxt's totals have the unrealised profit in them, `walletBalance` does not. */
export const READING: CcxtOptions = {
  refineBalances: (info) => {
    // An answer has a `result`; the stream sends the list alone.
    const wallets: readonly Wallet[] = Object(info).result?.list ?? info;
    return Object.fromEntries(
      wallets.flatMap(({ coin }) => coin.map((each) => [each.coin, Number(each.walletBalance)] as const)),
    );
  },
};

interface Wallet {
  readonly coin: readonly { readonly coin: string; readonly walletBalance: string }[];
}

/** Feeds an account with its positions, orders and balances, again after each loss, until the exchange is closed. */
export function followAccount(exchange: Bybit, account: AccountStateStore, listener: StreamListener): AccountStream {
  const loops = [
    async () => applyCcxtPositions(account, await exchange.watchPositions(), READING),
    async () => applyCcxtOrders(account, await exchange.watchOrders(), READING),
    async () => applyCcxtBalance(account, await exchange.watchBalance(), READING),
  ];
  const confirmed = new WeakMap<object, number>();
  const isComplete = (connection: object): boolean => confirmed.get(connection) === loops.length;
  exchange.handleSubscriptionStatus = (connection, message) => {
    confirmed.set(connection, (confirmed.get(connection) ?? 0) + 1);
    if (isComplete(connection)) listener.onSubscribed();
    return message;
  };
  for (const next of loops) void follow(exchange, next, listener);
  return { connection: () => Object.values(exchange.clients).find(isComplete) };
}

/** Feeds an account with the prices of a symbol, again after each loss, until the exchange is closed. */
export function followPrice(
  exchange: Bybit,
  account: AccountStateStore,
  symbol: string,
  onOutcome: (outcome: MessageOutcome) => void,
): void {
  const next = async () => applyCcxtTicker(account, await exchange.watchTicker(symbol), READING);
  void follow(exchange, next, { onOutcome, onFailed: console.error });
}

/** Calls a `watch` method again and again: it resolves when a message has come, and rejects when the connection breaks. */
async function follow(
  exchange: Bybit,
  next: () => Promise<MessageOutcome>,
  { onOutcome, onFailed }: Pick<StreamListener, 'onOutcome' | 'onFailed'>,
): Promise<void> {
  for (;;) {
    try {
      onOutcome(await next());
    } catch (error) {
      if (error instanceof ccxt.ExchangeClosedByUser) return;
      onFailed(error);
      await exchange.sleep(1_000);
    }
  }
}
