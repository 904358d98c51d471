import type { AccountHead, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { batchOf, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectRecords,
  expectRejection,
  expectThat,
  listed,
  present,
  settle,
} from '../../expectations.js';
import { recovered, watched } from '../../outage.js';

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
      const { timeoutMs: _short, ...again } = options;
      const head = await recovered('the commit of the outage, repeated', () =>
        driver.commit(writer.id, batchOf({ key: '2' }), again),
      );
      const next = (writer.head?.revision ?? 0) + 1;
      // Repeating one that landed takes effect once only where commits are conditional.
      if (scope.capabilities.conditionalCommit) expectEqual('revision of the repetition', head.revision, next);
      else expectThat('revision of the repetition', head.revision >= next, `${next} or more`, head.revision);
      expectRecords('load after an outage', await driver.load(writer.id), mapOf({ key: '2' }));
      expectEqual('accounts() after an outage', await listed(driver.accounts()), [writer.id]);
      await writer.refresh();
    }
  },
};

const neverReplayed: Clause = {
  id: 'RE2',
  group,
  title: 'what was reported not-applied is never replayed, by itself or by what comes next',
  needs: ['failCommits.before'],
  partNeeds: ['stop if external'],
  async run(scope) {
    const inject = present('faults.failCommits.before', scope.faults.failCommits?.before);
    await failsAndStays(scope, (driver, failing) => scope.during(inject, driver, failing));
    const timeoutMs = 4 * scope.deadlineMs;
    if (scope.canStop) await failsAndStays(scope, (_driver, failing) => scope.whileStopped(failing), { timeoutMs });
  },
};

type Failing = () => Promise<readonly PromiseSettledResult<AccountHead>[]>;

/** Commits while commits fail, and watches afterwards what becomes of those that were not applied. */
async function failsAndStays(
  scope: ClauseScope,
  during: (driver: PersistenceDriver, failing: Failing) => ReturnType<Failing>,
  more: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const driver = await scope.open();
  const other = await scope.open();
  const writer = scope.writer(driver);
  const fresh = scope.writer(driver);
  let head = await writer.commit({ key: '0' });
  const failed = await during(driver, async () => {
    const commits = [writer.commit({ key: 'failed', more: '1' }, [], more), fresh.commit({ key: 'failed' }, [], more)];
    return Promise.all(commits.map((commit) => settle(commit)));
  });
  const outcomes = failed.map((result) =>
    result.status === 'rejected' ? expectError('a commit that fails', result.reason).outcome : 'applied',
  );
  for (const reader of [driver, other]) await recovered('load after the failure', () => reader.load(writer.id));
  const isUnchanged = async (key: string): Promise<void> => {
    for (const reader of [driver, other]) {
      const what = `after a commit that was ${outcomes[0]}`;
      const stored = await reader.load(writer.id);
      if (outcomes[0] === 'not-applied') {
        expectHead(what, stored?.head, head);
        expectRecords(what, stored, mapOf({ key }));
      }
      if (outcomes[1] === 'not-applied') {
        expectEqual('an account whose first commit was not applied', await reader.load(fresh.id), undefined);
      }
    }
  };
  // Nobody writes meanwhile: a replay would find the head that it expects.
  await watched(() => isUnchanged('0'));
  for (let round = 0; round < 10; round += 1) {
    await isUnchanged(`${round}`);
    // The failed attempt expected a head that is replaced now; it must not land on top either.
    await writer.refresh();
    head = await writer.commit({ key: `${round + 1}` }, ['more']);
  }
  await driver.close();
  // One of unknown outcome may still land where commits are not conditional.
  if (outcomes[0] !== 'not-applied' && !scope.capabilities.conditionalCommit) return;
  const stored = await other.load(writer.id);
  expectHead('the head, after close', stored?.head, head);
  expectRecords('the records, after close', stored, mapOf({ key: '10' }));
}

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
    await recovered('open of a backend that was down', () => driver.open());
    expectRecords('load after open', await driver.load(old.id), mapOf({ key: '1' }));
    await scope.writer(driver).commit({ key: '1' });
  },
};

/** Recovery. */
export const recoveryClauses: readonly Clause[] = [worksAgain, neverReplayed, openedLater];
