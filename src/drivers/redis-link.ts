import { orAborted } from './or-aborted.js';
import type { RedisAdapter, RedisAdapterModule, RedisClientOptions, RedisSendOptions } from './redis-adapter.js';
import { networkCode, RedisFailure, replyCode } from './redis-errors.js';

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

/** How the texts in a reply are given. */
export type RedisReplyForm = 'text' | 'bytes';

/** What a link that is encrypted trusts, and shows of itself. */
export interface RedisLinkTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

interface RedisLinkParts {
  readonly adapter: RedisAdapter;
  readonly controller: AbortController;
  readonly silenceMs: number;
}

/** How many were made. */
let links = 0;

/** Milliseconds that it may take until a server has accepted a connection and answered a first command. */
const CONNECT_TIMEOUT_MS = 5000;

/** `host:port`, and what keys of maps are made of. */
export function addressText({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * One connection to one server. It is made once and never again: commands that were on their way when it broke reject,
 * and nothing is kept to be sent later. A link on which nothing comes back is retired, so that the next command does
 * not have to wait for TCP to notice; those who still have time can wait for what comes back on it after all.
 */
export class RedisLink {
  /** No other link of this process has it. */
  readonly number: number;
  readonly server: RedisAddress;
  /** `host:port` of the server. */
  readonly address: string;
  /** Whether the user may ask if the server is a replica. */
  readonly tellsRole: boolean;
  readonly #parts: RedisLinkParts;
  #waiting = 0;
  #isRetired = false;
  #heardAt = performance.now();

  private constructor(made: Pick<RedisLink, 'server' | 'tellsRole'>, parts: RedisLinkParts) {
    links += 1;
    this.number = links;
    this.server = made.server;
    this.address = addressText(made.server);
    this.tellsRole = made.tellsRole;
    this.#parts = parts;
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
      const said = Promise.all([answers(adapter, 'PING'), answers(adapter, 'INFO', 'replication')]);
      const [, tellsRole] = await orAborted(said, controller.signal);
      return new RedisLink({ server: address, tellsRole }, { adapter, controller, silenceMs: settings.silenceMs });
    } catch (error) {
      controller.abort(error);
      throw new RedisFailure('unreachable', replyCode(error) ?? networkCode(error), text, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Whether commands can be sent. */
  get isOpen(): boolean {
    return !this.#isRetired && !this.isClosed;
  }

  get isClosed(): boolean {
    return this.#parts.controller.signal.aborted || !this.#parts.adapter.client.isReady;
  }

  /**
   * Sends one command; those that are sent without a wait in between arrive one right after the other.
   *
   * @param form of the texts in the reply
   * @throws RedisFailure
   */
  async send(command: readonly string[], signal: AbortSignal, form: RedisReplyForm = 'text'): Promise<unknown> {
    signal.throwIfAborted();
    if (!this.isOpen) throw new RedisFailure('unreachable', 'closed', this.address);
    return this.awaited(this.transmit(command, form), signal);
  }

  /** Sends one command, for which nobody waits unless by `awaited`. @throws RedisFailure */
  async transmit(command: readonly string[], form: RedisReplyForm = 'text'): Promise<unknown> {
    if (this.isClosed) throw new RedisFailure('unreachable', 'closed', this.address);
    try {
      // Not with a signal: a client whose commands are taken back loses later ones (DoublyLinkedList in 5.12).
      const reply = await this.#parts.adapter.client.sendCommand(command, form === 'bytes' ? IN_BYTES : undefined);
      this.#heardAt = performance.now();
      return reply;
    } catch (error) {
      const code = replyCode(error);
      if (code !== undefined) this.#heardAt = performance.now();
      const kind = code === undefined ? 'lost' : 'refused';
      throw new RedisFailure(kind, code ?? networkCode(error), this.address, error);
    }
  }

  /** Waits for what was sent over this link, until the signal is aborted. When it was waited in vain, the link is watched. */
  async awaited<T>(reply: Promise<T>, signal: AbortSignal): Promise<T> {
    const from = performance.now();
    let timer: NodeJS.Timeout | undefined;
    let isWaiting = true;
    const leave = (): void => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
      this.#closeIfLeft();
    };
    const watch = (): void => {
      const restMs = this.#parts.silenceMs - (performance.now() - Math.max(from, this.#heardAt));
      if (restMs <= 0) this.retire();
      else timer = setTimeout(watch, restMs).unref();
    };
    const onAbort = (): void => {
      leave();
      watch();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting += 1;
    try {
      return await reply;
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      leave();
    }
  }

  /** Sends nothing more, and ends the connection when nobody waits for an answer any more. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfLeft();
  }

  /** Ends the connection at once. What is on its way rejects. */
  close(): void {
    this.#parts.controller.abort(new Error('the connection was given up'));
  }

  #closeIfLeft(): void {
    if (this.#isRetired && this.#waiting === 0) this.close();
  }
}

/** For texts that need not be UTF-8: as they are. */
const IN_BYTES: RedisSendOptions = { typeMapping: { ['$'.charCodeAt(0)]: Buffer } };

/** Whether the user may ask that. A server that is loading or wants a password is of no use. */
async function answers(adapter: RedisAdapter, ...command: readonly string[]): Promise<boolean> {
  try {
    await adapter.client.sendCommand(command);
    return true;
  } catch (error) {
    if (replyCode(error) !== 'NOPERM') throw error;
    return false;
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
