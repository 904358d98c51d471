import { type ChecksOf, duration, readOptions, requireDuration } from '../shared/option-checks.js';
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

const CHECKS: ChecksOf<FlushOptions> = {
  debounceMs: duration(),
  maxWaitMs: duration(),
  commitTimeoutMs: duration(1),
  retryInitialMs: duration(1),
  retryMaxMs: duration(1),
  maxPendingAgeMs: duration(),
};

/** Checks and completes the options. @throws `CONFIG` */
export function flushSettings(options?: FlushOptions): FlushSettings {
  const given = readOptions('flush', CHECKS, options);
  const { commitTimeoutMs, debounceMs, maxPendingAgeMs, retryInitialMs } = { ...FLUSH_DEFAULTS, ...given };
  const { maxWaitMs = Math.max(FLUSH_DEFAULTS.maxWaitMs, debounceMs) } = given;
  const { retryMaxMs = Math.max(FLUSH_DEFAULTS.retryMaxMs, retryInitialMs) } = given;
  return {
    debounce: { debounceMs, maxWaitMs: requireDuration('flush.maxWaitMs', maxWaitMs, debounceMs) },
    backoff: { initialMs: retryInitialMs, maxMs: requireDuration('flush.retryMaxMs', retryMaxMs, retryInitialMs) },
    commitTimeoutMs,
    maxPendingAgeMs,
  };
}
