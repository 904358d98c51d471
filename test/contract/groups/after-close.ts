import type { AccountHead } from '../../../src/core/persistence-driver.js';
import { batchOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import { expectError, expectHead, nextTurn, settle } from '../expectations.js';
import { OUTAGE_CODES, recovered, settlesInTime, watched } from '../outage.js';

/** The backend is done with what it was sent, and the driver with what it still does without asking. */
const nothingRuns: Clause = {
  id: 'CL5',
  group: 'close',
  title: 'when close has resolved, nothing of the driver is still running',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    if (scope.canPause) await closedInTheMidst(scope);
    const ids: string[] = [];
    for (let turns = 0; turns < 6; turns += 1) {
      const driver = await scope.open();
      const writer = scope.writer(driver);
      await writer.commit({ key: '1' });
      ids.push(writer.id);
      const controller = new AbortController();
      const { signal } = controller;
      const operations: readonly Promise<unknown>[] = [
        driver.commit(writer.id, batchOf({ key: '2' }), writer.options({ signal })),
        driver.load(writer.id, { signal }),
      ];
      const settled = Promise.allSettled(operations);
      for (let turn = 0; turn < turns; turn += 1) await (turns % 2 === 0 ? nextTurn() : Promise.resolve());
      controller.abort();
      await driver.close();
      await settled;
    }
    // A server goes on with what it was sent, also when nobody is there any more.
    await watched(async () => undefined, scope.deadlineMs);
    await unchanged(scope, ids, 'after the close of a driver whose caller had given a commit up');
  },
};

/** Where close resolves before the backend goes on, nothing is left that could go on with it. */
async function closedInTheMidst(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const writer = scope.writer(driver);
  await writer.commit({ key: '1' });
  const timeoutMs = scope.deadlineMs;
  const closed = await scope.whilePaused(async () => {
    const commit = settle(driver.commit(writer.id, batchOf({ key: '2' }), writer.options({ timeoutMs: 60_000 })));
    await nextTurn();
    const result = await settlesInTime(scope, 'close on a paused backend', driver.close({ timeoutMs }));
    await settlesInTime(scope, 'the commit that was in flight', commit);
    return result;
  });
  if (closed.status === 'rejected') expectError('close on a paused backend', closed.reason, OUTAGE_CODES);
  else await unchanged(scope, [writer.id], 'after a close that resolved while the backend was paused', writer.head);
}

/** Watches the accounts, which have the heads that they are seen with at first, or this one. */
async function unchanged(
  scope: ClauseScope,
  ids: readonly string[],
  when: string,
  expected?: AccountHead,
): Promise<void> {
  const reader = await scope.open();
  const heads = new Map<string, AccountHead | undefined>();
  for (const id of ids) heads.set(id, expected ?? (await reader.head(id)));
  await watched(async () => {
    for (const [id, head] of heads) {
      expectHead(`the head ${when}`, await recovered('head', () => reader.head(id)), head);
    }
  });
}

/** Close, continued: CL5. */
export const afterCloseClauses: readonly Clause[] = [nothingRuns];
