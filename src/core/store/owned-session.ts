import { Quarantine } from '../codec/quarantine.js';
import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { onProcessExit } from '../local-files/exit-hook.js';
import type { LocalFiles, SpillContent } from '../local-files/local-files.js';
import { baseOf, formatHeadMeta, type HeadMeta, parseHeadMeta } from '../ownership/head-meta.js';
import type { LeaseShare } from '../ownership/process-lease.js';
import type { OwnedAccount } from '../restore/restore-attempt.js';
import type { RestoreRun } from '../restore/restore-run.js';
import { batchLimits, noChanges } from '../shared/batch-size.js';
import type { Emitter } from '../shared/emitter.js';
import { within } from '../shared/within.js';
import { FlushScheduler } from '../write-behind/flush-scheduler.js';
import { type CommitResult, OwnerSender } from '../write-behind/owner-sender.js';
import { RecordEncoder } from '../write-behind/record-encoder.js';
import { releaseAccount } from './open-accounts.js';
import type { AccountEvents } from './store-events.js';
import type { StoreSettings } from './store-settings.js';

/** Of nearly every account. It keeps nothing, so that one does for all. */
const NOTHING_REJECTED = new Quarantine([], 0, { keyBytes: 0, valueBytes: 0, batchBytes: 0, batchRecords: 0 });

/** How long the release of an account may take: whoever waits for it finds out by its lease otherwise. */
const RELEASE_TIMEOUT_MS = 2_000;

/** The store whose session it is. */
export interface SessionOwner {
  /** Takes back what a running transaction has changed. */
  abandonTransaction(): void;
  /** Another writer took the account over. */
  sessionFenced(session: OwnedSession, error: AccountKeeperError): void;
}

export interface OwnedSessionOptions {
  readonly settings: StoreSettings;
  readonly events: Emitter<AccountEvents>;
  readonly owner: SessionOwner;
  readonly run: RestoreRun;
  readonly owned: OwnedAccount;
  /** Of the account in this process. */
  readonly reservation: number | undefined;
}

/** The state in which a session ended. */
export interface SessionEnd {
  /** The records that were not acknowledged. */
  readonly recordKeys: readonly string[];
  /** Those of them that are in no file either. */
  readonly lost: readonly string[];
  readonly error: AccountKeeperError | undefined;
}

/** The records of a spill file. */
interface Spilled {
  readonly file: string;
  readonly records: ReadonlySet<string>;
  readonly unencodable: readonly string[];
}

/**
 * Writes a store's changes, from the moment when it owns its account until it is closed. Of the restore it keeps the files
 * and the lease: all else, what was read above all, would stay in memory for nothing.
 */
export class OwnedSession {
  readonly writer: OwnerSender;
  readonly scheduler: FlushScheduler;
  /** Whether it ended with everything saved, and the account released. */
  isReleased = false;
  readonly #settings: StoreSettings;
  readonly #events: Emitter<AccountEvents>;
  readonly #owner: SessionOwner;
  readonly #files: LocalFiles;
  readonly #lease: LeaseShare | undefined;
  readonly #reservation: number | undefined;
  readonly #encoder: RecordEncoder;
  /** The meta of the head with which the account was claimed. */
  readonly #claimedMeta: string;
  readonly #forgetExit: (() => void) | undefined;
  #spilled: Spilled | undefined;
  /** The meta of nearly every commit, under the lease of this id. */
  #usualMeta: string | undefined;
  #usualLease: string | undefined;

