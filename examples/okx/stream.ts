import { WebsocketClient } from 'okx-api';

export interface Credentials {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly apiPass: string;
}

export interface StreamListener {
  onMessage(message: unknown): void;
  /** The connection is lost: what OKX sends from now on does not come. */
  onLost(): void;
  /** OKX has confirmed all channels, at the start or after a loss: from now on everything comes. */
  onSubscribed(): void;
}

/** Swaps of any kind; their algo orders would be `orders-algo`, on another connection. */
const CHANNELS = [
  { channel: 'account' },
  { channel: 'positions', instType: 'ANY' },
  { channel: 'orders', instType: 'ANY' },
] as const;

/**
 * Subscribes to the account, and again after each loss. The SDK does so itself, except (3.2.3) after a connection that broke
 * while it logged in: then it waits for ever, and a new client takes its place.
 *
 * @param wsUrl where OKX is; without it, on the internet
 */
export function subscribeAccount(
  credentials: Credentials,
  listener: StreamListener,
  wsUrl?: string,
  limitMs = 15_000,
): () => void {
  let missing: Set<string>;
  let client = open();
  let limit = setTimeout(replace, limitMs);

  function open(): WebsocketClient {
    const opened = new WebsocketClient({ accounts: [{ ...credentials }], ...(wsUrl && { wsUrl }) });
    missing = new Set(CHANNELS.map(({ channel }) => channel));
    opened.on('update', (message) => listener.onMessage(message));
    opened.on('exception', console.error);
    opened.on('reconnect', () => {
      missing = new Set(CHANNELS.map(({ channel }) => channel));
      clearTimeout(limit);
      limit = setTimeout(replace, limitMs);
      listener.onLost();
    });
    opened.on('response', ({ event, arg }) => {
      if (event !== 'subscribe' || !missing.delete(arg?.channel ?? '') || missing.size > 0) return;
      clearTimeout(limit);
      listener.onSubscribed();
    });
    void opened.subscribe([...CHANNELS]);
    return opened;
  }

  function close(): void {
    clearTimeout(limit);
    client.removeAllListeners().closeAll(true);
    // The SDK still reports the end of a socket that was cut off before it was open.
    client.on('exception', () => {});
  }

  function replace(): void {
    close();
    client = open();
    limit = setTimeout(replace, limitMs);
  }

  return close;
}

/** Subscribes to the mark price of a swap. */
export function subscribePrices(instId: string, onMessage: (message: unknown) => void, wsUrl?: string): void {
  const client = new WebsocketClient({ ...(wsUrl && { wsUrl }) });
  client.on('update', onMessage);
  client.on('exception', console.error);
  void client.subscribe({ channel: 'mark-price', instId });
}
