import { isAccountKeeperError } from '../../src/core/errors.js';
import { ACCOUNT_SPECIFICATION, type AccountOperation, isWrite } from './checker/account-specification.js';
import { checkHistory } from './checker/checker.js';
import { minimised } from './checker/minimise.js';
import { shownHistory } from './checker/show-history.js';
import type { Recorder, Result } from './recorder.js';

// What a backend that is disturbed, and a caller in a hurry, may lead to.
const EXPECTED_CODES: readonly string[] = ['UNAVAILABLE', 'TIMEOUT', 'ABORTED'];

/** Counts what was checked, and keeps what was wrong with it. */
export class Tally {
  /** For a reader, with all that is needed to look into it. */
  readonly violations: string[] = [];
  histories = 0;
  operations = 0;
  unknown = 0;

  /** Checks a history that has come to its end. */
  check({ operations }: Recorder, about: string): void {
    this.histories += 1;
    this.operations += operations.length;
    this.unknown += operations.filter(({ output }) => output === undefined).length;
    if (checkHistory(ACCOUNT_SPECIFICATION, operations).isLinearizable) return;
    this.violations.push(shownViolation(operations, about));
  }

  /** A failure that no disturbance explains is a violation too. */
  note(result: Result, about: string): void {
    if (result.kind === 'answered') return;
    const { kind, error } = result;
    if (isAccountKeeperError(error)) {
      // A repetition can find that the write had landed, and then that somebody has written after it.
      const isOvertaken = error.code === 'CONFLICT' && kind === 'unknown';
      if (isOvertaken || EXPECTED_CODES.includes(error.code)) return;
    }
    this.violations.push(
      `${about}: an operation rejected ${isAccountKeeperError(error) ? error.code : 'without a code'}: ${error}`,
    );
  }
}

/** What is wrong with a history, as small as it can be made, and the whole of it. */
export function shownViolation(operations: readonly AccountOperation[], about: string): string {
  const small = minimised(ACCOUNT_SPECIFICATION, operations, (operation) => !isWrite(operation));
  const verdict = checkHistory(ACCOUNT_SPECIFICATION, small);
  const explained = verdict.isLinearizable ? [] : verdict.longest;
  return [
    `${about}: no order of these operations explains their answers`,
    shownHistory(small),
    ' without an explanation, at the best:',
    shownHistory(small.filter((operation) => operation.output !== undefined && !explained.includes(operation))),
    ' the whole history:',
    shownHistory(operations),
  ].join('\n');
}
