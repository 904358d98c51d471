import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { Unfinished } from '../ownership/head-meta.js';
import type { AccountHead, CommitBatch, StoredAccount } from '../persistence-driver.js';
import { type BatchSize, fits, noChanges, sizeOf } from '../shared/batch-size.js';
import type { Clock, TimerHandle } from '../shared/clock.js';
import type { Emitter } from '../shared/emitter.js';
import { recordsAtFault } from '../shared/record-faults.js';
import { inTurns, type Steps } from '../shared/slices.js';
import { within } from '../shared/within.js';
import { backoffMs } from './backoff.js';
import { Debounce } from './debounce.js';
import type { FlushSettings } from './flush-options.js';
import type { FlushEvents, FlushStatus } from './flush-status.js';
import { CHECK, FlushWaiters } from './flush-waiters.js';
import { LagMonitor } from './lag-monitor.js';
import type { CommitRequest, CommitResult, OwnerSender } from './owner-sender.js';
import { type BuiltBatch, oldestOf, type PendingEntry, PendingSet, type RecordSource } from './pending-set.js';
import { RejectedRecords } from './rejected-records.js';

export interface FlushSchedulerParts {
  readonly settings: FlushSettings;
  readonly writer: OwnerSender;
  readonly records: RecordSource & {
    /** A record gets a new value: the keys of what has to be stored before, copies of bytes that nobody could read. */
    copiesBefore(recordKey: string): readonly string[];
    /** The keys of everything that is to be stored, and of what is stored beside it and is not to be. */
    everything(stored?: StoredAccount): Iterable<string>;
  };
  /** Of one batch. */
  readonly limits: BatchSize;
  /** The meta of the head. While several commits belong together, it says so. */
  readonly meta: (unfinished?: Unfinished) => string;
  readonly createId: () => string;
  /** Called between two steps, never in the middle of one; so are the others. */
  readonly events: Emitter<FlushEvents>;
  readonly onAcknowledged: (head: AccountHead, recordKeys: readonly string[]) => void;
  /** The account belongs to somebody else. Nothing is written any more. */
  readonly onFenced: (error: AccountKeeperError, rolledBack: boolean) => void;
  readonly clock: Clock;
  /** Draws evenly from [0, 1). */
  readonly random: () => number;
}

/** The records that were not acknowledged at the time of the call. */
export interface UnacknowledgedChanges {
  /** Requests that were sent and may have landed, oldest first. */
  readonly attempts: readonly CommitRequest[];
  /** The later changes, a batch for each group, oldest first. */
  readonly newer: readonly CommitBatch[];
  /** The records that cannot be encoded, or that the backend refused. */
  readonly rejected: readonly string[];
  /** Names the several commits of which not all are stored. */
  readonly unfinished: string | undefined;
}

type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'debouncing'; readonly timer: TimerHandle }
  | { readonly kind: 'flushing' }
  | { readonly kind: 'backing-off'; readonly timer: TimerHandle; readonly untilMs: number }
  | { readonly kind: 'stopped'; readonly error: AccountKeeperError };

/** A request that is in flight or has to be repeated, and the records that it makes durable. */
interface Attempt {
  readonly request: CommitRequest;
  readonly entries: ReadonlyMap<string, PendingEntry>;
  readonly mayHaveLanded: boolean;
  readonly timeoutMs: number;
}

/** While the store closes: what still waits for the end, and how long a wait between attempts may be. */
interface Drain {
  readonly maxBackoffMs: number;
  readonly finished: () => void;
}

/** Everything is written again: the account is whole once no change up to `upTo` is pending. */
interface Rewrite extends Unfinished {
  readonly upTo: number;
}

const IDLE: Activity = { kind: 'idle' };
const FLUSHING: Activity = { kind: 'flushing' };

/** The deadline of an attempt grows up to this, unless it is set higher. */
const MAX_TIMEOUT_MS = 60_000;

/** How many requests are remembered that were given up and may have landed. */
const MAX_ABANDONED = 8;

/**
 * Decides when the changed records of one account are written: debounced with a bound, one commit in flight, repeated
 * with backoff. Whatever was marked stays pending until the backend has acknowledged it.
 */
