import type { ClauseScope } from './clause-scope.js';
import type { ClauseNeed } from './needs.js';

/** The groups of clauses, in the order in which they run. */
export type ClauseGroup =
  | 'round trip'
  | 'isolation'
  | 'keys'
  | 'atomic commit'
  | 'deletes'
  | 'order'
  | 'conditional commit'
  | 'failures'
  | 'deadlines'
  | 'recovery'
  | 'close'
  | 'scale'
  | 'side by side'
  | 'corruption'
  | 'access'
  | 'watch';

/** One clause of the driver contract, as others see it. */
export interface ContractClause {
  /** Stable: two letters and a number. */
  readonly id: string;
  readonly group: ClauseGroup;
  /** The duty of a driver. */
  readonly title: string;
  /** The claims of the driver, and the means of the subject, without which the clause is skipped. */
  readonly needs: readonly ClauseNeed[];
  /** Needs of single parts. Where one is missing, the rest is tested, and the clause stays unproven. */
  readonly partNeeds?: readonly ClauseNeed[];
}

/** A clause together with its test. */
export interface Clause extends ContractClause {
  /** Rejects when the driver does not keep the clause. */
  run(scope: ClauseScope): Promise<void>;
}
