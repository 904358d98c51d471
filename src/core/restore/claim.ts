import type { Clock } from '../clock.js';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitBatch, CommitOptions, PersistenceDriver } from '../persistence-driver.js';
import type { Deadline } from './deadline.js';

/** What a claim writes on top of one head. */
export interface ClaimRequest extends Required<Pick<CommitOptions, 'writerId' | 'writeId' | 'meta' | 'revisionFloor'>> {
  readonly batch: CommitBatch;
}

/** What a claim works with. */
export interface ClaimParts {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  /**
   * What to write on top of this head, each time as a new writer: an earlier claim may have landed, and have been taken
   * over since. Throws when the account must not be claimed then.
   */
  readonly request: (base: AccountHead | undefined) => ClaimRequest;
}

/** What came of a claim. `contested`: somebody has committed since the load, what was loaded is outdated. */
export interface Claimed {
  readonly head: AccountHead;
  readonly contested: boolean;
}

/** How often in a row a claim may fail for another reason than a conflict. */
const MAX_FAILURES = 3;
const RETRY_MS = 50;

/**
 * Takes the account over: a commit under a new writer, on top of the head that was loaded. When somebody has committed
 * meanwhile, on top of that head instead.
 */
export async function claim(
  { driver, accountId, clock, request }: ClaimParts,
  loaded: AccountHead | undefined,
  deadline: Deadline,
): Promise<Claimed> {
  let base = loaded;
  let next = request(base);
  let contested = false;
  let failures = 0;
  for (;;) {
    const expected = base === undefined ? undefined : { revision: base.revision, writeId: base.writeId };
    const { batch, ...options } = next;
    try {
      const head = await deadline.bound((limits) =>
        driver.commit(accountId, batch, { ...options, expected, ...limits }),
      );
      if (head.writerId === options.writerId) return { head, contested };
      // An earlier process had sent the same replay, and it has landed: the account is that process's.
      base = head;
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'claim');
      if (error.code !== 'CONFLICT') {
        failures += 1;
        if (!error.retryable || failures >= MAX_FAILURES) throw error;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS));
        continue;
      }
      base = error.head;
    }
    contested = true;
    next = request(base);
  }
}

/** @throws `FENCED` when the head is not that of the claim any more. */
export function requireOwnHead(found: AccountHead | undefined, claimed: AccountHead): void {
  if (found?.writeId === claimed.writeId && found.writerId === claimed.writerId) return;
  throw new AccountKeeperError('FENCED', 'another writer took the account over during restore', { head: found });
}
