import { requireDuration, requireKnownOptions } from '../option-checks.js';
import type { BackoffOptions } from './backoff.js';
import type { DebounceOptions } from './debounce.js';

/** How the store writes behind. All durations are in milliseconds. */
export interface FlushOptions {
  /**
   * A change is written this long after the last change.
   * @default 50
   */
  readonly debounceMs?: number;
  /**
   * A change is written this long after it was made at the latest. At least `debounceMs`.
   * @default 250, or `debounceMs` if that is larger
   */
  readonly maxWaitMs?: number;
  /**
   * The deadline of one commit. A commit that misses it has an unknown outcome and is repeated.
   * @default 10000
   */
  readonly commitTimeoutMs?: number;
  /**
   * Bound of the wait after the first failure; doubles with each further one.
   * @default 100
   */
  readonly retryInitialMs?: number;
  /**
   * The bound of the wait never exceeds this.
   * @default 30000
   */
  readonly retryMaxMs?: number;
  /**
   * The `lagging` event is emitted once something has been pending for longer than this.
   * @default 5000
   */
  readonly maxPendingAgeMs?: number;
}

/** {@link FlushOptions} with every default filled in. */
export interface FlushSettings {
  readonly debounce: DebounceOptions;
  readonly backoff: BackoffOptions;
  readonly commitTimeoutMs: number;
  readonly maxPendingAgeMs: number;
}

export const FLUSH_DEFAULTS: Required<FlushOptions> = Object.freeze({
  debounceMs: 50,
  maxWaitMs: 250,
  commitTimeoutMs: 10_000,
  retryInitialMs: 100,
  retryMaxMs: 30_000,
  maxPendingAgeMs: 5_000,
});

const KNOWN = Object.keys(FLUSH_DEFAULTS);

/** Checks and completes the options. @throws `CONFIG` */
export function flushSettings(options: FlushOptions = {}): FlushSettings {
  requireKnownOptions('flush', options, KNOWN);
  const debounceMs = requireDuration('flush.debounceMs', options.debounceMs ?? FLUSH_DEFAULTS.debounceMs);
  const maxWaitDefault = Math.max(FLUSH_DEFAULTS.maxWaitMs, debounceMs);
  const retryInitialMs = requireDuration(
    'flush.retryInitialMs',
    options.retryInitialMs ?? FLUSH_DEFAULTS.retryInitialMs,
    1,
  );
  const retryMaxDefault = Math.max(FLUSH_DEFAULTS.retryMaxMs, retryInitialMs);
  return {
    debounce: {
      debounceMs,
      maxWaitMs: requireDuration('flush.maxWaitMs', options.maxWaitMs ?? maxWaitDefault, debounceMs),
    },
    backoff: {
      initialMs: retryInitialMs,
      maxMs: requireDuration('flush.retryMaxMs', options.retryMaxMs ?? retryMaxDefault, retryInitialMs),
    },
    commitTimeoutMs: requireDuration(
      'flush.commitTimeoutMs',
      options.commitTimeoutMs ?? FLUSH_DEFAULTS.commitTimeoutMs,
      1,
    ),
    maxPendingAgeMs: requireDuration(
      'flush.maxPendingAgeMs',
      options.maxPendingAgeMs ?? FLUSH_DEFAULTS.maxPendingAgeMs,
    ),
  };
}
