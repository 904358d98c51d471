import { batchOf, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectRecords,
  expectRejection,
  listed,
  present,
  settle,
} from '../expectations.js';

const group = 'recovery';

const worksAgain: Clause = {
  id: 'RE1',
  group,
  title: 'after the backend restarts, the same driver works again without being remade',
  needs: ['backend of its own', 'stop'],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    for (let outage = 0; outage < 2; outage += 1) {
      const options = writer.options({ timeoutMs: 3000 });
      await scope.whileStopped(async () => {
        await expectRejection('load during an outage', driver.load(writer.id, { timeoutMs: 3000 }));
        await expectRejection('commit during an outage', driver.commit(writer.id, batchOf({ key: '2' }), options));
      });
      const head = await driver.commit(writer.id, batchOf({ key: '2' }), options);
      expectEqual('revision of the commit that is repeated', head.revision, (writer.head?.revision ?? 0) + 1);
      expectRecords('load after an outage', await driver.load(writer.id), mapOf({ key: '2' }));
      expectEqual('accounts() after an outage', await listed(driver.accounts()), [writer.id]);
      await writer.refresh();
    }
  },
};

const neverReplayed: Clause = {
  id: 'RE2',
  group,
  title: 'what was reported not-applied is never replayed',
  needs: ['failCommits.before'],
  async run(scope) {
    const inject = present('faults.failCommits.before', scope.faults.failCommits?.before);
    const driver = await scope.open();
    const other = await scope.open();
    const writer = scope.writer(driver);
    const fresh = scope.writer(driver);
    let head = await writer.commit({ key: '0' });
    const failed = await scope.during(inject, driver, async () => {
      const commits = [writer.commit({ key: 'failed', more: '1' }), fresh.commit({ key: 'failed' })];
      return Promise.all(commits.map((commit) => settle(commit)));
    });
    const outcomes = failed.map((result) =>
      result.status === 'rejected' ? expectError('a commit that fails', result.reason).outcome : 'applied',
    );
    for (let poll = 0; poll < 10; poll += 1) {
      for (const reader of [driver, other]) {
        const what = `poll ${poll}, after a commit that was ${outcomes[0]}`;
        const stored = await reader.load(writer.id);
        if (outcomes[0] === 'not-applied') {
          expectHead(what, stored?.head, head);
          expectRecords(what, stored, mapOf({ key: `${poll}` }));
        }
        if (outcomes[1] === 'not-applied') {
          expectEqual('an account whose first commit was not applied', await reader.load(fresh.id), undefined);
        }
      }
      // The failed attempt expected a head that is replaced now; it must not land on top either.
      await writer.refresh();
      head = await writer.commit({ key: `${poll + 1}` }, ['more']);
    }
    await driver.close();
    const stored = await other.load(writer.id);
    expectHead('the head, after close', stored?.head, head);
    expectRecords('the records, after close', stored, mapOf({ key: '10' }));
  },
};

const openedLater: Clause = {
  id: 'RE3',
  group,
  title: 'a backend that was down at open can be opened later',
  needs: ['backend of its own', 'stop'],
  async run(scope) {
    const old = scope.writer(await scope.open());
    await old.commit({ key: '1' });
    const driver = scope.driver();
    await scope.whileStopped(async () => {
      await expectRejection('open while the backend is down', driver.open({ timeoutMs: 3000 }));
      await expectRejection('a second open while the backend is down', driver.open({ timeoutMs: 3000 }));
    });
    await driver.open();
    expectRecords('load after open', await driver.load(old.id), mapOf({ key: '1' }));
    await scope.writer(driver).commit({ key: '1' });
  },
};

/** Recovery. */
export const recoveryClauses: readonly Clause[] = [worksAgain, neverReplayed, openedLater];
