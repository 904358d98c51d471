import type { AccountWriter } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import type { ClauseScope } from '../../clause-scope.js';
import { expectRecords, expectThat, nextTurn, present } from '../../expectations.js';
import { recovered } from '../../outage.js';
import { countedRecord } from '../../second-process-protocol.js';
import { ACCOUNTS, acknowledged, PATIENT, type StartedCommit, settleOutcome, startNext } from './numbered.js';

const interrupted: Clause = {
  id: 'GC1',
  group: 'side by side',
  title:
    'many accounts commit side by side when the backend stops or the process is killed: each is whole, none is lost',
  needs: ['atomicCommit', 'conditionalCommit', 'backend of its own', 'stop'],
  partNeeds: ['module if shared'],
  async run(scope) {
    // Some of them have made no commit by then; some have made several.
    for (const after of [ACCOUNTS / 4, 2 * ACCOUNTS]) await stoppedMidway(scope, after);
    if (scope.subject.module === undefined || scope.capabilities.durability === 'none') return;
    await killedMidway(scope, 2 * ACCOUNTS);
  },
};

/** The backend stops after so many acknowledgements. */
async function stoppedMidway(scope: ClauseScope, after: number): Promise<void> {
  const driver = await scope.open();
  const writers = Array.from({ length: ACCOUNTS }, () => scope.writer(driver));
  let left = after;
  let reached = (): void => undefined;
  const enough = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const onAcknowledged = (): void => {
    left -= 1;
    if (left <= 0) reached();
  };
  const timeoutMs = 4 * scope.deadlineMs;
  const ending = Promise.all(writers.map((writer) => commitUntilItFails(writer, timeoutMs, onAcknowledged)));
  await Promise.race([enough, ending]);
  const failed = await scope.whileStopped(() => ending);
  const reader = scope.driver();
  await recovered('open after a stop', () => reader.open());
  await Promise.all(failed.map((commit) => settleOutcome(scope, reader, commit)));
}

/** Commits again and again. @returns the commit that failed */
async function commitUntilItFails(
  writer: AccountWriter,
  timeoutMs: number,
  onAcknowledged: () => void,
): Promise<StartedCommit> {
  for (;;) {
    const commit = startNext(writer, { timeoutMs });
    const { status } = await commit.settled;
    if (status === 'rejected') return commit;
    await acknowledged('many commits side by side', [commit]);
    onAcknowledged();
    // Others have their turn too, where a commit is done in this one.
    await nextTurn();
  }
}

/** The process that commits is killed after so many acknowledgements. */
async function killedMidway(scope: ClauseScope, after: number): Promise<void> {
  const ids = Array.from({ length: ACCOUNTS }, () => scope.unique('killed'));
  const process = await scope.process();
  const counts = await process.killWhileCommitting(ids, 3, 20, after);
  const reader = await scope.open();
  const loaded = await Promise.all(ids.map(async (id) => ({ id, stored: await reader.load(id, PATIENT) })));
  for (const { id, stored } of loaded) {
    const what = `account ${id}, after SIGKILL midway`;
    const least = counts.get(id) ?? 0;
    if (stored === undefined && least === 0) continue;
    const { revision } = present(`${what}, load`, stored).head;
    expectThat(`${what}, revision`, revision >= least, `${least} or more`, revision);
    expectRecords(what, stored, new Map([0, 1, 2].map((index) => countedRecord(index, revision, 20))));
  }
}

/** Side by side: GC1. */
export const interruptionClauses: readonly Clause[] = [interrupted];
