import type { AccountHead, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { batchOf, expectedOf, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import {
  expectEqual,
  expectHead,
  expectRecords,
  expectRejection,
  expectSameAccount,
  expectThat,
  listed,
  present,
} from '../../expectations.js';

const group = 'deletes';

const deletingNothing: Clause = {
  id: 'DE1',
  group,
  title: 'deleting a record that is not there is no error',
  needs: [],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    await writer.commit({}, ['never there']);
    await writer.commit({ key: '1' }, ['never there', 'ke', 'key2']);
    await writer.commit({}, ['key']);
    await writer.commit({}, ['key']);
    expectRecords('the account', await writer.load(), new Map());
  },
};

const deletedIsGone: Clause = {
  id: 'DE2',
  group,
  title: 'a deleted record is gone after reopen',
  needs: [],
  async run(scope) {
    const first = await scope.open();
    const writer = scope.writer(first);
    await writer.commit({ keep: '1', remove: '2', again: '3' });
    await writer.commit({}, ['remove', 'again']);
    await writer.commit({ again: '4' });
    const reader = await scope.open();
    await first.close();
    const stored = await reader.load(writer.id);
    expectHead('the head', stored?.head, writer.head);
    expectRecords('after reopen', stored, mapOf({ keep: '1', again: '4' }));
  },
};

const staleDrop: Clause = {
  id: 'DE3',
  group,
  title: 'drop with a stale head rejects CONFLICT and preserves',
  needs: ['conditionalCommit'],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const stale = await writer.commit({ a: '1' });
    const head = await writer.commit({ b: '2' });
    const stored = await writer.load();
    const otherWrite = { revision: head.revision, writeId: scope.unique('write') };
    for (const expected of [expectedOf(stale), otherWrite, undefined]) {
      for (const by of [driver, await scope.open()]) {
        const drop = by.drop(writer.id, { ...writer.options(), expected });
        const error = await expectRejection(`drop of ${head.revision} expecting ${expected?.revision}`, drop, [
          'CONFLICT',
        ]);
        expectHead('the head that the error carries', error.head, head);
        expectSameAccount('the account after a refused drop', await by.load(writer.id), stored);
      }
    }
    expectEqual('accounts()', await listed(driver.accounts()), [writer.id]);
  },
};

const dropped: Clause = {
  id: 'DE4',
  group,
  title: 'a dropped account keeps a head, is not listed, can be written again, and never reuses a revision',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const seen = new Set<number>();
    for (let life = 1; life <= 3; life += 1) {
      const written = await writer.commit({ [`life ${life}`]: '1', shared: `${life}` });
      expectEqual('dropped, of an account that is written again', written.dropped, false);
      const records = mapOf({ [`life ${life}`]: '1', shared: `${life}` });
      expectRecords('an account that is written again', await writer.load(), records);
      expectEqual('accounts() with the account', await listed(driver.accounts()), [writer.id]);
      const head = await writer.drop({ meta: `dropped ${life}` });
      expectEqual('dropped, of the head that drop returns', head.dropped, true);
      expectEqual('meta of the drop', head.meta, `dropped ${life}`);
      for (const reader of [driver, await scope.open()]) {
        expectHead('head() of a dropped account', await reader.head(writer.id), head);
        const stored = await reader.load(writer.id);
        expectHead('the head of a dropped account', stored?.head, head);
        expectRecords('a dropped account', stored, new Map());
        expectEqual('accounts() without the dropped one', await listed(reader.accounts()), []);
      }
      for (const { revision } of [written, head]) {
        expectThat('revisions', !seen.has(revision), 'one that was not used before', revision);
        expectThat('revisions', revision > Math.max(0, ...seen), `more than ${Math.max(0, ...seen)}`, revision);
        seen.add(revision);
      }
    }
    if (!scope.capabilities.conditionalCommit) return;
    const anew = driver.commit(writer.id, batchOf({ a: '1' }), { ...writer.options(), expected: undefined });
    const error = await expectRejection('a commit that expects a dropped account to be none', anew, ['CONFLICT']);
    expectHead('the head that the error carries', error.head, present('head', writer.head));
  },
};

const forgotten: Clause = {
  id: 'DE5',
  group,
  title: 'forget refuses any head but the expected one of a dropped account; afterwards the account was never written',
  needs: ['conditionalCommit', 'forget'],
  async run(scope) {
    const driver = await scope.open();
    const other = await scope.open();
    const writer = scope.writer(driver);
    const forget = (by: PersistenceDriver, { revision, writeId }: AccountHead): Promise<void> =>
      present('forget', by.forget?.(writer.id, { expected: { revision, writeId } }));
    const written = await writer.commit({ a: '1' });
    const dropped = await writer.drop();
    const later = await writer.commit({ b: '2' });
    const stored = await writer.load();
    for (const head of [written, dropped, later]) {
      const error = await expectRejection('forget of what is not dropped', forget(driver, head), ['CONFLICT']);
      expectHead('the head that the error carries', error.head, later);
      expectSameAccount('the account after a refused forget', await other.load(writer.id), stored);
    }
    const last = await writer.drop();
    for (const by of [driver, other]) {
      const error = await expectRejection('forget that expects a former drop', forget(by, dropped), ['CONFLICT']);
      expectHead('the head that the error carries', error.head, last);
    }
    expectHead('the head after a refused forget', await (await scope.open()).head(writer.id), last);
    await forget(driver, last);
    await forget(driver, last);
    expectEqual('accounts()', await listed(driver.accounts()), []);
    const reader = await scope.open();
    const left = await reader.head(writer.id);
    // A backend that cannot do it keeps the head.
    if (left !== undefined) return expectHead('the head that is left', left, last);
    expectEqual('load() of what was forgotten', await reader.load(writer.id), undefined);
    expectEqual('head() of what was forgotten', await driver.head(writer.id), undefined);
    const anew = await driver.commit(writer.id, batchOf({ c: '3' }), { ...writer.options(), expected: undefined });
    expectHead('the head of the account anew', await reader.head(writer.id), anew);
    expectRecords('the account anew', await reader.load(writer.id), mapOf({ c: '3' }));
  },
};

/** Deletes. */
export const deleteClauses: readonly Clause[] = [deletingNothing, deletedIsGone, staleDrop, dropped, forgotten];
