import type { DriverWarning, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, documentsOf, mapOf } from '../account-writer.js';
import { ADVERSARIAL_DOCUMENTS, ADVERSARIAL_VALUES, MALFORMED_VALUES } from '../adversarial.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectHead,
  expectRecords,
  expectSameAccount,
  expectThat,
  present,
  settle,
} from '../expectations.js';
import { countedRecord } from '../second-process-protocol.js';

const group = 'round trip';
const MEGABYTE = 1024 ** 2;

const emptyAndNeverWritten: Clause = {
  id: 'RT1',
  group,
  title: 'an account that was never written is undefined, one without records is empty, and meta comes back',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    expectEqual('head of an account that was never written', await driver.head(writer.id), undefined);
    expectEqual('load of an account that was never written', await driver.load(writer.id), undefined);

    const empty = await writer.commit();
    expectEqual('revision is a positive integer', Number.isSafeInteger(empty.revision) && empty.revision > 0, true);
    expectEqual('writerId of the head', empty.writerId, writer.writerId);
    expectEqual('meta of a commit that was given none', empty.meta, '');
    expectEqual('dropped of the head', empty.dropped, false);
    expectRecords('an account without records', await writer.load(), new Map());

    const meta = 'meta: {"é":"💰"}\n:base64:\'"\\';
    const options = writer.options({ meta });
    const head = await driver.commit(writer.id, batchOf({ key: 'value' }), options);
    expectEqual('meta of the head', head.meta, meta);
    expectEqual('writeId of the head', head.writeId, options.writeId);
    expectHead('head()', await driver.head(writer.id), head);
    const stored = await driver.load(writer.id);
    expectHead('the head that load() returns', stored?.head, head);
    expectRecords('the records', stored, mapOf({ key: 'value' }));
  },
};

const anyString: Clause = {
  id: 'RT2',
  group,
  title:
    'any string value comes back equal, also one that is flagged as a JSON object; lone surrogates come back or reject INVALID_VALUE',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    const records = new Map(ADVERSARIAL_VALUES.map((value, index) => [`value/${index}`, value]));
    for (let index = 0; index < 100; index += 1) {
      records.set(
        `generated/${index}`,
        scope.random.text(['a', ':', '"', '\\', '\0', '\n', 'é', '💰', '{', '€'], 0, 40),
      );
    }
    const { valueBytes, batchBytes } = driver.limits;
    const large = Math.min(MEGABYTE, valueBytes, Math.floor((batchBytes - 10) / 2));
    await writer.commitInParts(records);
    await writer.commit({ large: 'x'.repeat(large), euros: '€'.repeat(Math.floor(large / 3)) });
    records.set('large', 'x'.repeat(large)).set('euros', '€'.repeat(Math.floor(large / 3)));
    for (const [index, value] of MALFORMED_VALUES.entries()) {
      const key = `malformed/${index}`;
      const before = writer.head;
      const result = await settle(writer.commit({ [key]: value }));
      if (result.status === 'fulfilled') records.set(key, value);
      else {
        const error = expectError('a lone surrogate', result.reason, ['INVALID_VALUE'], ['not-applied']);
        expectEqual('the records that the error names', error.records, [key]);
        expectHead('the head after a refused value', await driver.head(writer.id), before);
      }
    }
    for (const [key, value] of await documentsFlagged(writer)) records.set(key, value);
    expectRecords('the same driver', await writer.load(), records);
    expectRecords('another driver', await (await scope.open()).load(writer.id), records);
  },
};

/** Commits JSON objects, over values of the other kind and under them, at most two at a time. */
async function documentsFlagged(writer: AccountWriter): Promise<ReadonlyMap<string, string>> {
  const { valueBytes, batchBytes } = writer.driver.limits;
  const most = Math.min(valueBytes, Math.floor(batchBytes / 2) - 20);
  const documents = ADVERSARIAL_DOCUMENTS.filter((document) => document.length * 3 <= most);
  const [first = '{}', second = '{}'] = documents;
  const records = new Map(documents.map((document, index) => [`document/${index}`, document]));
  await writer.commit({ 'document/0': '1', 'document/1': second });
  for (const [key, document] of records) await writer.commitBatch(documentsOf({ [key]: document, changed: document }));
  const mixed = { changed: first, flagged: second };
  await writer.commitBatch({ ...batchOf(mixed), documents: new Set(['flagged', 'not there']) });
  return new Map([...records, ...Object.entries(mixed)]);
}

