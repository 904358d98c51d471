/** How many operations have settled, for those who wait for some more of them. */
export class Progress {
  readonly #waiting = new Set<{ readonly at: number; readonly resolve: () => void }>();
  #count = 0;

  /** Whether there will be no more of them. */
  get hasEnded(): boolean {
    return this.#count === Number.POSITIVE_INFINITY;
  }

  /** One more operation has settled. */
  settled(): void {
    this.#count += 1;
    this.#wake(this.#count);
  }

  /** There will be no more of them: nobody waits any longer. */
  end(): void {
    this.#count = Number.POSITIVE_INFINITY;
    this.#wake(this.#count);
  }

  /** Resolves when so many more operations have settled, or there will be none. */
  async of(more: number): Promise<void> {
    const at = this.#count + more;
    if (at <= this.#count) return;
    await new Promise<void>((resolve) => {
      this.#waiting.add({ at, resolve });
    });
  }

  #wake(count: number): void {
    for (const waiter of this.#waiting) {
      if (waiter.at > count) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}
