import { toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitOptions, OperationOptions, PersistenceDriver } from '../persistence-driver.js';
import { parseObject, RESERVED_ACCOUNT_PREFIX } from './head-meta.js';

/** A lease, as it is stored. */
export interface StoredLease {
  readonly id: string;
  readonly head: AccountHead;
}

/**
 * A lease is kept as the head of an account of its own. It is renewed by `drop`: a dropped account has a head with a
 * revision and a meta, holds no records, and is not listed.
 */
export function leaseAccountId(leaseId: string): string {
  return `${RESERVED_ACCOUNT_PREFIX}lease/${leaseId}`;
}

/** An id that is short enough for stores of short keys; of a UUID, the part that has nothing but chance in it. */
export function newLeaseId(createId: () => string): string {
  return createId().replaceAll('-', '').slice(-16);
}

/** The time that its holder promised to renew it in, in milliseconds; 0 when it does not say. */
export function leaseMsOf({ head: { meta } }: StoredLease): number {
  const { leaseMs } = parseObject(meta);
  return typeof leaseMs === 'number' ? leaseMs : 0;
}

/** Reads a head as it is stored now: whether it is older than it was is not for the one who waits to say. */
export async function headAsStored(
  driver: PersistenceDriver,
  accountId: string,
  options: OperationOptions,
): Promise<AccountHead | undefined> {
  try {
    return await driver.head(accountId, options);
  } catch (thrown) {
    const error = toAccountKeeperError(thrown, 'restore');
    if (error.code === 'ROLLED_BACK') return error.head;
    throw error;
  }
}

/** Writes the head of a lease, on top of the one that is expected. Rejects `CONFLICT` when it is another's. */
export function writeLease(
  driver: PersistenceDriver,
  leaseId: string,
  leaseMs: number,
  options: Omit<CommitOptions, 'meta'>,
): Promise<AccountHead> {
  return driver.drop(leaseAccountId(leaseId), { ...options, meta: JSON.stringify({ leaseMs }) });
}

/** Removes what says nothing any more. If that fails, a small record is left. */
export async function forgetLease(
  driver: PersistenceDriver,
  { id, head }: StoredLease,
  options: OperationOptions,
): Promise<void> {
  const { revision, writeId } = head;
  try {
    await driver.forget?.(leaseAccountId(id), { ...options, expected: { revision, writeId } });
  } catch {
    // The lease was renewed, or the backend is away.
  }
}
