import type { AccountWriter } from '../account-writer.js';
import type { Clause } from '../clause.js';
import { expectEqual, expectError, expectRecords, expectThat, settle } from '../expectations.js';

const group = 'scale';
const RECORDS = 10_000;
const BATCH = 500;
const ACCOUNTS = 1000;

const manyRecords: Clause = {
  id: 'SC1',
  group,
  title: '10,000 records in one account load and commit',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const records = new Map(
      Array.from({ length: RECORDS }, (_, n) => [`metadata/S${n}`, `{"n":${n},"x":"${'x'.repeat(100)}"}`]),
    );
    await commitAll(writer, records, scope.capabilities.atomicCommit);
    expectRecords('10,000 records', await writer.load(), records);
    records.set('metadata/S7', 'changed').set('added', '1').delete('metadata/S8');
    await writer.commit({ 'metadata/S7': 'changed', added: '1' }, ['metadata/S8']);
    expectRecords('10,000 records after a commit of three', await (await scope.open()).load(writer.id), records);
    // Others delete record by record, in one call and within one limit in time.
    if (!scope.capabilities.atomicCommit) return;
    await writer.drop();
    expectRecords('10,000 records after a drop', await writer.load(), new Map());
  },
};

/**
 * In one batch where a commit is atomic, unless that is too large for the driver. Others write record by record, and
 * have a limit in time for each commit: they get smaller ones.
 */
async function commitAll(writer: AccountWriter, records: ReadonlyMap<string, string>, atomic: boolean): Promise<void> {
  if (atomic) {
    const result = await settle(writer.commit(records));
    if (result.status === 'fulfilled') return;
    expectError('10,000 records in one commit', result.reason, ['TOO_LARGE'], ['not-applied']);
  }
  const entries = [...records];
  for (let start = 0; start < entries.length; start += BATCH) {
    await writer.commit(new Map(entries.slice(start, start + BATCH)));
  }
}

const manyAccounts: Clause = {
  id: 'SC2',
  group,
  title: '1,000 accounts are each listed once while others come and go',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const other = await scope.open();
    const staying = Array.from({ length: ACCOUNTS }, () => scope.writer(driver));
    for (let start = 0; start < ACCOUNTS; start += 50) {
      await Promise.all(staying.slice(start, start + 50).map((writer) => writer.commit({ key: '1' })));
    }
    let coming: AccountWriter[] = [];
    const churn = async (): Promise<void> => {
      const going = coming;
      coming = Array.from({ length: 3 }, () => scope.writer(other));
      await Promise.all([
        ...going.map((writer) => writer.drop()),
        ...coming.map((writer) => writer.commit({ key: '1' })),
      ]);
    };
    for (const lister of [driver, other]) {
      const counts = new Map<string, number>();
      let total = 0;
      for await (const id of lister.accounts()) {
        counts.set(id, (counts.get(id) ?? 0) + 1);
        total += 1;
        if (total % 100 === 0) await churn();
      }
      for (const [id, count] of counts) expectEqual(`how often ${id} was listed`, count, 1);
      const missing = staying.filter(({ id }) => !counts.has(id));
      expectThat('accounts that stayed', missing.length === 0, 'that all are listed', missing[0]?.id);
    }
  },
};

/** Scale. */
export const scaleClauses: readonly Clause[] = [manyRecords, manyAccounts];