export class FlushScheduler {
  readonly #parts: FlushSchedulerParts;
  readonly #debounce: Debounce;
  readonly #lag: LagMonitor;
  readonly #pending: PendingSet;
  readonly #rejected = new RejectedRecords();
  readonly #waiters = new FlushWaiters();
  readonly #outbox: (() => void)[] = [];
  /** Aborted by `stop` alone. */
  readonly #stopping = new AbortController();
  #activity: Activity = IDLE;
  #attempt: Attempt | undefined;
  /** Requests that were given up although they may have landed, since the last acknowledgement. */
  #abandoned: CommitRequest[] = [];
  #drain: Drain | undefined;
  #timeoutMs: number;
  #failures = 0;
  #lastError: AccountKeeperError | undefined;
  #lastFlushedAt: number | undefined;
  /** Everything is to be written, `above` what the backend came back with where it was rolled back. */
  #rewriteWanted:
    | { readonly above: { stored: StoredAccount | undefined } | undefined; readonly upTo: number }
    | undefined;
  #rewrite: Rewrite | undefined;

  constructor(parts: FlushSchedulerParts) {
    this.#parts = parts;
    this.#pending = new PendingSet(parts.records, parts.limits);
    this.#timeoutMs = parts.settings.commitTimeoutMs;
    this.#debounce = new Debounce(parts.settings.debounce);
    this.#lag = new LagMonitor(parts.clock, parts.settings.maxPendingAgeMs, (oldestPendingMs) =>
      parts.events.emit('lagging', { oldestPendingMs }),
    );
  }

  /** Whether a change is not acknowledged: waiting, in flight, or set aside. */
  get isPending(): boolean {
    return this.#attempt !== undefined || this.#rejected.size > 0 || !this.#pending.isEmpty;
  }

  get activity(): Activity['kind'] {
    return this.#activity.kind;
  }

  status(): FlushStatus {
    const { clock } = this.#parts;
    const nowMs = clock.monotonic();
    const { untilMs } = this.#activity as { readonly untilMs?: number };
    return {
      pendingRecords: this.unacknowledged().length,
      oldestPendingMs: Math.max(0, nowMs - (this.#oldestSinceMs() ?? nowMs)),
      lastFlushedAt: this.#lastFlushedAt,
      consecutiveFailures: this.#failures,
      lastError: this.#lastError ?? this.#rejected.errorUpTo(Number.POSITIVE_INFINITY),
      rejected: [...this.#rejected.keys()],
      nextRetryAt: untilMs === undefined ? undefined : clock.now() + Math.max(0, untilMs - nowMs),
    };
  }

  /** The keys of all records with a change that is not acknowledged. */
  unacknowledged(): string[] {
    return [...new Set([...(this.#attempt?.entries.keys() ?? []), ...this.#pending.keys(), ...this.#rejected.keys()])];
  }

  /** The same, as it is to be kept: with what may have landed, and in groups. */
  unacknowledgedChanges(): UnacknowledgedChanges {
    const attempts = [...this.#abandoned, ...(this.#attempt === undefined ? [] : [this.#attempt.request])];
    const { batches, failed } = this.#pending.groups();
    const rejected = [...this.#rejected.keys()].filter((recordKey) => !this.#pending.has(recordKey));
    // A group that no commit can hold is refused as soon as it is its turn: nobody could replay it either.
    const newer = batches.filter((batch) => fits(sizeOf(batch), this.#parts.limits));
    const tooLarge = batches.filter((batch) => !newer.includes(batch));
    const refused = tooLarge.flatMap(({ upserts, deletes }) => [...upserts.keys(), ...deletes]);
    return { attempts, newer, rejected: [...rejected, ...failed, ...refused], unfinished: this.#rewrite?.id };
  }

  /**
   * Everything that is in memory is written, as one whole: in several commits where it has to be. With `above`, on top
   * of what the backend came back with: a request that may have landed belongs to the history that was lost.
   */
  rewrite(above?: { readonly stored: StoredAccount | undefined }): void {
    this.markApart(this.#parts.records.everything(above?.stored));
    this.#rewriteWanted = { above, upTo: this.#pending.lastSequence };
  }

  /** These records count as changed, each by itself. */
  markApart(recordKeys: Iterable<string>): void {
    const nowMs = this.#parts.clock.monotonic();
    const first = !this.isPending;
    for (const recordKey of recordKeys) {
      this.#pending.markApart(recordKey, nowMs, this.#rejected.take(recordKey));
    }
    if (!this.#pending.isEmpty) this.#markedAt(nowMs, first);
  }

  /** A record changed. Called by setters: no I/O, and no timer when one is set. */
  markPending(recordKey: string): void {
    const nowMs = this.#parts.clock.monotonic();
    const copies = this.#parts.records.copiesBefore(recordKey);
    if (copies.length > 0) this.markApart(copies);
    const first = !this.isPending;
    // A record that was set aside is tried again, and as old as its oldest change that is not saved.
    this.#pending.mark(recordKey, nowMs, this.#rejected.size > 0 ? this.#rejected.take(recordKey) : undefined);
    this.#markedAt(nowMs, first);
  }

  #markedAt(nowMs: number, first: boolean): void {
    this.#debounce.restart(nowMs);
    if (this.#activity.kind === 'idle') this.#waitForDebounce(nowMs);
    if (!first) return;
    this.#lag.update(nowMs);
    // Later: a listener that flushes must not tear apart what is being changed synchronously together.
    queueMicrotask(() => this.#parts.events.emit('pending', {}));
  }

  /**
   * Attempts once the present synchronous code has ended, and resolves when every change made until then is durable.
   * Rejects with the error of the attempt when it fails, or naming the records that cannot be written; the scheduler
   * goes on trying either way.
   */
  async flush(): Promise<void> {
    // A transaction that is running ends first: only then is it known what changed.
    await undefined;
    return this.#awaitAttempt(this.#pending.lastSequence);
  }

  /** Resolves when a commit that began after the call was acknowledged, an empty one if nothing is pending. */
  async check(): Promise<void> {
    await undefined;
    return this.#awaitAttempt(CHECK);
  }

  #awaitAttempt(sequence: number): Promise<void> {
    if (this.#activity.kind === 'stopped') return Promise.reject(this.#activity.error);
    const settled = this.#waiters.add(sequence);
    this.#settleWaiters();
    if (this.activity !== 'flushing' && this.#waiters.wantsAttempt) this.#startAttempt();
    return settled;
  }

  /**
   * Attempts until nothing is pending, the deadline is over, or an error comes that a repetition cannot mend; then
   * stops for good.
   *
   * @returns the records that were not acknowledged, and the last error.
   */
  async drain(timeoutMs: number): Promise<{ recordKeys: string[]; error: AccountKeeperError | undefined }> {
    // A transaction that is running ends first.
    await undefined;
    if (this.#activity.kind !== 'stopped') {
      const drained = new Promise<void>((finished) => {
        this.#drain = { maxBackoffMs: timeoutMs / 10, finished };
      });
      const limits = { clock: this.#parts.clock, doing: 'close', timeoutMs };
      if (this.activity !== 'flushing') this.#startAttempt();
      await Promise.allSettled([within(limits, () => drained)]);
    }
    const recordKeys = this.unacknowledged();
    const { lastError: error } = this.status();
    this.stop(new AccountKeeperError('CLOSED', 'the store was closed'));
    return { recordKeys, error };
  }

  /** Writes nothing any more. What waits in `flush()` is rejected with the error. */
  stop(error: AccountKeeperError): void {
    if (this.#activity.kind === 'stopped') return;
    this.#enter({ kind: 'stopped', error });
    this.#stopping.abort();
    this.#lag.update(undefined);
    this.#waiters.rejectAll(error);
    this.#drain?.finished();
  }

  #startAttempt(): void {
    this.#waiters.attemptStarted();
    let building: undefined | Promise<undefined>;
    try {
      this.#rewriteIfWanted();
      building = this.#attempt === undefined ? inTurns(this.#buildAttempt(), this.#stopping.signal) : undefined;
    } catch (cause) {
      this.#notPrepared(cause);
      return;
    }
    if (building === undefined) this.#send();
    else this.#prepare(building);
  }

  /** It takes several turns to build the attempt. Until then, what it is to write is pending. */
  #prepare(building: Promise<undefined>): void {
    this.#enter(FLUSHING);
    const unlessStopped = (next: () => void): void => {
      if (!this.#stopping.signal.aborted) next();
    };
    building.then(
      () => unlessStopped(() => this.#send()),
      (cause: unknown) => unlessStopped(() => this.#notPrepared(cause)),
    );
    this.#tell();
  }

  #notPrepared(cause: unknown): void {
    const message = 'the commit could not be prepared: createId, or a table, failed';
    this.#backOff(new AccountKeeperError('CONFIG', message, { cause, retryable: true }));
  }

  #send(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) {
      this.#enter(IDLE);
      this.#settle();
      return;
    }
    this.#enter(FLUSHING);
    const startedMs = this.#parts.clock.monotonic();
    const { request, mayHaveLanded, timeoutMs } = attempt;
    this.#parts.writer.send(request, mayHaveLanded, { timeoutMs, signal: this.#stopping.signal }).then(
      (result) => this.#finishAttempt(attempt, result, startedMs),
      (thrown: unknown) => {
        const error = toAccountKeeperError(thrown, 'commit');
        this.#finishAttempt(attempt, { kind: 'failed', error, mayHaveLanded: true }, startedMs);
      },
    );
    this.#tell();
  }

  #rewriteIfWanted(): void {
    const wanted = this.#rewriteWanted;
    if (wanted === undefined || (wanted.above === undefined && this.#attempt !== undefined)) return;
    const { createId, writer } = this.#parts;
    this.#rewrite = { id: `rewrite:${createId()}`, part: this.#rewrite?.part ?? 0, upTo: wanted.upTo };
    this.#rewriteWanted = undefined;
    if (wanted.above === undefined) return;
    if (this.#attempt !== undefined) this.#giveUp(this.#attempt);
    writer.goOnAbove(wanted.above.stored);
  }

  /**
   * Makes the next attempt of everything that is pending and can be written, if there is any. Its records leave the pending
   * ones in the same step: at no time are they in neither.
   */
  *#buildAttempt(): Steps<undefined> {
    while (!this.#pending.isEmpty) {
      const built = yield* this.#pending.take();
      try {
        const remaining = this.#acceptable(built);
        if (this.#pending.isEmpty) this.#debounce.reset();
        if (remaining.entries.size > 0) {
          this.#attempt = this.#attemptOf(remaining);
          return;
        }
      } catch (error) {
        this.#pending.putBack(built);
        throw error;
      }
    }
    this.#debounce.reset();
    // The last part of a whole may be none that can be written: the mark has to go all the same.
    const isMarked = (this.#rewrite?.part ?? 0) > 0;
    if (!isMarked) this.#rewrite = undefined;
    if (isMarked || this.#waiters.wantsCheck)
      this.#attempt = this.#attemptOf({ batch: noChanges(), entries: new Map() });
  }

  #attemptOf({ batch, entries }: Pick<BuiltBatch, 'batch' | 'entries'>): Attempt {
    const { meta, writer } = this.#parts;
    const rewrite = this.#rewrite;
    const isWhole = rewrite === undefined || this.#isWhole(rewrite);
    const request = writer.request(batch, meta(isWhole ? undefined : { id: rewrite.id, part: rewrite.part + 1 }));
    return { request, entries, mayHaveLanded: false, timeoutMs: this.#timeoutMs };
  }

  /** Sets aside what cannot be written. */
  #acceptable({ batch, entries, failures, isTooLarge }: BuiltBatch): Pick<BuiltBatch, 'batch' | 'entries'> {
    for (const [recordKey, { entry, error }] of failures) this.#setAside(recordKey, entry, error);
    if (!isTooLarge) return { batch, entries };
    const records = [...entries.keys()];
    const message = `${records.length} records that changed together are more than one commit of the driver can hold`;
    const error = new AccountKeeperError('TOO_LARGE', message, { records });
    for (const [recordKey, entry] of entries) this.#setAside(recordKey, entry, error);
    return { batch, entries: new Map() };
  }

  #setAside(recordKey: string, entry: PendingEntry, error: AccountKeeperError): void {
    // It may have changed since: then it is the newer value's turn.
    if (this.#pending.has(recordKey)) this.#pending.age(recordKey, entry);
    else this.#rejected.set(recordKey, { entry, error });
    this.#tellLater('record-rejected', { recordKey, error });
  }

  /** The records of an attempt are pending again; should it have landed after all, its writeId says so. */
  #giveUp({ request, entries, mayHaveLanded }: Attempt): void {
    this.#attempt = undefined;
    if (mayHaveLanded) this.#abandoned = [...this.#abandoned, request].slice(-MAX_ABANDONED);
    this.#pending.putBack({ batch: request.batch, entries });
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
        this.#giveUp(attempt);
        if (result.stored !== undefined) this.rewrite({ stored: result.stored });
        this.#startAttempt();
        return;
      case 'rejected':
        this.#refused(attempt, result.error);
        this.#startAttempt();
        return;
      case 'failed':
        this.#failed(attempt, result);
        return;
      case 'fenced':
        this.#fenced(attempt, result);
        return;
    }
    this.#settle();
  }

  #acknowledged(attempt: Attempt, head: AccountHead, startedMs: number): void {
    const { clock, onAcknowledged, settings } = this.#parts;
    const failures = this.#failures;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#timeoutMs = settings.commitTimeoutMs;
    this.#abandoned = [];
    this.#lastFlushedAt = clock.now();
    this.#waiters.checked();
    this.#finishPart();
    const durationMs = clock.monotonic() - startedMs;
    const recordKeys = [...attempt.entries.keys()];
    this.#outbox.push(() => onAcknowledged(head, recordKeys));
    this.#tellLater('flushed', { revision: head.revision, records: recordKeys, durationMs });
    if (failures > 0) this.#tellLater('recovered', { failures });
  }

  #finishPart(): void {
    if (this.#rewrite === undefined) return;
    this.#rewrite = this.#isWhole(this.#rewrite) ? undefined : { ...this.#rewrite, part: this.#rewrite.part + 1 };
  }

  #isWhole({ upTo }: Rewrite): boolean {
    return (this.#pending.oldest?.sequence ?? Number.POSITIVE_INFINITY) > upTo;
  }

  /** Sets aside the records that the error names, or all of them where it names none. */
  #refused(attempt: Attempt, error: AccountKeeperError): void {
    const faulty = recordsAtFault(error, attempt.entries.keys());
    const others = [...attempt.entries].filter(([recordKey]) => !faulty.has(recordKey));
    this.#giveUp({ ...attempt, entries: new Map(others) });
    for (const [recordKey, entry] of attempt.entries)
      if (faulty.has(recordKey)) this.#setAside(recordKey, entry, error);
  }

  #failed(attempt: Attempt, { error, mayHaveLanded }: Extract<CommitResult, { kind: 'failed' }>): void {
    if (error.code === 'TIMEOUT') {
      this.#timeoutMs = Math.max(this.#timeoutMs, Math.min(2 * this.#timeoutMs, MAX_TIMEOUT_MS));
    }
    if (mayHaveLanded) this.#attempt = { ...attempt, mayHaveLanded, timeoutMs: this.#timeoutMs };
    else this.#giveUp(attempt);
    this.#backOff(error);
  }

  #backOff(error: AccountKeeperError): void {
    const { clock, random, settings } = this.#parts;
    this.#failures += 1;
    this.#lastError = error;
    const consecutiveFailures = this.#failures;
    const drawnMs = backoffMs(this.#failures, settings.backoff, random);
    const retryInMs = Math.min(drawnMs, this.#drain?.maxBackoffMs ?? drawnMs);
    const timer = clock.setTimeout(() => this.#startAttempt(), retryInMs);
    this.#enter({ kind: 'backing-off', timer, untilMs: clock.monotonic() + retryInMs });
    this.#lag.update(this.#oldestSinceMs());
    this.#tellLater('flush-failed', { error, consecutiveFailures, retryInMs });
    this.#waiters.attemptFailed(error);
    if (this.#drain !== undefined && !error.retryable) this.#drain.finished();
    if (this.#waiters.wantsAttempt) this.#startAttempt();
    else this.#tell();
  }

  #fenced(attempt: Attempt, { error, rolledBack }: Extract<CommitResult, { kind: 'fenced' }>): void {
    if (error.outcome === 'unknown') this.#attempt = attempt;
    else this.#giveUp(attempt);
    this.#lastError = error;
    this.stop(error);
    this.#outbox.push(() => this.#parts.onFenced(error, rolledBack));
    this.#tell();
  }

  /** After an attempt, or without need for one: who waits is told, and the next step is chosen. */
  #settle(): void {
    this.#settleWaiters();
    this.#lag.update(this.#oldestSinceMs());
    const isMarked = this.#pending.isEmpty && (this.#rewrite?.part ?? 0) > 0;
    if (isMarked || (this.#waiters.wantsAttempt && this.#waiters.wantsCheck)) {
      this.#startAttempt();
    } else if (this.#pending.isEmpty) {
      this.#drain?.finished();
      this.#tell();
    } else if (this.#drain !== undefined || this.#waiters.size > 0 || this.#rewrite !== undefined) {
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
    if (this.#waiters.size === 0) return;
    const oldest = this.#oldest()?.sequence ?? Number.POSITIVE_INFINITY;
    this.#waiters.settledBefore(oldest, (sequence) => this.#rejected.errorUpTo(sequence));
  }

  /** The oldest change that is in flight or waits. */
  #oldest(): PendingEntry | undefined {
    const pending = this.#pending.oldest;
    return this.#attempt === undefined ? pending : oldestOf(this.#attempt.entries.values(), pending);
  }

  #oldestSinceMs(): number | undefined {
    const sinceMs = this.#oldest()?.sinceMs;
    const rejectedMs = this.#rejected.oldestSinceMs();
    if (sinceMs === undefined || rejectedMs === undefined) return sinceMs ?? rejectedMs;
    return Math.min(sinceMs, rejectedMs);
  }

  #tellLater<Name extends keyof FlushEvents>(name: Name, about: FlushEvents[Name]): void {
    this.#outbox.push(() => this.#parts.events.emit(name, about));
  }

  /** Tells, last: what it does in turn finds the scheduler between two steps. */
  #tell(): void {
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) next();
  }
}
