import type { StartedOperation } from './operation.js';

/** The operations that have not settled, for a close that awaits them. */
export class InFlight {
  readonly #operations = new Set<StartedOperation<unknown>>();
  readonly #idle: (() => void)[] = [];

  /** The operation's result; until it settles, the operation counts as in flight. */
  async track<T>(operation: StartedOperation<T>): Promise<T> {
    this.#operations.add(operation);
    try {
      return await operation.result;
    } finally {
      this.#operations.delete(operation);
      if (this.#operations.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    if (this.#operations.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Rejects all that is in flight with `CLOSED`. */
  abandonAll(): void {
    for (const operation of this.#operations) operation.abandon('the driver was closed');
  }
}
