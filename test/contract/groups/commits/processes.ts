import { mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import { expectEqual, expectRecords, present } from '../../expectations.js';

const PROCESSES = 3;
const INCREMENTS = 40;

const forEachConcurrent: Clause = {
  id: 'CC8',
  group: 'conditional commit',
  title: 'several processes making conditional increments side by side: the final count equals the acknowledged ones',
  needs: ['conditionalCommit', 'sharedAcrossProcesses', 'module'],
  async run(scope) {
    const accountId = scope.unique('account');
    const processes = await Promise.all(Array.from({ length: PROCESSES }, () => scope.process()));
    for (const process of processes) await process.open();
    const total = PROCESSES * INCREMENTS;
    const increments = processes.map((process) =>
      process.increment({ accountId, writerId: scope.unique('writer'), times: INCREMENTS, attempts: 2 * total }),
    );
    await Promise.all(increments);
    const stored = present('load', await (await scope.open()).load(accountId));
    const what = `${PROCESSES} processes after ${INCREMENTS} acknowledged increments each`;
    expectRecords(what, stored, mapOf({ count: `${total}` }));
    expectEqual(`${what}, revision`, stored.head.revision, total);
  },
};

/** Conditional commit, continued: several processes. */
export const processClauses: readonly Clause[] = [forEachConcurrent];
