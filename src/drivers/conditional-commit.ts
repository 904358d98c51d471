import { AccountKeeperError } from '../core/errors.js';
import type { AccountHead } from '../core/persistence-driver.js';
import type { BackendConnection } from './backend-connection.js';
import { encodeHead, type StoredHead } from './head-codec.js';
import { assertNotRolledBack, rolledBack } from './head-marks.js';
import type { AccountKeys } from './keyv-layout.js';
import type { Operation } from './operation.js';

/** A commit or a drop, validated and encoded. */
export interface HeadChange {
  readonly expected: { readonly revision: number; readonly writeId: string } | undefined;
  readonly writerId: string;
  readonly writeId: string;
  readonly meta: string;
  readonly revisionFloor: number;
  readonly dropped: boolean;
  /** Escaped record key to envelope. */
  readonly upserts: ReadonlyMap<string, string>;
  /** Escaped record keys. */
  readonly deletes: readonly string[];
}

/** What is stored: the head, and what a change has to delete besides its own deletes. */
export interface StoredState {
  readonly stored: StoredHead | undefined;
  readonly deletes: readonly string[];
}

/** Where a change happens. */
export interface ChangeContext {
  readonly account: AccountKeys;
  readonly connection: BackendConnection;
  readonly operation: Operation;
  /** The highest head known when the change began. */
  readonly mark: StoredHead | undefined;
  /** Reads what is stored, in a statement of its own. */
  readonly read: () => Promise<StoredState>;
  /** Whether `read` must come before the first attempt, even if the mark is the expected head. */
  readonly readFirst: boolean;
}

/**
 * Makes the change if the expected head is stored. The backend compares texts: only the one that was read (or written
 * by this driver) and decoded to the expected head is replaced. When another one is found, what is stored is read
 * anew and judged; a head that is still the expected one, in other words, means: try again.
 *
 * @returns the head that is stored now.
 * @throws `CONFLICT`, `ROLLED_BACK` (both with the stored head), `CORRUPT`, or what the backend throws
 */
export async function changeHead(change: HeadChange, context: ChangeContext): Promise<StoredHead> {
  const { account, connection, operation, mark } = context;
  const guess = isExpected(mark?.head, change) && change.expected?.writeId !== change.writeId && !context.readFirst;
  let state: StoredState = guess ? { stored: mark, deletes: [] } : await context.read();
  for (;;) {
    const { stored } = state;
    assertNotRolledBack(account.id, stored?.head, mark?.head);
    if (stored !== undefined && stored.head.writeId === change.writeId) {
      // It landed before. Written once more, it is durable even if the first attempt did not get that far.
      const again = { expected: stored.text, next: stored.text, upserts: new Map<string, string>(), deletes: [] };
      operation.assertActive();
      if (await connection.swap(account, again, operation)) return stored;
    } else {
      assertExpected(account.id, stored?.head, change);
      const next = encodeHead({
        revision: Math.max(stored?.head.revision ?? 0, change.revisionFloor) + 1,
        writerId: change.writerId,
        writeId: change.writeId,
        meta: change.meta,
        dropped: change.dropped,
      });
      const swap = {
        expected: stored?.text,
        next: next.text,
        upserts: change.upserts,
        deletes: [...change.deletes, ...state.deletes],
      };
      operation.assertActive();
      if (await connection.swap(account, swap, operation)) return next;
    }
    operation.assertActive();
    state = await context.read();
  }
}

function isExpected(stored: AccountHead | undefined, { expected }: HeadChange): boolean {
  return stored?.revision === expected?.revision && stored?.writeId === expected?.writeId;
}

function assertExpected(accountId: string, stored: AccountHead | undefined, change: HeadChange): void {
  if (isExpected(stored, change)) return;
  const { expected } = change;
  const wanted =
    expected === undefined ? 'none was expected' : `${expected.revision} (${expected.writeId}) was expected`;
  if (expected !== undefined && (stored === undefined || stored.revision < expected.revision)) {
    throw rolledBack(accountId, stored, wanted);
  }
  const found = stored === undefined ? 'no head' : `revision ${stored.revision} (${stored.writeId})`;
  throw new AccountKeeperError(
    'CONFLICT',
    `account ${JSON.stringify(accountId)} was changed by another writer: ${found} is stored, ${wanted}`,
    { head: stored },
  );
}
