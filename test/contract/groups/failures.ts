import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, fittingBatch, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectIds,
  expectRecords,
  expectRejection,
  expectThat,
  listed,
  mentions,
  nextTurn,
  present,
  settle,
} from '../expectations.js';
import { outagesOf, recovered } from '../outage.js';
import { errorsOfAStop, readsInOutage } from './outage/failures.js';

const group = 'failures';

const failedCommit: Clause = {
  id: 'FA1',
  group,
  title: 'a failed commit rejects',
  needs: ['failCommits.before'],
  async run(scope) {
    const { before, midway, after } = scope.faults.failCommits ?? {};
    for (const [moment, inject] of Object.entries({ before, midway, after })) {
      if (inject === undefined) continue;
      const driver = await scope.open();
      const writer = scope.writer(driver);
      const old = await writer.commit({ key: '1' });
      const records = mapOf({ key: '2' });
      const size = fittingBatch(driver.limits, { records: 200, valueLength: 4096 });
      for (let n = 1; n < size.records; n += 1) records.set(`filler/${n}`, 'x'.repeat(size.valueLength));
      const options = writer.options();
      const failing = scope.during(inject, driver, () => settle(driver.commit(writer.id, batchOf(records), options)));
      const result = await failing;
      const what = `a commit that fails ${moment} it is applied`;
      // Only a commit that has landed may be said to have succeeded.
      if (result.status === 'fulfilled') expectThat(what, moment === 'after', 'a rejection', result.value);
      else {
        const { outcome } = expectError(what, result.reason);
        if (moment === 'after') expectEqual(`${what}, outcome`, outcome, 'unknown');
        const stored = await driver.load(writer.id);
        const landed = stored?.head.writeId === options.writeId;
        if (outcome === 'not-applied') expectHead(`${what}, the stored head`, stored?.head, old);
        const isWhole = outcome === 'not-applied' || scope.capabilities.atomicCommit;
        if (!landed && isWhole) expectRecords(`${what}, the records`, stored, mapOf({ key: '1' }));
      }
      // The same attempt, repeated: it takes effect once, whatever became of it before.
      if (!scope.capabilities.conditionalCommit) continue;
      const head = await driver.commit(writer.id, batchOf(records), options);
      expectEqual(`${what}, revision after it was repeated`, head.revision, old.revision + 1);
      expectRecords(`${what}, and is repeated`, await (await scope.open()).load(writer.id), records);
    }
  },
};

const failedRead: Clause = {
  id: 'FA2',
  group,
  title: 'a failed head, load or accounts() rejects and never looks empty',
  needs: ['failReads'],
  partNeeds: ['stop if external', 'pause if external'],
  async run(scope) {
    for (const outage of outagesOf(scope)) await readsInOutage(scope, outage);
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    await scope.during(present('faults.failReads', scope.faults.failReads), driver, async () => {
      for (const id of [writer.id, scope.unique('never-written')]) {
        await expectRejection('head that fails', driver.head(id), undefined, ['not-applied']);
        await expectRejection('load that fails', driver.load(id), undefined, ['not-applied']);
      }
      await expectRejection('accounts() that fails', listed(driver.accounts()), undefined, ['not-applied']);
    });
    expectRecords('load after the failure', await writer.load(), mapOf({ key: '1' }));
    expectEqual('accounts() after the failure', await listed(driver.accounts()), [writer.id]);
  },
};

const MANY = 600;

const failedListing: Clause = {
  id: 'FA3',
  group,
  title: 'accounts() that fails midway rejects',
  needs: ['failReads'],
  partNeeds: ['stop if external'],
  async run(scope) {
    const driver = await scope.open();
    const ids = await manyAccounts(scope, driver, MANY);
    const inject = present('faults.failReads', scope.faults.failReads);
    await failsMidway(scope, driver, ids, (rest) => scope.during(inject, driver, rest));
    expectIds('accounts() after the failure', await listed(driver.accounts()), ids);
    if (!scope.canStop) return;
    await failsMidway(scope, driver, ids, (rest) => scope.whileStopped(rest));
    expectIds('accounts() after a stop', await recovered('accounts()', () => listed(driver.accounts())), ids);
  },
};

/** Lists one account, and the others while the reads fail. */
async function failsMidway(
  scope: ClauseScope,
  driver: PersistenceDriver,
  ids: readonly string[],
  during: (rest: () => Promise<PromiseSettledResult<void>>) => Promise<PromiseSettledResult<void>>,
): Promise<void> {
  const iterator = driver.accounts({ timeoutMs: 10 * scope.deadlineMs })[Symbol.asyncIterator]();
  const first = await iterator.next();
  expectEqual('whether there is a first account', first.done ?? false, false);
  const seen = [String(first.value)];
  const rest = async (): Promise<void> => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) seen.push(next.value);
  };
  const result = await during(() => settle(rest()));
  if (result.status === 'rejected') expectError('accounts() that fails midway', result.reason);
  else {
    // It had read them all before the failure; then it must have given them all.
    expectEqual('number of accounts of a listing that ended', seen.length, ids.length);
  }
}

async function manyAccounts(scope: ClauseScope, driver: PersistenceDriver, count: number): Promise<readonly string[]> {
  const writers = Array.from({ length: count }, () => scope.writer(driver));
  for (let start = 0; start < count; start += 50) {
    await Promise.all(writers.slice(start, start + 50).map((writer) => writer.commit()));
  }
  return writers.map(({ id }) => id);
}

