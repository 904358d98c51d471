import { AccountKeeperError } from '../errors.js';
import { describeReceived } from '../option-checks.js';

/** What a table does with messages that come late. */
export interface StaleRule {
  /**
   * Ignore what is older, by exchange time, than what is held or known to have ended.
   * @default false
   */
  readonly rejectStale?: boolean;
}

/** @throws `CONFIG` */
export function requireStaleRule({ rejectStale }: StaleRule): void {
  if (rejectStale === undefined || typeof rejectStale === 'boolean') return;
  const message = `rejectStale: received ${describeReceived(rejectStale)}, allowed is true or false`;
  throw new AccountKeeperError('CONFIG', message);
}
