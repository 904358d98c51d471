import type { ErrorCode } from '../../../src/core/errors.js';
import type { CommitOptions, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf } from '../account-writer.js';
import { ADVERSARIAL_KEYS, ID_ALPHABET } from '../adversarial.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectIds,
  expectRecords,
  expectRejection,
  expectThat,
  listed,
  settle,
  show,
} from '../expectations.js';

const group = 'keys';

const adversarialKeys: Clause = {
  id: 'KE1',
  group,
  title:
    'each adversarial id works through commit, load and accounts(), or rejects INVALID_KEY; so does each record key',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    await asAccountIds(scope, driver);
    await asRecordKeys(scope, await scope.open({ prefix: `${scope.prefix}-records` }));
  },
};

async function asAccountIds(scope: ClauseScope, driver: PersistenceDriver): Promise<void> {
  const writers: AccountWriter[] = [];
  for (const id of ADVERSARIAL_KEYS) {
    const writer = scope.writer(driver, id);
    if (await accepts(driver, `account id ${show(id)}`, id, () => writer.commit({ owner: id }))) writers.push(writer);
  }
  for (const reader of [driver, await scope.open()]) {
    for (const { id, head } of writers) {
      const stored = await reader.load(id);
      expectHead(`account ${show(id)}`, stored?.head, head);
      expectRecords(`account ${show(id)}`, stored, new Map([['owner', id]]));
    }
    expectIds(
      'accounts()',
      await listed(reader.accounts()),
      writers.map(({ id }) => id),
    );
  }
  const [dropped, kept] = [
    writers.filter((_, index) => index % 2 === 0),
    writers.filter((_, index) => index % 2 === 1),
  ];
  for (const writer of dropped) await writer.drop();
  expectIds(
    'accounts() after every other one was dropped',
    await listed(driver.accounts()),
    kept.map(({ id }) => id),
  );
  for (const { id } of kept) {
    expectRecords(`account ${show(id)} after others were dropped`, await driver.load(id), new Map([['owner', id]]));
  }
}

async function asRecordKeys(scope: ClauseScope, driver: PersistenceDriver): Promise<void> {
  const writer = scope.writer(driver);
  const records = new Map<string, string>();
  for (const key of ADVERSARIAL_KEYS) {
    const upserts = new Map([[key, `value of ${key}`]]);
    if (await accepts(driver, `record key ${show(key)}`, key, () => writer.commit(upserts), [key])) {
      records.set(key, `value of ${key}`);
    }
  }
  expectRecords('records written one by one', await writer.load(), records);
  const together = scope.writer(driver);
  await together.commitInParts(records);
  expectRecords('records written together', await together.load(), records);
  const deleted = [...records.keys()].filter((_, index) => index % 2 === 0);
  await together.commitInParts({}, deleted);
  for (const key of deleted) records.delete(key);
  expectRecords('after every other record was deleted', await together.load(), records);
}

/** Whether the driver takes the key; fails when it neither does nor refuses it as it should. */
async function accepts(
  driver: PersistenceDriver,
  what: string,
  key: string,
  commit: () => Promise<unknown>,
  records?: readonly string[],
): Promise<boolean> {
  const result = await settle(commit());
  if (result.status === 'fulfilled') return true;
  const tooLong = Buffer.byteLength(key) > driver.limits.keyBytes;
  const codes: readonly ErrorCode[] = tooLong ? ['INVALID_KEY', 'TOO_LARGE'] : ['INVALID_KEY'];
  const error = expectError(what, result.reason, codes, ['not-applied']);
  if (records !== undefined) expectEqual(`${what}, records that the error names`, error.records, records);
  return false;
}

const generatedIds: Clause = {
  id: 'KE2',
  group,
  title: 'for any two different generated ids the stored accounts stay different',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const ids = new Set<string>();
    while (ids.size < 300) ids.add(scope.random.text(ID_ALPHABET, 1, 8));
    const writers: AccountWriter[] = [];
    for (const id of ids) {
      const writer = scope.writer(driver, id);
      if (await accepts(driver, `account id ${show(id)}`, id, () => writer.commit({ owner: id }))) writers.push(writer);
    }
    expectThat('generated ids', writers.length > 0, 'that some of them work');
    for (const { id, head } of writers) {
      const stored = await driver.load(id);
      expectHead(`account ${show(id)}`, stored?.head, head);
      expectRecords(`account ${show(id)}`, stored, new Map([['owner', id]]));
    }
    expectIds(
      'accounts()',
      await listed(driver.accounts()),
      writers.map(({ id }) => id),
    );
  },
};

const emptyOrNoString: Clause = {
  id: 'KE3',
  group,
  title: 'an empty or non-string id rejects INVALID_KEY in every method',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const options = (): CommitOptions => ({ ...writer.options(), expected: undefined });
    for (const received of ['', undefined, null, 42, true, {}, ['a'], Symbol('a')]) {
      const id = received as string;
      const refused = (method: string, promise: Promise<unknown>): Promise<unknown> =>
        expectRejection(`${method} of ${show(received)}`, promise, ['INVALID_KEY'], ['not-applied']);
      await refused('head', driver.head(id));
      await refused('load', driver.load(id));
      await refused('commit', driver.commit(id, batchOf({ key: '2' }), options()));
      await refused('drop', driver.drop(id, options()));
      if (driver.forget !== undefined) {
        await refused('forget', driver.forget(id, { expected: { revision: 1, writeId: 'w' } }));
      }
      const upserts = new Map([[id, '2']]);
      await refused('upsert', driver.commit(writer.id, { upserts, deletes: new Set() }, writer.options()));
      const deletes = new Set([id]);
      await refused('delete', driver.commit(writer.id, { upserts: new Map(), deletes }, writer.options()));
    }
    expectHead('the head of the account that is there', await driver.head(writer.id), writer.head);
    expectEqual('accounts()', await listed(driver.accounts()), [writer.id]);
  },
};

/** Keys. */
export const keyClauses: readonly Clause[] = [adversarialKeys, generatedIds, emptyOrNoString];
