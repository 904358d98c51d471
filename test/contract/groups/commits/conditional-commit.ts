import type { AccountHead, CommitOptions, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, expectedOf, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectNever,
  expectRecords,
  expectRejection,
  expectSameAccount,
  expectThat,
  nextTurn,
  present,
  settle,
} from '../../expectations.js';
import { increment } from '../../increments.js';
import { failsInTime, recovered } from '../../outage.js';

const group = 'conditional commit';

const differs: Clause = {
  id: 'CC1',
  group,
  title: 'an expected head that differs, in revision or writeId alone, rejects CONFLICT with the stored head',
  needs: ['conditionalCommit'],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const older = await writer.commit({ key: '2' });
    const head = await writer.commit({ key: '3' });
    const stored = await writer.load();
    const cases: readonly (readonly [string, CommitOptions['expected']])[] = [
      ['another writeId at the stored revision', { revision: head.revision, writeId: scope.unique('write') }],
      ['the stored writeId at an older revision', { revision: older.revision, writeId: head.writeId }],
      ["an older head's writeId at the stored revision", { revision: head.revision, writeId: older.writeId }],
      ['an older head', expectedOf(older)],
      ['revision 0', { revision: 0, writeId: '' }],
      ['no head', undefined],
    ];
    for (const [what, expected] of cases) {
      for (const by of [driver, await scope.open()]) {
        for (const batch of [batchOf({ key: 'wrong', added: 'wrong' }, ['other']), batchOf({}, ['key']), batchOf()]) {
          const commit = by.commit(writer.id, batch, { ...writer.options(), expected });
          const error = await expectRejection(`a commit that expects ${what}`, commit, ['CONFLICT'], ['not-applied']);
          expectHead(`the head that the error carries, after expecting ${what}`, error.head, head);
        }
        expectSameAccount(`the account after a commit that expects ${what}`, await by.load(writer.id), stored);
      }
    }
    await writer.commit({ key: '4' });
  },
};

const oneFirstCommit: Clause = {
  id: 'CC2',
  group,
  title: 'of N concurrent first commits exactly one wins',
  needs: ['conditionalCommit'],
  async run(scope) {
    const drivers = [await scope.open(), await scope.open(), await scope.open(), await scope.open()];
    for (let round = 0; round < 5; round += 1) {
      const id = scope.unique('account');
      // Two commits by each driver.
      const contenders = [...drivers, ...drivers].map((driver) => scope.writer(driver, id));
      const results = await Promise.all(
        contenders.map((each, n) => settle(each.commit({ winner: `${n}`, [`${n}`]: '1' }))),
      );
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []));
      expectEqual('number of winners', winners.length, 1);
      const winner = winners[0] ?? 0;
      const head = contenders[winner]?.head;
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const error = expectError(`contender ${index}`, result.reason, ['CONFLICT'], ['not-applied']);
        expectHead('the head that the error carries', error.head, head);
      }
      const stored = await (await scope.open()).load(id);
      expectHead('the stored head', stored?.head, head);
      expectRecords('the records', stored, mapOf({ winner: `${winner}`, [`${winner}`]: '1' }));
    }
  },
};

const WRITERS = 4;
const INCREMENTS = 12;

const increments: Clause = {
  id: 'CC3',
  group,
  title: 'N writers making M conditional increments each: the final count equals the acknowledged ones',
  needs: ['conditionalCommit'],
  async run(scope) {
    const id = scope.unique('account');
    const writers: AccountWriter[] = [];
    for (let index = 0; index < WRITERS; index += 1) writers.push(scope.writer(await scope.open(), id));
    const attempts = 2 * WRITERS * INCREMENTS;
    await Promise.all(
      writers.map(({ driver, writerId }) =>
        increment(driver, { accountId: id, writerId, times: INCREMENTS, attempts }),
      ),
    );
    const stored = present('load', await (await scope.open()).load(id));
    const expected = mapOf({ count: `${WRITERS * INCREMENTS}` });
    expectRecords(`${WRITERS} writers after ${INCREMENTS} acknowledged increments each`, stored, expected);
    expectEqual('the revision', stored.head.revision, WRITERS * INCREMENTS);
  },
};

const takeOver: Clause = {
  id: 'CC4',
  group,
  title: "after a take-over the former writer's commits reject, also one sent before and delivered after",
  needs: ['conditionalCommit'],
  async run(scope) {
    const former = await scope.open();
    const heir = await scope.open();
    for (let round = 0; round < 6; round += 1) {
      const writer = scope.writer(former);
      await writer.commit({ owner: 'former', round: `${round}` });
      const sent = Array.from({ length: round }, (_, index) => lateCommit(writer, index));
      const [claim] = await Promise.all([claimed(scope, heir, writer.id), ...sent]);
      // Reading after the claim shows all that the former writer was able to do.
      const stored = present('load after the take-over', await heir.load(writer.id));
      expectHead('the head after the take-over', stored.head, claim);
      const commit = writer.commit({ owner: 'thief' });
      const error = await expectRejection('a commit of the former writer', commit, ['CONFLICT']);
      expectHead('the head that the error carries', error.head, claim);
      await expectRejection('a drop by the former writer', writer.drop(), ['CONFLICT']);
      expectSameAccount('after the former writer has tried', await heir.load(writer.id), stored);
    }
  },
};

function lateCommit(writer: AccountWriter, index: number): Promise<unknown> {
  return settle(writer.driver.commit(writer.id, batchOf({ [`late ${index}`]: '1' }), writer.options()));
}

