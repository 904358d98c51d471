import { RestClient, WebsocketClient } from 'okx-api';
import type { OkxSimulator } from './okx-simulator.js';
import { asRow, rows, text } from './params.js';
import type { Row } from './row.js';

type Channel = 'account' | 'positions' | 'balance_and_position' | 'orders' | 'orders-algo' | 'algo-advance';

/** Any will do: the simulator wants them to be there, and checks no signature. */
export const CREDENTIALS = { apiKey: 'key', apiSecret: 'secret', apiPass: 'pass' };

/** A logger for the SDK. */
export const SILENT = { trace: () => undefined, info: () => undefined, error: () => undefined };

/** The SDK's two clients, connected to a simulator, with all that they received. */
export class SdkClient {
  readonly rest: RestClient;
  readonly ws: WebsocketClient;
  /** The channels' messages, in the order of arrival. */
  readonly messages: Row[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #counts = { reconnect: 0, reconnected: 0 };

  constructor(simulator: OkxSimulator, wsUrl: string = simulator.wsUrls.all) {
    this.rest = new RestClient({ ...CREDENTIALS, baseUrl: simulator.restUrl });
    this.ws = new WebsocketClient({ accounts: [CREDENTIALS], wsUrl, reconnectTimeout: 1 }, SILENT);
    this.ws.on('update', (message) => this.#take(asRow(message)));
    this.ws.on('response', (message) => this.#take(asRow(message)));
    this.ws.on('exception', (message) => this.#take(asRow(message)));
    this.ws.on('reconnect', () => this.#count('reconnect'));
    this.ws.on('reconnected', () => this.#count('reconnected'));
  }

  /** Subscribes to channels; resolves when OKX has confirmed each of them. */
  async subscribe(...channels: readonly Channel[]): Promise<void> {
    for (const channel of channels) {
      void this.ws.subscribe(
        channel === 'account' || channel === 'balance_and_position' ? { channel } : { channel, instType: 'SWAP' },
        true,
      );
      await this.until(({ event, arg }) => event === 'subscribe' && text(asRow(arg), 'channel') === channel);
    }
  }

  async subscribeToPrices(channel: 'tickers' | 'mark-price', instId: string): Promise<void> {
    void this.ws.subscribe({ channel, instId });
    await this.until(({ arg }) => text(asRow(arg), 'channel') === channel);
  }

  /** Resolves with the first message from `from` on that matches. */
  async until(matches: (message: Row) => boolean, from = 0): Promise<Row> {
    return this.#when(() => this.messages.slice(from).find(matches));
  }

  /** Resolves with the first row of a channel from `from` on that matches. */
  async row(channel: Channel, matches: (row: Row) => boolean, from = 0): Promise<Row> {
    return this.#when(() => this.rows(channel, from).find(matches));
  }

  /** Resolves when the SDK has lost a connection, or has failed to get one, so many times. */
  async disconnected(times: number): Promise<void> {
    await this.#when(() => (this.#counts.reconnect >= times ? {} : undefined));
  }

  /** Resolves when the SDK has connected again so many times. */
  async reconnected(times: number): Promise<void> {
    await this.#when(() => (this.#counts.reconnected >= times ? {} : undefined));
  }

  /** The rows of a channel, from a message on. */
  rows(channel: string, from = 0): readonly Row[] {
    return this.pushes(channel, from).flatMap((message) => rows(message['data']));
  }

  /** The pushes of a channel, from a message on. */
  pushes(channel: string, from = 0): readonly Row[] {
    return this.messages
      .slice(from)
      .filter(({ arg, data }) => text(asRow(arg), 'channel') === channel && data !== undefined);
  }

  close(): void {
    this.ws.closeAll(true);
  }

  async #when<T>(find: () => T | undefined): Promise<T> {
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve) => {
      const check = (): void => {
        const later = find();
        if (later === undefined) return;
        this.#waiting.delete(check);
        resolve(later);
      };
      this.#waiting.add(check);
    });
  }

  #take(message: Row): void {
    this.messages.push(message);
    for (const check of this.#waiting) check();
  }

  #count(event: 'reconnect' | 'reconnected'): void {
    this.#counts[event] += 1;
    for (const check of this.#waiting) check();
  }
}
