import type { PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { batchOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectError, expectThat, present, settle } from '../../expectations.js';
import { outagesOf, settlesInTime, whileOut } from '../../outage.js';

const outageIsNoConflict: Clause = {
  id: 'CC6',
  group: 'conditional commit',
  title: 'an outage is never reported as a conflict: not failing commits, not a stop, not a pause',
  needs: ['conditionalCommit', 'failCommits.before'],
  partNeeds: ['stop if external', 'pause if external'],
  async run(scope) {
    const { failCommits, failReads } = scope.faults;
    const driver = await scope.open();
    const before = present('faults.failCommits.before', failCommits?.before);
    await attempts(scope, driver, 'failing commits', (all) => scope.during(before, driver, all));
    if (failReads !== undefined) {
      const reader = await scope.open();
      await attempts(scope, reader, 'failing reads', (all) => scope.during(failReads, reader, all));
    }
    for (const outage of outagesOf(scope)) {
      const inDeadline = { timeoutMs: scope.deadlineMs };
      await attempts(
        scope,
        await scope.open(),
        `a ${outage} backend`,
        (all) => whileOut(scope, outage, all),
        inDeadline,
      );
    }
  },
};

/** Writes of all kinds while the outage lasts, side by side, each to an account of its own. */
async function attempts(
  scope: ClauseScope,
  driver: PersistenceDriver,
  outage: string,
  during: (all: () => Promise<void>) => Promise<void>,
  more: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const [written, dropped, fresh] = [scope.writer(driver), scope.writer(driver), scope.writer(driver)];
  await written.commit({ key: '1' });
  await dropped.commit({ key: '1' });
  await during(async () => {
    const writes: Readonly<Record<string, Promise<unknown>>> = {
      commit: driver.commit(written.id, batchOf({ key: '2' }), written.options(more)),
      'a first commit': driver.commit(fresh.id, batchOf({ key: '2' }), fresh.options(more)),
      drop: driver.drop(dropped.id, dropped.options(more)),
    };
    const settled = Object.entries(writes).map(async ([what, write]): Promise<void> => {
      const result = await (more.timeoutMs === undefined ? settle(write) : settlesInTime(scope, what, write));
      if (result.status === 'fulfilled') return;
      const { code } = expectError(`${what} during ${outage}`, result.reason);
      const isOutage = code !== 'CONFLICT' && code !== 'FENCED' && code !== 'ROLLED_BACK';
      expectThat(`${what} during ${outage}`, isOutage, 'an error that is no conflict', code);
    });
    await Promise.all(settled);
  });
}

/** Conditional commit, continued: outages. */
export const outageConflictClauses: readonly Clause[] = [outageIsNoConflict];