const othersReadTheSame: Clause = {
  id: 'RT3',
  group,
  title: 'a second driver, and a second process, read the identical records and revision',
  needs: ['module if shared'],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    await writer.commit({ 'metadata/BTCUSDT': '{"n":1}', gone: 'x', ':odd\0é': ':base64:💰' }, [], { meta: 'm1' });
    await writer.commit({ 'metadata/BTCUSDT': '{"n":2}' }, ['gone'], { meta: 'm2' });
    const own = present('load of the writer', await writer.load());
    const second = await scope.open();
    expectHead('head() of a second driver', await second.head(writer.id), writer.head);
    expectSameAccount('load() of a second driver', await second.load(writer.id), own);
    if (!scope.capabilities.sharedAcrossProcesses) return;
    const process = await scope.process();
    expectHead('head() of a second process', await process.head(writer.id), writer.head);
    expectSameAccount('load() of a second process', await process.load(writer.id), own);
    expectEqual('accounts() of a second process', await process.accounts(), [writer.id]);
    const head = await process.commit(writer.id, batchOf({ more: '1' }), writer.options());
    expectHead("head() of the first driver after the second process' commit", await writer.refresh(), head);
  },
};

const mapsAreCopied: Clause = {
  id: 'RT4',
  group,
  title: 'changing a map after it was handed over, or one that load returned, changes nothing stored',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ keep: '1', remove: '1' });
    const upserts = mapOf({ first: '1', second: '2' });
    const deletes = new Set(['remove']);
    const pending = driver.commit(writer.id, { upserts, deletes }, writer.options());
    upserts.set('first', 'changed').set('third', 'added').delete('second');
    deletes.add('keep').delete('remove');
    const head = await pending;
    upserts.clear();
    const expected = mapOf({ keep: '1', first: '1', second: '2' });
    const stored = present('load', await driver.load(writer.id));
    expectRecords('after the maps that were handed to commit were changed', stored, expected);
    // The maps belong to the caller, so this is allowed.
    const mine = stored.records as Map<string, string>;
    mine.set('first', 'changed').set('fourth', 'added').delete('second');
    expectRecords('after the map that load returned was changed', await driver.load(writer.id), expected);
    expectHead('the head', await driver.head(writer.id), head);
    expectRecords('another driver', await (await scope.open()).load(writer.id), expected);
  },
};

const survivesSigkill: Clause = {
  id: 'RT5',
  group,
  title: 'acknowledged records survive close, reopen and SIGKILL of the writing process',
  needs: ['durability process', 'module'],
  async run(scope) {
    const first = await scope.open();
    const writer = scope.writer(first);
    await writer.commit({ a: '1', b: '2' }, [], { meta: 'kept' });
    await first.close();
    const second = await scope.open();
    const reopened = await second.load(writer.id);
    expectHead('the head after close and reopen', reopened?.head, writer.head);
    expectRecords('after close and reopen', reopened, mapOf({ a: '1', b: '2' }));

    for (const after of [1, 7, 40]) await killedWriter(scope, second, scope.unique('killed'), after);
  },
};

/** Every commit of the killed process sets one record to its number and leaves one of its own. */
async function killedWriter(scope: ClauseScope, reader: PersistenceDriver, id: string, after: number): Promise<void> {
  const process = await scope.process();
  const acknowledged = (await process.killWhileCommitting([id], 3, 20, after)).get(id) ?? 0;
  for (const [who, driver] of [
    ['an open driver', reader],
    ['a new driver', await scope.open()],
  ] as const) {
    const what = `${who} after SIGKILL with ${acknowledged} commits acknowledged`;
    const stored = present(`${what}, load`, await driver.load(id));
    const count = Number(stored.records.get('r0')?.split(':')[0]);
    expectThat(`${what}, last commit`, count >= acknowledged, `${acknowledged} or later`, stored.records.get('r0'));
    const { revision } = stored.head;
    expectThat(`${what}, revision`, revision >= acknowledged, `${acknowledged} or more`, revision);
    if (scope.capabilities.atomicCommit) {
      expectEqual(`${what}, revision`, revision, count);
      expectRecords(what, stored, new Map([0, 1, 2].map((index) => countedRecord(index, count, 20))));
    }
  }
  // The killed process holds nothing any more: its account can be taken over.
  const heir: AccountWriter = scope.writer(reader, id);
  await heir.refresh();
  await heir.commit({ heir: '1' });
}

const syncsFirst: Clause = {
  id: 'RT6',
  group,
  title: 'the backend syncs before it acknowledges, or open warns',
  needs: ['durability host', 'syncsBeforeAcknowledging'],
  async run(scope) {
    const warnings: DriverWarning[] = [];
    const driver = scope.driver();
    await driver.open({ onWarning: (warning) => warnings.push(warning) });
    const syncs = await scope.faults.syncsBeforeAcknowledging?.(scope.calls.unwatched(driver));
    const codes = warnings.map(({ code }) => code);
    expectThat(
      'a backend that does not sync',
      syncs === true || codes.length > 0,
      'a warning when it is opened',
      codes,
    );
  },
};

/** Round trip. */
export const roundTripClauses: readonly Clause[] = [
  emptyAndNeverWritten,
  anyString,
  othersReadTheSame,
  mapsAreCopied,
  survivesSigkill,
  syncsFirst,
];
