import type { LoadOptions, PersistenceDriver, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Loads so many records at most. */
export class StopsLoading extends WrappedDriver {
  readonly #records: number;

  constructor(inner: PersistenceDriver, records: number) {
    super(inner);
    this.#records = records;
  }

  override async load(accountId: string, options?: LoadOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, options);
    if (stored === undefined || stored.records.size <= this.#records) return stored;
    return { ...stored, records: new Map([...stored.records].slice(0, this.#records)) };
  }
}
