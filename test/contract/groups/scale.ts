import type { PersistenceDriver, StoredAccount } from '../../../src/core/persistence-driver.js';
import type { AccountWriter } from '../account-writer.js';
import type { Clause } from '../clause.js';
import { expectEqual, expectRecords, expectThat } from '../expectations.js';

const group = 'scale';
/** One more than where a listing by pages could end. */
const SIZES = [10_001, 50_001];
const ACCOUNTS = 1000;
/** Some backends take a request for each record. */
const TIMEOUT_MS = 120_000;

const manyRecords: Clause = {
  id: 'SC1',
  group,
  title: 'accounts of 10,001 and 50,001 records load whole',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const records = new Map<string, string>();
    const loaded = (reader: PersistenceDriver): Promise<StoredAccount | undefined> =>
      reader.load(writer.id, { timeoutMs: TIMEOUT_MS });
    for (const size of SIZES) {
      const added = new Map<string, string>();
      for (let n = records.size; n < size; n += 1) added.set(`metadata/S${n}`, `{"n":${n}}`);
      await commitAll(writer, added);
      await writer.commit({ 'metadata/S7': `changed ${size}` });
      for (const [key, value] of added) records.set(key, value);
      records.set('metadata/S7', `changed ${size}`);
      expectRecords(`${size} records`, await loaded(await scope.open()), records);
    }
    // Others delete record by record.
    if (!scope.capabilities.atomicCommit) return;
    await writer.drop({ timeoutMs: TIMEOUT_MS });
    expectRecords('many records after a drop', await writer.load(), new Map());
  },
};

/** In batches as large as the driver takes. */
async function commitAll(writer: AccountWriter, records: ReadonlyMap<string, string>): Promise<void> {
  const { batchRecords, batchBytes } = writer.driver.limits;
  let batch = new Map<string, string>();
  let bytes = 0;
  for (const [key, value] of records) {
    const more = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (batch.size === batchRecords || bytes + more > batchBytes) {
      await writer.commit(batch, [], { timeoutMs: TIMEOUT_MS });
      batch = new Map();
      bytes = 0;
    }
    batch.set(key, value);
    bytes += more;
  }
  await writer.commit(batch, [], { timeoutMs: TIMEOUT_MS });
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
