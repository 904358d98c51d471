import { setImmediate as turn } from 'node:timers/promises';

/**
 * Something that is of use only if it begins after the call, and that one run can do for many: those who call while it
 * runs share the next run, which begins when this one is through.
 */
export class Coalescer<T> {
  readonly #start: () => Promise<T>;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;

  constructor(start: () => Promise<T>) {
    this.#start = start;
  }

  /** The result of a run that has not begun yet. */
  next(): Promise<T> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<T> {
    // Those who call at about the same time take part.
    await Promise.all([this.#running, turn()]);
    this.#next = undefined;
    const run = this.#start();
    this.#running = run.then(ignore, ignore);
    return run;
  }
}

function ignore(): void {}
