import type { AccountHead, PersistenceDriver, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, fittingBatch, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import {
  expectEqual,
  expectHead,
  expectRecords,
  expectRejection,
  expectThat,
  nextTurn,
  present,
} from '../../expectations.js';
import { countedRecord } from '../../second-process-protocol.js';
import type { Inject } from '../../subject.js';

const group = 'atomic commit';
/** The records of a commit that fails midway, where the driver's limits allow so many. */
const WANTED = { records: 200, valueLength: 4096 };

type BatchShape = ReturnType<typeof fittingBatch>;

function counted(count: number, { records, valueLength }: BatchShape): Map<string, string> {
  return new Map(Array.from({ length: records }, (_, index) => countedRecord(index, count, valueLength)));
}

/** The records before a commit that fails midway; the commit makes each of them longer. */
function small({ records }: BatchShape): Map<string, string> {
  return counted(1, { records, valueLength: 20 });
}

const allOrNone: Clause = {
  id: 'AC1',
  group,
  title: 'a failure while a commit of many records is under way leaves all of it or none, after reopening',
  needs: ['atomicCommit', 'means to interrupt'],
  async run(scope) {
    const { failCommits } = scope.faults;
    if (failCommits?.midway !== undefined) await failingMidway(scope, failCommits.midway);
    if (scope.subject.module !== undefined && scope.capabilities.durability !== 'none') {
      const shape = fittingBatch(scope.driver().limits, WANTED);
      await killedMidway(scope, { ...shape, after: [1, 3, 6] });
    }
  },
};

async function failingMidway(scope: ClauseScope, midway: Inject): Promise<void> {
  for (const first of [false, true]) {
    const driver = await scope.open();
    const shape = fittingBatch(driver.limits, WANTED);
    const writer = scope.writer(driver);
    if (!first) await writer.commit(small(shape));
    const before = writer.head;
    const options = writer.options();
    const error = await scope.during(midway, driver, () =>
      expectRejection('a commit that fails midway', driver.commit(writer.id, batchOf(counted(2, shape)), options)),
    );
    const landed = await allOrNothing(await scope.open(), { writer, before, shape }, options.writeId);
    if (error.outcome === 'not-applied') expectEqual('whether a commit landed that was not applied', landed, false);
    await driver.close();
    const reopened = await scope.open();
    const landedByNow = await allOrNothing(reopened, { writer, before, shape }, options.writeId);
    // Repeating one that landed takes effect once only where commits are conditional.
    if (landedByNow && !scope.capabilities.conditionalCommit) continue;
    await reopened.commit(writer.id, batchOf(counted(2, shape)), options);
    expectEqual(
      'whether the repeated commit landed',
      await allOrNothing(reopened, { writer, before, shape }, options.writeId),
      true,
    );
  }
}

interface FailedCommit {
  readonly writer: AccountWriter;
  readonly before: AccountHead | undefined;
  readonly shape: BatchShape;
}

/** Fails unless all or nothing of commit 2 is there. @returns whether it is */
async function allOrNothing(
  reader: PersistenceDriver,
  { writer, before, shape }: FailedCommit,
  writeId: string,
): Promise<boolean> {
  const stored = await reader.load(writer.id);
  const landed = stored?.head.writeId === writeId;
  const what = `after a commit that failed midway${landed ? ', and whose head is stored' : ''}`;
  if (!landed && before === undefined) expectEqual(what, stored, undefined);
  else {
    expectRecords(what, stored, landed ? counted(2, shape) : small(shape));
    expectEqual(`${what}, revision`, stored?.head.revision, (before?.revision ?? 0) + (landed ? 1 : 0));
  }
  return landed;
}

interface KilledCommits extends BatchShape {
  /** After how many acknowledged commits the process is killed, each time. */
  readonly after: readonly number[];
}

/** A process is killed while it commits so many records again and again. */
export async function killedMidway(
  scope: ClauseScope,
  { records, valueLength, after: times }: KilledCommits,
): Promise<void> {
  for (const after of times) {
    const id = scope.unique('killed');
    const process = await scope.process();
    const counts = await process.killWhileCommitting([id], records, valueLength, after);
    const acknowledged = counts.get(id) ?? 0;
    const stored = present('load after SIGKILL', await (await scope.open()).load(id));
    const { revision } = stored.head;
    expectThat('revision after SIGKILL', revision >= acknowledged, `${acknowledged} or more`, revision);
    expectRecords(`after SIGKILL at revision ${revision}`, stored, counted(revision, { records, valueLength }));
  }
}

const neverHalfABatch: Clause = {
  id: 'AC2',
  group,
  title: 'load beside a writer never returns half a batch or a mixture of revisions',
  needs: ['atomicCommit'],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    const batch = (number: number): Map<string, string> =>
      new Map(Array.from({ length: 50 }, (_, index) => [`r${index}`, `${number}`]));
    await writer.commit(batch(0), [], { meta: '0' });
    let writing = true;
    const write = async (): Promise<void> => {
      try {
        // Every third commit takes the records out: they have to go, and come back, together.
        for (let number = 1; number <= 60; number += 1) {
          if (number % 3 === 0) await writer.commit({}, batch(0).keys(), { meta: 'none' });
          else await writer.commit(batch(number), [], { meta: `${number}` });
        }
      } finally {
        writing = false;
      }
    };
    const read = async (reader: PersistenceDriver): Promise<void> => {
      let last = 0;
      let loads = 0;
      do {
        const stored = present('load', await reader.load(writer.id));
        expectOneCommit(stored);
        expectThat('revisions of two loads', stored.head.revision >= last, `${last} or later`, stored.head.revision);
        last = stored.head.revision;
        loads += 1;
        if (loads % 20 === 0) await nextTurn();
      } while (writing);
    };
    const readers = [writer.driver, await scope.open(), await scope.open()];
    await Promise.all([write(), ...readers.map(read)]);
  },
};

