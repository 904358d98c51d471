import type { AccountHead, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, expectedOf, fittingBatch, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectRecords,
  expectThat,
  nextTurn,
  present,
  settle,
} from '../../expectations.js';
import { failsInTime, recovered, takenOver } from '../../outage.js';

const group = 'order';
/** Around what integers of 32 bits hold, and floats of 32 bits do not. */
const LARGE_FLOORS = [2 ** 31 - 1, 2 ** 32, 2 ** 48];

const oneMore: Clause = {
  id: 'OR1',
  group,
  title: 'every commit returns a head whose revision is the stored one plus one, above revisionFloor, and beyond 2^31',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const next = async (what: string, revision: number, change: Promise<AccountHead>): Promise<void> => {
      const head = await change;
      expectEqual(`revision of ${what}`, head.revision, revision);
      expectHead(`the stored head after ${what}`, await driver.head(writer.id), head);
    };
    await next('the first commit', 1, writer.commit({ key: '1' }));
    await next('a second commit', 2, writer.commit({ key: '2' }));
    await next('a commit of identical values', 3, writer.commit({ key: '2' }));
    await next('a commit of deletes', 4, writer.commit({}, ['key']));
    await next('an empty commit', 5, writer.commit());
    await next('a drop', 6, writer.drop());
    await next('a second drop', 7, writer.drop());
    await next('a commit after a drop', 8, writer.commit({ key: '3' }));
    await next('a floor below', 9, writer.commit({}, [], { revisionFloor: 3 }));
    await next('a floor that is the stored revision', 10, writer.commit({}, [], { revisionFloor: 9 }));
    await next('a floor above', 101, writer.commit({}, [], { revisionFloor: 100 }));
    await next('a drop with a floor above', 1001, writer.drop({ revisionFloor: 1000 }));
    const other = scope.writer(driver);
    expectEqual(
      'revision of a first commit with a floor',
      (await other.commit({}, [], { revisionFloor: 41 })).revision,
      42,
    );
    for (const floor of LARGE_FLOORS) {
      await next(`a floor of ${floor}`, floor + 1, writer.commit({ key: `${floor}` }, [], { revisionFloor: floor }));
      await next(`a commit above a floor of ${floor}`, floor + 2, writer.commit());
      const stored = await (await scope.open()).load(writer.id);
      expectHead(`what another driver loads at revision ${floor + 2}`, stored?.head, writer.head);
    }
  },
};

const newerForAll: Clause = {
  id: 'OR2',
  group,
  title: 'after an acknowledgement every driver reads that revision or a newer one',
  needs: [],
  async run(scope) {
    const drivers = [await scope.open(), await scope.open(), await scope.open()];
    const writer = scope.writer(drivers[0] as PersistenceDriver);
    for (let number = 1; number <= 25; number += 1) {
      const { revision } = await writer.commit({ number: `${number}` });
      const reads = drivers.map(async (reader, index) => {
        const [head, stored] = await Promise.all([reader.head(writer.id), reader.load(writer.id)]);
        const what = `driver ${index + 1} after revision ${revision} was acknowledged`;
        expectThat(`${what}, head`, (head?.revision ?? 0) >= revision, `${revision} or newer`, head);
        expectThat(`${what}, load`, (stored?.head.revision ?? 0) >= revision, `${revision} or newer`, stored?.head);
        expectEqual(`${what}, record`, stored?.records.get('number'), `${number}`);
      });
      await Promise.all(reads);
    }
  },
};

const inCallOrder: Clause = {
  id: 'OR3',
  group,
  title: 'commits that were not awaited apply in call order or reject',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    for (let round = 0; round < 5; round += 1) {
      const writer = scope.writer(driver);
      await writer.commit({ last: '0' });
      const results = await Promise.all(chained(writer, 20).map((commit) => settle(commit)));
      const landed = results.flatMap((result, index) => (result.status === 'fulfilled' ? [index + 1] : []));
      for (const result of results) {
        if (result.status === 'rejected') expectError('a commit that was not awaited', result.reason);
      }
      // One that landed on top of an earlier one that did not would have been refused by a conditional driver.
      const stored = present('load', await (await scope.open()).load(writer.id));
      const records = new Map(landed.map((number) => [`at/${number}`, `${number}`]));
      records.set('last', `${landed.at(-1) ?? 0}`);
      expectRecords(`after commits ${landed.join(', ')} were acknowledged`, stored, records);
      expectEqual('revision', stored.head.revision, landed.length + 1);
    }
  },
};

