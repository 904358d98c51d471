import type { Operation } from './operation.js';

/** Runs operations of the same name one after the other, in the order of the calls, and all others side by side. */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all earlier operations of this name have settled or were given up. */
  run<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const result = before.then(() => {
      operation.assertActive();
      return work();
    });
    const tail = before
      .then(() => settledOrGivenUp(result, operation.signal))
      .then(() => {
        if (this.#tails.get(name) === tail) this.#tails.delete(name);
      });
    this.#tails.set(name, tail);
    return result;
  }
}

function settledOrGivenUp(result: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => resolve();
    result.then(done, done);
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', done, { once: true });
  });
}
