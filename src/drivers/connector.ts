import type { BackendConnection } from './backend-connection.js';
import type { Operation } from './operation.js';

interface Attempt {
  readonly controller: AbortController;
  readonly connection: Promise<BackendConnection>;
  waiting: number;
}

/**
 * Keeps one connection, and makes it when it is first asked for. Those who ask meanwhile share the attempt; it is
 * given up when none of them waits any more, so that an attempt that hangs is not joined for ever.
 */
export class Connector {
  readonly #connect: (operation: Operation) => Promise<BackendConnection>;
  #connection: BackendConnection | undefined;
  #attempt: Attempt | undefined;

  constructor(connect: (operation: Operation) => Promise<BackendConnection>) {
    this.#connect = connect;
  }

  /** The connection, made now if there is none. */
  async get(operation: Operation): Promise<BackendConnection> {
    const present = await this.#current();
    operation.assertActive();
    if (present !== undefined) return present;
    const attempt = this.#attempt ?? this.#start();
    const leave = (): void => this.#leave(attempt);
    attempt.waiting += 1;
    operation.signal.addEventListener('abort', leave, { once: true });
    try {
      return await attempt.connection;
    } finally {
      operation.signal.removeEventListener('abort', leave);
    }
  }

  /** Disconnects, and gives up an attempt that is under way. */
  async disconnect(): Promise<void> {
    const present = this.#connection;
    this.#connection = undefined;
    this.#attempt?.controller.abort(new Error('the driver was closed'));
    this.#attempt = undefined;
    await present?.disconnect();
  }

  async #current(): Promise<BackendConnection | undefined> {
    for (;;) {
      const present = this.#connection;
      if (present?.isCurrent === undefined || (await present.isCurrent())) return present;
      if (this.#connection !== present) continue;
      this.#connection = undefined;
      disconnectQuietly(present);
    }
  }

  #start(): Attempt {
    const controller = new AbortController();
    const { signal } = controller;
    const operation: Operation = { kind: 'read', signal, assertActive: () => signal.throwIfAborted() };
    const attempt: Attempt = { controller, connection: this.#settle(operation), waiting: 0 };
    this.#attempt = attempt;
    const done = (): void => {
      if (this.#attempt === attempt) this.#attempt = undefined;
    };
    attempt.connection.then(done, done);
    return attempt;
  }

  async #settle(operation: Operation): Promise<BackendConnection> {
    const connection = await this.#connect(operation);
    if (operation.signal.aborted) {
      disconnectQuietly(connection);
      throw operation.signal.reason;
    }
    this.#connection = connection;
    return connection;
  }

  #leave(attempt: Attempt): void {
    attempt.waiting -= 1;
    if (attempt.waiting > 0) return;
    attempt.controller.abort(new Error('nobody waits for the connection any more'));
    if (this.#attempt === attempt) this.#attempt = undefined;
  }
}

/** For a connection that nobody uses: how its end went is of no interest to anybody. */
function disconnectQuietly(connection: BackendConnection): void {
  connection.disconnect().then(nothing, nothing);
}

function nothing(): void {}
