import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, mapOf } from '../account-writer.js';
import { SIMILAR_IDS } from '../adversarial.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectIds,
  expectRecords,
  expectSameAccount,
  expectThat,
  listed,
  present,
  settle,
  show,
} from '../expectations.js';

const group = 'isolation';

const othersUnchanged: Clause = {
  id: 'IS1',
  group,
  title: "writing or dropping one account leaves every other account's records and revision unchanged",
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writers = [1, 2, 3].map(() => scope.writer(driver));
    for (const [index, writer] of writers.entries()) await writer.commit({ shared: `${index}`, own: writer.id });
    const [changing, ...others] = writers as [AccountWriter, ...AccountWriter[]];
    const before = await Promise.all(others.map((other) => other.load()));
    const unchanged = async (after: string): Promise<void> => {
      for (const [index, other] of others.entries()) {
        expectSameAccount(`another account after ${after}`, await other.load(), before[index]);
      }
    };
    await changing.commit({ shared: 'changed', more: '1' });
    await unchanged('a write');
    await changing.commit({}, ['shared', 'own', 'never there']);
    await unchanged('deletes');
    await changing.drop();
    await unchanged('a drop');
  },
};

const similarIds: Clause = {
  id: 'IS2',
  group,
  title: 'accounts with similar ids are disjoint for load, commit, drop and accounts()',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writers: AccountWriter[] = [];
    for (const id of SIMILAR_IDS) {
      const writer = scope.writer(driver, id);
      expectEqual(`load of ${JSON.stringify(id)} before it was written`, await driver.load(id), undefined);
      const result = await settle(writer.commit({ owner: id, [`only ${id}`]: '1' }));
      if (result.status === 'fulfilled') writers.push(writer);
      else expectError(`commit of account ${JSON.stringify(id)}`, result.reason, ['INVALID_KEY'], ['not-applied']);
    }
    expectThat('the account "a"', writers[0]?.id === 'a', 'that it can be written');
    const remaining = new Set(writers);
    const check = async (after: string): Promise<void> => {
      for (const { id, head } of remaining) {
        const stored = await driver.load(id);
        const what = `account ${JSON.stringify(id)} after ${after}`;
        expectHead(what, stored?.head, head);
        expectRecords(what, stored, mapOf({ owner: id, [`only ${id}`]: '1' }));
      }
      const ids = Array.from(remaining, ({ id }) => id);
      expectIds(`accounts() after ${after}`, await listed(driver.accounts()), ids);
    };
    await check('all were written');
    for (const writer of writers) {
      await writer.drop();
      remaining.delete(writer);
      await check(`${JSON.stringify(writer.id)} was dropped`);
    }
  },
};

const foreignKeys: Clause = {
  id: 'IS3',
  group,
  title: 'foreign keys on the same backend are never touched or listed',
  needs: ['raw'],
  async run(scope) {
    const raw = present('faults.raw', scope.faults.raw);
    const id = scope.unique('account');
    const foreign = new Map([
      [`${scope.prefix}x`, 'no layout'],
      [`foreign:${scope.prefix}`, '{"value":"another application"}'],
      [`${scope.prefix}:session:1`, '{"value":"the same prefix","expires":null}'],
      [raw.headKey(`${scope.prefix}-x`, id), 'a head of another prefix'],
      [raw.recordKey(`x-${scope.prefix}`, id, 'key'), 'a record of another prefix'],
    ]);
    for (const [key, text] of foreign) await raw.set(key, text);
    try {
      const driver = await scope.open();
      const writer = scope.writer(driver, id);
      await writer.commit({ key: '1', 'session:1': '2' });
      await writer.commit({}, ['key', 'never there']);
      expectEqual('accounts()', await listed(driver.accounts()), [id]);
      await writer.drop();
      expectEqual('accounts() after a drop', await listed(driver.accounts()), []);
      for (const [key, text] of foreign) {
        expectEqual(`the foreign text under ${JSON.stringify(key)}`, await raw.get(key), text);
      }
    } finally {
      for (const key of foreign.keys()) await raw.delete(key);
    }
  },
};

const prefixes: Clause = {
  id: 'IS4',
  group,
  title:
    'drivers with different prefixes on one backend are disjoint, also where prefix and id joined are the same text',
  needs: [],
  async run(scope) {
    // The second would match the first one's pattern, and the others begin with it.
    const names = ['_1', 'x1', '_1-more', '_11'].map((end) => `${scope.prefix}${end}`);
    const drivers: PersistenceDriver[] = [];
    for (const prefix of names) drivers.push(await scope.open({ prefix }));
    const id = scope.unique('account');
    const writers = drivers.map((driver) => scope.writer(driver, id));
    for (const [index, writer] of writers.entries()) {
      expectEqual(`load with prefix ${names[index]} before it was written`, await writer.load(), undefined);
      await writer.commit({ prefix: `${names[index]}` });
      await scope.writer(writer.driver, `only-${index}`).commit();
    }
    await checkPrefixes(writers, names);
    await writers[0]?.drop();
    await checkPrefixes(writers.slice(1), names.slice(1));
    await joinedAlike(scope);
  },
};

/** Prefix and id of each account are the same text when they are joined. */
async function joinedAlike(scope: ClauseScope): Promise<void> {
  const joined = `${scope.prefix}a-b_bc`;
  const writers: AccountWriter[] = [];
  for (const prefix of [`${scope.prefix}a`, `${scope.prefix}a-`, `${scope.prefix}a-b`, `${scope.prefix}a-b_`]) {
    const writer = scope.writer(await scope.open({ prefix }), joined.slice(prefix.length));
    expectEqual(`load of ${show(writer.id)} with prefix ${prefix}`, await writer.load(), undefined);
    await writer.commit({ prefix });
    writers.push(writer);
  }
  for (const writer of writers) {
    const what = `account ${show(writer.id)}`;
    expectHead(what, await writer.driver.head(writer.id), writer.head);
    expectEqual(`${what}, accounts()`, await listed(writer.driver.accounts()), [writer.id]);
    await writer.drop();
  }
}

async function checkPrefixes(writers: readonly AccountWriter[], names: readonly string[]): Promise<void> {
  for (const [index, writer] of writers.entries()) {
    const what = `prefix ${names[index]}`;
    expectHead(what, await writer.driver.head(writer.id), writer.head);
    expectRecords(what, await writer.load(), mapOf({ prefix: `${names[index]}` }));
    const ids = await listed(writer.driver.accounts());
    expectEqual(`${what}, number of accounts`, ids.length, 2);
    expectEqual(`${what}, has its account`, ids.includes(writer.id), true);
  }
}

const closingOne: Clause = {
  id: 'IS5',
  group,
  title: 'closing one driver leaves another one on the same backend working',
  needs: [],
  async run(scope) {
    const [first, second, third] = [await scope.open(), await scope.open(), scope.driver()];
    const writer = scope.writer(second);
    await scope.writer(first).commit({ key: '1' });
    await writer.commit({ key: '1' });
    await first.close();
    await third.close();
    await writer.commit({ key: '2' });
    expectHead('head', await second.head(writer.id), writer.head);
    expectRecords('load', await writer.load(), mapOf({ key: '2' }));
    expectEqual('number of accounts', (await listed(second.accounts())).length, 2);
    expectRecords('a driver opened later', await (await scope.open()).load(writer.id), mapOf({ key: '2' }));
  },
};

/** Isolation. */
export const isolationClauses: readonly Clause[] = [othersUnchanged, similarIds, foreignKeys, prefixes, closingOne];
