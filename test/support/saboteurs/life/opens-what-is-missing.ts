import type { OpenOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes a backend where nothing was set up for an empty one. */
export class OpensWhatIsMissing extends WrappedDriver {
  override async open(options?: OpenOptions): Promise<void> {
    try {
      await super.open(options);
    } catch (error) {
      if (!hasCode(error, 'CONFIG')) throw error;
    }
  }
}
