import type { ForgetOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Forgets whichever head is stored, not only the expected one. */
export class ForgetsAnyHead extends WrappedDriver {
  override async forget(accountId: string, options: ForgetOptions): Promise<void> {
    const expected = await this.head(accountId, options);
    if (expected?.dropped) await super.forget(accountId, { ...options, expected });
  }
}
