import type { ErrorCode } from '../../../src/core/errors.js';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import type { RestoreStart } from '../restore-start.js';
import { must } from '../violation.js';
import type { Account } from '../world/account.js';
import { isUnfinished } from '../world/applied-commit.js';
import { type Known, knowsMore } from './known.js';

/** How a restore has failed. */
export interface Failure {
  readonly code: ErrorCode;
  /** Whom the error names. */
  readonly head: AccountHead | undefined;
  readonly writerId: string | undefined;
  /** How often the backend has been replaced until now. */
  readonly rollbacks: number;
  readonly process: string;
  /** A high-water file is torn. */
  readonly isTorn: boolean;
  /** What the process knows of now. */
  readonly known: Known;
}

/** So often the account is read before it is claimed; after that it is claimed first. */
const READING_ROUNDS = 3;

/** Why a restore may be rejected: what it says is so, and it has not claimed what it cannot read. */
export function checkNotRestored(account: Account, start: RestoreStart, failure: Failure): void {
  const since = account.applied.slice(start.commits);
  const isOwn = ({ head }: { readonly head: AccountHead }): boolean => head.writerId === failure.writerId;
  const isLost = failure.code === 'ROLLED_BACK' && start.rollbacks !== failure.rollbacks;
  const mayClaimFirst = since.filter((commit) => !isOwn(commit)).length >= READING_ROUNDS;
  const claimed = since.some(isOwn) && !isLost && !mayClaimFirst;
  must(!claimed, 'an account that cannot be read is never claimed', () => failure.process);
  if (failure.code === 'CORRUPT') {
    const seen = [...since, account.applied[start.commits - 1], account.stored];
    const isHalf = seen.some((commit) => commit !== undefined && isUnfinished(commit.head));
    must(
      account.isDamaged || isHalf || failure.isTorn,
      'restore rejects for a right reason',
      () => `${failure.process}: CORRUPT`,
    );
    return;
  }
  const stored = account.commitOf(failure.head?.writeId);
  const isLess = (failure.head?.revision ?? 0) < start.minRevision;
  const isMissing = isLess || knowsMore(start.known, stored) || knowsMore(failure.known, stored);
  must(isMissing, 'nothing is called rolled back that was not', () => `${failure.process}: ${failure.head?.writeId}`);
}
