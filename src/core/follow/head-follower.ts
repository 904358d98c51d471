import { type AccountKeeperError, isAccountKeeperError, toAccountKeeperError } from '../errors.js';
import { headAsStored } from '../ownership/lease-record.js';
import type { AccountHead, OperationOptions, PersistenceDriver } from '../persistence-driver.js';
import type { Clock, TimerHandle } from '../shared/clock.js';
import { DRIVER_GRACE_MS, within } from '../shared/within.js';

/** Where the driver tells of changes, the head is read so often besides: a hint can be lost. */
const HINTED_POLL_MS = 1_000;

const HEAD_TIMEOUT_MS = 2_000;

/** Bounds of what a read of the account may take. */
const MIN_READ_TIMEOUT_MS = 2_000;
const MAX_READ_TIMEOUT_MS = 60_000;

/** The longest wait after a failure. An account is current again within a second of the end of an outage. */
const MAX_RETRY_MS = 500;
const FIRST_RETRY_MS = 50;

/** The longest rest after a read that took long. */
const MAX_REST_MS = 250;

/** One read that failed. The next one follows in `retryInMs`; never, when that is `undefined`. */
export interface FollowFailure {
  readonly error: AccountKeeperError;
  readonly consecutiveFailures: number;
  readonly retryInMs: number | undefined;
}

/** How well it goes. */
export interface FollowStatus {
  /** So many milliseconds ago the newest state was shown; what was acknowledged before then is. */
  readonly behindMs: number;
  readonly consecutiveFailures: number;
  /** Why the last read failed; `undefined` after one that succeeded. */
  readonly lastError: AccountKeeperError | undefined;
  /** When the next read follows, in milliseconds since the Unix epoch; `undefined` unless the last one failed. */
  readonly nextRetryAt: number | undefined;
}

/** What is followed, and how. All times are in milliseconds. */
export interface HeadFollowerOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  /** Draws evenly from [0, 1). */
  readonly random: () => number;
  readonly pollMs: number;
  /** Whether the caller shows the state of this head already. */
  readonly isShown: (head: AccountHead | undefined) => boolean;
  /** Reads the account after a change, and resolves to what shows it. */
  readonly read: (head: AccountHead | undefined, options: Required<OperationOptions>) => Promise<() => void>;
  /** Called for each read that failed. Must not throw. */
  readonly onFailure: (failure: FollowFailure) => void;
  /** Called with the first read that succeeds after `failures` that failed in a row. Must not throw. */
  readonly onRecovered: (failures: number) => void;
}

/**
 * Reads an account's head again and again, and the account when that has changed. One read is under way at a time: what
 * changes meanwhile is found by the next one, so a slow reader skips states and never falls further behind.
 */
export class HeadFollower {
  readonly #options: HeadFollowerOptions;
  readonly #stopping = new AbortController();
  #unwatch: (() => void) | undefined;
  #timer: TimerHandle | undefined;
  #isOpen = false;
  #isHinted = false;
  /** Doubles when a read takes longer; several times as long as the last read that succeeded. */
  #readTimeoutMs = MIN_READ_TIMEOUT_MS;
  #failures = 0;
  #lastError: AccountKeeperError | undefined;
  #nextRetryAt: number | undefined;
  /** When the look began that last found the newest state shown, or showed it. */
  #currentAtMs: number;

  constructor(options: HeadFollowerOptions) {
    this.#options = options;
    this.#currentAtMs = options.clock.monotonic();
    void this.#look();
  }

  status(): FollowStatus {
    return {
      behindMs: this.#options.clock.monotonic() - this.#currentAtMs,
      consecutiveFailures: this.#failures,
      lastError: this.#lastError,
      nextRetryAt: this.#nextRetryAt,
    };
  }

  /** Ends it, with whatever is under way. Idempotent. */
  stop(): void {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  async #look(): Promise<void> {
    const startedAtMs = this.#options.clock.monotonic();
    this.#timer = undefined;
    this.#isHinted = false;
    try {
      const show = await this.#news();
      if (this.#isStopped) return;
      show?.();
      this.#currentAtMs = startedAtMs;
      this.#recover();
      this.#next(this.#pauseAfter(this.#options.clock.monotonic() - startedAtMs));
    } catch (thrown) {
      if (this.#isStopped) return;
      this.#fail(toAccountKeeperError(thrown, 'following an account'));
    }
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** A read that took long is followed by a rest of half as long, so that reading never takes all of the process. */
  #pauseAfter(tookMs: number): number {
    const { pollMs } = this.#options;
    const everyMs = this.#unwatch === undefined ? pollMs : Math.max(pollMs, HINTED_POLL_MS);
    return Math.max(Math.min(tookMs / 2, MAX_REST_MS), this.#isHinted ? 0 : everyMs - tookMs);
  }

  /** What shows the present state; `undefined` when it is shown already. */
  async #news(): Promise<(() => void) | undefined> {
    const { accountId, clock, driver, isShown, read } = this.#options;
    const { signal } = this.#stopping;
    const limits = { signal, timeoutMs: HEAD_TIMEOUT_MS };
    const bounds = {
      clock,
      doing: 'following an account',
      outcome: 'not-applied' as const,
      signal,
      timeoutMs: HEAD_TIMEOUT_MS + DRIVER_GRACE_MS,
    };
    if (!this.#isOpen) await within(bounds, () => driver.open({ ...limits, access: 'read' }));
    this.#isOpen = true;
    // Before the read: what changes after it is told.
    if (!this.#isStopped) this.#unwatch ??= driver.watch?.(accountId, this.#hint);
    const head = await within(bounds, () => headAsStored(driver, accountId, limits));
    if (isShown(head)) return undefined;
    const startedAtMs = clock.monotonic();
    try {
      const show = await read(head, { signal, timeoutMs: this.#readTimeoutMs });
      this.#readTimeoutMs = Math.max(MIN_READ_TIMEOUT_MS, 4 * (clock.monotonic() - startedAtMs));
      return show;
    } catch (thrown) {
      const isTimeout = isAccountKeeperError(thrown) && thrown.code === 'TIMEOUT';
      if (isTimeout) this.#readTimeoutMs = Math.min(MAX_READ_TIMEOUT_MS, 2 * this.#readTimeoutMs);
      throw thrown;
    }
  }

  readonly #hint = (): void => {
    // A backend that fails is asked at its own pace.
    if (this.#timer === undefined || this.#failures > 0) this.#isHinted = true;
    else {
      this.#timer.cancel();
      void this.#look();
    }
  };

  #recover(): void {
    const failures = this.#failures;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#nextRetryAt = undefined;
    if (failures > 0) this.#options.onRecovered(failures);
  }

  #fail(error: AccountKeeperError): void {
    const { clock, onFailure, random } = this.#options;
    this.#failures += 1;
    this.#lastError = error;
    const boundMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    // At least half of it: nothing is gained by asking a backend that is away all the time.
    const retryInMs = error.code === 'CLOSED' ? undefined : boundMs * (0.5 + random() / 2);
    this.#nextRetryAt = retryInMs === undefined ? undefined : clock.now() + retryInMs;
    if (retryInMs !== undefined) this.#next(retryInMs);
    onFailure({ error, consecutiveFailures: this.#failures, retryInMs });
  }

  #next(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.setTimeout(() => void this.#look(), delayMs);
  }
}
