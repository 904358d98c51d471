import type { ErrorCode, ErrorOutcome } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, DriverLimits } from '../../../../src/core/persistence-driver.js';
import {
  type AccountWriter,
  batchOf,
  expectedOf,
  type MoreOptions,
  mapOf,
  type Records,
} from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectHead, expectNever, expectRecords, expectRejection, nextTurn, settle, show } from '../../expectations.js';
import { OUTAGE_CODES, settlesInTime } from '../../outage.js';
import type { Inject } from '../../subject.js';
import {
  ACCOUNTS,
  acknowledged,
  expectStored,
  PATIENT,
  type StartedCommit,
  settleOutcome,
  startedAccounts,
  startNext,
} from './numbered.js';

const group = 'side by side';

/** A change that an account can be made to undergo beside others. */
interface Change {
  readonly what: string;
  readonly isFirst: boolean;
  make(writer: AccountWriter, more: MoreOptions): Promise<AccountHead>;
  readonly leaves: (id: string) => Records;
}

/** More than one request to a backend is likely to hold. */
const MANY_ACCOUNTS = 3 * ACCOUNTS;

const CHANGES: readonly [Change, ...Change[]] = [
  {
    what: 'a first commit',
    isFirst: true,
    make: (writer, more) => writer.commit({ account: writer.id, count: '1' }, [], more),
    leaves: (id) => ({ account: id, count: '1' }),
  },
  {
    what: 'a change',
    isFirst: false,
    make: (writer, more) => writer.commit({ count: '2' }, ['old'], more),
    leaves: (id) => ({ account: id, count: '2' }),
  },
  {
    what: 'a deletion',
    isFirst: false,
    make: (writer, more) => writer.commit({}, ['old', 'count'], more),
    leaves: (id) => ({ account: id }),
  },
  { what: 'a drop', isFirst: false, make: (writer, more) => writer.drop(more), leaves: () => ({}) },
  {
    what: 'an empty batch',
    isFirst: false,
    make: (writer, more) => writer.commit({}, [], more),
    leaves: (id) => ({ account: id, count: '1', old: '1' }),
  },
];

const eachIsStored: Clause = {
  id: 'SC3',
  group,
  title: 'hundreds of accounts commit side by side, and each is acknowledged with its own head and stored exactly',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const accounts = Array.from({ length: MANY_ACCOUNTS }, (_, index) => {
      const change = CHANGES[index % CHANGES.length] ?? CHANGES[0];
      return { change, writer: scope.writer(driver), writeId: scope.unique('write') };
    });
    const old = accounts.filter(({ change }) => !change.isFirst);
    await Promise.all(
      old.map(({ writer }) => writer.commit({ account: writer.id, count: '1', old: '1' }, [], PATIENT)),
    );
    const before = accounts.map(({ writer }) => writer.head);
    const results = await Promise.all(
      accounts.map(({ change, writer, writeId }) => settle(change.make(writer, { ...PATIENT, writeId }))),
    );
    for (const [index, { change, writer, writeId }] of accounts.entries()) {
      const what = `${change.what} beside others, account ${writer.id}`;
      const result = results[index];
      if (result?.status !== 'fulfilled') expectNever(what, `that it succeeds, saw ${show(result?.reason)}`, result);
      const revision = (before[index]?.revision ?? 0) + 1;
      const dropped = change.what === 'a drop';
      const head = { revision, writerId: writer.writerId, writeId, meta: '', dropped };
      expectHead(`${what}, the acknowledged head`, result.value, head);
    }
    const reader = await scope.open();
    const stored = await Promise.all(accounts.map(({ writer }) => reader.load(writer.id, PATIENT)));
    for (const [index, { change, writer }] of accounts.entries()) {
      const what = `${change.what} beside others, account ${writer.id}`;
      expectHead(`${what}, the stored head`, stored[index]?.head, writer.head);
      expectRecords(what, stored[index], mapOf(change.leaves(writer.id)));
    }
  },
};

