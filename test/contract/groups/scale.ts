import type { AccountWriter } from '../account-writer.js';
import type { Clause } from '../clause.js';
import { expectEqual, expectError, expectRecords, expectThat, settle } from '../expectations.js';

const group = 'scale';
const RECORDS = 10_000;
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
    await commitAll(writer, records);
    expectRecords('10,000 records', await writer.load(), records);
    records.set('metadata/S7', 'changed').set('added', '1').delete('metadata/S8');
    await writer.commit({ 'metadata/S7': 'changed', added: '1' }, ['metadata/S8']);
    expectRecords('10,000 records after a commit of three', await (await scope.open()).load(writer.id), records);
    await writer.drop();
    expectRecords('10,000 records after a drop', await writer.load(), new Map());
  },
};

/** In one batch, or in smaller ones when that is too large for the driver. */
async function commitAll(writer: AccountWriter, records: ReadonlyMap<string, string>): Promise<void> {
  const result = await settle(writer.commit(records));
  if (result.status === 'fulfilled') return;
  expectError('10,000 records in one commit', result.reason, ['TOO_LARGE'], ['not-applied']);
  const entries = [...records];
  for (let start = 0; start < entries.length; start += 500) {
    await writer.commit(new Map(entries.slice(start, start + 500)));
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
