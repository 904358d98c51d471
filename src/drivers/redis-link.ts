import type { Operation } from './operation.js';
import type { RedisAdapter, RedisAdapterModule, RedisClientOptions } from './redis-adapter.js';
import { networkCode, RedisFailure, replyCode } from './redis-errors.js';
import { orAborted } from './shared-attempt.js';

/** A server. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How links are made, whichever server they lead to. */
export interface RedisLinkSettings {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database: number;
  readonly tls?: RedisLinkTls | undefined;
  /** Milliseconds without any answer after which a link that somebody waited for in vain is taken for dead. */
  readonly silenceMs: number;
}

/** What a link that is encrypted trusts, and shows of itself. */
export interface RedisLinkTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Milliseconds that it may take until a server has accepted a connection and answered a first command. */
const CONNECT_TIMEOUT_MS = 5000;

/** `host:port`, and what keys of maps are made of. */
export function addressText({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * One connection to one server. It is made once and never again: commands that were on their way when it broke reject,
 * and nothing is kept to be sent later. A link on which nothing comes back is given up, so that the next command does
 * not have to wait for TCP to notice.
 */
export class RedisLink {
  readonly address: string;
  readonly #adapter: RedisAdapter;
  readonly #controller: AbortController;
  readonly #silenceMs: number;
  #pending = 0;
  #heardAt = performance.now();

  private constructor(address: string, adapter: RedisAdapter, controller: AbortController, silenceMs: number) {
    this.address = address;
    this.#adapter = adapter;
    this.#controller = controller;
    this.#silenceMs = silenceMs;
  }

  /** Connects, and makes sure that the server answers. @throws RedisFailure `unreachable` */
  static async open(
    module: RedisAdapterModule,
    address: RedisAddress,
    settings: RedisLinkSettings,
    signal: AbortSignal,
  ): Promise<RedisLink> {
    const controller = new AbortController();
    const text = addressText(address);
    const giveUp = (): void => controller.abort(signal.reason);
    const late = (): void => controller.abort(noAnswer());
    const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      signal.throwIfAborted();
      const client = module.createClient(clientOptions(address, settings, controller.signal));
      const adapter = new module.default(client);
      // Every error also rejects what it belongs to; without a listener it would end the process.
      adapter.client.on('error', ignore);
      adapter.on('error', ignore);
      await orAborted(adapter.client.connect(), controller.signal);
      await orAborted(answered(adapter), controller.signal);
      return new RedisLink(text, adapter, controller, settings.silenceMs);
    } catch (error) {
      controller.abort(error);
      throw new RedisFailure('unreachable', replyCode(error) ?? networkCode(error), text, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }

  get isOpen(): boolean {
    return !this.#controller.signal.aborted && this.#adapter.client.isReady;
  }

  /** Whether nobody waits for an answer. */
  get isIdle(): boolean {
    return this.#pending === 0;
  }

  /**
   * Sends one command; those that are sent without a wait in between arrive one right after the other.
   *
   * @throws RedisFailure
   */
  async send(command: readonly string[], operation: Operation): Promise<unknown> {
    operation.assertActive();
    if (!this.isOpen) throw new RedisFailure('unreachable', 'closed', this.address);
    const sentAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      const restMs = this.#silenceMs - (performance.now() - Math.max(sentAt, this.#heardAt));
      if (restMs <= 0) this.close();
      else timer = setTimeout(watch, restMs).unref();
    };
    operation.signal.addEventListener('abort', watch, { once: true });
    this.#pending += 1;
    try {
      // Not with the signal: a client whose commands are taken back loses later ones (DoublyLinkedList in 5.12).
      const reply = await this.#adapter.client.sendCommand(command);
      this.#heardAt = performance.now();
      return reply;
    } catch (error) {
      const code = replyCode(error);
      if (code !== undefined) this.#heardAt = performance.now();
      const kind = code === undefined ? 'lost' : 'refused';
      throw new RedisFailure(kind, code ?? networkCode(error), this.address, error);
    } finally {
      this.#pending -= 1;
      clearTimeout(timer);
      operation.signal.removeEventListener('abort', watch);
    }
  }

  /** Ends the connection at once. What is on its way rejects. */
  close(): void {
    this.#controller.abort(new Error('the connection was given up'));
  }
}

/** A server that refuses the command has answered too, but one that is loading or wants a password is of no use. */
async function answered(adapter: RedisAdapter): Promise<void> {
  try {
    await adapter.client.sendCommand(['PING']);
  } catch (error) {
    if (replyCode(error) !== 'NOPERM') throw error;
  }
}

function clientOptions(
  { host, port }: RedisAddress,
  { username, password, database, tls }: RedisLinkSettings,
  signal: AbortSignal,
): RedisClientOptions {
  return {
    socket: {
      host,
      port,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: false,
      signal,
      ...(tls === undefined ? {} : { ...tls, tls: true }),
    },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  };
}

function noAnswer(): Error {
  return Object.assign(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' });
}

function ignore(): void {}
