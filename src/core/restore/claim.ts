import type { Clock } from '../clock.js';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitBatch, PersistenceDriver } from '../persistence-driver.js';
import type { Deadline } from './deadline.js';

/** What a claim works with. */
export interface ClaimParts {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly writerId: string;
  readonly createId: () => string;
  readonly clock: Clock;
}

/** How often in a row a claim may fail for another reason than a conflict. */
const MAX_FAILURES = 3;
const RETRY_MS = 50;

const NOTHING: CommitBatch = { upserts: new Map(), deletes: new Set() };

/**
 * Takes the account over: an empty commit under a new writer, on top of the head that was loaded. When somebody has
 * committed meanwhile, on top of that head instead; what was loaded is outdated then (`contested`).
 */
export async function claim(
  { driver, accountId, writerId, createId, clock }: ClaimParts,
  loaded: AccountHead | undefined,
  deadline: Deadline,
): Promise<{ head: AccountHead; contested: boolean }> {
  let base = loaded;
  let writeId = createId();
  let contested = false;
  let failures = 0;
  for (;;) {
    const expected = base === undefined ? undefined : { revision: base.revision, writeId: base.writeId };
    try {
      const head = await deadline.bound((limits) =>
        driver.commit(accountId, NOTHING, { expected, writerId, writeId, ...limits }),
      );
      return { head, contested };
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'claim');
      if (error.code === 'CONFLICT') {
        contested = true;
        base = error.head;
        writeId = createId();
      } else {
        failures += 1;
        if (!error.retryable || failures >= MAX_FAILURES) throw error;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

/** @throws `FENCED` when the head is not that of the claim any more. */
export function requireOwnHead(found: AccountHead | undefined, claimed: AccountHead): void {
  if (found?.writeId === claimed.writeId) return;
  throw new AccountKeeperError('FENCED', 'another writer took the account over during restore', { head: found });
}