/** Starts commits 1, 2, …, each of which expects the head of the one before. */
function chained(writer: AccountWriter, length: number): readonly Promise<AccountHead>[] {
  let expected = expectedOf(writer.head);
  return Array.from({ length }, (_, index) => {
    const options = { ...writer.options(), expected };
    expected = { revision: (expected?.revision ?? 0) + 1, writeId: options.writeId };
    const batch = batchOf({ last: `${index + 1}`, [`at/${index + 1}`]: `${index + 1}` });
    return writer.driver.commit(writer.id, batch, options);
  });
}

const neverOnTop: Clause = {
  id: 'OR4',
  group,
  title: 'a write that was reported as timed out or aborted never lands on top of a later acknowledged one',
  needs: ['conditionalCommit'],
  partNeeds: ['pause if external'],
  async run(scope) {
    if (scope.canPause) await lateAfterPause(scope);
    const driver = await scope.open();
    const other = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ value: 'start' });
    for (let round = 0; round < 12; round += 1) {
      const [late, outcome] = await interrupted(scope, writer, round);
      if (outcome === 'landed') continue;
      const by = scope.writer(round % 2 === 0 ? driver : other, writer.id);
      const head = await takenOver(by, `after ${late}`);
      for (let poll = 0; poll < 10; poll += 1) {
        for (const reader of [driver, other]) {
          const stored = await reader.load(writer.id);
          const what = `round ${round}, poll ${poll}: a commit that was acknowledged after ${late} was interrupted`;
          expectHead(what, stored?.head, head);
          expectRecords(what, stored, mapOf({ value: `after ${late}` }));
        }
      }
      await writer.refresh();
    }
    const last = await writer.commit({ value: 'last' });
    await driver.close();
    const stored = await other.load(writer.id);
    expectHead('the last head, after close', stored?.head, last);
    expectRecords('the last commit, after close', stored, mapOf({ value: 'last' }));
  },
};

/** Makes a commit that is interrupted at a different moment in each round. */
async function interrupted(
  scope: ClauseScope,
  writer: AccountWriter,
  round: number,
): Promise<readonly [name: string, outcome: 'landed' | 'interrupted']> {
  const name = `late ${round}`;
  const controller = new AbortController();
  const more = round % 3 === 0 ? { timeoutMs: 1 } : { signal: controller.signal };
  // A batch that takes its time, so that the interruption comes before its end.
  const { records } = fittingBatch(writer.driver.limits, { records: 300, valueLength: name.length });
  const upserts = new Map([
    ['value', name],
    ...Array.from({ length: records }, (_, n): [string, string] => [`n${n}`, name]),
  ]);
  const deletes = new Set<string>();
  const commit = settle(writer.driver.commit(writer.id, { upserts, deletes }, writer.options(more)));
  for (let turn = scope.random.below(4); turn > 0; turn -= 1) await Promise.resolve();
  if (round % 3 === 2) await nextTurn();
  controller.abort();
  const result = await commit;
  if (result.status === 'fulfilled') {
    await writer.refresh();
    await writer.commit(
      {},
      [...upserts.keys()].filter((key) => key !== 'value'),
    );
    return [name, 'landed'];
  }
  expectError('an interrupted commit', result.reason, ['TIMEOUT', 'ABORTED']);
  return [name, 'interrupted'];
}

/** Commits time out against a backend that answers nothing, and gets to them when it goes on. */
async function lateAfterPause(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const other = await scope.open();
  const writers = [1, 2, 3].map(() => scope.writer(driver));
  for (const writer of writers) await writer.commit({ value: 'start' });
  const timeoutMs = scope.deadlineMs;
  await scope.whilePaused(async () => {
    const late = writers.map((writer) => writer.commit({ value: 'late' }, [], { timeoutMs }));
    const what = 'a commit against a paused backend';
    await Promise.all(late.map((commit) => failsInTime(scope, what, commit)));
  });
  for (const [index, writer] of writers.entries()) {
    const by = scope.writer(index === 1 ? driver : other, writer.id);
    const head = await takenOver(by, `taken over ${index}`);
    for (let poll = 0; poll < 10; poll += 1) {
      for (const reader of [driver, other]) {
        const stored = await recovered('load after a pause', () => reader.load(writer.id));
        const what = `poll ${poll}: a commit that was acknowledged after one that timed out on a paused backend`;
        expectHead(what, stored?.head, head);
        expectRecords(what, stored, mapOf({ value: `taken over ${index}` }));
      }
    }
  }
  await driver.close();
  for (const [index, { id }] of writers.entries()) {
    const what = 'what was acknowledged after a pause, after close of the driver that timed out';
    expectRecords(what, await other.load(id), mapOf({ value: `taken over ${index}` }));
  }
}

/** Order. */
export const orderClauses: readonly Clause[] = [oneMore, newerForAll, inCallOrder, neverOnTop];
