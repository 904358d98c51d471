import type { TimerHandle } from '../clock.js';
import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { CommitSender } from '../flush/account-writer.js';
import { FlushScheduler, type FlushStatus } from '../flush/flush-scheduler.js';
import type { HighWaterFile } from '../high-water/high-water-file.js';
import { formatHeadMeta, parseHeadMeta } from '../ownership/head-meta.js';
import type { LeaseShare } from '../ownership/process-lease.js';
import type { AccountHead, CommitBatch } from '../persistence-driver.js';
import type { Quarantine } from '../restore/quarantine.js';
import { onProcessExit } from '../spill/exit-hook.js';
import type { SpillKeeper } from '../spill/spill-keeper.js';
import type { RecordTable } from '../tables/change-sink.js';
import type { PersistenceParts } from './persistence-parts.js';
import { RecordEncoder } from './record-encoder.js';
import type { StoreEvents } from './store-events.js';

/** How long the release of an account may take: whoever waits for it finds out by its lease otherwise. */
const RELEASE_TIMEOUT_MS = 2_000;

const NOTHING: CommitBatch = { upserts: new Map(), deletes: new Set() };

/** What the session of a store works with. */
export interface AccountSessionOptions<T extends object> {
  readonly parts: PersistenceParts<T>;
  readonly events: StoreEvents;
  readonly tables: readonly RecordTable[];
  readonly writer: CommitSender;
  readonly quarantine: Quarantine;
  readonly keeper: SpillKeeper | undefined;
  readonly highWater: HighWaterFile | undefined;
  readonly lease: LeaseShare | undefined;
  /** Gives the account back to other stores of this process. */
  readonly unreserve: () => void;
  /** Another writer took the account over. */
  readonly onFenced: (error: AccountKeeperError) => void;
}

/** What was left when a session ended. */
export interface SessionEnd {
  /** The records that were not acknowledged. */
  readonly recordKeys: readonly string[];
  readonly error: AccountKeeperError | undefined;
  /** Whether the account was given free. */
  readonly released: boolean;
}

/** What a store writes with, from the moment when it owns its account until it is closed. */
export class AccountSession<T extends object> {
  readonly writer: CommitSender;
  readonly #options: AccountSessionOptions<T>;
  readonly #scheduler: FlushScheduler;
  readonly #encoder: RecordEncoder;
  readonly #forgetExit: () => void;
  #spillFile: string | undefined;

