interface Attempt<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

/** Something that takes a while and that many wait for: it is done once for all, and given up when nobody waits. */
export class SingleFlight<T> {
  #attempt: Attempt<T> | undefined;

  /** The result of the attempt that is under way, or of one that `start` begins. */
  async join(signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const attempt = this.#attempt ?? this.#begin(start);
    const leave = (): void => {
      attempt.waiting -= 1;
      if (attempt.waiting > 0) return;
      attempt.controller.abort(new Error('nobody waits for it any more'));
      if (this.#attempt === attempt) this.#attempt = undefined;
    };
    attempt.waiting += 1;
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await attempt.result;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Gives up the attempt that is under way, whoever waits for it. */
  cancel(): void {
    this.#attempt?.controller.abort(new Error('it is not needed any more'));
    this.#attempt = undefined;
  }

  #begin(start: (signal: AbortSignal) => Promise<T>): Attempt<T> {
    const controller = new AbortController();
    const attempt: Attempt<T> = { controller, result: start(controller.signal), waiting: 0 };
    this.#attempt = attempt;
    const done = (): void => {
      if (this.#attempt === attempt) this.#attempt = undefined;
    };
    attempt.result.then(done, done);
    return attempt;
  }
}
