import type { OperationOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

const START = '{"value":';

/** Takes what stands behind the beginning of a frame for a JSON object, whether its end is there or not. */
export class CutsFramesOff extends WrappedDriver {
  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, options);
    if (stored === undefined) return undefined;
    const [records, corrupt] = [new Map(stored.records), new Map(stored.corrupt)];
    for (const [recordKey, text] of stored.corrupt) {
      if (!text.startsWith(`${START}{`)) continue;
      records.set(recordKey, text.slice(START.length));
      corrupt.delete(recordKey);
    }
    return { ...stored, records, corrupt };
  }
}
