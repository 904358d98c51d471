import type { Clock, TimerHandle } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import type { AccountHead } from '../persistence-driver.js';
import type { CommitRequest, CommitResult, CommitSender } from './account-writer.js';
import { backoffMs } from './backoff.js';
import type { BatchEncoder } from './batch-encoder.js';
import { Debounce } from './debounce.js';
import type { FlushSettings } from './flush-options.js';
import { FlushWaiters } from './flush-waiters.js';
import { LagMonitor } from './lag-monitor.js';
import { oldestOf, type PendingEntry, PendingSet } from './pending-set.js';
import { RejectedRecords } from './rejected-records.js';

/** What the scheduler tells. Called between two steps, never in the middle of one. */
export interface FlushListener {
  pending(): void;
  flushed(event: {
    readonly head: AccountHead;
    readonly recordKeys: readonly string[];
    readonly durationMs: number;
  }): void;
  failed(event: {
    readonly error: AccountKeeperError;
    readonly consecutiveFailures: number;
    readonly retryInMs: number;
  }): void;
  recovered(event: { readonly failures: number }): void;
  lagging(event: { readonly oldestPendingMs: number }): void;
  rejected(event: { readonly recordKey: string; readonly error: AccountKeeperError }): void;
  /** The account belongs to somebody else. `recordKeys`: what was not acknowledged. Nothing is written any more. */
  fenced(event: { readonly error: AccountKeeperError; readonly recordKeys: readonly string[] }): void;
}

/** What the scheduler works with. */
export interface FlushSchedulerParts {
  readonly settings: FlushSettings;
  readonly writer: CommitSender;
  readonly encoder: BatchEncoder;
  readonly listener: FlushListener;
  readonly clock: Clock;
  /** Draws evenly from [0, 1). */
  readonly random: () => number;
}

/** A snapshot for `persistenceStatus()`. */
export interface FlushStatus {
  readonly activity: Activity['kind'];
  readonly pendingRecords: number;
  readonly oldestPendingMs: number;
  readonly lastFlushedAt: number | undefined;
  readonly consecutiveFailures: number;
  readonly lastError: AccountKeeperError | undefined;
  readonly retryInMs: number | undefined;
}

/** What was not acknowledged when the scheduler was asked. */
export interface Unsaved {
  /** A request that was sent and may have landed. */
  readonly attempt: CommitRequest | undefined;
  /** The records that changed, those of the attempt among them, without what is set aside. */
  readonly recordKeys: readonly string[];
  /** The records that were set aside, because they cannot be written. */
  readonly rejected: readonly string[];
}

type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'debouncing'; readonly timer: TimerHandle }
  | { readonly kind: 'flushing'; readonly abort: AbortController }
  | { readonly kind: 'backing-off'; readonly timer: TimerHandle; readonly untilMs: number }
  | { readonly kind: 'stopped'; readonly error: AccountKeeperError };

/** A request that is in flight or has to be repeated, and the records that it makes durable. */
interface Attempt {
  readonly request: CommitRequest;
  readonly entries: ReadonlyMap<string, PendingEntry>;
  readonly mayHaveLanded: boolean;
}

/** While the store closes: what still waits for the end, and how long a wait between attempts may be. */
interface Drain {
  readonly maxBackoffMs: number;
  readonly finished: () => void;
}

/** How much the next attempt takes: less after a batch was refused, to find the record that is at fault. */
interface BatchLimit {
  readonly records: number;
  /** The newest change of the batch that was refused: later ones are not concerned. */
  readonly upTo: number;
}

const IDLE: Activity = { kind: 'idle' };

const NO_LIMIT: BatchLimit = { records: Number.POSITIVE_INFINITY, upTo: Number.POSITIVE_INFINITY };

/**
 * Decides when the changed records of one account are written: debounced with a bound, one commit in flight, repeated
 * with backoff. Whatever was marked stays pending until the backend has acknowledged it.
 */
export class FlushScheduler {
  readonly #parts: FlushSchedulerParts;
  readonly #debounce: Debounce;
  readonly #lag: LagMonitor;
  readonly #pending = new PendingSet();
  readonly #rejected = new RejectedRecords();
  readonly #waiters = new FlushWaiters();
  readonly #outbox: (() => void)[] = [];
  #activity: Activity = IDLE;
  #attempt: Attempt | undefined;
  #drain: Drain | undefined;
  #limit: BatchLimit = NO_LIMIT;
  #failures = 0;
  #lastError: AccountKeeperError | undefined;
  #lastFlushedAt: number | undefined;
  #rebaseWanted = false;