  constructor({ settings, events, owner, run, owned, reservation }: OwnedSessionOptions) {
    const { files, lease, records } = run;
    const { account, head, lineage } = owned;
    const { accountId, clock, codec, createId, driver, random, schemaVersion } = settings;
    const { limits } = driver;
    const { rejected } = account;
    const quarantine = rejected.length === 0 ? NOTHING_REJECTED : new Quarantine(rejected, head.revision, limits);
    this.#settings = settings;
    this.#events = events;
    this.#owner = owner;
    this.#files = files;
    this.#lease = lease;
    this.#reservation = reservation;
    this.#claimedMeta = head.meta;
    this.writer = new OwnerSender({ driver, accountId, clock, createId, head });
    this.#encoder = new RecordEncoder({ records, codec, schemaVersion, quarantine, limits });
    files.track(lineage, head);
    this.scheduler = new FlushScheduler({
      settings: settings.flush,
      clock,
      random,
      createId,
      writer: this.writer,
      records: this.#encoder,
      limits: batchLimits(limits, head.meta),
      meta: (unfinished) => (unfinished === undefined ? this.#unchangedMeta() : this.#meta({ unfinished })),
      events,
      onAcknowledged: (acknowledged, recordKeys) => {
        files.note(acknowledged);
        quarantine.stored(recordKeys);
      },
      onFenced: (error, rolledBack) => this.#fenced(error, rolledBack),
    });
    this.#forgetExit = files.takesSpills ? onProcessExit(() => this.#spillAtExit()) : undefined;
  }

  /** Where the records are that were not acknowledged, if they had to be written to a file. */
  get spillFile(): string | undefined {
    return this.#spilled?.file;
  }

  /** Writes all that is in memory; above a rollback of the backend, if one is known, without what else is there. */
  async persistAll(): Promise<void> {
    if (this.writer.isRolledBack) await this.#rewriteAbove();
    else this.scheduler.rewrite();
    await this.scheduler.flush();
  }

  async #rewriteAbove(): Promise<void> {
    const { commitTimeoutMs } = this.#settings.flush;
    try {
      this.scheduler.rewrite({ stored: await this.writer.readRolledBack({ timeoutMs: commitTimeoutMs }) });
    } catch (thrown) {
      if (toAccountKeeperError(thrown, 'load').code !== 'ROLLED_BACK') throw thrown;
      // Another head is stored by now: the next attempt finds out what that means.
      this.scheduler.rewrite();
    }
  }

