import { type IpcNetConnectOpts, connect as openSocket, Socket, type TcpNetConnectOpts } from 'node:net';
import { orAborted } from './or-aborted.js';
import type { PgClient, PgClientClass, PgClientConfig, PostgresRow } from './postgres-adapter.js';
import { sqlState } from './postgres-errors.js';

/** What all sessions of a driver are made from. */
export interface SessionParts {
  readonly Client: PgClientClass;
  /** Called for each session. */
  readonly config: () => Omit<PgClientConfig, 'stream' | 'types' | 'keepAlive' | 'keepAliveInitialDelayMillis'>;
}

type Address = TcpNetConnectOpts | IpcNetConnectOpts;

/** How long a farewell may take. */
const FAREWELL_MS = 250;

/** How long a request to cancel may take. PgBouncer gives up after ten seconds. */
const CANCEL_MS = 15_000;

const KEEP_ALIVE_MS = 10_000;

/** Whatever parsers the process has set up for its own queries: here every value is a text. */
const TEXT_TYPES: PgClientConfig['types'] = { getTypeParser: () => String };

/** One connection to the server. It is given up, socket and all, with the operation that uses it. */
export class PostgresSession {
  readonly #client: PgClient;
  readonly #socket: Socket;
  readonly #server: Address;
  #ended = false;
  #warning: unknown;

  private constructor(client: PgClient, socket: Socket, server: Address) {
    this.#client = client;
    this.#socket = socket;
    this.#server = server;
    const ended = (): void => {
      this.#ended = true;
    };
    // Every error also rejects what it belongs to; without a listener it would end the process.
    client.on('error', ended);
    client.on('end', ended);
    client.on('notice', (notice) => {
      if (sqlState(notice) !== '00000') this.#warning = notice;
    });
    socket.once('close', ended);
  }

  /** Rejects when the signal is aborted, whatever the server does. */
  static async connect({ Client, config }: SessionParts, signal: AbortSignal): Promise<PostgresSession> {
    signal.throwIfAborted();
    const socket = new Socket();
    const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS };
    const given = config();
    const client = new Client({ ...given, ...keepAlive, types: TEXT_TYPES, stream: () => socket });
    const session = new PostgresSession(client, socket, addressOf(given));
    try {
      await untilAborted(client.connect(), signal, () => socket.destroy());
      return session;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  get isUsable(): boolean {
    return !this.#ended;
  }

  /** What the server warned of during the last statement. A mere notice is no warning. */
  get warning(): unknown {
    return this.#warning;
  }

  /** Runs one statement. When the signal is aborted, it is cancelled as far as possible, and the connection is gone. */
  async query(sql: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly PostgresRow[]> {
    signal.throwIfAborted();
    this.#warning = undefined;
    const result = await untilAborted(this.#client.query({ text: sql, values }), signal, () => this.#giveUp());
    return (result as { readonly rows: readonly PostgresRow[] }).rows;
  }

  /** Whether it keeps the process alive. */
  keepsProcess(keeps: boolean): void {
    if (keeps) this.#client.ref();
    else this.#client.unref();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  /** Says farewell, and does not wait for an answer. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
      this.#socket.once('finish', () => this.#socket.destroy());
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#client.end().catch(nothing);
    });
  }

  /** A statement that waits for a lock would otherwise hold a connection of the server for as long. */
  #giveUp(): void {
    const { processID, secretKey } = this.#client;
    if (processID !== null && secretKey !== null) {
      // Of several addresses that a name has, the one that the session is on.
      const { remoteAddress: host } = this.#socket;
      const server = host === undefined ? this.#server : { ...this.#server, host };
      requestCancel(server, cancelRequest(processID, secretKey));
    }
    this.destroy();
  }
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): Address {
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

/** The message CancelRequest of the protocol: its length, its code, and what names the session. */
function cancelRequest(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80_877_102, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  return message;
}

/**
 * Nobody waits for it, and it keeps nobody waiting. The other side closes the connection when it has done its work:
 * PgBouncer 1.18 ends itself when that is closed earlier.
 */
function requestCancel(server: Address, message: Buffer): void {
  const socket = openSocket(server);
  socket.unref();
  socket.on('error', nothing);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), CANCEL_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.write(message);
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal, giveUp: () => void): Promise<T> {
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await orAborted(work, signal);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function nothing(): void {}
