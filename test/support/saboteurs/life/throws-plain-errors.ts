import type { OperationOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Lets the client's errors through from its listing. */
export class ThrowsPlainErrors extends WrappedDriver {
  override async *accounts(options?: OperationOptions): AsyncGenerator<string, void, undefined> {
    try {
      yield* super.accounts(options);
    } catch (error) {
      if (hasCode(error, 'UNAVAILABLE')) throw new Error('ECONNRESET', { cause: error });
      throw error;
    }
  }
}
