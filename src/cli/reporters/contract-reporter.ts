import type { ContractSubject } from '../../../test/contract/index.js';
import type { ClauseOutcome, ContractRun } from '../run-contract.js';

/** Writes what becomes of a run, while it goes on or at its end. */
export interface ContractReporter {
  start?(subject: ContractSubject): void;
  outcome?(outcome: ClauseOutcome): void;
  end(run: ContractRun): void;
}
