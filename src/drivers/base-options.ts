import { durationOption, type OptionTable, textOption } from './option-table.js';

/** The options that all drivers on the shared layout have. */
export interface BaseDriverOptions {
  /**
   * What all keys begin with: 1 to 128 of `A-Z a-z 0-9 _ . / -`. Drivers with different prefixes are disjoint.
   *
   * @default 'accountkeeper'
   */
  readonly prefix?: string;
  /**
   * Milliseconds, at least 1, after which an operation that is given no `timeoutMs` rejects `TIMEOUT`.
   *
   * @default 10_000
   */
  readonly operationTimeoutMs?: number;
}

/** The rules for {@link BaseDriverOptions}. */
export const BASE_OPTION_RULES: OptionTable<BaseDriverOptions> = {
  prefix: textOption,
  operationTimeoutMs: durationOption(1),
};
