import { AccountKeeperError } from '../errors.js';
import { describeReceived } from '../option-checks.js';
import type { AccountHead } from '../persistence-driver.js';
import type { RestoreOptions } from './restore-options.js';

/** A head that the backend is known to have acknowledged, and where that is known from. */
export interface KnownHead {
  readonly revision: number;
  readonly writeId: string;
  readonly source: string;
}

/** @throws `CONFIG` */
export function requireRevision(minRevision: unknown): void {
  if (minRevision === undefined || (Number.isSafeInteger(minRevision) && Number(minRevision) >= 0)) return;
  const message = `minRevision: received ${describeReceived(minRevision)}, allowed is an integer from 0`;
  throw new AccountKeeperError('CONFIG', message);
}

/**
 * The caller, and local files, may know what the backend held.
 *
 * @throws `ROLLED_BACK` when the backend holds less.
 */
export function requireExpected(
  head: AccountHead | undefined,
  { mustExist, minRevision, acceptRollback }: RestoreOptions,
  known: readonly KnownHead[],
): void {
  const found = head === undefined ? 'nothing' : `revision ${head.revision}`;
  if (mustExist === true && (head === undefined || head.dropped)) {
    throw new AccountKeeperError('ROLLED_BACK', 'the account must exist, and the backend holds none', { head });
  }
  if (minRevision !== undefined && (head?.revision ?? 0) < minRevision) {
    const message = `the backend holds ${found}, revision ${minRevision} is required`;
    throw new AccountKeeperError('ROLLED_BACK', message, { head });
  }
  if (acceptRollback === true) return;
  for (const { revision, writeId, source } of known) {
    const isOlder = head === undefined || head.revision < revision;
    if (!isOlder && (head.revision > revision || head.writeId === writeId)) continue;
    const message = `the backend holds ${found}${isOlder ? '' : ' of another history'}, but acknowledged revision ${revision} before (${source})`;
    throw new AccountKeeperError('ROLLED_BACK', message, { head });
  }
}

/** The revision above which the next one has to lie, so that none is used twice. */
export function floorOf(known: readonly KnownHead[]): number {
  return known.reduce((highest, { revision }) => Math.max(highest, revision), 0);
}
