/** When a record became pending. */
export interface PendingEntry {
  /** The number of the oldest change that is not acknowledged. Grows with every change of the store. */
  readonly sequence: number;
  /** Monotonic time of that change, in milliseconds. */
  readonly sinceMs: number;
}

/**
 * The keys of the records that changed and are in no attempt, oldest change first. It holds no values: what is
 * written is what the tables hold when an attempt is built, so the newest value always wins.
 */
export class PendingSet {
  #entries = new Map<string, PendingEntry>();
  #lastSequence = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** The number of the newest change. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The oldest change that is pending. */
  get oldest(): PendingEntry | undefined {
    for (const entry of this.#entries.values()) return entry;
    return undefined;
  }

  has(recordKey: string): boolean {
    return this.#entries.has(recordKey);
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  mark(recordKey: string, nowMs: number): void {
    this.#lastSequence += 1;
    if (!this.#entries.has(recordKey)) {
      this.#entries.set(recordKey, { sequence: this.#lastSequence, sinceMs: nowMs });
    }
  }

  /** Removes and returns the `limit` oldest entries. */
  take(limit: number): Map<string, PendingEntry> {
    if (limit >= this.#entries.size) {
      const all = this.#entries;
      this.#entries = new Map();
      return all;
    }
    const taken = new Map<string, PendingEntry>();
    for (const [recordKey, entry] of this.#entries) {
      if (taken.size === limit) break;
      taken.set(recordKey, entry);
    }
    for (const recordKey of taken.keys()) this.#entries.delete(recordKey);
    return taken;
  }

  /** Makes entries pending again that were taken before. They are older than whatever was marked since. */
  putBack(taken: Iterable<readonly [string, PendingEntry]>): void {
    const merged = new Map(taken);
    for (const [recordKey, entry] of this.#entries) {
      if (!merged.has(recordKey)) merged.set(recordKey, entry);
    }
    this.#entries = merged;
  }
}