const conflictsAreTheirOwn: Clause = {
  id: 'GC2',
  group,
  title: 'side by side, a conflict and a repetition are answered to their own account, and the others are acknowledged',
  needs: ['conditionalCommit'],
  async run(scope) {
    const driver = await scope.open();
    const writers = await startedAccounts(scope, driver);
    const older = writers.map(({ head }) => head);
    const known = writers.map((writer) => startNext(writer));
    await acknowledged('second commits', known);
    // All of them are started in this turn, in the order of the accounts.
    const commits: StartedCommit[] = [];
    const answers: Promise<void>[] = [];
    for (const [index, commit] of known.entries()) {
      const { writer } = commit;
      if (index % 4 === 1) answers.push(findsItsHead(commit));
      else if (index % 4 === 3) answers.push(conflicts(writer, wrongHead(scope, index, older[index], writer.head)));
      else commits.push(startNext(writer));
    }
    await Promise.all(answers);
    await acknowledged('beside conflicts and repetitions', commits);
    await expectStored('after conflicts and repetitions', await scope.open(), writers);
  },
};

/** Repeats a commit that was acknowledged. */
async function findsItsHead({ batch, options, writer }: StartedCommit): Promise<void> {
  const { driver, head, id } = writer;
  const what = `a repetition beside others, account ${id}`;
  const result = await settle(driver.commit(id, batch, options));
  if (result.status === 'rejected') expectNever(what, `the stored head, saw ${show(result.reason)}`, result.reason);
  expectHead(what, result.value, head);
}

async function conflicts(writer: AccountWriter, options: MoreOptions): Promise<void> {
  const what = `a commit on another head than the stored one, beside others, account ${writer.id}`;
  const stored = writer.head;
  const commit = writer.driver.commit(writer.id, batchOf({ wrong: '1' }), writer.options(options));
  const error = await expectRejection(what, commit, ['CONFLICT'], ['not-applied']);
  expectHead(`${what}, the head that the error carries`, error.head, stored);
}

/** Options that expect what is not stored, in one of three ways. */
function wrongHead(
  scope: ClauseScope,
  index: number,
  older: AccountHead | undefined,
  stored: AccountHead | undefined,
): MoreOptions {
  const another = { revision: stored?.revision ?? 1, writeId: scope.unique('write') };
  return { ...PATIENT, expected: [expectedOf(older), undefined, another][Math.floor(index / 4) % 3] };
}

/** More records than this are not made for a test. */
const MOST_RECORDS = 100_000;

const refusalsAreTheirOwn: Clause = {
  id: 'GC3',
  group,
  title: 'side by side, what the driver or the backend refuses for one account is refused for no other one',
  needs: [],
  async run(scope) {
    const { raw, failCommits } = scope.faults;
    const driver = await scope.open();
    const [failing, corrupt, tooLarge, ...rest] = await startedAccounts(scope, driver);
    if (failing === undefined || corrupt === undefined || tooLarge === undefined) return;
    const writers = spread(rest, [failing, corrupt, tooLarge]);
    const refusals: Refusal[] = [
      { writer: tooLarge, why: 'too many records', codes: ['TOO_LARGE'], batch: tooManyRecords(driver.limits) },
      ...rest
        .filter((_, index) => index % 4 === 1)
        .map((writer) => ({
          writer,
          why: 'an empty key',
          codes: ['INVALID_KEY'] as const,
          batch: batchOf({ '': '1' }),
        })),
    ];
    if (raw !== undefined) {
      await raw.set(raw.headKey(scope.prefix, corrupt.id), 'damaged');
      refusals.push({ writer: corrupt, why: 'a damaged head', codes: ['CORRUPT'], batch: batchOf({ key: '1' }) });
    }
    const { ofAccount } = failCommits ?? {};
    if (ofAccount === undefined) await besideRefusals(writers, refusals);
    else {
      const why = 'what the backend does not take';
      refusals.push({ writer: failing, why, outcomes: ['not-applied', 'unknown'], batch: batchOf({ key: '1' }) });
      const inject: Inject = () => ofAccount(scope.prefix, failing.id);
      await scope.during(inject, driver, () => besideRefusals(writers, refusals));
    }
    const whole = writers.filter((writer) => raw === undefined || writer !== corrupt);
    await expectStored('after others were refused', await scope.open(), whole);
  },
};

/** A commit that is refused. */
interface Refusal {
  readonly writer: AccountWriter;
  readonly why: string;
  readonly batch: CommitBatch;
  /** @default any */
  readonly codes?: readonly ErrorCode[];
  /** @default `not-applied` */
  readonly outcomes?: readonly ErrorOutcome[];
}

