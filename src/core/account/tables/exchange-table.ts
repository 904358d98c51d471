import { JournaledMap } from './journaled-map.js';
import { RecordTable } from './record-table.js';
import type { TableContext } from './table-context.js';
import { Tombstones } from './tombstones.js';

/** How a table treats messages that come late. */
export interface StaleRule {
  /**
   * Ignore what is older, by exchange time, than what is held or known to have ended.
   * @default false
   */
  readonly rejectStale?: boolean;
}

/** A table of the exchange's entries. It knows which ones the exchange has sent since a restore, and which have ended. */
export abstract class ExchangeTable extends RecordTable {
  readonly #rejectStale: boolean;
  readonly #tombstones: Tombstones;
  /** The records that were restored, and not told by the exchange since. */
  readonly #stale: JournaledMap<string, true>;

  constructor(context: TableContext, { rejectStale = false }: StaleRule = {}) {
    super(context);
    this.#rejectStale = rejectStale;
    this.#tombstones = new Tombstones(context);
    this.#stale = new JournaledMap(context);
  }

  hasStale(): boolean {
    return this.#stale.size > 0;
  }

  /** The exchange has told the state of everything. */
  clearStale(): void {
    this.#stale.clear();
  }

  override restoreRecord(recordKey: string, value: unknown): void {
    super.restoreRecord(recordKey, value);
    this.#stale.set(recordKey, true);
  }

  override forgetRecord(recordKey: string): void {
    super.forgetRecord(recordKey);
    this.#stale.delete(recordKey);
  }

  protected isStaleRecord(recordKey: string): boolean {
    return this.#stale.has(recordKey);
  }

  /** When a record that is no longer held ended, in exchange time. */
  protected recordEndedAtMs(recordKey: string): number | undefined {
    return this.#tombstones.get(recordKey);
  }

  /** Whether to ignore a message of this time. */
  protected isOutdated(recordKey: string, heldMs: number | undefined, atMs: number): boolean {
    const knownMs = heldMs ?? this.#tombstones.get(recordKey);
    return this.#rejectStale && knownMs !== undefined && atMs < knownMs;
  }

  /** The exchange has told the record, which has changed. */
  protected told(recordKey: string): void {
    this.#stale.delete(recordKey);
    this.#tombstones.forget(recordKey);
    this.context.markChanged(this.name, recordKey);
  }

  /** The record has ended; where it is known, at that exchange time. */
  protected ended(recordKey: string, atMs: number | undefined): void {
    if (atMs !== undefined) this.#tombstones.bury(recordKey, atMs);
    this.#stale.delete(recordKey);
  }
}