function expectOneCommit({ head, records }: StoredAccount): void {
  const what = `load at revision ${head.revision}`;
  expectEqual(`${what}, number of records`, records.size, head.meta === 'none' ? 0 : 50);
  expectEqual(
    `${what}, numbers in the records`,
    [...new Set(records.values())],
    head.meta === 'none' ? [] : [head.meta],
  );
}

const upsertsAndDeletes: Clause = {
  id: 'AC3',
  group,
  title: 'upserts and deletes of one batch apply together',
  needs: ['atomicCommit'],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    const reader = await scope.open();
    await writer.commit({ token: '0', 'at/0': '0' });
    for (let number = 1; number <= 20; number += 1) {
      // One record moves from key to key: it is never in both places, and never in none.
      const move = writer.commit({ token: `${number}`, [`at/${number}`]: `${number}` }, [`at/${number - 1}`]);
      const seen = present('load', await reader.load(writer.id));
      const token = seen.records.get('token');
      expectRecords('beside the commit', seen, mapOf({ token: `${token}`, [`at/${token}`]: `${token}` }));
      await move;
      expectRecords(
        'after the commit',
        await reader.load(writer.id),
        mapOf({ token: `${number}`, [`at/${number}`]: `${number}` }),
      );
    }
  },
};

const emptyBatch: Clause = {
  id: 'AC4',
  group,
  title: 'an empty batch succeeds and raises the revision',
  needs: ['atomicCommit'],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    const first = await writer.commit({ key: '1' });
    const second = await writer.commit();
    expectEqual('revision after an empty batch', second.revision, first.revision + 1);
    const stored = await (await scope.open()).load(writer.id);
    expectHead('the head after an empty batch', stored?.head, second);
    expectRecords('the records after an empty batch', stored, mapOf({ key: '1' }));
  },
};

/** Atomic commit. */
export const atomicCommitClauses: readonly Clause[] = [allOrNone, neverHalfABatch, upsertsAndDeletes, emptyBatch];