/** All commits are started in this turn, in the order of the accounts. */
async function besideRefusals(writers: readonly AccountWriter[], refusals: readonly Refusal[]): Promise<void> {
  const started = writers.map((writer) => {
    const refusal = refusals.find((each) => each.writer === writer);
    if (refusal === undefined) return { commit: startNext(writer), refused: undefined };
    const { batch, codes, outcomes = ['not-applied'], why } = refusal;
    const commit = writer.driver.commit(writer.id, batch, writer.options(PATIENT));
    const refused = expectRejection(`${why} beside others, account ${writer.id}`, commit, codes, outcomes);
    return { commit: undefined, refused };
  });
  await Promise.all(started.map(({ refused }) => refused));
  const commits = started.map(({ commit }) => commit).filter((commit) => commit !== undefined);
  await acknowledged('beside what is refused', commits);
}

/** All of them, the few at equal distances among the many. */
function spread<T>(many: readonly T[], few: readonly T[]): readonly T[] {
  const distance = Math.ceil(many.length / (few.length + 1));
  return few.reduce<readonly T[]>((all, each, index) => all.toSpliced((index + 1) * distance, 0, each), many);
}

/** One delete more than a batch may have, or an upsert that is longer than a value may be where that is less to make. */
function tooManyRecords({ batchRecords, valueBytes }: DriverLimits): CommitBatch {
  if (batchRecords > MOST_RECORDS) return batchOf({ key: 'x'.repeat(valueBytes + 1) });
  return batchOf(
    {},
    Array.from({ length: batchRecords + 1 }, (_, index) => `${index}`),
  );
}

/** Some of them run out before the commit is sent, and some after. */
const DEADLINES_MS = [0.4, 1, 2, 3, 5, 8, 13, 21];

const deadlinesAreTheirOwn: Clause = {
  id: 'GC4',
  group,
  title: 'side by side, the deadline or signal of one account ends no other commit; also on a paused backend',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    for (const turns of [0, 2]) {
      const driver = await scope.open();
      const writers = await startedAccounts(scope, driver);
      const controller = new AbortController();
      const { signal } = controller;
      const commits = writers.map((writer, index) => {
        const timeoutMs = DEADLINES_MS[Math.floor(index / 4) % DEADLINES_MS.length] ?? 1;
        return startNext(writer, [PATIENT, { timeoutMs }, PATIENT, { ...PATIENT, signal }][index % 4]);
      });
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
      controller.abort();
      await othersAreAcknowledged(scope, commits);
    }
    if (scope.canPause) await endedWhilePaused(scope);
  },
};

/** Those that have a deadline or a signal of their own may reject; each of the others is acknowledged. */
async function othersAreAcknowledged(scope: ClauseScope, commits: readonly StartedCommit[]): Promise<void> {
  const patient = commits.filter((_, index) => index % 2 === 0);
  await acknowledged('beside commits that end early', patient);
  const reader = await scope.open();
  const early = commits.filter((_, index) => index % 2 === 1);
  const codes = [...OUTAGE_CODES, 'ABORTED'] as const;
  await Promise.all(early.map((commit) => settleOutcome(scope, reader, commit, codes)));
  await expectStored(
    'beside commits that ended early',
    reader,
    patient.map(({ writer }) => writer),
  );
}

/** Nothing is answered while the early ones end: all of them are on their way, or wait. */
async function endedWhilePaused(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const writers = await startedAccounts(scope, driver);
  const controller = new AbortController();
  const { signal } = controller;
  const { deadlineMs: timeoutMs } = scope;
  const commits = await scope.whilePaused(async () => {
    const started = writers.map((writer, index) =>
      startNext(writer, [PATIENT, { timeoutMs }, PATIENT, { ...PATIENT, signal }][index % 4]),
    );
    await nextTurn();
    controller.abort();
    const early = started.filter((_, index) => index % 2 === 1);
    const what = 'a commit that ends early, to a paused backend';
    for (const result of await Promise.all(early.map(({ settled }) => settlesInTime(scope, what, settled)))) {
      if (result.status === 'fulfilled' && result.value.status === 'fulfilled') expectNever(what, 'a rejection');
    }
    return started;
  });
  await othersAreAcknowledged(scope, commits);
}

/** Side by side: SC3, GC2 to GC4. */
export const outcomeClauses: readonly Clause[] = [
  eachIsStored,
  conflictsAreTheirOwn,
  refusalsAreTheirOwn,
  deadlinesAreTheirOwn,
];
