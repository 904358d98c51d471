import { Quarantine } from '../codec/quarantine.js';
import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { onProcessExit } from '../local-files/exit-hook.js';
import type { SpillContent } from '../local-files/local-files.js';
import { baseOf, formatHeadMeta, type HeadMeta, parseHeadMeta } from '../ownership/head-meta.js';
import type { OwnedAccount } from '../restore/restore-attempt.js';
import type { RestoreRun } from '../restore/restore-run.js';
import { batchLimits, noChanges } from '../shared/batch-size.js';
import type { Emitter } from '../shared/emitter.js';
import { within } from '../shared/within.js';
import { FlushScheduler } from '../write-behind/flush-scheduler.js';
import { type CommitResult, OwnerSender } from '../write-behind/owner-sender.js';
import { RecordEncoder } from '../write-behind/record-encoder.js';
import type { AccountEvents } from './store-events.js';
import type { StoreSettings } from './store-settings.js';

/** How long the release of an account may take: whoever waits for it finds out by its lease otherwise. */
const RELEASE_TIMEOUT_MS = 2_000;

export interface OwnedSessionOptions {
  readonly settings: StoreSettings;
  readonly events: Emitter<AccountEvents>;
  readonly run: RestoreRun;
  readonly owned: OwnedAccount;
  /** Takes back what a running transaction has changed. */
  readonly abandonTransaction: () => void;
  /** Gives the account back to other stores of this process. */
  readonly unreserve: () => void;
  /** Another writer took the account over. */
  readonly onFenced: (error: AccountKeeperError) => void;
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

/** Writes a store's changes, from the moment when it owns its account until it is closed. */
export class OwnedSession {
  readonly writer: OwnerSender;
  readonly scheduler: FlushScheduler;
  /** Whether it ended with everything saved, and the account released. */
  isReleased = false;
  /** Without what was read: it would stay in memory beside what the tables hold. */
  readonly #options: Omit<OwnedSessionOptions, 'owned'>;
  readonly #encoder: RecordEncoder;
  readonly #claimed: HeadMeta;
  readonly #forgetExit: () => void;
  #spilled: Spilled | undefined;
  #usual: string | undefined;

  constructor(options: OwnedSessionOptions) {
    const { owned, ...kept } = options;
    const { events, run, settings } = kept;
    const { files, records } = run;
    const { account, head, lineage } = owned;
    const { accountId, clock, codec, createId, driver, random, schemaVersion } = settings;
    const { limits } = driver;
    const quarantine = new Quarantine(account.rejected, head.revision, limits);
    this.#options = kept;
    this.#claimed = parseHeadMeta(head.meta);
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
      meta: (unfinished) => (unfinished === undefined ? this.#usualMeta() : this.#meta({ unfinished })),
      events,
      onAcknowledged: (acknowledged, recordKeys) => {
        files.note(acknowledged);
        quarantine.stored(recordKeys);
      },
      onFenced: (error, rolledBack) => this.#fenced(error, rolledBack),
    });
    this.#forgetExit = files.takesSpills ? onProcessExit(() => this.#spillAtExit()) : () => undefined;
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
    const { commitTimeoutMs } = this.#options.settings.flush;
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
    const { run, settings, unreserve } = this.#options;
    const { files, lease } = run;
    const endMs = settings.clock.monotonic() + timeoutMs;
    const wasFenced = this.scheduler.activity === 'stopped';
    try {
      const { recordKeys, error } = await this.scheduler.drain(timeoutMs);
      if (recordKeys.length > 0) this.#spill();
      this.#forgetExit();
      const lost = recordKeys.filter((recordKey) => this.#spilled?.records.has(recordKey) !== true);
      const remainingMs = (): number => Math.max(0, endMs - settings.clock.monotonic());
      const patiently = async (work: Promise<unknown> | undefined): Promise<void> => {
        const limits = {
          clock: settings.clock,
          doing: 'close',
          timeoutMs: Math.min(RELEASE_TIMEOUT_MS, remainingMs()),
        };
        if (limits.timeoutMs > 0) await Promise.allSettled([within(limits, () => work)]);
      };
      // The lease first: a crash in between leaves no record of it behind.
      const leaseEnds = lease?.release();
      const isSaved = recordKeys.length === 0;
      if (isSaved) await patiently(leaseEnds);
      const release = isSaved && !wasFenced ? await this.#release(remainingMs()) : undefined;
      await patiently(files.settled());
      const isRolledBack = this.writer.isRolledBack || (release?.kind === 'fenced' && release.rolledBack);
      if (isSaved && isRolledBack) return this.#endRolledBack(release);
      this.isReleased = release?.kind === 'acknowledged';
      return { recordKeys, lost, error };
    } finally {
      unreserve();
    }
  }

  /** The meta of nearly every commit. Without a lease it stays the same. */
  #usualMeta(): string {
    if (this.#options.run.lease !== undefined) return this.#meta({});
    this.#usual ??= this.#meta({});
    return this.#usual;
  }

  /** The meta of the account's head from now on. */
  #meta(more: Partial<HeadMeta>): string {
    const { run, settings } = this.#options;
    const meta: HeadMeta = { ...this.#claimed, unfinished: undefined, lease: run.lease?.reference, ...more };
    return formatHeadMeta(meta, settings.driver.limits.valueBytes);
  }

  /** A failure leaves the account to whoever takes it over next. */
  async #release(remainingMs: number): Promise<CommitResult | undefined> {
    const timeoutMs = Math.min(RELEASE_TIMEOUT_MS, remainingMs);
    if (timeoutMs < 1) return undefined;
    try {
      const request = this.writer.request(noChanges(), this.#meta({ released: true }));
      const result = await this.writer.send(request, { mayHaveLanded: false, timeoutMs });
      if (result.kind === 'acknowledged') this.#options.run.files.note(result.head);
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
    const { events, onFenced, run, unreserve } = this.#options;
    const recordKeys = this.scheduler.unacknowledged();
    this.#forgetExit();
    unreserve();
    // Who waits for it finds out by time when the backend is gone.
    run.lease?.release().catch(() => undefined);
    onFenced(error);
    if (recordKeys.length > 0 || rolledBack) this.#spill();
    const unacknowledged = this.#encoder.shown(recordKeys);
    events.emit('fenced', { by: error.head, outcome: error.outcome, rolledBack, unacknowledged, error });
  }

  /** Nothing goes on after this: what a running transaction has changed so far is none of the account's state. */
  #spillAtExit(): void {
    if (!this.scheduler.isPending) return;
    this.#options.abandonTransaction();
    this.#spill();
  }

  /** Once: what happens to the store afterwards changes nothing that is persisted. */
  #spill(isFenced = this.scheduler.status().lastError?.code === 'FENCED'): void {
    const { events, run } = this.#options;
    const { files } = run;
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
    const records = this.#encoder.encodeAll(this.#encoder.everything());
    const refused = this.#encoder.encodeAll(rejected);
    return {
      writerId: head.writerId,
      lineage: this.#claimed.lineage,
      claims: this.#claimed.claims,
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
