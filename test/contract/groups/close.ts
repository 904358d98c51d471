import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectRecords,
  expectRejection,
  expectSameAccount,
  expectThat,
  listed,
  nextTurn,
  present,
  settle,
} from '../expectations.js';
import { OUTAGE_CODES, settlesInTime } from '../outage.js';

const group = 'close';

const idempotent: Clause = {
  id: 'CL1',
  group,
  title: 'close is idempotent, also concurrently and without open, and settles by its deadline on a paused backend',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    if (scope.canPause) await closedWhilePaused(scope);
    const used = await scope.open();
    const writer = scope.writer(used);
    await writer.commit({ key: '1' });
    await used.head(writer.id);
    for (const driver of [used, await scope.open(), scope.driver()]) {
      await Promise.all([driver.close(), driver.close({ timeoutMs: 5000 }), driver.close()]);
      await driver.close();
    }
    const opening = scope.driver();
    const [opened, closed] = await Promise.all([settle(opening.open()), settle(opening.close())]);
    expectEqual('status of a close beside an open', closed.status, 'fulfilled');
    if (opened.status === 'rejected') await expectRejection('an open beside a close', Promise.reject(opened.reason));
    await expectRejection('head after a close beside an open', opening.head(writer.id), ['CLOSED']);
  },
};

async function closedWhilePaused(scope: ClauseScope): Promise<void> {
  const idle = await scope.open();
  const busy = await scope.open();
  const opening = scope.driver();
  const writer = scope.writer(busy);
  await writer.commit({ key: '1' });
  await idle.load(writer.id);
  const timeoutMs = scope.deadlineMs;
  const drivers = [idle, busy, opening, scope.driver()];
  await scope.whilePaused(async () => {
    // These have more time than the close has: it must not wait for them to the end.
    const long = { timeoutMs: 60_000 };
    const operations: readonly Promise<unknown>[] = [
      busy.commit(writer.id, batchOf({ key: '2' }), writer.options(long)),
      busy.load(writer.id, long),
      opening.open(long),
    ];
    const started = operations.map((operation) => settle(operation));
    await nextTurn();
    const closes = drivers.flatMap((driver) => [driver.close({ timeoutMs }), driver.close({ timeoutMs })]);
    const what = 'close on a paused backend';
    for (const result of await Promise.all(closes.map((close) => settlesInTime(scope, what, close)))) {
      if (result.status === 'rejected') expectError(what, result.reason, OUTAGE_CODES);
    }
    for (const driver of drivers) await settlesInTime(scope, 'one more close', driver.close({ timeoutMs }));
    const ended = started.map((each) => settlesInTime(scope, 'what was in flight when the driver was closed', each));
    for (const driver of drivers) {
      await expectRejection('load after a close on a paused backend', driver.load(writer.id), ['CLOSED']);
    }
    await Promise.all(ended);
  });
  for (const driver of drivers) {
    await driver.close();
    await expectRejection('head after the backend was paused', driver.head(writer.id), ['CLOSED']);
  }
}

const closedForGood: Clause = {
  id: 'CL2',
  group,
  title: 'operations after close reject CLOSED and never reconnect',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const reader = await scope.open();
    const before = await reader.load(writer.id);
    await driver.close();
    for (const closed of [driver, await closedWithoutOpen(scope.driver())]) {
      for (let time = 1; time <= 2; time += 1) {
        await rejectsAll(closed, writer, time);
        await closed.close();
      }
    }
    expectSameAccount('the account', await reader.load(writer.id), before);
    expectEqual('accounts()', await listed(reader.accounts()), [writer.id]);
  },
};

async function closedWithoutOpen(driver: PersistenceDriver): Promise<PersistenceDriver> {
  await driver.close();
  return driver;
}

async function rejectsAll(driver: PersistenceDriver, writer: AccountWriter, time: number): Promise<void> {
  const refused = (what: string, promise: Promise<unknown>): Promise<unknown> =>
    expectRejection(`${what} after close, time ${time}`, promise, ['CLOSED'], ['not-applied']);
  await refused('head', driver.head(writer.id));
  await refused('load', driver.load(writer.id));
  await refused('accounts()', listed(driver.accounts()));
  await refused('commit', driver.commit(writer.id, batchOf({ key: '2' }), writer.options()));
  await refused('drop', driver.drop(writer.id, writer.options()));
  await refused('open', driver.open());
  await refused('load after open', driver.load(writer.id));
}

const awaitsInFlight: Clause = {
  id: 'CL3',
  group,
  title: 'close awaits what is in flight',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    // Of different accounts, so that none has to wait for the outcome of another one.
    const writers = Array.from({ length: 15 }, () => scope.writer(driver));
    for (const writer of writers.slice(5)) await writer.commit({ key: '0' });
    const settled = new Set<string>();
    const commits = writers.map(async (writer) => {
      const commit = driver.commit(writer.id, batchOf({ key: '1', more: '2' }), writer.options());
      await settle(commit);
      settled.add(writer.id);
      return commit;
    });
    const results = Promise.allSettled(commits);
    await driver.close();
    // Promises that settled before close may take a few microtasks to get here.
    await nextTurn();
    expectEqual('commits that have settled when close resolves', settled.size, commits.length);
    const rejected = (await results).filter((result) => result.status === 'rejected');
    expectThat('commits that were in flight', rejected.length === 0, 'that they succeed', rejected[0]);
    const reader = await scope.open();
    for (const { id } of writers) {
      const records = mapOf({ key: '1', more: '2' });
      expectRecords('an account that was written while the driver was closed', await reader.load(id), records);
    }
  },
};

const processExits: Clause = {
  id: 'CL4',
  group,
  title: 'the process then exits by itself',
  needs: ['module'],
  async run(scope) {
    const id = scope.unique('account');
    const { writerId, writeId, expected } = scope.writer(scope.driver(), id).options();
    const process = await scope.process();
    await process.open();
    await process.commit(id, batchOf({ key: '1' }), { writerId, writeId, expected });
    expectRecords('load by the process', await process.load(id), new Map([['key', '1']]));
    await process.accounts();
    await process.close();
    process.disconnect();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), 10_000);
    });
    const end = await Promise.race([process.ended, late]);
    clearTimeout(timer);
    const { code, signal } = present('end of the process within 10 s after close', end);
    expectEqual('exit code', code, 0);
    expectEqual('signal', signal, null);
  },
};

/** Close. */
export const closeClauses: readonly Clause[] = [idempotent, closedForGood, awaitsInFlight, processExits];