  constructor(options: AccountSessionOptions<T>) {
    const { parts, events, tables, writer, quarantine, keeper, highWater } = options;
    const { accountId, clock, codec, flush, random, schemaVersion } = parts;
    this.#options = options;
    this.writer = writer;
    this.#encoder = new RecordEncoder(tables, codec, schemaVersion, quarantine);
    this.#scheduler = new FlushScheduler({
      settings: flush,
      writer,
      encoder: this.#encoder,
      clock,
      random,
      listener: {
        pending: () => events.emit('pending', { accountId }),
        flushed: ({ head, recordKeys, durationMs }) => {
          highWater?.note(head);
          events.emit('flushed', { accountId, revision: head.revision, records: recordKeys, durationMs });
        },
        failed: (event) => events.emit('flush-failed', { accountId, ...event }),
        recovered: (event) => events.emit('recovered', { accountId, ...event }),
        lagging: (event) => events.emit('lagging', { accountId, ...event }),
        rejected: (event) => events.emit('record-rejected', { accountId, ...event }),
        fenced: ({ error, recordKeys }) => this.#fenced(error, recordKeys),
      },
    });
    this.#forgetExit = keeper === undefined ? () => undefined : onProcessExit(() => this.#spill());
  }

  /** Where the records are that were not acknowledged, if they had to be written to a file. */
  get spillFile(): string | undefined {
    return this.#spillFile;
  }

  get isPending(): boolean {
    return this.#scheduler.isPending;
  }

  status(): FlushStatus {
    return this.#scheduler.status();
  }

  changed(recordKey: string): void {
    this.#scheduler.changed(recordKey);
  }

  /** Marks every record that is in memory as changed. */
  markAll(): void {
    for (const recordKey of this.#recordKeys()) this.#scheduler.changed(recordKey);
  }

  flush(): Promise<void> {
    return this.#scheduler.flush();
  }

  /** Writes all that is in memory; above a rollback of the backend, if one was found, where it deletes what else is there. */
  async persistAll(): Promise<void> {
    const wasRolledBack = this.#scheduler.status().lastError?.code === 'ROLLED_BACK';
    this.#scheduler.rebase();
    this.markAll();
    await this.#scheduler.flush();
    if (!wasRolledBack) return;
    await this.#deleteUnknown();
    await this.#scheduler.flush();
  }

  /** Saves what is pending by the deadline, or spills it, and gives the account free. */
  async end(deadlineMs: number): Promise<SessionEnd> {
    const { parts, highWater, lease, unreserve } = this.#options;
    const endMs = parts.clock.monotonic() + deadlineMs;
    const wasFenced = this.#scheduler.status().activity === 'stopped';
    const left = await this.#scheduler.drain(deadlineMs);
    if (left.recordKeys.length > 0) this.#spill();
    this.#forgetExit();
    const isSaved = left.recordKeys.length === 0;
    const remainingMs = (): number => Math.max(0, endMs - parts.clock.monotonic());
    // The lease first: whoever finds the account free finds a lease that can be continued.
    const ending = Promise.allSettled([lease?.release(), highWater?.settled()]);
    if (isSaved) await this.#atMost(Math.min(RELEASE_TIMEOUT_MS, remainingMs()), ending);
    const released = isSaved && !wasFenced && (await this.#release(remainingMs()));
    unreserve();
    return { ...left, released };
  }

  async #atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
    let timer: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.parts.clock.setTimeout(resolve, timeoutMs);
    });
    await Promise.race([work, late]);
    timer?.cancel();
  }

  #recordKeys(): string[] {
    return this.#options.tables.flatMap((table) => [...table.recordKeys()]);
  }

  /** What the older backend holds, and the store does not. */
  async #deleteUnknown(): Promise<void> {
    const { parts, tables } = this.#options;
    const { accountId, driver, flush } = parts;
    const stored = await driver.load(accountId, { timeoutMs: flush.commitTimeoutMs });
    for (const recordKey of stored?.records.keys() ?? []) {
      const isOurs = tables.some((table) => table.owns(recordKey));
      if (isOurs && this.#encoder.mayDelete(recordKey)) this.#scheduler.changed(recordKey);
    }
  }

  async #release(remainingMs: number): Promise<boolean> {
    const { head } = this.writer;
    const timeoutMs = Math.min(RELEASE_TIMEOUT_MS, remainingMs);
    if (head === undefined || timeoutMs < 1) return false;
    const request = this.writer.request(NOTHING, formatHeadMeta({ ...parseHeadMeta(head.meta), released: true }));
    const { signal } = new AbortController();
    const result = await this.writer.send(request, { mayHaveLanded: false, timeoutMs, signal });
    if (result.kind !== 'acknowledged') return false;
    this.#options.highWater?.note(result.head);
    return true;
  }

  #fenced(error: AccountKeeperError, recordKeys: readonly string[]): void {
    const { events, lease, onFenced, parts, unreserve } = this.#options;
    this.#forgetExit();
    unreserve();
    // Who waits for it finds out by time when the backend is gone.
    lease?.release().catch(() => undefined);
    onFenced(error);
    if (recordKeys.length > 0) this.#spill();
    events.emit('fenced', {
      accountId: parts.accountId,
      by: error.head,
      outcome: error.outcome,
      unacknowledged: new Map(recordKeys.map((recordKey) => [recordKey, this.#encoder.valueOf(recordKey)])),
      error,
    });
  }

  /** Once: what happens to the store afterwards changes nothing that is persisted. */
  #spill(): void {
    const { events, keeper, parts } = this.#options;
    const { accountId } = parts;
    const { attempt, recordKeys, rejected } = this.#scheduler.unsaved();
    const records = [...recordKeys, ...rejected];
    if (keeper === undefined || this.#spillFile !== undefined || records.length === 0) return;
    try {
      const { head, follows } = this.writer.base;
      const file = keeper.save({
        writerId: this.writer.head?.writerId ?? '',
        base: head,
        fenced: this.#scheduler.status().lastError?.code === 'FENCED',
        follows,
        attempts:
          attempt === undefined
            ? []
            : [{ writeId: attempt.options.writeId, expected: attempt.options.expected, batch: attempt.batch }],
        newer: this.#encoder.encode(recordKeys).batch,
        refused: this.#encoder.encode(rejected).batch.upserts,
        records: this.#encoder.encode(this.#recordKeys()).batch.upserts,
      });
      this.#spillFile = file;
      events.emit('spilled', { accountId, file, records });
    } catch (thrown) {
      events.emit('spill-failed', { accountId, error: toAccountKeeperError(thrown, 'spill') });
    }
  }
}

/** What is kept beside the head of an account that is owned. */
export function ownedMeta(claimed: AccountHead, lease: LeaseShare | undefined): string {
  const { replayed } = parseHeadMeta(claimed.meta);
  const reference = lease?.reference;
  return formatHeadMeta({ released: false, replayed, ...(reference === undefined ? {} : { lease: reference }) });
}
