import { SingleFlight } from '../../core/shared/single-flight.js';
import type { AccessMode, BackendConnection } from './backend-connection.js';
import { type Operation, operationUntil } from './operation/operation.js';

interface Connected {
  readonly access: AccessMode;
  readonly connection: BackendConnection;
}

/**
 * Keeps one connection, and makes it when it is first asked for; one for reading gives way to one for writing. Those
 * who ask meanwhile share the attempt; it is given up when none of them waits any more, so that an attempt that hangs is
 * not joined for ever.
 */
export class Connector {
  readonly #connect: (operation: Operation, access: AccessMode) => Promise<BackendConnection>;
  readonly #attempts = { read: new SingleFlight<BackendConnection>(), write: new SingleFlight<BackendConnection>() };
  #connected: Connected | undefined;

  constructor(connect: (operation: Operation, access: AccessMode) => Promise<BackendConnection>) {
    this.#connect = connect;
  }

  /** The connection, made now if there is none for this access. One that is there and current costs no promise. */
  get(operation: Operation, access: AccessMode): BackendConnection | Promise<BackendConnection> {
    const present = this.#connected;
    if (present === undefined) {
      return this.#attempts[access].join(operation.signal, (signal) => this.#make(signal, access));
    }
    const serves = access === 'read' || present.access === 'write';
    const isCurrent = serves && (present.connection.isCurrent?.() ?? true);
    return isCurrent === true ? present.connection : this.#checked(present, isCurrent, operation, access);
  }

  /** Disconnects, and gives up the attempts that are under way. */
  async disconnect(): Promise<void> {
    const present = this.#connected;
    this.#connected = undefined;
    for (const attempt of Object.values(this.#attempts)) attempt.cancel();
    await present?.connection.disconnect();
  }

  async #checked(
    present: Connected,
    isCurrent: boolean | Promise<boolean>,
    operation: Operation,
    access: AccessMode,
  ): Promise<BackendConnection> {
    if (await isCurrent) return present.connection;
    operation.assertActive();
    if (this.#connected === present) {
      this.#connected = undefined;
      disconnectQuietly(present.connection);
    }
    return this.get(operation, access);
  }

  async #make(signal: AbortSignal, access: AccessMode): Promise<BackendConnection> {
    const connection = await this.#connect(operationUntil(signal, 'read'), access);
    if (signal.aborted) {
      disconnectQuietly(connection);
      throw signal.reason;
    }
    const former = this.#connected;
    if (former?.access === 'write') {
      disconnectQuietly(connection);
      return former.connection;
    }
    if (former !== undefined) disconnectQuietly(former.connection);
    this.#connected = { access, connection };
    return connection;
  }
}

/** Disconnects an unused connection and ignores any error. */
function disconnectQuietly(connection: BackendConnection): void {
  connection.disconnect().then(nothing, nothing);
}

function nothing(): void {}
