import { openAccount } from 'accountkeeper';
import type { EngineMetadata, SymbolMetadata } from '../engine-metadata.js';
import { type Comparison, compare } from './comparison.js';
import { type MetadataRecords, metadataRecords } from './metadata-records.js';
import { type ReferenceRun, runReference } from './reference-run.js';
import type { Session } from './session-file.js';
import { runWorker, type WorkerRun } from './worker-process.js';
import type { Acknowledgement, WorkerReport, WorkerTask } from './worker-protocol.js';

/** How often a session's worker awaits a flush. */
const FLUSHES = 20;

/** All that the demo found out about one account. */
export interface AccountDemo {
  readonly session: Session;
  readonly reference: ReferenceRun;
  /** `undefined` for a session of one message, which has no middle. */
  readonly kill: Kill | undefined;
  /** The run to the end. */
  readonly lastRun: WorkerRun;
  /** The account as it was opened at the end, compared with all that was acknowledged. */
  readonly end: Comparison;
}

/** A worker that was killed, and what came back of it. */
export interface Kill {
  readonly run: WorkerRun;
  readonly cameBack: MetadataRecords;
  readonly comparison: Comparison;
}

/** Replays a session, kills the process in the middle, replays the rest, and looks at what is left. */
export async function demonstrate(
  session: Session,
  options: Pick<WorkerTask, 'accountId' | 'db' | 'input'>,
): Promise<AccountDemo> {
  const reference = runReference(session);
  const { length } = session.messages;
  const flushEvery = Math.max(1, Math.floor(length / FLUSHES));
  const killedRun =
    length < 2
      ? undefined
      : await runWorker({ ...options, flushEvery, holdAfter: middle(length, flushEvery), mustExist: false });
  const before = acknowledgementsOf(killedRun);

  const lastRun = await runWorker({ ...options, flushEvery, holdAfter: null, mustExist: before.length > 0 });
  const cameBack = restoredRecords(lastRun.reports);
  const kill = killedRun && { run: killedRun, cameBack, comparison: compare(before, cameBack, reference.history) };

  const atEnd = await openedRecords(options.accountId, options.db);
  const end = compare([...before, ...acknowledgementsOf(lastRun)], atEnd, reference.history);
  return { session, reference, kill, lastRun, end };
}

export function acknowledgementsOf(run: WorkerRun | undefined): readonly Acknowledgement[] {
  return (run?.reports ?? []).filter((report) => report.type === 'acknowledged');
}

/** After how many acknowledgements to kill: some half of them, and at least one. */
function middle(messages: number, flushEvery: number): number {
  return Math.max(1, Math.floor((messages / flushEvery) * 0.6));
}

function restoredRecords(reports: readonly WorkerReport[]): MetadataRecords {
  return reports.find((report) => report.type === 'restored')?.records ?? {};
}

async function openedRecords(accountId: string, db: string): Promise<MetadataRecords> {
  const account = await openAccount<SymbolMetadata, EngineMetadata>({
    accountId,
    persistence: { driver: 'sqlite', path: db },
    restore: { mustExist: true },
  });
  try {
    return metadataRecords(account);
  } finally {
    await account.close();
  }
}
