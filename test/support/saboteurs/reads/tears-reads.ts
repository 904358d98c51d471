import type { LoadOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads the head and the records in two steps, between which others write. */
export class TearsReads extends WrappedDriver {
  override async load(accountId: string, options: LoadOptions = {}): Promise<StoredAccount | undefined> {
    if (options.rolledBackTo !== undefined) return super.load(accountId, options);
    const head = await this.inner.head(accountId, options);
    const stored = await super.load(accountId, options);
    return stored && { ...stored, head: head ?? stored.head };
  }
}
