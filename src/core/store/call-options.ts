import { abortSignal, type ChecksOf, complete, duration, flag, oneOf, text, wholeNumber } from '../option-checks.js';
import type { RestoreOptions } from '../restore/restore-options.js';
import type { CloseOptions, FlushCallOptions, RequireDurableOptions } from './store-options.js';

/** Of `restore()` and `refresh()`. */
export const RESTORE_CALL: ChecksOf<RestoreOptions> = {
  mustExist: flag,
  minRevision: wholeNumber(0),
  onRolledBack: complete({ keep: oneOf(['backend', 'local']), revision: wholeNumber(0), writeId: text }),
  timeoutMs: duration(1),
  signal: abortSignal,
};

/** Of `flush()` and `persistAll()`. */
export const FLUSH_CALL: ChecksOf<FlushCallOptions> = { timeoutMs: duration(), signal: abortSignal };

export const CLOSE_CALL: ChecksOf<CloseOptions> = { deadlineMs: duration() };

export const REQUIRE_DURABLE_CALL: ChecksOf<RequireDurableOptions> = { maxAgeMs: duration() };