/** Takes the account over: an empty commit by a new writer, on top of the head that is read, until one is stored. */
async function claimed(scope: ClauseScope, driver: PersistenceDriver, id: string): Promise<AccountHead> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const heir = scope.writer(driver, id);
    await heir.refresh();
    const result = await settle(heir.commit());
    if (result.status === 'fulfilled') return result.value;
    expectError('a claim', result.reason, ['CONFLICT'], ['not-applied']);
    await nextTurn();
  }
  return expectNever('a claim', 'that it succeeds within 100 attempts');
}

const repeated: Clause = {
  id: 'CC5',
  group,
  title: 'repeating a commit that landed resolves with the head and takes effect once, also when it overlaps the first',
  needs: ['conditionalCommit'],
  partNeeds: ['pause if external'],
  async run(scope) {
    if (scope.canPause) await repeatedAfterPause(scope);
    const driver = await scope.open();
    const other = await scope.open();
    await repeatedAfterLanding(scope, driver, other);
    for (let round = 0; round < 10; round += 1) {
      await overlapping(scope, driver, round % 2 === 0 ? driver : other, round < 5 ? 'first' : 'later');
    }
  },
};

async function repeatedAfterLanding(
  scope: ClauseScope,
  driver: PersistenceDriver,
  other: PersistenceDriver,
): Promise<void> {
  const writer = scope.writer(driver);
  const batch = batchOf({ key: '1' }, ['old']);
  const first = writer.options({ meta: 'm' });
  const landed = await writer.commit(batch.upserts, batch.deletes, first);
  const stored = await writer.load();
  for (const by of [driver, other]) {
    expectHead('a commit that is repeated after it landed', await by.commit(writer.id, batch, first), landed);
    expectSameAccount('the account after the repetition', await by.load(writer.id), stored);
  }
  const next = await writer.commit({ key: '2' });
  for (const by of [driver, other]) {
    const error = await expectRejection(
      'a commit that is repeated after a later one of the same writer',
      by.commit(writer.id, batch, first),
      ['CONFLICT'],
    );
    expectHead('the head that the error carries', error.head, next);
    expectRecords('the account after that repetition', await by.load(writer.id), mapOf({ key: '2' }));
  }
  const drop = writer.options();
  const dropped = await writer.drop(drop);
  for (const by of [driver, other]) {
    expectHead('a drop that is repeated', await by.drop(writer.id, drop), dropped);
    await expectRejection('a commit that is repeated after a drop', by.commit(writer.id, batch, first), ['CONFLICT']);
    expectHead('the head after a drop', await by.head(writer.id), dropped);
    expectRecords('a dropped account', await by.load(writer.id), new Map());
  }
}

/** The backend gets to the first attempt, which timed out, and to its repetitions when it goes on. */
async function repeatedAfterPause(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const other = await scope.open();
  for (const when of ['first', 'later'] as const) {
    const writer = scope.writer(driver);
    if (when === 'later') await writer.commit({ key: '0', old: '0' });
    const options = writer.options();
    const batch = batchOf({ key: '1' }, ['old']);
    const attempt = (by: PersistenceDriver, timeoutMs?: number): Promise<AccountHead> =>
      by.commit(writer.id, batch, timeoutMs === undefined ? options : { ...options, timeoutMs });
    const repetition = await scope.whilePaused(async () => {
      await failsInTime(scope, 'a commit against a paused backend', attempt(driver, scope.deadlineMs));
      // In an array, so that it is not awaited here.
      return [settle(recovered('a repetition that began in the pause', () => attempt(driver)))];
    });
    const others = [other, driver].map((by) => settle(recovered('a repetition after the pause', () => attempt(by))));
    const results = await Promise.all([...repetition, ...others]);
    const stored = await other.load(writer.id);
    const what = `a ${when} commit that timed out on a paused backend and was repeated`;
    expectRecords(what, stored, mapOf({ key: '1' }));
    expectEqual(`${what}, revision`, stored?.head.revision, (writer.head?.revision ?? 0) + 1);
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      expectHead(what, result.value, stored?.head);
    }
  }
}

/** Starts a commit twice, without awaiting the first attempt. Both must find it landed, and it must have once. */
async function overlapping(
  scope: ClauseScope,
  driver: PersistenceDriver,
  again: PersistenceDriver,
  when: 'first' | 'later',
): Promise<void> {
  const writer = scope.writer(driver);
  if (when === 'later') await writer.commit({ key: '0', old: '0' });
  const revision = (writer.head?.revision ?? 0) + 1;
  const options = writer.options();
  const batch = batchOf({ key: '1' }, ['old']);
  const attempts = [driver, again, again].map((by) => by.commit(writer.id, batch, options));
  const results = await Promise.all(attempts.map((attempt) => settle(attempt)));
  const stored = await again.load(writer.id);
  const what = `a ${when} commit that overlaps its repetition by ${driver === again ? 'the same' : 'another'} driver`;
  expectRecords(what, stored, mapOf({ key: '1' }));
  expectEqual(`${what}, revision`, stored?.head.revision, revision);
  expectEqual(`${what}, writeId`, stored?.head.writeId, options.writeId);
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') {
      expectThat(`${what}, attempt ${index + 1}`, false, 'that it resolves', result.reason);
    } else expectHead(`${what}, attempt ${index + 1}`, result.value, stored?.head);
  }
}

/** Conditional commit. */
export const conditionalCommitClauses: readonly Clause[] = [differs, oneFirstCommit, increments, takeOver, repeated];
