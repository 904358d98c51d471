import { type ErrorCode, isAccountKeeperError } from '../../../src/core/errors.js';

/** Whether something that was thrown carries one of the codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  return isAccountKeeperError(error) && codes.includes(error.code);
}
