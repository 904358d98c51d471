import type { PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import type { AccountWriter } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectError, expectHead, settle } from '../../expectations.js';
import { recovered, settlesInTime, watched } from '../../outage.js';

/** Some of them run out before the commit is sent, and some after. */
const DEADLINES_MS = [0.4, 1, 2, 3, 5, 8, 13, 21, 34];
const RECORDS = 500;

const lateIsUnknown: Clause = {
  id: 'TI4',
  group: 'deadlines',
  title: 'a commit that timed out after it was sent says outcome unknown; also on a paused backend',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    const driver = await scope.open();
    const denied: AccountWriter[] = [];
    for (const timeoutMs of DEADLINES_MS) {
      const writer = await started(scope, driver);
      if (await isDenied(largeCommit(writer, timeoutMs))) denied.push(writer);
    }
    if (scope.canPause) {
      const writers = await Promise.all([1, 2, 3].map(() => started(scope, driver)));
      await scope.whilePaused(async () => {
        const commits = writers.map(async (writer) => {
          const commit = largeCommit(writer, scope.deadlineMs);
          const result = await settlesInTime(scope, 'a commit against a paused backend', commit);
          if (result.status === 'rejected' && (await isDenied(Promise.reject(result.reason)))) denied.push(writer);
        });
        await Promise.all(commits);
      });
    }
    if (denied.length === 0) return;
    const reader = await scope.open();
    await watched(async () => {
      for (const { id, head } of denied) {
        const what = 'the head after a commit that timed out, and was not applied';
        expectHead(what, await recovered('head', () => reader.head(id)), head);
      }
    });
  },
};

/** An account that the driver knows, so that a commit has nothing to read first. */
async function started(scope: ClauseScope, driver: PersistenceDriver): Promise<AccountWriter> {
  const writer = scope.writer(driver);
  await writer.commit({ key: '1' });
  return writer;
}

function largeCommit(writer: AccountWriter, timeoutMs: number): Promise<unknown> {
  const { batchRecords, batchBytes } = writer.driver.limits;
  const count = Math.min(RECORDS, batchRecords, Math.floor(batchBytes / 120));
  const records = new Map(Array.from({ length: count }, (_, index) => [`record/${index}`, 'x'.repeat(100)]));
  return writer.commit(records, [], { timeoutMs });
}

/** Whether the commit timed out and is said not to have been applied. */
async function isDenied(commit: Promise<unknown>): Promise<boolean> {
  const result = await settle(commit);
  if (result.status === 'fulfilled') return false;
  const { outcome } = expectError('a commit that has little time', result.reason, ['TIMEOUT', 'UNAVAILABLE']);
  return outcome === 'not-applied';
}

/** Deadlines: TI4. */
export const lateCommitClauses: readonly Clause[] = [lateIsUnknown];
