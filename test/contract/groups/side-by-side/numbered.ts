import type { ErrorCode } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, type MoreOptions, mapOf } from '../../account-writer.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectEqual, expectError, expectHead, expectNever, expectRecords, settle, show } from '../../expectations.js';
import { recovered } from '../../outage.js';

/** The accounts that commit side by side: more than a driver has connections. */
export const ACCOUNTS = 100;

/** For commits that wait for many others. */
export const PATIENT = { timeoutMs: 30_000 } as const;

/** A commit that was started, and all that a repetition of it takes. */
export interface StartedCommit {
  readonly writer: AccountWriter;
  /** The head that the commit is to replace. */
  readonly before: AccountHead | undefined;
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
  readonly settled: Promise<PromiseSettledResult<AccountHead>>;
}

/** The records of an account at a revision: no other account has them, nor this one at another revision. */
function recordsAt(id: string, revision: number): Map<string, string> {
  return mapOf({ account: id, revision: `${revision}`, [`at/${revision}`]: `${revision}` });
}

/** Starts the commit that brings an account, whose commits were all made so, to the next revision. */
export function startNext(writer: AccountWriter, more: MoreOptions = PATIENT): StartedCommit {
  const { driver, head: before, id } = writer;
  const revision = (before?.revision ?? 0) + 1;
  const batch = batchOf(recordsAt(id, revision), before === undefined ? [] : [`at/${revision - 1}`]);
  const options = writer.options(more);
  return { writer, before, batch, options, settled: settle(driver.commit(id, batch, options)) };
}

/** Writers of so many accounts, each with the first revision stored. */
export async function startedAccounts(
  scope: ClauseScope,
  driver: PersistenceDriver,
  count: number = ACCOUNTS,
): Promise<readonly AccountWriter[]> {
  const writers = Array.from({ length: count }, () => scope.writer(driver));
  const commits = writers.map((writer) => startNext(writer));
  await acknowledged('first commits', commits);
  return writers;
}

/** Fails unless all of the commits are acknowledged, each with its own head. Their writers go on from there. */
export async function acknowledged(what: string, commits: readonly StartedCommit[]): Promise<void> {
  for (const { before, options, settled, writer } of commits) {
    const which = `${what}, account ${writer.id}`;
    const result = await settled;
    if (result.status === 'rejected') {
      expectNever(which, `an acknowledgement, saw ${show(result.reason)}`, result.reason);
    }
    const { writeId, writerId } = options;
    const head = { revision: (before?.revision ?? 0) + 1, writerId, writeId, meta: '', dropped: false };
    expectHead(`${which}, the acknowledged head`, result.value, head);
    writer.goOnFrom(result.value);
  }
}

/** Fails unless each account holds the head of its writer, and the records of that revision. */
export async function expectStored(
  what: string,
  reader: PersistenceDriver,
  writers: readonly AccountWriter[],
): Promise<void> {
  const all = await Promise.all(writers.map(({ id }) => reader.load(id, PATIENT)));
  for (const [index, { head, id }] of writers.entries()) {
    const which = `${what}, account ${id}`;
    expectHead(`${which}, the stored head`, all[index]?.head, head);
    if (head !== undefined) expectRecords(which, all[index], recordsAt(id, head.revision));
  }
}

/**
 * Fails unless a commit that was not acknowledged rejects with one of the codes and is stored wholly or not at all, and
 * not at all where it was not applied; then repeats it, if commits are conditional: that settles its outcome.
 */
export async function settleOutcome(
  scope: ClauseScope,
  reader: PersistenceDriver,
  { before, batch, options, settled, writer }: StartedCommit,
  codes?: readonly ErrorCode[],
): Promise<void> {
  const { driver, id } = writer;
  const result = await settled;
  if (result.status === 'fulfilled') return writer.goOnFrom(result.value);
  const { outcome } = expectError(`a commit to account ${id} that did not go well`, result.reason, codes);
  const { atomicCommit, conditionalCommit } = scope.capabilities;
  const what = `account ${id}, whose commit was ${outcome}`;
  const stored = await recovered(`load of ${what}`, () => reader.load(id, PATIENT));
  const landed = stored?.head.writeId === options.writeId;
  if (outcome === 'not-applied') expectEqual(`${what}, whether it landed`, landed, false);
  if (!landed) expectHead(`${what}, the stored head`, stored?.head, before);
  const revision = (before?.revision ?? 0) + (landed ? 1 : 0);
  if (landed) expectEqual(`${what}, revision`, stored?.head.revision, revision);
  if (stored !== undefined && (atomicCommit || outcome === 'not-applied')) {
    expectRecords(what, stored, recordsAt(id, revision));
  }
  if (!conditionalCommit) return;
  const { signal: _aborted, ...again } = options;
  const repeat = (): Promise<AccountHead> => driver.commit(id, batch, { ...again, ...PATIENT });
  const head = await recovered(`repetition for ${what}`, repeat);
  expectEqual(`${what}, and was repeated, revision`, head.revision, (before?.revision ?? 0) + 1);
  writer.goOnFrom(head);
  await expectStored('after the repetition', reader, [writer]);
}
