import { AccountKeeperError } from '../../core/errors.js';
import type { AccountHead } from '../../core/persistence-driver.js';
import type { StoredHead } from './head-codec.js';

/**
 * The highest head of each account that a driver saw stored. A backend that shows less afterwards was rolled back.
 * Holds one head for each account that the driver was used with.
 */
export class HeadMarks {
  readonly #marks = new Map<string, StoredHead>();
  readonly #sent = new Map<string, string>();

  /** The mark, to be taken before a read begins: what was acknowledged later need not be in its result. */
  of(accountId: string): StoredHead | undefined {
    return this.#marks.get(accountId);
  }

  /** The accounts that were not dropped, as far as is known. */
  accounts(): Set<string> {
    return new Set([...this.#marks].filter(([, { head }]) => !head.dropped).map(([accountId]) => accountId));
  }

  /** A commit is sent. Until it is acknowledged, a read can see it and it can be lost again, as without a replica. */
  send(accountId: string, writeId: string): void {
    this.#sent.set(accountId, writeId);
  }

  /** Takes note of the head of a commit that was acknowledged. */
  acknowledge(accountId: string, stored: StoredHead): void {
    if (this.#sent.get(accountId) === stored.head.writeId) this.#sent.delete(accountId);
    this.#raise(accountId, stored);
  }

  /** Takes note of a head that was read. */
  see(accountId: string, stored: StoredHead): void {
    if (this.#sent.get(accountId) !== stored.head.writeId) this.#raise(accountId, stored);
  }

  /** The head was removed on purpose. */
  forget(accountId: string): void {
    this.#marks.delete(accountId);
  }

  #raise(accountId: string, stored: StoredHead): void {
    const mark = this.#marks.get(accountId);
    if (mark === undefined || mark.head.revision < stored.head.revision) this.#marks.set(accountId, stored);
  }
}

/**
 * @throws `ROLLED_BACK` when the stored head is behind the mark, or has its revision and is another one: revisions are
 * never reused, so its history is not the one that was acknowledged.
 */
export function assertNotRolledBack(
  accountId: string,
  stored: AccountHead | undefined,
  mark: AccountHead | undefined,
): void {
  if (mark === undefined || (stored !== undefined && stored.revision > mark.revision)) return;
  if (stored?.revision === mark.revision && stored.writeId === mark.writeId) return;
  throw rolledBack(accountId, stored, mark, `this driver saw revision ${mark.revision} (${mark.writeId}) stored`);
}

/** The head that stands for none: `{ revision: 0, writeId: '' }`. */
type HeadName = { readonly revision: number; readonly writeId: string };

/** @throws `ROLLED_BACK` when another head is stored than the one that the caller goes back to. */
export function assertRolledBackTo(
  accountId: string,
  stored: AccountHead | undefined,
  { revision, writeId }: HeadName,
): void {
  if ((stored?.revision ?? 0) === revision && (stored?.writeId ?? '') === writeId) return;
  throw rolledBack(accountId, stored, { revision, writeId }, `revision ${revision} (${writeId}) was asked for`);
}

/** The error for a stored head that is older than what is known to have been acknowledged. */
export function rolledBack(
  accountId: string,
  stored: AccountHead | undefined,
  { revision, writeId }: HeadName,
  evidence: string,
): AccountKeeperError {
  const found = stored === undefined ? 'no head' : `revision ${stored.revision} (${stored.writeId})`;
  return new AccountKeeperError(
    'ROLLED_BACK',
    `account ${JSON.stringify(accountId)} was rolled back in the backend: ${found} is stored, ${evidence}`,
    { head: stored, known: { revision, writeId } },
  );
}
