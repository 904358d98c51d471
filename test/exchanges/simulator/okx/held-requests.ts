/** Requests that wait to be let go. */
export class HeldRequests {
  readonly #onRelease: () => void;
  readonly #letGo: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();
  #isReleased = false;

  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  /** Resolves when so many have come and wait. Default: 1. */
  arrived(count = 1): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.#letGo.length < count) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Lets all go, and holds nothing any more. */
  release(): void {
    this.#isReleased = true;
    this.#onRelease();
    for (const letGo of this.#letGo.splice(0)) letGo();
  }

  /** Loses what waits, as if it had not arrived, and holds nothing any more. */
  lose(): void {
    this.#letGo.length = 0;
    this.release();
  }

  /** Lets a request wait here; resolves when it may go on. */
  async wait(): Promise<void> {
    if (this.#isReleased) return;
    const released = new Promise<void>((resolve) => this.#letGo.push(resolve));
    for (const check of this.#watchers) check();
    await released;
  }
}
