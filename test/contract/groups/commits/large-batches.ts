import { isAccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { batchOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectEqual, expectError, expectRecords, nextTurn, present, settle } from '../../expectations.js';
import { OUTAGE_CODES } from '../../outage.js';
import { killedMidway } from './atomic-commit.js';

const SIZES = [1000, 2001, 5000];
const INTERRUPTED = 5000;
/** More than this is not made for a test. A driver that takes more is tested up to here. */
const TESTED_RECORDS = 100_000;
const TESTED_BYTES = 16 * 1024 ** 2;
const KEY_BYTES = 6;
const TIMEOUT_MS = 50_000;
const OLD = 'old';

const upToTheLimits: Clause = {
  id: 'AC5',
  group: 'atomic commit',
  title: 'batches of 1,000, 2,001 and 5,000 records, and up to the declared limits, are atomic',
  needs: ['atomicCommit'],
  async run(scope) {
    const drivers = [await scope.open(), await scope.open()] as const;
    const { batchRecords, batchBytes, valueBytes } = drivers[0].limits;
    const bytes = Math.min(batchBytes, TESTED_BYTES) - OLD.length;
    const most = Math.min(batchRecords - 1, TESTED_RECORDS, Math.floor(bytes / (KEY_BYTES + 1)));
    for (const size of new Set([...SIZES, most])) {
      if (size <= most) await seenWhole(scope, drivers, recordsOf(size, 1));
    }
    const few = Math.min(most, 2001);
    await seenWhole(scope, drivers, recordsOf(few, Math.min(valueBytes, Math.floor(bytes / few) - KEY_BYTES)));
    const interrupted = Math.min(most, INTERRUPTED);
    for (const turns of [0, 2, 8]) await aborted(scope, drivers, recordsOf(interrupted, 1), turns);
    if (scope.subject.module === undefined || scope.capabilities.durability === 'none') return;
    await killedMidway(scope, { records: interrupted, valueLength: 8, after: [1] });
  },
};

type Drivers = readonly [PersistenceDriver, PersistenceDriver];
type Records = ReadonlyMap<string, string>;

function recordsOf(count: number, valueBytes: number): Records {
  const value = 'x'.repeat(valueBytes);
  return new Map(Array.from({ length: count }, (_, index) => [`${index}`.padStart(KEY_BYTES, '0'), value]));
}

/** The account is read while the batch is committed, by both drivers in turn. */
async function seenWhole(scope: ClauseScope, drivers: Drivers, records: Records): Promise<void> {
  const writer = scope.writer(drivers[0]);
  await writer.commit({ [OLD]: '1' });
  let committing = true;
  const read = async (): Promise<void> => {
    for (let turn = 0; committing; turn += 1) {
      await expectWhole(drivers[turn % 2 === 0 ? 1 : 0], writer.id, records);
      await nextTurn();
    }
  };
  const options = writer.options({ timeoutMs: TIMEOUT_MS });
  const attempt = (): Promise<AccountHead> => writer.commit(records, [OLD], options);
  // A replica can be too slow for so much: the same commit, repeated, settles it.
  const isUnknown = (error: unknown): boolean => isAccountKeeperError(error) && error.outcome === 'unknown';
  const commit = attempt()
    .catch((error: unknown) => (isUnknown(error) ? attempt() : Promise.reject(error)))
    .finally(() => {
      committing = false;
    });
  await Promise.all([commit, read()]);
  expectRecords(`a batch of ${records.size} records`, await writer.load(), records);
  await writer.drop({ timeoutMs: TIMEOUT_MS });
}

/** The caller gives the commit up after so many turns of the event loop. */
async function aborted(scope: ClauseScope, drivers: Drivers, records: Records, turns: number): Promise<void> {
  const writer = scope.writer(drivers[0]);
  await writer.commit({ [OLD]: '1' });
  const controller = new AbortController();
  const options = writer.options();
  const batch = batchOf(records, [OLD]);
  const commit = settle(writer.driver.commit(writer.id, batch, { ...options, signal: controller.signal }));
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
  controller.abort();
  const result = await commit;
  if (result.status === 'rejected') expectError('a large commit that is aborted', result.reason, ['ABORTED']);
  for (const reader of [...drivers, ...drivers]) await expectWhole(reader, writer.id, records);
  if (!scope.capabilities.conditionalCommit) return;
  await writer.driver.commit(writer.id, batch, { ...options, timeoutMs: TIMEOUT_MS });
  expectRecords('a large commit that was aborted and repeated', await writer.load(), records);
}

/** Fails if the account is seen to hold anything but what was there before, or the whole batch. */
async function expectWhole(reader: PersistenceDriver, id: string, records: Records): Promise<void> {
  const result = await settle(reader.load(id, { timeoutMs: TIMEOUT_MS }));
  if (result.status === 'rejected') {
    // A backend can be too busy with the batch to answer.
    expectError('load beside a large commit', result.reason, OUTAGE_CODES, ['not-applied']);
    return;
  }
  const { head, records: seen } = present('load', result.value);
  const what = `load at revision ${head.revision}, beside a commit of ${records.size} records or after it`;
  expectEqual(`${what}, number of records`, seen.size, head.revision === 1 ? 1 : records.size);
  expectEqual(`${what}, whether the old record is there`, seen.has(OLD), head.revision === 1);
}

/** Atomic commit, continued: large batches. */
export const largeBatchClauses: readonly Clause[] = [upToTheLimits];
