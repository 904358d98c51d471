import type { OpenOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Calls itself open when the backend cannot be reached. */
export class OpensWithoutLooking extends WrappedDriver {
  override async open(options?: OpenOptions): Promise<void> {
    try {
      await super.open(options);
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error;
    }
  }
}
