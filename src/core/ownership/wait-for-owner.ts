import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { AccountHead, PersistenceDriver } from '../persistence-driver.js';
import type { Clock } from '../shared/clock.js';
import { DRIVER_GRACE_MS, pause, within } from '../shared/within.js';
import { parseHeadMeta } from './head-meta.js';
import { headAsStored, leaseAccountId, leaseMsOf, type StoredLease } from './lease-record.js';

/** The parameters of a wait. All times are in milliseconds. */
export interface WaitOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  /** How long an owner may give no sign of life; what its own lease says, if that is longer. */
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /** Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Called once for each owner that is waited for. */
  readonly onWaiting: (owner: AccountHead) => void;
}

/** The account may be taken over, as long as this head is stored. */
export interface WaitResult {
  readonly reason: 'vacant' | 'released' | 'ran-out';
  readonly head: AccountHead | undefined;
  /** The former owner's, which ran out. */
  readonly lease?: StoredLease | undefined;
}

/** A read gets at least so long, however often is asked. */
const MIN_READ_MS = 1_000;

/**
 * One look at an owner. Any change since the last look is a sign of life, but for a lease that is gone: somebody else may
 * have removed it, who has waited until it ran out.
 */
interface Sight {
  readonly head: AccountHead;
  readonly lease: StoredLease | undefined;
  readonly leaseMs: number;
}

/**
 * Waits until the owner of an account has released it, or has given no sign of life for the time of its lease: neither
 * a commit nor a renewal. Time is this process's own, and counts between two successful reads only: one that could not
 * read, or was stopped itself, knows nothing of the owner.
 *
 * An owner without a lease (one that did not open the account with `wait`) shows by its commits alone that it lives.
 *
 * Rejects `TIMEOUT` or `ABORTED`, and with errors of the backend that a repetition cannot mend.
 */
export async function waitForOwner(options: WaitOptions): Promise<WaitResult> {
  const { clock, leaseMs, onWaiting, pollMs, signal, timeoutMs } = options;
  const endMs = clock.monotonic() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  let sight: Sight | undefined;
  let readAtMs: number | undefined;
  let unchangedMs = 0;
  for (;;) {
    const seen = await look(options, endMs);
    const nowMs = clock.monotonic();
    if (seen !== undefined && 'reason' in seen) return seen;
    if (seen !== undefined) {
      const former = sight !== undefined && isUnchanged(sight, seen) ? sight : undefined;
      if (former === undefined) unchangedMs = 0;
      else if (readAtMs !== undefined) unchangedMs += Math.min(nowMs - readAtMs, 2 * pollMs);
      // What the lease said holds when it is gone.
      const promisedMs = Math.max(former?.leaseMs ?? 0, seen.leaseMs);
      if (unchangedMs >= Math.max(leaseMs, promisedMs))
        return { reason: 'ran-out', head: seen.head, lease: seen.lease };
      if (sight?.head.writerId !== seen.head.writerId) onWaiting(seen.head);
      sight = { ...seen, leaseMs: promisedMs };
    }
    readAtMs = seen === undefined ? undefined : nowMs;
    if (nowMs >= endMs)
      throw new AccountKeeperError('TIMEOUT', 'restore: the owner did not release the account in time');
    await pause({
      clock,
      doing: 'restore',
      outcome: 'not-applied',
      timeoutMs: Math.min(pollMs, endMs - nowMs),
      signal,
    });
  }
}

function isUnchanged(before: Sight, now: Sight): boolean {
  const isLeaseSame = now.lease === undefined || now.lease.head.writeId === before.lease?.head.writeId;
  return isLeaseSame && now.head.writeId === before.head.writeId;
}

/** Reads the stored state; `undefined` when that failed this time. */
async function look(
  { accountId, clock, driver, pollMs, signal }: WaitOptions,
  endMs: number,
): Promise<Sight | WaitResult | undefined> {
  const timeoutMs = Math.max(1, Math.min(Math.max(MIN_READ_MS, pollMs), endMs - clock.monotonic()));
  const limits = { signal, timeoutMs };
  const bounds = {
    clock,
    doing: 'restore',
    outcome: 'not-applied' as const,
    signal,
    timeoutMs: timeoutMs + DRIVER_GRACE_MS,
  };
  try {
    const head = await within(bounds, () => headAsStored(driver, accountId, limits));
    if (head === undefined || head.dropped) return { reason: 'vacant', head };
    const meta = parseHeadMeta(head.meta);
    if (meta.released) return { reason: 'released', head };
    const { id = '', holder } = meta.lease ?? {};
    const named = id === '' ? undefined : await within(bounds, () => headAsStored(driver, leaseAccountId(id), limits));
    // Continued by somebody else, as earlier versions did, it says nothing of the owner: only the account's own head does.
    const lease = named?.writerId === holder && named !== undefined ? { id, head: named } : undefined;
    return { head, lease, leaseMs: lease === undefined ? 0 : leaseMsOf(lease) };
  } catch (thrown) {
    const error = toAccountKeeperError(thrown, 'restore');
    if (error.code === 'ABORTED' || !error.retryable) throw error;
    return undefined;
  }
}