  /** Saves what is pending by the deadline, or spills it, and releases the account. */
  async end(timeoutMs: number): Promise<SessionEnd> {
    const { accountId, clock, driver } = this.#settings;
    const endMs = clock.monotonic() + timeoutMs;
    const wasFenced = this.scheduler.activity === 'stopped';
    try {
      const { recordKeys, error } = await this.scheduler.drain(timeoutMs);
      if (recordKeys.length > 0) this.#spill();
      this.#forgetExit?.();
      const lost = recordKeys.filter((recordKey) => this.#spilled?.records.has(recordKey) !== true);
      const remainingMs = (): number => Math.max(0, endMs - clock.monotonic());
      const patiently = async (work: Promise<unknown> | undefined): Promise<void> => {
        const limits = { clock, doing: 'close', timeoutMs: Math.min(RELEASE_TIMEOUT_MS, remainingMs()) };
        if (limits.timeoutMs > 0) await Promise.allSettled([within(limits, () => work)]);
      };
      // The lease first: a crash in between leaves no record of it behind.
      const leaseEnds = this.#lease?.release();
      const isSaved = recordKeys.length === 0;
      if (isSaved) await patiently(leaseEnds);
      const release = isSaved && !wasFenced ? await this.#release(remainingMs()) : undefined;
      await patiently(this.#files.settled());
      const isRolledBack = this.writer.isRolledBack || (release?.kind === 'fenced' && release.rolledBack);
      if (isSaved && isRolledBack) return this.#endRolledBack(release);
      this.isReleased = release?.kind === 'acknowledged';
      return { recordKeys, lost, error };
    } finally {
      releaseAccount(driver, accountId, this.#reservation);
    }
  }

  /** The meta of a commit that has nothing to say. */
  #unchangedMeta(): string {
    const lease = this.#lease?.reference.id;
    if (this.#usualMeta !== undefined && this.#usualLease === lease) return this.#usualMeta;
    const meta = this.#meta({});
    // Rather the text that is in memory already.
    this.#usualMeta = meta === this.#claimedMeta ? this.#claimedMeta : meta;
    this.#usualLease = lease;
    return this.#usualMeta;
  }

  /** The meta of the account's head from now on. */
  #meta(more: Partial<HeadMeta>): string {
    const claimed = parseHeadMeta(this.#claimedMeta);
    const meta: HeadMeta = { ...claimed, unfinished: undefined, lease: this.#lease?.reference, ...more };
    return formatHeadMeta(meta, this.#settings.driver.limits.valueBytes);
  }

  /** A failure leaves the account to whoever takes it over next. */
  async #release(remainingMs: number): Promise<CommitResult | undefined> {
    const timeoutMs = Math.min(RELEASE_TIMEOUT_MS, remainingMs);
    if (timeoutMs < 1) return undefined;
    try {
      const request = this.writer.request(noChanges(), this.#meta({ released: true }));
      const result = await this.writer.send(request, false, { timeoutMs, signal: new AbortController().signal });
      if (result.kind === 'acknowledged') this.#files.note(result.head);
      return result;
    } catch {
      // The caller's createId failed.
      return undefined;
    }
  }

  /** The backend has lost what it had acknowledged, and this store has all of it. */
  #endRolledBack(release: CommitResult | undefined): SessionEnd {
    const error = release !== undefined && 'error' in release ? release.error : this.scheduler.status().lastError;
    this.#spill(error?.code === 'FENCED');
    const recordKeys = [...this.#encoder.everything()];
    return {
      recordKeys,
      lost: this.#spilled === undefined ? recordKeys : this.#spilled.unencodable,
      error,
    };
  }

  #fenced(error: AccountKeeperError, rolledBack: boolean): void {
    const { accountId, driver } = this.#settings;
    const recordKeys = this.scheduler.unacknowledged();
    this.#forgetExit?.();
    releaseAccount(driver, accountId, this.#reservation);
    // Who waits for it finds out by time when the backend is gone.
    this.#lease?.release().catch(() => undefined);
    this.#owner.sessionFenced(this, error);
    if (recordKeys.length > 0 || rolledBack) this.#spill();
    const unacknowledged = this.#encoder.shown(recordKeys);
    this.#events.emit('fenced', { by: error.head, outcome: error.outcome, rolledBack, unacknowledged, error });
  }

  /** Nothing goes on after this: what a running transaction has changed so far is none of the account's state. */
  #spillAtExit(): void {
    if (!this.scheduler.isPending) return;
    this.#owner.abandonTransaction();
    this.#spill();
  }

  /** Once: what happens to the store afterwards changes nothing that is persisted. */
  #spill(isFenced = this.scheduler.status().lastError?.code === 'FENCED'): void {
    const events = this.#events;
    const files = this.#files;
    if (this.#spilled !== undefined || !files.takesSpills) return;
    try {
      const content = this.#spillContent(isFenced);
      const file = files.spill(content);
      if (file === undefined) return;
      const { attempts, newer, refused } = content;
      const batches = [...attempts.map(({ batch }) => batch), ...newer];
      const records = new Set(batches.flatMap(({ upserts, deletes }) => [...upserts.keys(), ...deletes]));
      for (const recordKey of refused.keys()) records.add(recordKey);
      for (const recordKey of content.unencodable) records.delete(recordKey);
      this.#spilled = { file, records, unencodable: content.unencodable };
      events.emit('spilled', { file, records: [...records] });
    } catch (thrown) {
      events.emit('spill-failed', { error: toAccountKeeperError(thrown, 'spill') });
    }
  }

  #spillContent(fenced: boolean): SpillContent {
    const { attempts, newer, rejected, unfinished } = this.scheduler.unacknowledgedChanges();
    const { head } = this.writer;
    const { claims, lineage } = parseHeadMeta(this.#claimedMeta);
    const records = this.#encoder.encodeAll(this.#encoder.everything());
    const refused = this.#encoder.encodeAll(rejected);
    return {
      writerId: head.writerId,
      lineage,
      claims,
      base: baseOf(head),
      fenced,
      follows: [],
      attempts: attempts.map(({ batch, options: { writeId, expected, revisionFloor } }) => ({
        writeId,
        expected,
        revisionFloor,
        batch,
      })),
      newer,
      refused: refused.texts,
      unencodable: [...new Set([...records.failed, ...refused.failed])],
      records: records.texts,
      unfinished,
    };
  }
}
