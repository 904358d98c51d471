import { RestClientV5, WebsocketClient } from 'bybit-api';
import type { BybitSimulator } from './bybit-simulator.js';

/** What the SDK hands on, as far as tests look at it. */
export interface StreamUpdate {
  readonly topic: string;
  readonly type?: string;
  readonly creationTime?: number;
  readonly data: unknown;
}

/** A web socket client of the SDK, with what it has received. */
export interface BybitSdkStream {
  readonly client: WebsocketClient;
  readonly updates: readonly StreamUpdate[];
  /** The entries of all updates of a topic, in the order of their arrival. */
  entries(topic: string): readonly Readonly<Record<string, unknown>>[];
  /** Resolves as soon as this is true of what has been received. */
  until(isSo: () => boolean): Promise<void>;
  /** Resolves with the next event of that name. */
  next(event: 'reconnect' | 'reconnected' | 'open' | 'response' | 'authenticated'): Promise<void>;
}

export interface BybitSdk {
  readonly rest: RestClientV5;
  /** Opens a web socket and resolves when the topics are subscribed to. */
  subscribe(kind: 'private' | 'linear' | 'inverse', topics: string[]): Promise<BybitSdkStream>;
  close(): void;
}

const CREDENTIALS = { key: 'simulated-key', secret: 'simulated-secret' };
const SILENT = { trace: () => {}, info: () => {}, error: () => {} };

/** Opens the real SDK on a simulator. */
export function openBybitSdk(simulator: BybitSimulator): BybitSdk {
  const clients = new Set<WebsocketClient>();
  return {
    rest: new RestClientV5({ ...CREDENTIALS, baseUrl: simulator.restUrl }),
    subscribe: async (kind, topics) => {
      const wsUrl = simulator.wsUrls[kind];
      const client = new WebsocketClient({ ...CREDENTIALS, market: 'v5', wsUrl, reconnectTimeout: 5 }, SILENT);
      clients.add(client);
      const stream = new RecordedStream(client);
      const subscribed = stream.next('response');
      void client.subscribeV5(topics, kind === 'inverse' ? 'inverse' : 'linear');
      await subscribed;
      return stream;
    },
    close: () => {
      for (const client of clients) {
        client.closeAll(true);
        client.removeAllListeners();
        // The SDK still reports the end of a socket that was cut off before it was open.
        client.on('exception', () => {});
      }
    },
  };
}

class RecordedStream implements BybitSdkStream {
  readonly client: WebsocketClient;
  readonly updates: StreamUpdate[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(client: WebsocketClient) {
    this.client = client;
    client.on('exception', () => {});
    client.on('update', (update: unknown) => {
      this.updates.push(update as StreamUpdate);
      for (const watcher of this.#watchers) watcher();
    });
  }

  entries(topic: string): readonly Readonly<Record<string, unknown>>[] {
    return this.updates.flatMap((update) => {
      if (update.topic !== topic) return [];
      return (Array.isArray(update.data) ? update.data : [update.data]) as Readonly<Record<string, unknown>>[];
    });
  }

  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (!isSo()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }

  next(event: 'reconnect' | 'reconnected' | 'open' | 'response' | 'authenticated'): Promise<void> {
    return new Promise((resolve) => {
      this.client.once(event, () => resolve());
    });
  }
}
