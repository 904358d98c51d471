import type { AccountHead, OperationOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Never settles a read whose signal was aborted before it began. */
export class Hangs extends WrappedDriver {
  override head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    return options.signal?.aborted ? new Promise(() => undefined) : super.head(accountId, options);
  }
}