  constructor(parts: FlushSchedulerParts) {
    this.#parts = parts;
    this.#debounce = new Debounce(parts.settings.debounce);
    this.#lag = new LagMonitor(parts.clock, parts.settings.maxPendingAgeMs, (oldestPendingMs) =>
      parts.listener.lagging({ oldestPendingMs }),
    );
  }

  /** Whether a change is not acknowledged: waiting, in flight, or set aside. */
  get isPending(): boolean {
    return this.#attempt !== undefined || this.#pending.size > 0 || this.#rejected.size > 0;
  }

  status(): FlushStatus {
    const nowMs = this.#parts.clock.monotonic();
    return {
      activity: this.#activity.kind,
      pendingRecords: this.unacknowledged().length,
      oldestPendingMs: Math.max(0, nowMs - (this.#oldestSinceMs() ?? nowMs)),
      lastFlushedAt: this.#lastFlushedAt,
      consecutiveFailures: this.#failures,
      lastError: this.#lastError,
      retryInMs: this.#activity.kind === 'backing-off' ? Math.max(0, this.#activity.untilMs - nowMs) : undefined,
    };
  }

  /** The keys of all records with a change that is not acknowledged. */
  unacknowledged(): string[] {
    return [...new Set([...(this.#attempt?.entries.keys() ?? []), ...this.#pending.keys(), ...this.#rejected.keys()])];
  }

  /** The same, with what may have landed. */
  unsaved(): Unsaved {
    const { writer } = this.#parts;
    return {
      attempt: this.#attempt === undefined ? undefined : writer.sent(this.#attempt.request),
      recordKeys: [...new Set([...(this.#attempt?.entries.keys() ?? []), ...this.#pending.keys()])],
      rejected: [...this.#rejected.keys()].filter((recordKey) => !this.#pending.has(recordKey)),
    };
  }

  /**
   * The next attempt goes on above a rollback of the backend, if one was found. A request that may have landed belongs
   * to the history that was lost: its records are pending again.
   */
  rebase(): void {
    this.#rebaseWanted = true;
  }

  /** A record changed. Called by setters: no I/O, and no timer when one is set. */
  changed(recordKey: string): void {
    const nowMs = this.#parts.clock.monotonic();
    const first = !this.isPending;
    this.#pending.mark(recordKey, nowMs);
    // A record that was set aside is tried again, and as old as its oldest change that is not saved.
    const setAside = this.#rejected.size > 0 ? this.#rejected.take(recordKey) : undefined;
    if (setAside !== undefined) this.#pending.putBack([[recordKey, setAside]]);
    this.#debounce.changed(nowMs);
    if (this.#activity.kind === 'idle') this.#waitForDebounce(nowMs);
    if (!first) return;
    this.#lag.update(nowMs);
    // Later: a listener that flushes must not tear apart what is being changed synchronously together.
    queueMicrotask(() => this.#parts.listener.pending());
  }

  /**
   * Attempts once the present synchronous code has ended, and resolves when every change made until then is durable.
   * Rejects with the error of the attempt when it fails, or naming the records that cannot be written; the scheduler
   * goes on trying either way.
   */
  async flush(): Promise<void> {
    // A transaction that is running ends first: only then is it known what changed.
    await undefined;
    if (this.#activity.kind === 'stopped') throw this.#activity.error;
    const flushed = this.#waiters.add(this.#pending.lastSequence);
    this.#settleWaiters();
    if (!this.#isFlushing() && this.#waiters.wantsAttempt) this.#startAttempt();
    return flushed;
  }

  /**
   * Attempts until nothing is pending, the deadline is over, or an error comes that a repetition cannot mend; then
   * stops for good.
   *
   * @returns the records that were not acknowledged, and the last error.
   */
  async drain(deadlineMs: number): Promise<{ recordKeys: string[]; error: AccountKeeperError | undefined }> {
    // A transaction that is running ends first.
    await undefined;
    if (this.#activity.kind !== 'stopped') {
      await new Promise<void>((finished) => {
        const deadline = this.#parts.clock.setTimeout(finished, deadlineMs);
        this.#drain = {
          maxBackoffMs: deadlineMs / 10,
          finished: () => {
            deadline.cancel();
            finished();
          },
        };
        if (!this.#isFlushing()) this.#startAttempt();
      });
    }
    const recordKeys = this.unacknowledged();
    const error = this.#lastError ?? this.#rejected.errorUpTo(Number.POSITIVE_INFINITY);
    this.stop(new AccountKeeperError('CLOSED', 'the store was closed'));
    return { recordKeys, error };
  }

  /** Writes nothing any more. What waits in `flush()` is rejected with the error. */
  stop(error: AccountKeeperError): void {
    if (this.#activity.kind === 'stopped') return;
    if (this.#activity.kind === 'flushing') this.#activity.abort.abort();
    this.#enter({ kind: 'stopped', error });
    this.#lag.update(undefined);
    this.#waiters.rejectAll(error);
    this.#drain?.finished();
  }

  #isFlushing(): boolean {
    return this.#activity.kind === 'flushing';
  }

  #startAttempt(): void {
    this.#waiters.attemptStarted();
    this.#rebaseIfWanted();
    let attempt: Attempt | undefined;
    try {
      attempt = this.#attempt ?? this.#buildAttempt();
    } catch (cause) {
      const message = 'the commit could not be prepared: createId, or a table, failed';
      this.#backOff(new AccountKeeperError('CONFIG', message, { cause, retryable: true }));
      return;
    }
    if (attempt === undefined) {
      this.#enter(IDLE);
      this.#settle();
      return;
    }
    const abort = new AbortController();
    this.#attempt = attempt;
    this.#enter({ kind: 'flushing', abort });
    const startedMs = this.#parts.clock.monotonic();
    const { request, mayHaveLanded } = attempt;
    const timeoutMs = this.#parts.settings.commitTimeoutMs;
    this.#parts.writer.send(request, { mayHaveLanded, timeoutMs, signal: abort.signal }).then(
      (result) => this.#finishAttempt(attempt, result, startedMs),
      (thrown: unknown) => this.stop(new AccountKeeperError('CLOSED', 'the scheduler failed', { cause: thrown })),
    );
    this.#tell();
  }

  #rebaseIfWanted(): void {
    if (!this.#rebaseWanted) return;
    this.#rebaseWanted = false;
    if (!this.#parts.writer.rebase()) return;
    if (this.#attempt !== undefined) this.#pending.putBack(this.#attempt.entries);
    this.#attempt = undefined;
  }

  /** The next request with everything that is pending and can be encoded. */
  #buildAttempt(): Attempt | undefined {
    while (this.#pending.size > 0) {
      const entries = this.#pending.take(this.#limit.records, this.#limit.upTo);
      if (entries.size === 0) this.#limit = NO_LIMIT;
      if (this.#pending.size === 0) this.#debounce.reset();
      try {
        const { batch, failures } = this.#parts.encoder.encode(entries.keys());
        for (const [recordKey, error] of failures) this.#setAside(recordKey, entries, error);
        if (entries.size > 0) return { request: this.#parts.writer.request(batch), entries, mayHaveLanded: false };
      } catch (error) {
        this.#pending.putBack(entries);
        throw error;
      }
    }
    return undefined;
  }

  #setAside(recordKey: string, entries: Map<string, PendingEntry>, error: AccountKeeperError): void {
    const entry = entries.get(recordKey);
    if (entry === undefined) return;
    entries.delete(recordKey);
    // It may have changed since: then it is the newer value's turn.
    if (this.#pending.has(recordKey)) this.#pending.putBack([[recordKey, entry]]);
    else this.#rejected.add(recordKey, entry, error);
    this.#outbox.push(() => this.#parts.listener.rejected({ recordKey, error }));
  }

  #finishAttempt(attempt: Attempt, result: CommitResult, startedMs: number): void {
    if (this.#activity.kind === 'stopped') return;
    this.#enter(IDLE);
    this.#attempt = undefined;
    switch (result.kind) {
      case 'acknowledged':
        this.#acknowledged(attempt, result.head, startedMs);
        break;
      case 'superseded':
        this.#pending.putBack(attempt.entries);
        this.#startAttempt();
        return;
      case 'rejected':
        this.#narrow(attempt, result.error);
        this.#startAttempt();
        return;
      case 'failed':
        this.#failed(attempt, result);
        return;
      case 'fenced':
        this.#fenced(attempt, result.error);
        return;
    }
    this.#settle();
  }

  #acknowledged(attempt: Attempt, head: AccountHead, startedMs: number): void {
    const { clock, encoder, listener } = this.#parts;
    const failures = this.#failures;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#lastFlushedAt = clock.now();
    encoder.acknowledged(attempt.request.batch);
    const durationMs = clock.monotonic() - startedMs;
    const recordKeys = [...attempt.entries.keys()];
    this.#outbox.push(() => listener.flushed({ head, recordKeys, durationMs }));
    if (failures > 0) this.#outbox.push(() => listener.recovered({ failures }));
  }

  /** Sets aside the records that the error names, or the only one there is; otherwise tries half of the batch. */
  #narrow(attempt: Attempt, error: AccountKeeperError): void {
    const entries = new Map(attempt.entries);
    const named = (error.records ?? []).filter((recordKey) => entries.has(recordKey));
    const faulty = named.length === 0 && entries.size === 1 ? [...entries.keys()] : named;
    let upTo = 0;
    for (const { sequence } of entries.values()) upTo = Math.max(upTo, sequence);
    for (const recordKey of faulty) this.#setAside(recordKey, entries, error);
    this.#limit = faulty.length > 0 ? NO_LIMIT : { records: Math.ceil(entries.size / 2), upTo };
    this.#pending.putBack(entries);
  }

  #failed(attempt: Attempt, { error, mayHaveLanded }: Extract<CommitResult, { kind: 'failed' }>): void {
    if (mayHaveLanded) this.#attempt = { ...attempt, mayHaveLanded };
    else this.#pending.putBack(attempt.entries);
    this.#backOff(error);
  }

  #backOff(error: AccountKeeperError): void {
    const { clock, listener } = this.#parts;
    this.#failures += 1;
    this.#lastError = error;
    const consecutiveFailures = this.#failures;
    const drawnMs = this.#drawBackoff();
    const retryInMs = this.#drain === undefined ? drawnMs : Math.min(drawnMs, this.#drain.maxBackoffMs);
    const timer = clock.setTimeout(() => this.#startAttempt(), retryInMs);
    this.#enter({ kind: 'backing-off', timer, untilMs: clock.monotonic() + retryInMs });
    this.#lag.update(this.#oldestSinceMs());
    this.#outbox.push(() => listener.failed({ error, consecutiveFailures, retryInMs }));
    this.#waiters.attemptFailed(error);
    if (this.#drain !== undefined && !error.retryable) this.#drain.finished();
    if (this.#waiters.wantsAttempt) this.#startAttempt();
    else this.#tell();
  }

  /** The wait, and the longest one when `random` does not do what it should. */
  #drawBackoff(): number {
    const { random, settings } = this.#parts;
    const { maxMs } = settings.backoff;
    try {
      const drawnMs = backoffMs(this.#failures, settings.backoff, random);
      return drawnMs >= 0 && drawnMs <= maxMs ? drawnMs : maxMs;
    } catch {
      return maxMs;
    }
  }

  #fenced(attempt: Attempt, error: AccountKeeperError): void {
    if (error.outcome === 'unknown') this.#attempt = attempt;
    else this.#pending.putBack(attempt.entries);
    const recordKeys = this.unacknowledged();
    this.#lastError = error;
    this.stop(error);
    this.#outbox.push(() => this.#parts.listener.fenced({ error, recordKeys }));
    this.#tell();
  }

  /** After an attempt, or without need for one: who waits is told, and the next step is chosen. */
  #settle(): void {
    this.#settleWaiters();
    this.#lag.update(this.#oldestSinceMs());
    if (this.#pending.size === 0) {
      this.#limit = NO_LIMIT;
      this.#drain?.finished();
      this.#tell();
    } else if (this.#drain !== undefined || this.#waiters.size > 0 || this.#limit !== NO_LIMIT) {
      this.#startAttempt();
    } else {
      this.#waitForDebounce(this.#parts.clock.monotonic());
      this.#tell();
    }
  }

  #waitForDebounce(nowMs: number): void {
    const timer = this.#parts.clock.setTimeout(() => this.#debounceOver(), this.#debounce.remainingMs(nowMs));
    this.#enter({ kind: 'debouncing', timer });
  }

  #debounceOver(): void {
    const nowMs = this.#parts.clock.monotonic();
    if (this.#debounce.remainingMs(nowMs) > 0) this.#waitForDebounce(nowMs);
    else this.#startAttempt();
  }

  #enter(activity: Activity): void {
    if ('timer' in this.#activity) this.#activity.timer.cancel();
    this.#activity = activity;
  }

  #settleWaiters(): void {
    const inFlight = oldestOf(this.#attempt?.entries.values() ?? []);
    const oldest = Math.min(
      inFlight?.sequence ?? Number.POSITIVE_INFINITY,
      this.#pending.oldest?.sequence ?? Number.POSITIVE_INFINITY,
    );
    this.#waiters.settledBefore(oldest, (sequence) => this.#rejected.errorUpTo(sequence));
  }

  #oldestSinceMs(): number | undefined {
    const inFlight = oldestOf(this.#attempt?.entries.values() ?? []);
    const candidates = [inFlight?.sinceMs, this.#pending.oldest?.sinceMs, this.#rejected.oldestSinceMs()];
    const known = candidates.filter((sinceMs) => sinceMs !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Calls the listener, last: what it does in turn finds the scheduler between two steps. */
  #tell(): void {
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) next();
  }
}
