import type { ClauseStatus, ConformanceLevel, ContractReport } from '../../../test/contract/index.js';
import { contractClauses, levelOf } from '../../../test/contract/index.js';
import { type ContractRun, hasFailed } from '../run-contract.js';

/** The output of `--json`. Fields may be added; none changes its meaning while `schema` is the same. */
export interface JsonReport {
  readonly schema: 1;
  readonly subject: string;
  readonly capabilities: ContractReport['capabilities'];
  /** Nothing failed, and the required level was reached. */
  readonly ok: boolean;
  readonly level: ConformanceLevel | null;
  /** The level that would be proven if the missing faults are not counted. */
  readonly fairWeather: ConformanceLevel | null;
  /** The faults and modules that the subject lacks for every clause to be tested. */
  readonly missing: readonly string[];
  readonly claimed: ConformanceLevel;
  readonly required: ContractRun['required'];
  readonly seed: number;
  /** Why the required level was missed. */
  readonly error: string | null;
  readonly unproven: readonly string[];
  /** All clauses, those that were not selected too. */
  readonly clauses: readonly JsonClause[];
}

/** A clause in a {@link JsonReport}. */
export interface JsonClause {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly level: ConformanceLevel;
  readonly status: ClauseStatus;
  readonly reason: string | null;
  readonly ms: number;
  readonly error: string | null;
}

/** The report on a run, as data. */
export function jsonReport(run: ContractRun): JsonReport {
  const { report, required, seed, levelError } = run;
  const results = new Map(report.results.map((result) => [result.id, result]));
  return {
    schema: 1,
    subject: report.subject,
    capabilities: report.capabilities,
    ok: !hasFailed(run),
    level: report.level ?? null,
    fairWeather: report.fairWeather ?? null,
    missing: report.missing,
    claimed: report.claimed,
    required,
    seed,
    error: levelError ?? null,
    unproven: report.unproven,
    clauses: contractClauses.map((clause) => {
      const { status = 'not run', reason = null, ms = 0, error = null } = results.get(clause.id) ?? {};
      const { id, group, title } = clause;
      return { id, group, title, level: levelOf(clause), status, reason, ms, error };
    }),
  };
}
