import type { OperationOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Asks the backend for one more answer before it closes, however long that takes. */
export class SaysGoodbye extends WrappedDriver {
  override async close(options?: OperationOptions): Promise<void> {
    await Promise.allSettled([this.inner.head('goodbye', { timeoutMs: 60_000 })]);
    await super.close(options);
  }
}
