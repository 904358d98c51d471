import type { QuarantinedRecord } from './restore-options.js';

/**
 * The stored records that could not be read. They stay where they are until their key is written; the same commit then
 * keeps their bytes under a key of their own.
 */
export class Quarantine {
  readonly #records: Map<string, QuarantinedRecord>;
  readonly #revision: number;

  /** @param revision of the take-over, which makes the keys of this restore's copies unique. */
  constructor(records: readonly QuarantinedRecord[], revision: number) {
    this.#records = new Map(records.map((record) => [record.recordKey, record]));
    this.#revision = revision;
  }

  /** The copy to write in the commit that first writes `recordKey`. */
  copyFor(recordKey: string): { readonly recordKey: string; readonly text: string } | undefined {
    const record = this.#records.get(recordKey);
    if (record === undefined) return undefined;
    const text = JSON.stringify({ recordKey, reason: record.error.message, raw: record.raw });
    return { recordKey: `quarantine/${this.#revision}/${recordKey}`, text };
  }

  /** The key was written, and the copy with it. */
  written(recordKey: string): void {
    this.#records.delete(recordKey);
  }
}
