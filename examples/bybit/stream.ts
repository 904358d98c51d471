import { WebsocketClient } from 'bybit-api';

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

export interface StreamListener {
  onMessage(message: unknown): void;
  /** The connection is lost: what Bybit sends from now on does not come. */
  onLost(): void;
  /** Bybit has confirmed the subscription, at the start or after a loss: from now on everything comes. */
  onSubscribed(): void;
}

export interface StreamOptions {
  /** Where Bybit is. Default: on the internet. */
  readonly wsUrl?: string | undefined;
  /** How long the SDK may take to connect, log in and subscribe. Default: 15 seconds. */
  readonly limitMs?: number;
}

/**
 * Subscribes to private topics, and again after each loss. The SDK does so itself, except (4.7.7) after a connection that
 * broke while it logged in: then it waits for ever, and a new client takes its place.
 *
 * @returns a function that ends it.
 */
export function subscribePrivate(
  topics: readonly string[],
  credentials: Credentials,
  listener: StreamListener,
  { wsUrl, limitMs = 15_000 }: StreamOptions = {},
): () => void {
  let client = open();
  let limit = setTimeout(replace, limitMs);

  function open(): WebsocketClient {
    const opened = new WebsocketClient({ ...credentials, market: 'v5', ...(wsUrl && { wsUrl }) });
    opened.on('update', (message: unknown) => listener.onMessage(message));
    opened.on('reconnect', () => {
      clearTimeout(limit);
      limit = setTimeout(replace, limitMs);
      listener.onLost();
    });
    opened.on('response', ({ op, success }) => {
      if (op !== 'subscribe' || success !== true) return;
      clearTimeout(limit);
      listener.onSubscribed();
    });
    void opened.subscribeV5([...topics], 'linear');
    return opened;
  }

  function close(): void {
    clearTimeout(limit);
    client.removeAllListeners().closeAll(true);
  }

  function replace(): void {
    close();
    client = open();
    limit = setTimeout(replace, limitMs);
  }

  return close;
}

/** Subscribes to the prices of a linear contract. */
export function subscribePrices(symbol: string, onMessage: (message: unknown) => void, wsUrl?: string): void {
  const client = new WebsocketClient({ market: 'v5', ...(wsUrl && { wsUrl }) });
  client.on('update', onMessage);
  void client.subscribeV5(`tickers.${symbol}`, 'linear');
}
