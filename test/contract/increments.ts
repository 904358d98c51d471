import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { expectedOf } from './account-writer.js';
import { expectEqual, expectError, nextTurn, settle } from './expectations.js';

/** Who makes how many increments of the account's record `count`. */
export interface Increments {
  readonly accountId: string;
  readonly writerId: string;
  readonly times: number;
  /** How many attempts there may be: each conflict is an increment of somebody else, of which there are only so many. */
  readonly attempts: number;
}

/** Reads the count and writes it plus one, each time until that is acknowledged. */
export async function increment(
  driver: PersistenceDriver,
  { accountId, writerId, times, attempts }: Increments,
): Promise<void> {
  let acknowledged = 0;
  for (let attempt = 0; attempt < attempts && acknowledged < times; attempt += 1) {
    const stored = await driver.load(accountId);
    const count = Number(stored?.records.get('count') ?? '0') + 1;
    const upserts = new Map([['count', `${count}`]]);
    const options = { expected: expectedOf(stored?.head), writerId, writeId: `${writerId}-${attempt}` };
    const result = await settle(driver.commit(accountId, { upserts, deletes: new Set() }, options));
    if (result.status === 'fulfilled') acknowledged += 1;
    else {
      // On a busy machine a lock can take longer than the driver waits.
      const codes = ['CONFLICT', 'UNAVAILABLE'] as const;
      expectError('an increment on top of a head that was replaced', result.reason, codes, ['not-applied']);
      await nextTurn();
    }
  }
  expectEqual('increments that one writer was acknowledged for', acknowledged, times);
}
