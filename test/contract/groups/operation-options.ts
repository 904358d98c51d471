import { getEventListeners } from 'node:events';
import type { OperationOptions, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { batchOf, mapOf } from '../account-writer.js';
import type { Clause } from '../clause.js';
import type { ClauseScope } from '../clause-scope.js';
import {
  expectEqual,
  expectError,
  expectNever,
  expectRecords,
  listed,
  nextTurn,
  settle,
  show,
} from '../expectations.js';
import { OUTAGE_CODES, recovered } from '../outage.js';

const group = 'deadlines';

/** The longest deadline that a driver may have of its own, in deadlines of the suite: 20 s where those are half a second. */
const LONGEST_DEFAULT = 40;

/** Above the first of these a timer of Node.js ends at once; above the second one `AbortSignal.timeout` throws. */
const LONG_DEADLINES_MS = [2 ** 31, 2 ** 32 + 0.5, Number.MAX_SAFE_INTEGER];

type Calls = Readonly<Record<string, () => Promise<unknown>>>;

/** A call of each method, close being the last one. */
function callsOf(scope: ClauseScope, driver: PersistenceDriver, id: string, more: OperationOptions): Calls {
  const [written, dropped] = [scope.writer(driver), scope.writer(driver)];
  return {
    open: () => driver.open(more),
    head: () => driver.head(id, more),
    load: () => driver.load(id, more),
    'accounts()': () => listed(driver.accounts(more)),
    commit: () => written.commit({ key: '1' }, [], more),
    drop: () => dropped.drop(more),
    close: () => driver.close(more),
  };
}

const anyDeadline: Clause = {
  id: 'TI5',
  group,
  title: 'there is a default deadline, and a timeoutMs of 0.4 or above 2^31 works',
  needs: [],
  partNeeds: ['pause if external'],
  async run(scope) {
    const writer = scope.writer(await scope.open());
    await writer.commit({ key: '1' });
    for (const timeoutMs of LONG_DEADLINES_MS) {
      const calls = callsOf(scope, await scope.open(), writer.id, { timeoutMs });
      for (const [method, call] of Object.entries(calls)) {
        const result = await settle(call());
        const what = `${method} with a timeoutMs of ${timeoutMs}`;
        if (result.status === 'rejected') expectNever(what, `that it works, saw ${show(result.reason)}`, result.reason);
      }
    }
    const calls = callsOf(scope, await scope.open(), writer.id, { timeoutMs: 0.4 });
    for (const [method, call] of Object.entries(calls)) {
      const result = await settle(call());
      // It is hardly enough for an answer.
      if (result.status === 'rejected') expectError(`${method} with a timeoutMs of 0.4`, result.reason, ['TIMEOUT']);
    }
    expectRecords('the account after all that', await writer.load(), mapOf({ key: '1' }));
    if (scope.canPause) await settlesByDefault(scope, writer.id);
  },
};

async function settlesByDefault(scope: ClauseScope, id: string): Promise<void> {
  const limitMs = LONGEST_DEFAULT * scope.deadlineMs;
  const [driver, closing] = [await scope.open(), await scope.open()];
  await Promise.all([driver.load(id), closing.load(id)]);
  await scope.whilePaused(async () => {
    const { open: _open, close: _close, ...calls } = callsOf(scope, driver, id, {});
    const fresh = scope.driver();
    const all: Calls = { ...calls, open: () => fresh.open(), close: () => closing.close() };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), limitMs);
    });
    const ended = Object.entries(all).map(async ([method, call]): Promise<void> => {
      const result = await Promise.race([settle(call()), late]);
      const what = `${method} without timeoutMs, against a paused backend`;
      if (result === undefined) expectNever(what, `that it settles within ${limitMs} ms`);
      else if (result.status === 'rejected') expectError(what, result.reason, OUTAGE_CODES);
      else if (method !== 'close') expectNever(what, 'a rejection');
    });
    await Promise.all(ended).finally(() => clearTimeout(timer));
  });
  await recovered('load after a pause', () => driver.load(id));
}

const noListenerStays: Clause = {
  id: 'TI6',
  group,
  title: "no listener stays on the caller's signal",
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    const { signal } = new AbortController();
    const leavesNone = async (method: string, call: () => Promise<unknown>): Promise<void> => {
      await settle(call());
      await nextTurn();
      expectEqual(`listeners on the signal after ${method}`, getEventListeners(signal, 'abort').length, 0);
    };
    const stale = { ...writer.options({ signal }), expected: undefined };
    await leavesNone('a conflict', () => driver.commit(writer.id, batchOf({ key: '2' }), stale));
    await leavesNone('a listing that ends early', async () => {
      for await (const _id of driver.accounts({ signal })) break;
    });
    await leavesNone('a refused key', () => driver.load('', { signal }));
    for (const [method, call] of Object.entries(callsOf(scope, driver, writer.id, { signal }))) {
      await leavesNone(method, call);
    }
    await leavesNone('load after close', () => driver.load(writer.id, { signal }));
    const late = await scope.open();
    for (const [method, call] of Object.entries(callsOf(scope, late, writer.id, { signal, timeoutMs: 0.4 }))) {
      await leavesNone(`${method} with a timeoutMs of 0.4`, call);
    }
  },
};

/** Deadlines: TI5 and TI6. */
export const operationOptionClauses: readonly Clause[] = [anyDeadline, noListenerStays];
