import { AccountKeeperError, isAccountKeeperError } from '../core/errors.js';
import type { Operation } from './operation.js';
import type { PostgresQueries, PostgresRow, StatementPurpose } from './postgres-adapter.js';
import { endsConnection, postgresError, sqlState } from './postgres-errors.js';
import { PostgresSession, type SessionParts } from './postgres-session.js';

/** What a pool is made of. */
export interface PostgresPoolParts extends SessionParts {
  /** Connections at most. */
  readonly size: number;
  /** The server and the database, without credentials. */
  readonly where: string;
}

/**
 * The connections of one driver. A statement waits for a free one, and for its answer, as long as its operation is
 * active and no longer; its connection goes with it, so that a server that hangs never holds all of them.
 */
export class PostgresPool implements PostgresQueries {
  readonly #parts: PostgresPoolParts;
  readonly #idle: PostgresSession[] = [];
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #ended = false;

  constructor(parts: PostgresPoolParts) {
    this.#parts = parts;
    this.#free = parts.size;
  }

  async query(
    sql: string,
    values: readonly unknown[],
    purpose: StatementPurpose,
    { signal }: Operation,
    verify?: (rows: readonly PostgresRow[]) => void,
  ): Promise<readonly PostgresRow[]> {
    await this.#enter(signal);
    try {
      const session = await this.#session(signal);
      return await this.#run(session, purpose, signal, async () => {
        const rows = await session.query(sql, values, signal);
        verify?.(rows);
        if (purpose === 'writing' && session.warning !== undefined) throw this.#warned(session.warning);
        return rows;
      });
    } finally {
      this.#leave();
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#idle.splice(0).map((session) => session.end()));
  }

  async #run(
    session: PostgresSession,
    purpose: StatementPurpose,
    signal: AbortSignal,
    work: () => Promise<readonly PostgresRow[]>,
  ): Promise<readonly PostgresRow[]> {
    const { where } = this.#parts;
    try {
      return await work();
    } catch (error) {
      if (endsConnection(error)) {
        session.destroy();
        // What is wrong with one connection is likely wrong with the others, which would each fail, or get no answer.
        if (!signal.aborted || isTimeout(signal)) for (const other of this.#idle.splice(0)) other.destroy();
      }
      throw postgresError(error, { doing: purpose, where, sent: purpose === 'writing' ? 'write' : 'nothing' });
    } finally {
      this.#keep(session);
    }
  }

  async #session(signal: AbortSignal): Promise<PostgresSession> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.isUsable) continue;
      session.keepsProcess(true);
      return session;
    }
    const { where } = this.#parts;
    if (this.#ended) throw new AccountKeeperError('CLOSED', `connecting to ${where}: the driver is closed`);
    try {
      return await PostgresSession.connect(this.#parts, signal);
    } catch (error) {
      throw postgresError(error, { doing: 'connecting to', where, sent: 'nothing' });
    }
  }

  /** Committed, perhaps here alone: so it is when the wait for a synchronous standby is cancelled. */
  #warned(cause: unknown): AccountKeeperError {
    const message = `writing ${this.#parts.where}: the server warned (${sqlState(cause)}), and may not keep what it wrote`;
    return new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', cause });
  }

  #keep(session: PostgresSession): void {
    if (!session.isUsable || this.#ended) {
      session.destroy();
      return;
    }
    session.keepsProcess(false);
    this.#idle.push(session);
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

function isTimeout({ aborted, reason }: AbortSignal): boolean {
  return aborted && isAccountKeeperError(reason) && reason.code === 'TIMEOUT';
}
