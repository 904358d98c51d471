import {
  type ClauseResult,
  type ContractClause,
  type ContractOptions,
  type ContractReport,
  type ContractRunner,
  type ContractSubject,
  contractClauses,
  runDriverContract,
} from '../../test/contract/index.js';

/** How a run is to go. */
export type RunOptions = Pick<ContractOptions, 'clauseTimeoutMs' | 'outageDeadlineMs' | 'seed' | 'require' | 'only'>;

/** A clause and what became of it. */
export interface ClauseOutcome {
  readonly clause: ContractClause;
  readonly result: ClauseResult;
}

/** How a run went. */
export interface ContractRun {
  readonly report: ContractReport;
  /** The clauses that ran or were skipped, in order; those that were not selected are left out. */
  readonly outcomes: readonly ClauseOutcome[];
  readonly required: NonNullable<ContractOptions['require']>;
  readonly seed: number;
  /** Why the level is not what was required, or that the driver cannot be closed without having been opened. */
  readonly levelError: string | undefined;
}

/**
 * Runs the clauses one after the other.
 *
 * @param onOutcome - called for each clause in its order, as soon as it has settled
 * @throws what `subject.createDriver` throws
 */
export async function runContract(
  subject: ContractSubject,
  options: RunOptions = {},
  onOutcome: (outcome: ClauseOutcome) => void = () => undefined,
): Promise<ContractRun> {
  // In the order of their registration; those that are skipped have nothing to run.
  const tests: { readonly name: string; readonly run?: () => Promise<void> }[] = [];
  const it: ContractRunner['it'] = (name, run) => tests.push({ name, run });
  it.skip = (name) => tests.push({ name });
  const results = new Map<string, ClauseResult>();
  const reports: ContractReport[] = [];
  runDriverContract({ describe: (_name, register) => register(), it }, subject, {
    ...options,
    onResult: (result) => results.set(result.id, result),
    onReport: (report) => reports.push(report),
  });
  const clauses = new Map(contractClauses.map((clause) => [clause.id, clause]));
  const outcomes: ClauseOutcome[] = [];
  let levelError: string | undefined;
  for (const { name, run } of tests) {
    const error = await failureOf(run);
    const id = name.split(' ', 1)[0] ?? '';
    const [clause, result] = [clauses.get(id), results.get(id)];
    if (clause === undefined || result === undefined) levelError = error;
    else {
      outcomes.push({ clause, result });
      onOutcome({ clause, result });
    }
  }
  const [report] = reports;
  if (report === undefined) throw new Error('the suite has made no report');
  return { report, outcomes, required: options.require ?? 'nothing', seed: options.seed ?? 1, levelError };
}

/** Whether a run leaves something to be repaired. */
export function hasFailed({ outcomes, levelError }: ContractRun): boolean {
  return levelError !== undefined || outcomes.some(({ result }) => result.status === 'failed');
}

async function failureOf(run: (() => Promise<void>) | undefined): Promise<string | undefined> {
  try {
    await run?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
