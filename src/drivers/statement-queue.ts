import type { Operation } from './operation.js';

/**
 * Runs one statement at a time, in the order of the calls. A connection to SQLite does no better: a second statement
 * would only block one more of the few threads that Node.js has for this. What was given up while it waited never runs.
 */
export class StatementQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(operation: Operation, statement: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => {
      operation.assertActive();
      return statement();
    });
    this.#tail = result.then(nothing, nothing);
    return result;
  }
}

function nothing(): void {}
