import { batchOf, documentsOf, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import {
  expectEqual,
  expectHead,
  expectRecords,
  expectRejection,
  expectThat,
  listed,
  mentions,
  present,
} from '../expectations.js';

const group = 'corruption';

/** Texts that could be under a key instead of the driver's own. */
function damaged(text: string): readonly (readonly [string, string])[] {
  return [
    ['truncated', text.slice(0, Math.ceil(text.length / 2))],
    ['truncated by one character', text.slice(0, -1)],
    ['empty', ''],
    ['foreign JSON', '{"value":1}'],
    ['foreign JSON with a string', '{"hello":"world"}'],
    ['a JSON null', 'null'],
    ['a JSON array', '[]'],
    ['no JSON', '\u0001\u0002 not json'],
  ];
}

const corruptIsSaid: Clause = {
  id: 'CO1',
  group,
  title:
    'a truncated, empty or foreign stored head rejects CORRUPT, naming the key and keeping the bytes; so does a record',
  needs: ['raw'],
  async run(scope) {
    const raw = present('faults.raw', scope.faults.raw);
    const knowing = await scope.open();
    const writer = scope.writer(knowing);
    const head = await writer.commit({ key: '1' });
    const headKey = raw.headKey(scope.prefix, writer.id);
    const good = present('the stored text of the head', await raw.get(headKey));
    for (const [what, text] of damaged(good)) {
      await raw.set(headKey, text);
      for (const driver of [knowing, await scope.open()]) {
        const refused = async (operation: string, promise: Promise<unknown>): Promise<void> => {
          const error = await expectRejection(
            `${operation} of a head that is ${what}`,
            promise,
            ['CORRUPT'],
            ['not-applied'],
          );
          const named = mentions(error, headKey) || mentions(error, writer.id);
          expectThat(`the error of ${operation}`, named, 'that it names the key', error.message);
        };
        await refused('head', driver.head(writer.id));
        await refused('load', driver.load(writer.id));
        await refused('commit', driver.commit(writer.id, batchOf({ key: '2' }), writer.options()));
        await refused('drop', driver.drop(writer.id, writer.options()));
        const anew = { ...writer.options(), expected: undefined };
        await refused('a first commit', driver.commit(writer.id, batchOf({ key: '2' }), anew));
      }
      expectEqual(`the text of a head that is ${what}`, await raw.get(headKey), text);
    }
    await raw.set(headKey, good);
    expectHead('the head after it was repaired', await knowing.head(writer.id), head);

    for (const batch of [batchOf({ key: '1' }), documentsOf({ key: '{"a":{"b":{}}}' })]) {
      await writer.commitBatch(batch);
      const recordKey = raw.recordKey(scope.prefix, writer.id, 'key');
      for (const [what, text] of damaged(present('the stored text of a record', await raw.get(recordKey)))) {
        await raw.set(recordKey, text);
        const { corrupt, records } = present('load', await (await scope.open()).load(writer.id));
        expectEqual(`corrupt, with a record that is ${what}`, [...corrupt], [['key', text]]);
        expectEqual(`records, with a record that is ${what}`, [...records], []);
        expectEqual(`the text of a record that is ${what}`, await raw.get(recordKey), text);
      }
    }
  },
};

const othersUnaffected: Clause = {
  id: 'CO2',
  group,
  title: 'one corrupt account does not affect others; a corrupt record is handed out in corrupt beside the good ones',
  needs: ['raw'],
  async run(scope) {
    const raw = present('faults.raw', scope.faults.raw);
    const driver = await scope.open();
    const [first, broken, last] = ['a', 'b', 'c'].map((id) => scope.writer(driver, scope.unique(id)));
    const healthy = [present('a', first), present('c', last)];
    const corrupt = present('b', broken);
    for (const writer of [...healthy, corrupt]) await writer.commit({ key: '1', other: '2', third: '3' });
    await raw.set(raw.headKey(scope.prefix, corrupt.id), 'broken');
    const reader = await scope.open();
    for (const writer of healthy) {
      await writer.commit({ key: '2' });
      expectRecords('a healthy account', await reader.load(writer.id), mapOf({ key: '2', other: '2', third: '3' }));
    }
    const ids = await listed(reader.accounts());
    for (const { id } of healthy)
      expectEqual('how often a healthy account is listed', ids.filter((each) => each === id).length, 1);

    const writer = present('a', first);
    const recordKey = raw.recordKey(scope.prefix, writer.id, 'other');
    await raw.set(recordKey, 'broken, too');
    const stored = present('load', await reader.load(writer.id));
    expectEqual('good records', [...stored.records].sort(), [...mapOf({ key: '2', third: '3' })]);
    expectEqual('corrupt records', [...stored.corrupt], [['other', 'broken, too']]);
    await writer.commit({ key: '3' }, ['third']);
    expectEqual('the text of the corrupt record after a commit of others', await raw.get(recordKey), 'broken, too');
    await writer.commit({ other: 'repaired' });
    expectRecords('after it was written again', await reader.load(writer.id), mapOf({ key: '3', other: 'repaired' }));
    await raw.set(recordKey, 'broken again');
    await writer.commit({}, ['other']);
    expectRecords('after it was deleted', await reader.load(writer.id), mapOf({ key: '3' }));
  },
};

const neverExpires: Clause = {
  id: 'CO3',
  group,
  title: 'records never expire',
  needs: ['raw'],
  async run(scope) {
    const raw = present('faults.raw', scope.faults.raw);
    const writer = scope.writer(await scope.open());
    const dropped = scope.writer(writer.driver);
    await writer.commit({ key: '1' });
    await writer.commit({ key: '2', other: '3' });
    await dropped.commit({ key: '1' });
    await dropped.drop();
    const keys = [
      raw.headKey(scope.prefix, writer.id),
      raw.headKey(scope.prefix, dropped.id),
      ...['key', 'other'].map((record) => raw.recordKey(scope.prefix, writer.id, record)),
    ];
    for (const key of keys) {
      const text = present(`the text under ${key}`, await raw.get(key));
      expectEqual(
        `expiries in the text under ${key}`,
        /"(?:expires?|expiry|ttl)"\s*:\s*[\d"]/i.exec(text)?.[0],
        undefined,
      );
    }
  },
};

/** Corruption. */
export const corruptionClauses: readonly Clause[] = [corruptIsSaid, othersUnaffected, neverExpires];
