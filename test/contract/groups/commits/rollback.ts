import type { AccountHead, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectEqual, expectHead, expectRejection, present, show } from '../../expectations.js';

const rolledBack: Clause = {
  id: 'CC7',
  group: 'conditional commit',
  title:
    'a backend that comes back older than what this driver saw acknowledged, or empty, rejects ROLLED_BACK, until the writer goes on above it; load with rolledBackTo loads exactly that head',
  needs: ['conditionalCommit', 'rollback', 'empty'],
  async run(scope) {
    await olderBackend(scope);
    await otherHistory(scope);
    await emptyBackend(scope);
  },
};

async function olderBackend(scope: ClauseScope): Promise<void> {
  const rollback = present('faults.rollback', scope.faults.rollback);
  const driver = await scope.open();
  const reader = await scope.open();
  const writer = scope.writer(driver);
  const born = scope.writer(driver);
  const old = await writer.commit({ key: 'old' });
  const snapshot = await rollback.snapshot();
  await writer.commit({ key: 'new' });
  await born.commit({ key: 'born after the snapshot' });
  await reader.load(writer.id);
  await rollback.restore(snapshot);
  await refuses(driver, writer, 'an older backend');
  // A commit that was only read need not have reached a replica.
  if (reader.capabilities.durability !== 'replicated') await refuses(reader, writer, 'an older backend');
  await refuses(driver, born, 'a backend from before the account was written');
  // Somebody who has not seen the newer head finds nothing wrong with reading; writing on top of it is refused.
  const fresh = await scope.open();
  expectHead('the head that a new driver reads', await fresh.head(writer.id), old);
  const commit = fresh.commit(writer.id, batchOf({ key: 'newer' }), writer.options());
  const error = await expectRejection('a commit that expects a head newer than the stored one', commit, [
    'ROLLED_BACK',
  ]);
  expectHead('the head that the error carries', error.head, old);
  expectHead('the head after all that', await fresh.head(writer.id), old);
  for (const by of [driver, fresh]) await loadsExactly(by, writer, old);
  await refuses(driver, writer, 'an older backend, after a load that went back to it');
  await goesOnAbove(driver, writer, old);
}

/** The caller who names the stored head is given it; no other name will do, and nobody else is let through by that. */
async function loadsExactly(
  driver: PersistenceDriver,
  { id, head: lost }: AccountWriter,
  stored: AccountHead | undefined,
): Promise<void> {
  const none = { revision: 0, writeId: '' };
  const { revision, writeId } = stored ?? none;
  const loaded = await driver.load(id, { rolledBackTo: { revision, writeId } });
  expectHead('the head of a load with rolledBackTo', loaded?.head, stored);
  const others = [none, lost ?? none, { revision, writeId: `${writeId}-other` }, { revision: revision + 1, writeId }];
  for (const other of others) {
    if (other.revision === revision && other.writeId === writeId) continue;
    const rolledBackTo = { revision: other.revision, writeId: other.writeId };
    const load = driver.load(id, { rolledBackTo });
    const what = `a load with rolledBackTo ${show(rolledBackTo)}`;
    const error = await expectRejection(what, load, ['ROLLED_BACK'], ['not-applied']);
    expectHead('the head that the error carries', error.head, stored);
  }
}

/** A writer that names the older head and a floor at what was lost knows of the rollback: it may write everything again. */
async function goesOnAbove(
  driver: PersistenceDriver,
  writer: AccountWriter,
  older: AccountHead | undefined,
): Promise<void> {
  const { revision: revisionFloor = 0 } = writer.head ?? {};
  const expected = older === undefined ? undefined : { revision: older.revision, writeId: older.writeId };
  const options = { ...writer.options(), expected };
  const low = driver.commit(writer.id, batchOf({ key: 'again' }), { ...options, revisionFloor: revisionFloor - 1 });
  await expectRejection('a commit on an older head with a floor below what was lost', low, ['ROLLED_BACK']);
  const head = await driver.commit(writer.id, batchOf({ key: 'again' }), { ...options, revisionFloor });
  expectEqual('the revision above what was lost', head.revision, revisionFloor + 1);
  const stored = present('load', await driver.load(writer.id));
  expectHead('the head above what was lost', stored.head, head);
  expectEqual('the record above what was lost', stored.records.get('key'), 'again');
}

/** After the rollback somebody else writes as many revisions as were lost: only the writeId tells. */
async function otherHistory(scope: ClauseScope): Promise<void> {
  const rollback = present('faults.rollback', scope.faults.rollback);
  const driver = await scope.open();
  const writer = scope.writer(driver);
  await writer.commit({ key: 'common' });
  const snapshot = await rollback.snapshot();
  await writer.commit({ key: 'lost' });
  await rollback.restore(snapshot);
  const other = scope.writer(await scope.open(), writer.id);
  await other.refresh();
  const head = await other.commit({ key: 'another history' });
  expectEqual('the revision of the other history', head.revision, writer.head?.revision);
  const codes = ['ROLLED_BACK', 'CONFLICT'] as const;
  const commit = writer.commit({ key: 'on top' });
  const error = await expectRejection('a commit on top of another history', commit, codes, ['not-applied']);
  expectHead('the head that the error carries', error.head, head);
  expectHead('the head after that', await other.driver.head(writer.id), head);
}

async function emptyBackend(scope: ClauseScope): Promise<void> {
  const driver = await scope.open();
  const writer = scope.writer(driver);
  await writer.commit({ key: '1' });
  await scope.faults.empty?.();
  await refuses(driver, writer, 'an empty backend');
  const fresh = await scope.open();
  const commit = fresh.commit(writer.id, batchOf({ key: '2' }), writer.options());
  const error = await expectRejection('a commit that expects a head, on an empty backend', commit, ['ROLLED_BACK']);
  expectEqual('the head that the error carries', error.head, undefined);
  expectEqual('the head that a new driver reads', await fresh.head(writer.id), undefined);
  for (const by of [driver, fresh]) await loadsExactly(by, writer, undefined);
  await goesOnAbove(driver, writer, undefined);
}

async function refuses(driver: PersistenceDriver, writer: AccountWriter, what: string): Promise<void> {
  const { id } = writer;
  await expectRejection(`head on ${what}`, driver.head(id), ['ROLLED_BACK'], ['not-applied']);
  await expectRejection(`load on ${what}`, driver.load(id), ['ROLLED_BACK'], ['not-applied']);
  const commit = driver.commit(id, batchOf({ key: '3' }), writer.options());
  await expectRejection(`commit on ${what}`, commit, ['ROLLED_BACK'], ['not-applied']);
  await expectRejection(`drop on ${what}`, driver.drop(id, writer.options()), ['ROLLED_BACK'], ['not-applied']);
}

/** Conditional commit, continued: what a backend does that lost its latest state. */
export const rollbackClauses: readonly Clause[] = [rolledBack];
