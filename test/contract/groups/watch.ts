import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import type { Clause } from '../clause.js';
import { expectEqual, expectThat, present } from '../expectations.js';
import { watched } from '../outage.js';

const group = 'watch';

/** So soon a change has to be told. */
const TOLD_WITHIN_MS = 2000;

/** So long nothing may be told any more. */
const SILENT_MS = 200;

const LOOK_EVERY_MS = 2;

/** Counts what is told of an account. */
class Ear {
  calls = 0;
  readonly stop: () => void;

  constructor(driver: PersistenceDriver, accountId: string) {
    const hear = (): void => {
      this.calls += 1;
    };
    this.stop = present('watch', driver.watch?.(accountId, hear));
  }

  async hears(what: string, change: () => Promise<unknown>): Promise<void> {
    const before = this.calls;
    await change();
    const giveUpAt = performance.now() + TOLD_WITHIN_MS;
    while (this.calls === before && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    expectThat(what, this.calls > before, `told within ${TOLD_WITHIN_MS} ms`, 'nothing');
  }
}

const told: Clause = {
  id: 'WA1',
  group,
  title: 'watch tells of each commit and drop of an account, by this driver or another one, within two seconds',
  needs: ['watch'],
  async run(scope) {
    const driver = await scope.open();
    const other = await scope.open();
    const writer = scope.writer(driver);
    const ear = new Ear(driver, writer.id);
    await ear.hears('the first commit', () => writer.commit({ key: '1' }));
    const another = scope.writer(other, writer.id);
    for (const value of ['2', '3']) {
      await another.refresh();
      await ear.hears('a commit by another driver', () => another.commit({ key: value }));
      await writer.refresh();
      await ear.hears('a commit by the same driver', () => writer.commit({ key: value }));
    }
    await another.refresh();
    await ear.hears('a drop by another driver', () => another.drop());
    ear.stop();
  },
};

const ends: Clause = {
  id: 'WA2',
  group,
  title: 'watch ends with the function that it returns, and with close; one listener does not depend on another',
  needs: ['watch'],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(await scope.open());
    const stopped = new Ear(driver, writer.id);
    const closed = new Ear(driver, writer.id);
    await stopped.hears('a commit', () => writer.commit({ key: '1' }));
    stopped.stop();
    stopped.stop();
    // What was on its way may still arrive.
    await watched(async () => undefined, SILENT_MS);
    const { calls } = stopped;
    await closed.hears('a commit after another listener has left', () => writer.commit({ key: '2' }));
    await watched(async () => undefined, SILENT_MS);
    expectEqual('calls of a listener that has left', stopped.calls, calls);
    await driver.close();
    const { calls: before } = closed;
    await writer.commit({ key: '3' });
    await watched(async () => expectEqual('calls after close', closed.calls, before), SILENT_MS);
    closed.stop();
  },
};

/** Watch. */
export const watchClauses: readonly Clause[] = [told, ends];
