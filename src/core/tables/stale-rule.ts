import { flag } from '../option-checks.js';

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
  if (rejectStale !== undefined) flag('rejectStale', rejectStale);
}
