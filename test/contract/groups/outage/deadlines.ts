import type { ErrorOutcome } from '../../../../src/core/errors.js';
import type { PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { type AccountWriter, batchOf, mapOf } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectEqual, expectHead, expectRecords, expectThat, listed } from '../../expectations.js';
import { failsInTime, type Outage, outagesOf, recovered, takenOver, whileOut } from '../../outage.js';

const settlesByDeadline: Clause = {
  id: 'TI1',
  group: 'deadlines',
  title: 'each operation settles by its deadline against a stopped and against a paused backend',
  needs: ['backend of its own', 'stop or pause'],
  partNeeds: ['stop if external', 'pause if external'],
  async run(scope) {
    for (const outage of outagesOf(scope)) await settlesWhile(scope, outage);
  },
};

async function settlesWhile(scope: ClauseScope, outage: Outage): Promise<void> {
  const driver = await scope.open();
  const other = await scope.open();
  const fresh = scope.driver();
  const writer = scope.writer(driver);
  const dropper = scope.writer(driver);
  await writer.commit({ value: 'start' });
  await dropper.commit({ value: 'start' });
  const ends = await whileOut(scope, outage, async () => {
    const timeoutMs = scope.deadlineMs;
    const fails = (what: string, promise: Promise<unknown>, isRead: boolean): Promise<ErrorOutcome> =>
      failsInTime(scope, `${what} against a ${outage} backend`, promise, isRead ? ['not-applied'] : undefined);
    // Side by side: one that waits must not take the time of another one.
    const [commit, drop] = await Promise.all([
      fails('commit', driver.commit(writer.id, batchOf({ value: 'late' }), writer.options({ timeoutMs })), false),
      fails('drop', driver.drop(dropper.id, dropper.options({ timeoutMs })), false),
      fails('head', driver.head(writer.id, { timeoutMs }), true),
      fails('load', driver.load(writer.id, { timeoutMs }), true),
      fails('accounts()', listed(driver.accounts({ timeoutMs })), true),
      fails('open', fresh.open({ timeoutMs }), true),
    ]);
    // The first ones may have cost the driver its connections.
    await Promise.all([
      fails('a second commit', driver.commit(scope.unique('new'), batchOf(), firstOptions(writer, timeoutMs)), false),
      fails('a second load', driver.load(writer.id, { timeoutMs }), true),
      fails('a second open', fresh.open({ timeoutMs }), true),
    ]);
    return { commit, drop };
  });
  await recovered(`open after the backend was ${outage}`, () => fresh.open());
  await recovered(`load after the backend was ${outage}`, () => driver.load(writer.id));
  const ids = await recovered(`accounts() after the backend was ${outage}`, () => listed(driver.accounts()));
  expectThat('accounts()', ids.includes(writer.id), 'that the account is listed', ids);
  if (!scope.capabilities.conditionalCommit) return;
  await neverLands(scope, writer, [driver, other, fresh], ends.commit, `a commit against a ${outage} backend`);
  await neverLands(scope, dropper, [driver, other, fresh], ends.drop, `a drop against a ${outage} backend`);
}

function firstOptions(writer: AccountWriter, timeoutMs: number): ReturnType<AccountWriter['options']> {
  return { ...writer.options({ timeoutMs }), expected: undefined };
}

/** Whatever became of the account's late write: what is acknowledged from now on stays. */
async function neverLands(
  scope: ClauseScope,
  writer: AccountWriter,
  drivers: readonly [PersistenceDriver, PersistenceDriver, PersistenceDriver],
  outcome: ErrorOutcome,
  what: string,
): Promise<void> {
  const [driver, other] = drivers;
  const old = writer.head;
  if (outcome === 'not-applied') {
    expectHead(`the head after ${what} that was not applied`, await driver.head(writer.id), old);
  }
  const head = await takenOver(scope.writer(other, writer.id), 'taken over');
  for (let poll = 0; poll < 5; poll += 1) {
    for (const reader of drivers) {
      const stored = await reader.load(writer.id);
      expectHead(`a commit that was acknowledged after ${what}`, stored?.head, head);
      expectRecords(`a commit that was acknowledged after ${what}`, stored, mapOf({ value: 'taken over' }));
    }
  }
  await writer.refresh();
  const next = await writer.commit({ value: 'next' });
  expectEqual(`revision of the commit after that`, next.revision, head.revision + 1);
}

/** Deadlines: TI1. */
export const outageDeadlineClauses: readonly Clause[] = [settlesByDeadline];
