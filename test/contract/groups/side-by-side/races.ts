import type { PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { batchOf, expectedOf, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import { expectEqual, expectError, expectRecords, nextTurn, settle } from '../../expectations.js';
import { ACCOUNTS, PATIENT } from './numbered.js';

const COMMITS = 2;
/** Each conflict is a commit of the other driver, of which there are only so many; a lock may take longer than a driver waits. */
const MOST_ATTEMPTS = 40;

const twoDrivers: Clause = {
  id: 'GC5',
  group: 'side by side',
  title: 'two drivers that commit to the same accounts side by side: each revision has one winner, and none is lost',
  needs: ['conditionalCommit'],
  async run(scope) {
    const drivers = [await scope.open(), await scope.open()];
    const ids = Array.from({ length: ACCOUNTS }, () => scope.unique('account'));
    // In opposite order, as those who would wait for each other do.
    const orders = [ids, ids.toReversed()];
    await Promise.all(
      drivers.flatMap((driver, index) =>
        (orders[index] ?? []).map((id) => commitAll(driver, `driver ${index + 1}`, id)),
      ),
    );
    const reader = await scope.open();
    for (const id of ids) {
      const names = drivers.flatMap((_, index) => countUpTo(COMMITS, `driver ${index + 1}`));
      const stored = await reader.load(id);
      expectEqual(
        `account ${id}, revision after ${names.length} acknowledgements`,
        stored?.head.revision,
        names.length,
      );
      expectRecords(`account ${id}`, stored, mapOf(Object.fromEntries(names.map((name) => [name, '1']))));
    }
  },
};

function countUpTo(most: number, by: string): readonly string[] {
  return Array.from({ length: most }, (_, index) => `${by}, commit ${index + 1}`);
}

/** Makes the commits one after the other, each on top of whatever is stored. Each leaves a record of its own. */
async function commitAll(driver: PersistenceDriver, by: string, id: string): Promise<void> {
  let expected = expectedOf(undefined);
  let left = countUpTo(COMMITS, by);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS && left[0] !== undefined; attempt += 1) {
    const [writeId] = left;
    const commit = driver.commit(id, batchOf({ [writeId]: '1' }), { ...PATIENT, expected, writerId: by, writeId });
    const result = await settle(commit);
    if (result.status === 'fulfilled') {
      expected = expectedOf(result.value);
      left = left.slice(1);
    } else {
      const what = `a commit by ${by} that another driver competes with`;
      const { code, head } = expectError(what, result.reason, ['CONFLICT', 'UNAVAILABLE'], ['not-applied']);
      if (code === 'CONFLICT') expected = expectedOf(head);
    }
    await nextTurn();
  }
  expectEqual(`commits to account ${id} that ${by} was not acknowledged for`, left, []);
}

/** Side by side: GC5. */
export const raceClauses: readonly Clause[] = [twoDrivers];
