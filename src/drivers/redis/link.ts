import { Coalescer } from '../../core/shared/coalescer.js';
import type { Operation } from '../base/operation/operation.js';
import { orAborted, underLimit } from '../base/operation/or-aborted.js';
import type { RedisAdapterModule, RedisClient, RedisSendOptions } from './adapter.js';
import { addressText, type RedisAddress, type RedisCredentials } from './address.js';
import { networkCode, RedisFailure, replyCode } from './errors.js';
import type { RedisTlsOptions } from './options.js';
import { Places } from './places.js';

/** How links are made, whichever server they lead to. */
export interface RedisLinkSettings {
  readonly credentials: RedisCredentials;
  readonly database: number;
  /** Whether the server has a role that it can be asked for; sentinels have none. */
  readonly hasRole: boolean;
  readonly tls: RedisTlsOptions | undefined;
  /** Milliseconds without any answer after which a link that somebody waited for in vain is taken for dead. */
  readonly silenceMs: number;
}

/** How many replicas have to have a commit before it is acknowledged, and how long they may take. */
export interface RedisReplication {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** How the texts in a reply are given. */
export type RedisReplyForm = 'text' | 'bytes';

/** Milliseconds that it may take until a server has accepted a connection and answered a first command. */
const CONNECT_TIMEOUT_MS = 5000;

/**
 * So many pieces of work wait for answers at once, which is more than a server works off in the time of a round trip. What
 * is on its way takes memory in client and server, and many thousands make the garbage collector the slowest part.
 */
const MOST_AT_ONCE = 256;

let lastNumber = 0;

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
  /** When the last command was sent that a master is known to have answered, and no former one. */
  provenAt: number = Number.NEGATIVE_INFINITY;
  readonly #client: RedisClient;
  readonly #controller = new AbortController();
  readonly #settings: RedisLinkSettings;
  #tellsRole = false;
  #copying: Coalescer<unknown> | undefined;
  /** How many operations wait for an answer. */
  #waiting = 0;
  /** How many answers are missing for which an operation has waited in vain. */
  #givenUp = 0;
  #watching: NodeJS.Timeout | undefined;
  #isRetired = false;
  #heardAt = performance.now();

  /** Of pieces of work that wait for answers. */
  readonly places: Places = new Places(MOST_AT_ONCE);

  constructor(module: RedisAdapterModule, server: RedisAddress, settings: RedisLinkSettings) {
    lastNumber += 1;
    this.number = lastNumber;
    this.server = server;
    this.address = addressText(server);
    this.#settings = settings;
    const { tls, database, credentials } = settings;
    const { username, password } = credentials;
    const adapter = new module.default(
      module.createClient({
        socket: {
          ...server,
          connectTimeout: CONNECT_TIMEOUT_MS,
          reconnectStrategy: false,
          signal: this.#controller.signal,
          ...(tls === undefined ? {} : { ...tls, tls: true }),
        },
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        ...(database === 0 ? {} : { database }),
        disableOfflineQueue: true,
        disableClientInfo: true,
        maintNotifications: 'disabled',
      }),
    );
    // Every error also rejects what it belongs to; without a listener it would end the process.
    adapter.on('error', ignore);
    this.#client = adapter.client;
    this.#client.on('error', ignore);
  }

  /** Whether the user may ask if the server is a replica. */
  get tellsRole(): boolean {
    return this.#tellsRole;
  }

