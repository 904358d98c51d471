/** When a record became pending. */
export interface PendingEntry {
  /** The number of the oldest change that is not acknowledged. Grows with every change of the store. */
  readonly sequence: number;
  /** Monotonic time of that change, in milliseconds. */
  readonly sinceMs: number;
}

/** The entry with the oldest change. */
export function oldestOf(entries: Iterable<PendingEntry>): PendingEntry | undefined {
  let oldest: PendingEntry | undefined;
  for (const entry of entries) if (oldest === undefined || entry.sequence < oldest.sequence) oldest = entry;
  return oldest;
}

/**
 * The keys of the records that changed and are in no attempt. It holds no values: what is
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
    return oldestOf(this.#entries.values());
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

  /** Removes and returns the first `limit` entries, of those whose oldest change is not newer than `upTo`. */
  take(limit: number, upTo: number): Map<string, PendingEntry> {
    const taken = new Map<string, PendingEntry>();
    for (const [recordKey, entry] of this.#entries) {
      if (taken.size === limit) break;
      if (entry.sequence <= upTo) taken.set(recordKey, entry);
    }
    for (const recordKey of taken.keys()) this.#entries.delete(recordKey);
    return taken;
  }

  /** Makes entries pending again that were taken before; they are older than what was marked since. */
  putBack(taken: Iterable<readonly [string, PendingEntry]>): void {
    const merged = new Map(taken);
    for (const [recordKey, entry] of this.#entries) {
      if (!merged.has(recordKey)) merged.set(recordKey, entry);
    }
    this.#entries = merged;
  }
}
