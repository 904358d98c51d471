import type { AccountKeeperError } from '../../../../src/core/errors.js';
import type { PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, mapOf } from '../../account-writer.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectEqual, expectError, expectRecords, listed } from '../../expectations.js';
import { failsInTime, type Outage, recovered, whileOut } from '../../outage.js';

/** The part of FA2 on a backend that is stopped or paused: what cannot be read never looks empty. */
export async function readsInOutage(scope: ClauseScope, outage: Outage): Promise<void> {
  // An account is looked for where no other one is.
  const prefix = `${scope.prefix}-${outage}`;
  const driver = await scope.open({ prefix });
  const writer = scope.writer(driver);
  await writer.commit({ key: '1' });
  const timeoutMs = scope.deadlineMs;
  const ids = [writer.id, scope.unique('never-written')];
  await whileOut(scope, outage, async () => {
    const reads = ids.flatMap((id) => readsOf(driver, id, timeoutMs));
    const what = `a read from a ${outage} backend`;
    await Promise.all(reads.map((read) => failsInTime(scope, what, read, ['not-applied'])));
  });
  const stored = await recovered(`load after the backend was ${outage}`, () => driver.load(writer.id));
  expectRecords(`load after the backend was ${outage}`, stored, mapOf({ key: '1' }));
  expectEqual(`accounts() after the backend was ${outage}`, await listed(driver.accounts()), [writer.id]);
}

function readsOf(driver: PersistenceDriver, id: string, timeoutMs: number): readonly Promise<unknown>[] {
  return [driver.head(id, { timeoutMs }), driver.load(id, { timeoutMs }), listed(driver.accounts({ timeoutMs }))];
}

/** The part of FA4 on a stopped backend: the errors that are most likely to say where the backend is. */
export async function errorsOfAStop(scope: ClauseScope, writer: AccountWriter): Promise<readonly AccountKeeperError[]> {
  const { driver } = writer;
  const timeoutMs = scope.deadlineMs;
  const fresh = scope.driver();
  const errors = await scope.whileStopped(async () => {
    const attempts: readonly Promise<unknown>[] = [
      ...readsOf(driver, writer.id, timeoutMs),
      driver.commit(writer.id, batchOf({ key: '2' }), writer.options({ timeoutMs })),
      fresh.open({ timeoutMs }),
      fresh.head(writer.id, { timeoutMs }),
    ];
    const results = await Promise.allSettled(attempts);
    const rejected = results.filter((result) => result.status === 'rejected');
    return rejected.map(({ reason }) => expectError('an operation on a stopped backend', reason));
  });
  await recovered('load after a stop', () => driver.load(writer.id));
  return errors;
}
