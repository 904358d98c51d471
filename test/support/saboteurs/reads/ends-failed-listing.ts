import type { OperationOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads account by account, and ends the listing early when that fails: what is left looks as if it were not there. */
export class EndsFailedListing extends WrappedDriver {
  override async *accounts(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    for await (const id of super.accounts(options)) {
      try {
        await this.inner.head(id, options);
      } catch (error) {
        if (hasCode(error, 'UNAVAILABLE')) return;
        if (!hasCode(error, 'CORRUPT')) throw error;
      }
      yield id;
    }
  }
}