  /** Connects, and makes sure that the server answers. @throws RedisFailure `unreachable` */
  async connect(signal: AbortSignal): Promise<this> {
    try {
      signal.throwIfAborted();
      await underLimit(signal, CONNECT_TIMEOUT_MS, async (limited) => {
        await orAborted(this.#client.connect(), limited);
        const told = this.#settings.hasRole && answers(this.#client, 'INFO', 'replication');
        const said = Promise.all([answers(this.#client, 'PING'), told]);
        this.#tellsRole = (await orAborted(said, limited))[1];
      });
      return this;
    } catch (error) {
      this.close();
      throw new RedisFailure('unreachable', replyCode(error) ?? networkCode(error), this.address, error);
    }
  }

  /** Whether commands can be sent. */
  get isOpen(): boolean {
    return !this.#isRetired && !this.isClosed;
  }

  get isClosed(): boolean {
    return this.#controller.signal.aborted || !this.#client.isReady;
  }

  /**
   * Sends one command behind those that are under way, without a wait for their answers; what is sent in one turn of
   * the event loop is written at once. The end of an operation leaves the commands of all others alone.
   *
   * @param form of the texts in the reply
   * @throws RedisFailure at once when the link is closed; otherwise the promise rejects with one
   */
  send(command: readonly string[], operation: Operation, form: RedisReplyForm = 'text'): Promise<unknown> {
    operation.assertActive();
    if (!this.isOpen) throw this.#closed();
    return this.#answered(this.#transmit(command, form), operation);
  }

  /** How many replicas have what was sent before over this link; one WAIT is for all of that. @throws RedisFailure */
  replicated({ replicas, timeoutMs }: RedisReplication, operation: Operation): Promise<unknown> {
    this.#copying ??= new Coalescer(async () => this.#transmit(['WAIT', String(replicas), String(timeoutMs)], 'text'));
    return this.#answered(this.#copying.next(), operation);
  }

  #transmit(command: readonly string[], form: RedisReplyForm): Promise<unknown> {
    if (this.isClosed) throw this.#closed();
    // Not with a signal: a client whose commands are taken back loses later ones (DoublyLinkedList in 5.12).
    return this.#client.sendCommand(command, form === 'bytes' ? IN_BYTES : undefined);
  }

  /**
   * The answer, or its failure. Counts the operation among those that wait for one, until it ends or the answer is there.
   * While an answer is missing that was waited for in vain, the link is watched.
   */
  #answered(answer: Promise<unknown>, operation: Operation): Promise<unknown> {
    const from = performance.now();
    let isGivenUp = false;
    this.#waiting += 1;
    const stopListening = operation.onEnd(() => {
      isGivenUp = true;
      this.#givenUp += 1;
      this.#leave();
      if (this.#watching === undefined) this.#watch(from);
    });
    return answer.then(
      (reply) => {
        stopListening();
        this.#settled(isGivenUp);
        this.#heardAt = performance.now();
        return reply;
      },
      (error: unknown) => {
        stopListening();
        this.#settled(isGivenUp);
        throw this.#failure(error);
      },
    );
  }

  #settled(isGivenUp: boolean): void {
    if (isGivenUp) this.#givenUp -= 1;
    else this.#leave();
    if (this.#givenUp > 0 || this.#watching === undefined) return;
    clearTimeout(this.#watching);
    this.#watching = undefined;
  }

  #failure(error: unknown): RedisFailure {
    if (error instanceof RedisFailure) return error;
    const code = replyCode(error);
    if (code !== undefined) this.#heardAt = performance.now();
    return new RedisFailure(code === undefined ? 'lost' : 'refused', code ?? networkCode(error), this.address, error);
  }

  #closed(): RedisFailure {
    return new RedisFailure('unreachable', 'closed', this.address);
  }

  /** Gives the link up when it has been silent for too long since then. */
  #watch(from: number): void {
    const restMs = this.#settings.silenceMs - (performance.now() - Math.max(from, this.#heardAt));
    if (restMs <= 0) this.retire();
    else this.#watching = setTimeout(() => this.#watch(from), restMs).unref();
  }

  #leave(): void {
    this.#waiting -= 1;
    this.#closeIfLeft();
  }

  /** Sends nothing more, and ends the connection when nobody waits for an answer any more. */
  retire(): void {
    this.#isRetired = true;
    this.places.turnAway(this.#closed());
    this.#closeIfLeft();
  }

  /** Ends the connection at once. What is on its way rejects. */
  close(): void {
    this.#controller.abort(new Error('the connection was given up'));
  }

  #closeIfLeft(): void {
    if (this.#isRetired && this.#waiting === 0) this.close();
  }
}

/** For texts that need not be UTF-8: as they are. */
const IN_BYTES: RedisSendOptions = { typeMapping: { ['$'.charCodeAt(0)]: Buffer } };

/** Whether the user may ask that. A server that is loading or wants a password is of no use. */
async function answers(client: RedisClient, ...command: readonly string[]): Promise<boolean> {
  try {
    await client.sendCommand(command);
    return true;
  } catch (error) {
    if (replyCode(error) !== 'NOPERM') throw error;
    return false;
  }
}

function ignore(): void {}
