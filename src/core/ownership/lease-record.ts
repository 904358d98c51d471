import { toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitOptions, OperationOptions, PersistenceDriver } from '../persistence-driver.js';
import { parseObject, RESERVED_ACCOUNT_PREFIX } from './head-meta.js';

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

/** What the head of a lease says. */
export interface LeaseRecord {
  /** The time that its holder promised to renew it in, in milliseconds; 0 when it does not say. */
  readonly leaseMs: number;
  /** Its holder has given it back. */
  readonly ended: boolean;
}

export function parseLease({ meta }: AccountHead): LeaseRecord {
  const { leaseMs, ended } = parseObject(meta);
  return { leaseMs: typeof leaseMs === 'number' ? leaseMs : 0, ended: ended === true };
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
  record: LeaseRecord,
  options: Omit<CommitOptions, 'meta'>,
): Promise<AccountHead> {
  const { leaseMs, ended } = record;
  const meta = JSON.stringify(ended ? { leaseMs, ended } : { leaseMs });
  return driver.drop(leaseAccountId(leaseId), { ...options, meta });
}
