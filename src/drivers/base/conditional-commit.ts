import { setTimeout as delay } from 'node:timers/promises';
import { AccountKeeperError } from '../../core/errors.js';
import type { AccountHead } from '../../core/persistence-driver.js';
import { decodeEntries } from './account-decoder.js';
import type { BackendConnection, HeadSwap } from './backend-connection.js';
import { decodeHead, encodeHead, type StoredHead } from './head-codec.js';
import { assertNotRolledBack, rolledBack } from './head-marks.js';
import { escapeKey } from './key-escape.js';
import type { AccountKeys } from './key-layout.js';
import { asUnknown, type Operation } from './operation/operation.js';

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

/** The stored head, and the records that a change has to delete besides its own deletes. */
interface StoredState {
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
}

/** Rounds in which a backend may report a difference while what is stored stays the same. */
const MAX_STILL_ROUNDS = 10;
const STILL_ROUND_MS = 5;

/**
 * Makes the change if the expected head is stored. The backend compares texts: only the one that was read (or written
 * by this driver) and decoded to the expected head is replaced. When another one is found, what is stored is read
 * anew and judged; a head that is still the expected one, in other words, means: try again.
 *
 * @returns the head that is stored now.
 * @throws `CONFLICT`, `ROLLED_BACK` (both with the stored head), `CORRUPT`, `UNAVAILABLE` when the backend goes on
 *   reporting a difference that is not to be seen, or what the backend throws
 */
export async function changeHead(change: HeadChange, context: ChangeContext): Promise<StoredHead> {
  const { account, connection, operation, mark } = context;
  const read = (): Promise<StoredState> => (change.dropped ? readAll(context) : readHeadAlone(context));
  const guess = isExpected(mark?.head, change) && change.expected?.writeId !== change.writeId && !change.dropped;
  let state: StoredState = guess ? { stored: mark, deletes: [] } : await read();
  let landed = false;
  let stillRounds = 0;
  try {
    for (;;) {
      const { stored } = state;
      if (!acceptsOlder(stored?.head, mark?.head, change)) {
        assertNotRolledBack(account.id, stored?.head, mark?.head);
      }
      landed ||= stored !== undefined && stored.head.writeId === change.writeId;
      const { swap, next } = nextSwap(change, account.id, state);
      operation.assertActive();
      if (await connection.swap(account, swap, operation)) return next;
      operation.assertActive();
      state = await read();
      stillRounds = state.stored?.text === stored?.text ? stillRounds + 1 : 0;
      if (stillRounds >= MAX_STILL_ROUNDS) throw neverSwaps(account.id);
      if (stillRounds > 1) await delay(STILL_ROUND_MS * stillRounds, undefined, { signal: operation.signal });
    }
  } catch (error) {
    // The backend holds all of the commit, or has held it, whatever failed afterwards.
    throw landed ? asUnknown(error, `commit of account ${JSON.stringify(account.id)}`) : error;
  }
}

/**
 * Removes the head of a dropped account, if it is the expected one and the backend can.
 *
 * @throws `CONFLICT` with the stored head, `CORRUPT`, `UNAVAILABLE`, or what the backend throws
 */
export async function forgetHead(
  expected: NonNullable<HeadChange['expected']>,
  context: Omit<ChangeContext, 'mark'>,
): Promise<void> {
  const { account, connection, operation } = context;
  for (let round = 0; round < MAX_STILL_ROUNDS; round += 1) {
    const stored = await readHead(context);
    if (stored === undefined) return;
    if (!isExpected(stored.head, { expected })) throw conflict(account.id, stored.head, expected);
    if (!stored.head.dropped) throw conflict(account.id, stored.head, expected, ' with a drop');
    operation.assertActive();
    if ((await connection.forget?.(account, stored.text, operation)) !== false) return;
  }
  throw neverSwaps(account.id);
}

/** The account's head. */
export async function readHead({
  account,
  connection,
  operation,
}: Omit<ChangeContext, 'mark'>): Promise<StoredHead | undefined> {
  const text = await connection.readHead(account, operation);
  return text === undefined ? undefined : decodeHead(account.head, text);
}

async function readHeadAlone(context: ChangeContext): Promise<StoredState> {
  return { stored: await readHead(context), deletes: [] };
}

/** The head, with all records to be deleted. */
async function readAll({ account, connection, operation }: ChangeContext): Promise<StoredState> {
  const entries = await connection.readAccount(account, operation);
  const { stored, records, corrupt } = await decodeEntries(account, entries);
  return { stored, deletes: [...records.keys(), ...corrupt.keys()].map(escapeKey) };
}

/** Computes the swap for the stored state, and the head that it leaves. */
function nextSwap(change: HeadChange, accountId: string, state: StoredState): { swap: HeadSwap; next: StoredHead } {
  const { stored } = state;
  if (stored !== undefined && stored.head.writeId === change.writeId) {
    // It landed before. Written once more, it is durable even if the first attempt did not get that far.
    const { text } = stored;
    const swap = { expected: text, next: text, upserts: new Map<string, string>(), deletes: [], deletesAll: false };
    return { swap, next: stored };
  }
  assertExpected(accountId, stored?.head, change);
  const next = encodeHead({
    revision: Math.max(stored?.head.revision ?? 0, change.revisionFloor) + 1,
    writerId: change.writerId,
    writeId: change.writeId,
    meta: change.meta,
    dropped: change.dropped,
  });
  const deletes = [...change.deletes, ...state.deletes];
  const { dropped: deletesAll, upserts } = change;
  return { swap: { expected: stored?.text, next: next.text, upserts, deletes, deletesAll }, next };
}

function neverSwaps(accountId: string): AccountKeeperError {
  return new AccountKeeperError(
    'UNAVAILABLE',
    `account ${JSON.stringify(accountId)} cannot be written: the backend replaces nothing, though the head that it has to replace is stored. Is there a trigger, or another encoding?`,
  );
}

function isExpected(stored: AccountHead | undefined, { expected }: Pick<HeadChange, 'expected'>): boolean {
  return stored?.revision === expected?.revision && stored?.writeId === expected?.writeId;
}

/** The writer names the older head, and goes on above what was lost: it knows of the rollback. */
function acceptsOlder(stored: AccountHead | undefined, mark: AccountHead | undefined, change: HeadChange): boolean {
  return mark !== undefined && change.revisionFloor >= mark.revision && isExpected(stored, change);
}

function assertExpected(accountId: string, stored: AccountHead | undefined, change: HeadChange): void {
  if (isExpected(stored, change)) return;
  const { expected } = change;
  if (expected !== undefined && (stored === undefined || stored.revision < expected.revision)) {
    throw rolledBack(accountId, stored, expected, wanted(expected));
  }
  throw conflict(accountId, stored, expected);
}

function conflict(
  accountId: string,
  stored: AccountHead | undefined,
  expected: HeadChange['expected'],
  more: string = '',
): AccountKeeperError {
  const found = stored === undefined ? 'no head' : `revision ${stored.revision} (${stored.writeId})`;
  return new AccountKeeperError(
    'CONFLICT',
    `account ${JSON.stringify(accountId)} was changed by another writer: ${found} is stored, ${wanted(expected)}${more}`,
    { head: stored },
  );
}

function wanted(expected: HeadChange['expected']): string {
  return expected === undefined ? 'none was expected' : `${expected.revision} (${expected.writeId}) was expected`;
}