const errorsSayEnough: Clause = {
  id: 'FA4',
  group,
  title: 'errors carry code, outcome and cause, and no credentials',
  needs: ['failCommits.before', 'failReads'],
  partNeeds: ['stop if external'],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const { failCommits, failReads } = scope.faults;
    const errors: unknown[] = [];
    const during = async (inject: typeof failReads, attempt: () => Promise<unknown>): Promise<void> => {
      const result = await scope.during(present('a fault', inject), driver, () => settle(attempt()));
      if (result.status !== 'rejected') return;
      const error = expectError('an operation that the backend fails', result.reason);
      expectThat('the cause of an error of the backend', error.cause !== undefined, 'what the backend said');
      errors.push(error);
    };
    await during(failCommits?.before, () => driver.commit(writer.id, batchOf({ key: '2' }), writer.options()));
    await during(failReads, () => driver.head(writer.id));
    await during(failReads, () => driver.load(writer.id));
    await during(failReads, () => listed(driver.accounts()));
    expectThat('errors', errors.length > 0, 'some');
    const aborted = driver.load(writer.id, { signal: AbortSignal.abort() });
    errors.push(await expectRejection('an aborted read', aborted, ['ABORTED'], ['not-applied']));
    errors.push(await expectRejection('an empty id', driver.head(''), ['INVALID_KEY'], ['not-applied']));
    if (scope.canStop) errors.push(...(await errorsOfAStop(scope, writer)));
    for (const secret of scope.subject.secrets ?? []) {
      for (const error of errors) expectEqual('whether an error holds a secret', mentions(error, secret), false);
    }
  },
};

const noBackgroundErrors: Clause = {
  id: 'FA5',
  group,
  title: 'no background error becomes an uncaughtException or unhandledRejection',
  needs: ['failCommits.before', 'failReads'],
  partNeeds: ['stop if external'],
  async run(scope) {
    const seen: unknown[] = [];
    const note = (error: unknown): void => void seen.push(error);
    process.on('unhandledRejection', note);
    process.on('uncaughtExceptionMonitor', note);
    try {
      const driver = await scope.open();
      const writer = scope.writer(driver);
      await writer.commit({ key: '1' });
      const inject = present('faults.failReads', scope.faults.failReads);
      await scope.during(inject, driver, () => interrupted(driver, writer));
      const before = present('faults.failCommits.before', scope.faults.failCommits?.before);
      await scope.during(before, driver, () => interrupted(driver, writer));
      if (scope.canStop) await connectionsLost(scope, driver, writer);
      const closing = driver.close();
      await Promise.all([closing, settle(driver.load(writer.id)), settle(driver.open())]);
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    } finally {
      process.off('unhandledRejection', note);
      process.off('uncaughtExceptionMonitor', note);
    }
    expectEqual('errors that nobody was there to catch', seen, []);
  },
};

/** A stop ends the connections, those of drivers that do nothing too. */
async function connectionsLost(scope: ClauseScope, driver: PersistenceDriver, writer: AccountWriter): Promise<void> {
  const idle = await scope.open();
  await idle.load(writer.id);
  await scope.whileStopped(() => interrupted(driver, writer));
  await recovered('load after a stop', () => driver.load(writer.id));
  // One restart that the drivers do nothing during.
  await scope.whileStopped(nextTurn);
  for (const each of [idle, driver]) await recovered('load after a restart', () => each.load(writer.id));
}

/** Operations that fail, and whose callers do not wait for the end. */
async function interrupted(driver: PersistenceDriver, writer: AccountWriter): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const iterator = driver.accounts({ signal })[Symbol.asyncIterator]();
  const settled = Promise.allSettled([
    driver.commit(writer.id, batchOf({ key: '2' }), { ...writer.options(), signal }),
    driver.commit(writer.id, batchOf({ key: '3' }), { ...writer.options(), timeoutMs: 1 }),
    driver.head(writer.id, { signal }),
    driver.load(writer.id, { timeoutMs: 1 }),
    driver.load(writer.id, { timeoutMs: 3000 }),
    iterator.next(),
  ]);
  await nextTurn();
  controller.abort();
  await settled;
  await settle(Promise.resolve(iterator.return?.()));
}

const unusableBackend: Clause = {
  id: 'FA6',
  group,
  title: 'an unusable backend fails open; there is no silent fallback',
  needs: ['backend of its own', 'stop'],
  async run(scope) {
    const old = scope.writer(await scope.open());
    await old.commit({ key: '1' });
    const driver = scope.driver();
    const added = scope.writer(driver);
    await scope.whileStopped(async () => {
      await expectRejection('open of an unusable backend', driver.open({ timeoutMs: 3000 }));
      await expectRejection('commit to an unusable backend', added.commit({ key: '1' }, [], { timeoutMs: 3000 }));
      await expectRejection('load from an unusable backend', driver.load(old.id, { timeoutMs: 3000 }));
      await expectRejection('accounts() of an unusable backend', listed(driver.accounts({ timeoutMs: 3000 })));
    });
    const reader = await scope.open();
    expectRecords('what was there before', await reader.load(old.id), mapOf({ key: '1' }));
    expectThat('accounts()', (await listed(reader.accounts())).includes(old.id), 'that what was there is listed');
  },
};

/** Failures; FA7 has a file of its own. */
export const failureClauses: readonly Clause[] = [
  failedCommit,
  failedRead,
  failedListing,
  errorsSayEnough,
  noBackgroundErrors,
  unusableBackend,
];
