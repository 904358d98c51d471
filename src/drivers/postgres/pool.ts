import { connect as openSocket, Socket } from 'node:net';
import { AccountKeeperError, isAccountKeeperError } from '../../core/errors.js';
import type { Operation } from '../base/operation/operation.js';
import type { PgClient, PgClientClass, PgServer, PgStatement, PostgresRow } from './adapter.js';
import { endsConnection, isOfNamedStatement, postgresError, sqlState } from './errors.js';
import { statementName } from './statement-names.js';

/** The parts of a pool. */
export interface PostgresPoolParts {
  readonly Client: PgClientClass;
  readonly server: PgServer;
  /** Connections at most. */
  readonly size: number;
  /** The server and the database, without credentials. */
  readonly where: string;
}

/** A statement to send to the server. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Stands in messages; `writing` alone can leave something behind. */
  readonly purpose: 'inspecting' | 'creating the table in' | 'reading' | 'writing';
  /** Throws when the answer is one that its connection should not have given. */
  readonly verify?: (rows: readonly PostgresRow[]) => void;
}

/** One connection to the server. It is of no use any more when its socket is destroyed. */
interface Session {
  readonly client: PgClient;
  readonly socket: Socket;
  /** The server's warning during the last statement. A notice does not count. */
  warning: unknown;
}

/** How long a farewell may take. */
const FAREWELL_MS = 250;

/** How long a request to cancel may take. PgBouncer gives up after ten seconds. */
const CANCEL_MS = 15_000;

/**
 * The connections of one driver. A statement waits for its answer as long as its operation is active and no longer; its
 * connection goes with it, socket and all, so that a server that hangs never holds all of them.
 */
export class PostgresPool {
  readonly #parts: PostgresPoolParts;
  readonly #idle: Session[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #ended = false;
  /** Whether what is sent again and again has a name. A pooler may not keep those. */
  #isNaming = true;

  constructor(parts: PostgresPoolParts) {
    this.#parts = parts;
  }

  /** Connections at most. */
  get size(): number {
    return this.#parts.size;
  }

  async query(query: PostgresQuery, operation: Operation): Promise<readonly PostgresRow[]> {
    // Who gives up meanwhile is told by its operation; here it keeps its place, and lets the next one in.
    if (this.#busy < this.#parts.size) this.#busy += 1;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    try {
      operation.assertActive();
      const session = this.#takeIdle() ?? (await this.#connect(operation));
      return await this.#run(session, query, operation);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#idle.splice(0).map(farewell));
  }

  async #run(session: Session, query: PostgresQuery, operation: Operation): Promise<readonly PostgresRow[]> {
    const { purpose, verify } = query;
    const { where } = this.#parts;
    session.warning = undefined;
    try {
      const rows = await this.#ask(session, query, operation);
      verify?.(rows);
      // Committed, perhaps here alone: so it is when the wait for a synchronous standby is cancelled.
      if (purpose === 'writing' && session.warning !== undefined) {
        const message = `writing ${where}: the server warned (${sqlState(session.warning)}), and may not keep what it wrote`;
        throw new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', cause: session.warning });
      }
      return rows;
    } catch (error) {
      if (endsConnection(error)) {
        session.socket.destroy();
        // If one connection is broken, the others likely are, and each would fail or get no answer.
        if (isRunningOrLate(operation)) for (const other of this.#idle.splice(0)) other.socket.destroy();
      }
      throw postgresError(error, { doing: purpose, where, sent: purpose === 'writing' ? 'write' : 'nothing' });
    } finally {
      if (this.#ended) session.socket.destroy();
      if (!session.socket.destroyed) {
        // An idle connection does not keep the process alive.
        session.client.unref();
        this.#idle.push(session);
      }
    }
  }

  /** By name where the server keeps names. */
  async #ask(session: Session, query: PostgresQuery, operation: Operation): Promise<readonly PostgresRow[]> {
    const { text, values, purpose } = query;
    const send = async (statement: PgStatement): Promise<readonly PostgresRow[]> => {
      operation.assertActive();
      const giveUp = (): void => {
        requestCancel(session, this.#parts.server);
        session.socket.destroy();
      };
      return (await untilGivenUp(session.client.query(statement), operation, giveUp)).rows;
    };
    if (this.#isNaming && (purpose === 'reading' || purpose === 'writing')) {
      try {
        return await send({ text, values, name: statementName(text) });
      } catch (error) {
        if (!isOfNamedStatement(error)) throw error;
        // It did not come to be executed: the name stood in the way.
        this.#isNaming = false;
      }
    }
    return send({ text, values });
  }

  #takeIdle(): Session | undefined {
    let session = this.#idle.pop();
    while (session?.socket.destroyed === true) session = this.#idle.pop();
    session?.client.ref();
    return session;
  }

  async #connect(operation: Operation): Promise<Session> {
    const { Client, server, where } = this.#parts;
    if (this.#ended) throw new AccountKeeperError('CLOSED', `connecting to ${where}: the driver is closed`);
    const socket = new Socket();
    const client = new Client({
      ...server,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // Whatever parsers the process has set up for its own queries: here every value is a text.
      types: { getTypeParser: () => String },
      stream: () => socket,
    });
    const session: Session = { client, socket, warning: undefined };
    const destroy = (): void => void socket.destroy();
    // Every error also rejects what it belongs to; without a listener it would end the process.
    client.on('error', destroy);
    client.on('end', destroy);
    client.on('notice', (notice) => {
      if (sqlState(notice) !== '00000') session.warning = notice;
    });
    try {
      await untilGivenUp(client.connect(), operation, destroy);
      return session;
    } catch (error) {
      destroy();
      throw postgresError(error, { doing: 'connecting to', where, sent: 'nothing' });
    }
  }
}

/** Whether its caller goes on waiting, or has waited as long as it could. */
function isRunningOrLate(operation: Operation): boolean {
  try {
    operation.assertActive();
    return true;
  } catch (reason) {
    return isAccountKeeperError(reason) && reason.code === 'TIMEOUT';
  }
}

/** The result of the work, or a rejection as soon as nobody waits for it any more. */
function untilGivenUp<T>(work: Promise<T>, operation: Operation, giveUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = operation.onEnd(() => {
      giveUp();
      reject(operation.signal.reason);
    });
    work.then(resolve, reject).then(forget, forget);
  });
}

async function farewell({ client, socket }: Session): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  await client.end();
  clearTimeout(timer);
}

/**
 * Asks the server to cancel the statement: one that waits for a lock would otherwise hold a connection of the server for
 * as long, and could land later. Nobody waits for this, and it keeps nobody waiting. The other side closes the connection
 * when it has done its work: PgBouncer 1.18 ends itself when that is closed earlier.
 */
function requestCancel({ client, socket }: Session, { host, port }: PgServer): void {
  const { processID, secretKey } = client;
  if (processID === null || secretKey === null) return;
  // Of several addresses that a name has, the one that the session is on.
  const { remoteAddress = host, remotePort = port } = socket;
  const request = host.startsWith('/')
    ? openSocket({ path: `${host}/.s.PGSQL.${port}` })
    : openSocket({ host: remoteAddress, port: remotePort });
  request.unref();
  request.on('error', () => undefined);
  request.resume();
  request.setTimeout(CANCEL_MS, () => request.destroy());
  // The protocol's CancelRequest: its length, its code, and what names the session.
  const message = Buffer.alloc(16);
  for (const [index, word] of [16, 80_877_102, processID, secretKey].entries()) message.writeInt32BE(word, 4 * index);
  request.write(message);
}
