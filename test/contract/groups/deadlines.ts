import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectNever,
  expectRecords,
  expectRejection,
  expectSameAccount,
  listed,
  nextTurn,
  settle,
} from '../expectations.js';
import { recovered, settlesInTime } from '../outage.js';

const group = 'deadlines';

const abortedBeforehand: Clause = {
  id: 'TI2',
  group,
  title: 'a signal aborted beforehand rejects ABORTED without I/O',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const before = await writer.load();
    const signal = AbortSignal.abort();
    const refused = (what: string, promise: Promise<unknown>): Promise<unknown> =>
      expectRejection(`${what} with an aborted signal`, promise, ['ABORTED'], ['not-applied']);
    await refused('head', driver.head(writer.id, { signal }));
    await refused('load', driver.load(writer.id, { signal }));
    await refused('accounts()', listed(driver.accounts({ signal })));
    await refused('commit', driver.commit(writer.id, batchOf({ key: '2' }), { ...writer.options(), signal }));
    const first = { ...writer.options(), expected: undefined, signal };
    await refused('a first commit', driver.commit(scope.unique('account'), batchOf({ key: '2' }), first));
    await refused('drop', driver.drop(writer.id, { ...writer.options(), signal }));
    await refused('open', scope.driver().open({ signal }));
    expectSameAccount('the account', await writer.load(), before);
    expectEqual('accounts()', await listed(driver.accounts()), [writer.id]);
    await writer.commit({ key: '3' });
  },
};

const abortedMidway: Clause = {
  id: 'TI3',
  group,
  title: 'a signal aborted midway rejects ABORTED, outcome unknown for a commit; also on a paused backend',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    if (scope.canPause) await abortedWhilePaused(scope);
    const driver = await scope.open();
    for (let round = 0; round < 12; round += 1) {
      const writer = scope.writer(driver);
      await writer.commit({ key: 'before' });
      await (round % 4 === 3 ? abortedReads(driver, writer) : abortedCommit(scope, driver, writer, round));
    }
  },
};

async function abortedCommit(
  scope: ClauseScope,
  driver: PersistenceDriver,
  writer: AccountWriter,
  round: number,
): Promise<void> {
  const controller = new AbortController();
  const options = writer.options({ signal: controller.signal });
  const commit = settle(driver.commit(writer.id, batchOf({ key: 'aborted' }), options));
  for (let turn = 0; turn < round; turn += 1) await Promise.resolve();
  controller.abort();
  const result = await commit;
  if (result.status === 'rejected') {
    const { outcome } = expectError('a commit that is aborted midway', result.reason, ['ABORTED']);
    const now = await driver.load(writer.id);
    const landed = now?.head.writeId === options.writeId;
    if (outcome === 'not-applied') expectEqual('whether a commit landed that was not applied', landed, false);
    const isWhole = outcome === 'not-applied' || scope.capabilities.atomicCommit;
    if (isWhole) expectRecords('after a commit that was aborted', now, mapOf({ key: landed ? 'aborted' : 'before' }));
  }
  if (!scope.capabilities.conditionalCommit) return;
  // A repetition settles what became of it, and takes effect once.
  const { signal: _aborted, ...again } = options;
  const head = await driver.commit(writer.id, batchOf({ key: 'aborted' }), again);
  expectEqual('revision after the repetition', head.revision, (writer.head?.revision ?? 0) + 1);
  const stored = await driver.load(writer.id);
  expectHead('the head after the repetition', stored?.head, head);
  expectRecords('after the repetition', stored, mapOf({ key: 'aborted' }));
}

/** Nothing can settle there by itself: the abort has to do it, and at once. */
async function abortedWhilePaused(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const writer = scope.writer(driver);
  await writer.commit({ key: 'before' });
  const controller = new AbortController();
  const { signal } = controller;
  const options = writer.options({ signal });
  await scope.whilePaused(async () => {
    const operations: readonly Promise<unknown>[] = [
      driver.commit(writer.id, batchOf({ key: 'aborted' }), options),
      driver.head(writer.id, { signal }),
      driver.load(writer.id, { signal }),
      listed(driver.accounts({ signal })),
      scope.driver().open({ signal }),
    ];
    const settled = operations.map((operation) => settlesInTime(scope, 'an operation that is aborted', operation));
    await nextTurn();
    controller.abort();
    for (const [index, result] of (await Promise.all(settled)).entries()) {
      const what = `operation ${index + 1} of those that were aborted while the backend was paused`;
      if (result.status === 'fulfilled') expectNever(what, 'a rejection with ABORTED');
      expectError(what, result.reason, ['ABORTED'], [index === 0 ? 'unknown' : 'not-applied']);
    }
  });
  if (!scope.capabilities.conditionalCommit) return;
  const { signal: _aborted, ...again } = options;
  const head = await recovered('the commit that was aborted, repeated', () =>
    driver.commit(writer.id, batchOf({ key: 'aborted' }), again),
  );
  expectEqual('revision after the repetition', head.revision, (writer.head?.revision ?? 0) + 1);
  expectRecords('after the repetition', await driver.load(writer.id), mapOf({ key: 'aborted' }));
}

async function abortedReads(driver: PersistenceDriver, writer: AccountWriter): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const reads = [
    driver.head(writer.id, { signal }),
    driver.load(writer.id, { signal }),
    listed(driver.accounts({ signal })),
  ];
  const settled = Promise.allSettled(reads);
  controller.abort();
  for (const result of await settled) {
    if (result.status === 'rejected') {
      expectError('a read that is aborted midway', result.reason, ['ABORTED'], ['not-applied']);
    }
  }
  expectRecords('after reads that were aborted', await writer.load(), mapOf({ key: 'before' }));
}

/** Deadlines. */
export const deadlineClauses: readonly Clause[] = [abortedBeforehand, abortedMidway];
