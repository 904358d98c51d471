import type { AccountRules } from './account-rules.js';
import { JournaledMap } from './journaled-map.js';
import { RecordTable, type StagedRecords } from './record-table.js';
import type { TableContext } from './table-context.js';
import { Tombstones } from './tombstones.js';
import { withoutUnknown } from './value-checks.js';

/** The end of what cannot begin again: later than any message. */
export const FINAL_MS: number = Number.POSITIVE_INFINITY;

/** A table of the exchange's entries. It knows which ones the exchange has sent since a restore, and which have ended. */
export abstract class ExchangeTable extends RecordTable {
  protected readonly isStrict: boolean;
  readonly #rejectStale: boolean;
  readonly #tombstones: Tombstones;
  /** The records that were restored, and not told by the exchange since. */
  readonly #stale: JournaledMap<string, true>;

  constructor(context: TableContext, { rejectStale, entries }: AccountRules) {
    super(context);
    this.isStrict = entries === 'exchange';
    this.#rejectStale = rejectStale;
    this.#tombstones = new Tombstones(context);
    this.#stale = new JournaledMap(context);
  }

  hasStale(): boolean {
    return this.#stale.size > 0;
  }

  override stage(): StagedRecords {
    const staged = super.stage();
    let stale: Map<string, true> | undefined;
    return {
      add: (recordKey, value) => {
        const checked = staged.add(recordKey, value);
        stale ??= new Map();
        stale.set(recordKey, true);
        return checked;
      },
      show: () => {
        staged.show();
        this.#stale.adopt(stale);
      },
    };
  }

  protected override persisted(value: object): unknown {
    return this.isStrict ? value : withoutUnknown(value);
  }

  protected isStaleRecord(recordKey: string): boolean {
    return this.#stale.has(recordKey);
  }

  /** The exchange has told the record, which is what was held already. */
  protected confirmed(recordKey: string): void {
    this.#stale.delete(recordKey);
  }

  /** When a record that is no longer held ended, in exchange time. */
  protected recordEndedAtMs(recordKey: string): number | undefined {
    return this.#tombstones.get(recordKey);
  }

  /** Whether to ignore a message of this time, given the newest that is known; 0 is no time. */
  protected isOutdated(knownMs: number | undefined, atMs: number): boolean {
    if (this.isStrict && knownMs === FINAL_MS) return true;
    return this.#rejectStale && knownMs !== undefined && atMs !== 0 && atMs < knownMs;
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
