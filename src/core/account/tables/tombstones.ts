import { JournaledMap } from './journaled-map.js';
import type { TableContext } from './table-context.js';

const CAPACITY = 10_000;

/**
 * When records ended, in exchange time (ms since the Unix epoch): what is older must not bring them back. The last
 * {@link CAPACITY} are remembered.
 */
export class Tombstones {
  readonly #endedAtMs: JournaledMap<string, number>;

  constructor(context: TableContext) {
    this.#endedAtMs = new JournaledMap(context);
  }

  /** When the record ended, or `undefined` when that is not known. */
  get(recordKey: string): number | undefined {
    return this.#endedAtMs.get(recordKey);
  }

  /** Remembers an end, unless a later one is known. */
  bury(recordKey: string, atMs: number): void {
    const known = this.#endedAtMs.get(recordKey);
    if (known !== undefined) {
      if (known >= atMs) return;
      this.#endedAtMs.delete(recordKey);
    } else if (this.#endedAtMs.size >= CAPACITY) {
      this.#endedAtMs.deleteOldest();
    }
    this.#endedAtMs.set(recordKey, atMs);
  }

  /** The record exists again. */
  forget(recordKey: string): void {
    this.#endedAtMs.delete(recordKey);
  }
}
