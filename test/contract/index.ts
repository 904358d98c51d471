/**
 * The contract that every driver keeps, as a suite of tests for any runner that has `describe` and `it`.
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * import { runDriverContract } from 'accountkeeper/contract';
 *
 * runDriverContract({ describe, it }, { name: 'mine', createDriver: (options) => new MyDriver(options) });
 * ```
 *
 * Clauses, and parts of clauses, that need `faults` or a `module` are skipped without them. The option `require` makes the last test ask for a
 * level, or for all that the driver claims; `onReport` receives the level that was proven.
 *
 * @packageDocumentation
 */
import type { ContractClause } from './clause.js';
import { contractClauses as clauses } from './clauses.js';

export type { ClauseGroup, ContractClause } from './clause.js';
export { type ClauseNeed, NEED_MEANINGS } from './needs.js';
export {
  type ClauseResult,
  type ClauseStatus,
  type ClauseVerdict,
  CONFORMANCE_LEVELS,
  type ConformanceLevel,
  type ContractReport,
  claimedLevel,
  conformanceLevel,
  fairWeatherLevel,
  levelOf,
} from './report.js';
export { type ContractOptions, type ContractRunner, runDriverContract } from './run-driver-contract.js';
export type {
  ContractCommitFailures,
  ContractDriverOptions,
  ContractFaults,
  ContractRollback,
  ContractSubject,
  DriverMaker,
  Inject,
  RawAccess,
  Undo,
} from './subject.js';

/** The clauses, in the order in which they run. */
export const contractClauses: readonly ContractClause[] = clauses.map(({ id, group, title, needs, partNeeds = [] }) =>
  Object.freeze({ id, group, title, needs, partNeeds }),
);
