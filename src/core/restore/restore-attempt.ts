import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { KnownHead, LocalKnowledge } from '../local-files/local-files.js';
import { planReplay, type ReplayPlan, replayedGroups, replayIdOf } from '../local-files/replay-plan.js';
import type { DamagedSpill, StoredSpill } from '../local-files/spill-folder.js';
import { baseOf, formatHeadMeta, type HeadMeta, parseHeadMeta } from '../ownership/head-meta.js';
import { thisProcess } from '../ownership/owner-process.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  StoredAccount,
} from '../persistence-driver.js';
import { batchLimits, cutBatches, mergedBatch } from '../shared/batch-size.js';
import { isRecordFault, recordsAtFault } from '../shared/record-faults.js';
import { DRIVER_GRACE_MS, pause, within } from '../shared/within.js';
import { type ReadAccount, RecordReader } from './record-reader.js';
import type { RestoreOptions, RollbackChoice } from './restore-options.js';
import type { RestoreRun, Turn } from './restore-run.js';
import { judge, localIdOf, namesHead, type Verdict } from './rollback.js';

const RESTORE_TIMEOUT_MS = 30_000;

/** So often the account is read before it is claimed; then it is claimed first. */
const READING_ROUNDS = 3;

/** How often in a row one commit of a claim may fail for another reason than a conflict. */
const MAX_FAILURES = 3;
const RETRY_MS = 50;

/** An account that was read, and the local files that are another backend's. */
export interface LoadedAccount {
  readonly head: AccountHead | undefined;
  readonly account: ReadAccount;
  readonly foreign: readonly string[];
}

/** An account that was loaded, and belongs to the writer named in its head. */
export interface OwnedAccount extends LoadedAccount {
  readonly head: AccountHead;
  readonly plan: ReplayPlan;
  readonly damaged: readonly DamagedSpill[];
  /** Of the account, from now on. */
  readonly lineage: string;
}

/** The driver's answer about the account. */
interface Answer {
  readonly stored: StoredAccount | undefined;
  readonly head: AccountHead | undefined;
  /** The heads that the driver remembers beyond that. */
  readonly seen: readonly KnownHead[];
  /** Why nothing was loaded; nobody may go on from there. */
  readonly refusal?: AccountKeeperError;
}

/** The account as the backend and local files show it, and the conclusions. */
interface Situation {
  readonly stored: StoredAccount | undefined;
  readonly head: AccountHead | undefined;
  readonly meta: HeadMeta;
  readonly local: LocalKnowledge;
  readonly verdict: Verdict;
  readonly plan: ReplayPlan;
}

/** The commits that take the account over, the first one on top of what is stored. */
interface Claim {
  readonly writerId: string;
  readonly lineage: string;
  readonly parts: readonly CommitBatch[];
  readonly meta: (part: number) => string;
}

/** Somebody has committed between the read and the claim. */
class Contested extends Error {
  readonly head: AccountHead | undefined;

  constructor(head: AccountHead | undefined) {
    super('another writer has committed meanwhile');
    this.head = head;
  }
}

/** One attempt to read an account, or to take it over. */
export class RestoreAttempt {
  readonly #run: RestoreRun;
  readonly #options: RestoreOptions;
  readonly #signal: AbortSignal;
  #endMs: number;

  constructor(run: RestoreRun, options: RestoreOptions) {
    const closing = run.closing.signal;
    this.#run = run;
    this.#options = options;
    this.#signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal]);
    this.#endMs = this.#newEndMs();
  }

  /**
   * Loads and decodes the account, then claims it: an account that cannot be read is never claimed. When somebody
   * commits between the two, both are done again, and after some rounds the account is claimed first, so that the former
   * owner cannot write any more. What was spilled is written by the claim itself, so that a crash leaves both or none.
   */
  async takeOver(): Promise<OwnedAccount> {
    const { driver, ownership } = this.#run.settings;
    await this.#bound((rest) => driver.open({ ...rest, onWarning: this.#run.onWarning }));
    // Waiting for an owner takes as long as it takes, unless the caller set a limit.
    const isBounded = this.#options.timeoutMs !== undefined || ownership.mode !== 'wait';
    let contested: Contested | undefined;
    for (let round = 1; ; round += 1) {
      const mayTake = await this.#run.turn(this.#signal, isBounded ? Math.max(1, this.#remainingMs) : undefined);
      if (!isBounded) this.#endMs = this.#newEndMs();
      try {
        const claimsFirst = contested !== undefined && round > READING_ROUNDS && mayTake(contested.head);
        return claimsFirst ? await this.#claimThenRead(contested?.head) : await this.#readThenClaim(mayTake);
      } catch (thrown) {
        if (!(thrown instanceof Contested)) throw thrown;
        contested = thrown;
      }
    }
  }

  /** Loads and decodes the account without taking it over. */
  async read(): Promise<LoadedAccount> {
    const { onWarning, settings } = this.#run;
    if (!this.#run.isOpenToRead) {
      await this.#bound((rest) => settings.driver.open({ ...rest, access: 'read', onWarning }));
      this.#run.isOpenToRead = true;
    }
    const { head, stored, verdict } = await this.#look();
    return { head, account: await this.#decoded(stored), foreign: verdict.foreign };
  }

  #newEndMs(): number {
    return this.#run.settings.clock.monotonic() + (this.#options.timeoutMs ?? RESTORE_TIMEOUT_MS);
  }

  get #remainingMs(): number {
    return Math.ceil(this.#endMs - this.#run.settings.clock.monotonic());
  }

  /** Runs one operation with what is left. Rejects `TIMEOUT` or `ABORTED` when it is over, also if it never settles. */
  async #bound<Result>(operation: (options: Required<OperationOptions>) => Promise<Result>): Promise<Result> {
    const signal = this.#signal;
    const timeoutMs = this.#remainingMs;
    if (timeoutMs <= 0 && !signal.aborted)
      throw new AccountKeeperError('TIMEOUT', 'restore did not finish in time', { outcome: 'unknown' });
    const limits = {
      clock: this.#run.settings.clock,
      doing: 'restore',
      timeoutMs: timeoutMs + DRIVER_GRACE_MS,
      signal,
    };
    return within(limits, () => operation({ timeoutMs, signal }));
  }

  /** @throws `Contested` also when the turn is lost. */
  async #readThenClaim(mayTake: Turn): Promise<OwnedAccount> {
    const situation = await this.#look();
    const { head, stored } = situation;
    if (!mayTake(head)) throw new Contested(head);
    const claim = this.#claimOn(situation);
    const decode = (batches: readonly CommitBatch[]): Promise<ReadAccount> =>
      this.#decoded(withChanges(stored, head, batches));
    let account = await decode(claim.parts);
    const claimed = await this.#commitAll(claim, situation, async (batches) => {
      account = await decode(batches);
    });
    return this.#owned(situation, claim, claimed, account);
  }

  /** Nothing is left for the former owner to commit while the account is read. */
  async #claimThenRead(head: AccountHead | undefined): Promise<OwnedAccount> {
    const { accountId, driver } = this.#run.settings;
    const situation = this.#situationOf({ stored: undefined, head, seen: [] }, this.#run.files.read());
    // A local state that replaces everything needs to know what is stored.
    if (situation.verdict.local !== undefined) return this.#readThenClaim(() => true);
    const claim = this.#claimOn(situation);
    const claimed = await this.#commitAll(claim, situation, async () => undefined);
    try {
      const stored = await this.#bound((rest) => driver.load(accountId, rest));
      if (stored?.head.writeId !== claimed.writeId) throw takenOver(stored?.head);
      return await this.#owned(situation, claim, claimed, await this.#decoded(stored));
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'restore');
      const { code, records, head: found, retryable } = error;
      const message = `${error.message}; the former owner was fenced at revision ${claimed.revision}, and nobody owns the account now`;
      throw new AccountKeeperError(code, message, { records, head: found, retryable, cause: error });
    }
  }

  /** Reads the account and the files. A file that was seen once counts, even if it has been removed since. */
  async #look(): Promise<Situation> {
    const { files } = this.#run;
    const before = files.read();
    const withNoted = (): LocalKnowledge => {
      const now = files.read();
      return { ...now, known: [...before.known, ...now.known] };
    };
    const answer = await this.#load();
    try {
      return this.#situationOf(answer, withNoted());
    } catch {
      // Throws, unless only what was noted during the load speaks against it: an owner may have committed meanwhile.
      this.#situationOf(answer, before);
      const noted = withNoted();
      return this.#situationOf(await this.#load(), noted);
    }
  }

  async #load(): Promise<Answer> {
    const { accountId, driver } = this.#run.settings;
    const { onRolledBack: choice } = this.#options;
    const seen: KnownHead[] = [];
    let rolledBackTo: RollbackChoice | undefined;
    for (;;) {
      try {
        const limits = rolledBackTo === undefined ? {} : { rolledBackTo };
        const stored = await this.#bound((rest) => driver.load(accountId, { ...rest, ...limits }));
        return { stored, head: stored?.head, seen };
      } catch (thrown) {
        const refusal = toAccountKeeperError(thrown, 'restore');
        const { code, head, known } = refusal;
        if (code !== 'ROLLED_BACK') throw thrown;
        // The driver remembers more than is stored, and so does the one who judges, from now on.
        if (known !== undefined) seen.push(known);
        // Loaded as the operator says; and as it is again, when that is not what is stored any more.
        const isWord = rolledBackTo === undefined && namesHead(choice, head);
        if (rolledBackTo === undefined && !isWord) return { stored: undefined, head, seen, refusal };
        rolledBackTo = isWord ? choice : undefined;
      }
    }
  }

  #situationOf({ stored, head, seen, refusal }: Answer, files: LocalKnowledge): Situation {
    const meta = parseHeadMeta(head?.meta ?? '');
    const local = { ...files, known: [...files.known, ...seen] };
    const verdict = judge(this.#run.settings.accountId, head, meta, local, this.#options);
    if (refusal !== undefined) throw refusal;
    const replay = planReplay(head, meta, verdict.spills);
    const plan = verdict.local === undefined ? replay : wholeOf(verdict.local, replay);
    return { stored, head, meta, local, verdict, plan };
  }

  #claimOn({ head, meta, plan, stored, verdict, local }: Situation): Claim {
    const {
      lease,
      settings: { createId, driver },
    } = this.#run;
    const writerId = createId();
    const whole = verdict.local?.spill;
    const adopted = local.known.filter(
      (known) => known.lineage !== undefined && !verdict.foreign.includes(known.path ?? ''),
    );
    const newest = adopted.reduce<KnownHead | undefined>(
      (a, b) => (a === undefined || b.revision > a.revision ? b : a),
      undefined,
    );
    const lineage = whole?.lineage ?? meta.lineage ?? newest?.lineage ?? createId();
    const claims =
      whole === undefined
        ? [...meta.claims, { base: head?.revision ?? 0, writerId }]
        : [...whole.claims, { base: Math.max(verdict.floor, head?.revision ?? 0), writerId }];
    const unfinished =
      whole === undefined ? plan.replay.map(({ spill }) => replayIdOf(spill)).at(-1) : localIdOf(whole);
    const replayed = [...new Set([...meta.replayed, ...[...plan.done, ...plan.replay].map(({ spill }) => spill.id)])];
    const owned: HeadMeta = {
      released: false,
      replayed: meta.replayed,
      lineage,
      claims,
      lease: lease?.reference,
      owner: thisProcess(),
    };
    const groups = whole === undefined ? replayedGroups(plan.replay) : this.#wholeGroups(whole, stored);
    const written = (meta: HeadMeta): string => formatHeadMeta(meta, driver.limits.valueBytes);
    const batches = cutBatches(groups, batchLimits(driver.limits, written({ ...owned, replayed })));
    return {
      writerId,
      lineage,
      parts: batches,
      meta: (part) => {
        const isLast = part === batches.length || unfinished === undefined;
        return written(isLast ? { ...owned, replayed } : { ...owned, unfinished: { id: unfinished, part } });
      },
    };
  }

  /** All that a spill holds, and the deletion of all else that is stored, each by itself: the claim makes one of them. */
  #wholeGroups(
    { records, refused, unencodable }: StoredSpill['spill'],
    stored: StoredAccount | undefined,
  ): readonly CommitBatch[] {
    const stays = new Set([...refused.keys(), ...unencodable]);
    const kept = [...records].filter(([recordKey]) => !stays.has(recordKey));
    const keys = [...(stored?.records.keys() ?? []), ...(stored?.corrupt.keys() ?? [])];
    const isPersisted = (recordKey: string): boolean => this.#run.records.tableOf(recordKey) !== undefined;
    const gone = keys.filter((recordKey) => isPersisted(recordKey) && !records.has(recordKey) && !stays.has(recordKey));
    return [
      ...kept.map((entry) => ({ upserts: new Map([entry]), deletes: new Set<string>() })),
      ...gone.map((recordKey) => ({ upserts: new Map<string, string>(), deletes: new Set([recordKey]) })),
    ];
  }

  async #decoded(stored: StoredAccount | undefined): Promise<ReadAccount> {
    const { settings, records: persisted, shown } = this.#run;
    if (stored === undefined) {
      return { records: 0, rejected: [], read: shown && new Map(), show: persisted.stage().show };
    }
    const account = await this.#bound(() => new RecordReader(settings).read(stored, persisted, shown));
    const [first] = account.rejected;
    if (first === undefined || settings.onRejected === 'quarantine') return account;
    const records = account.rejected.map(({ recordKey }) => recordKey);
    const message = `${records.length} stored record(s) cannot be restored; the first: ${first.error.message}`;
    throw new AccountKeeperError('CORRUPT', message, { records, cause: first.error });
  }

  /**
   * Each part expects the head of the one before. What the backend refuses is left out, as it is at run time, and kept in
   * a file; `leftOut` is called with what is still to be written. @throws `Contested` when somebody was faster than the
   * first.
   */
  async #commitAll(
    claim: Claim,
    { head, plan, verdict }: Situation,
    leftOut: (batches: readonly CommitBatch[]) => Promise<void>,
  ): Promise<AccountHead> {
    const { events, files, settings } = this.#run;
    const { writerId } = claim;
    const batches = [...claim.parts];
    let base = head;
    for (let index = 0, batch = batches[0]; batch !== undefined; batch = batches[index]) {
      const meta = claim.meta(index + 1);
      const identity = {
        expected: baseOf(base),
        writerId,
        writeId: settings.createId(),
        meta,
        revisionFloor: verdict.floor,
      };
      try {
        base = await this.#commit(batch, identity);
        index += 1;
      } catch (thrown) {
        const error = toAccountKeeperError(thrown, 'claim');
        if (error.code === 'CONFLICT') throw index === 0 ? new Contested(error.head) : takenOver(error.head);
        const ofBatch = [...batch.upserts.keys(), ...batch.deletes];
        const refused = recordsAtFault(error, ofBatch);
        // The operator's whole is not written as nothing.
        const isNothingLeft = verdict.local !== undefined && refused.size === ofBatch.length;
        if (!isRecordFault(error) || refused.size === 0 || isNothingLeft) throw error;
        files.keepRefused(plan.replay);
        batches[index] = without(batch, refused);
        await leftOut(batches);
        for (const recordKey of refused) events.emit('record-rejected', { recordKey, error });
      }
    }
    if (base === undefined) throw new AccountKeeperError('UNAVAILABLE', 'the claim consisted of no commit');
    return base;
  }

  /** Repeats one commit, unchanged, until its outcome is known. */
  async #commit(batch: CommitBatch, identity: CommitOptions): Promise<AccountHead> {
    const { accountId, clock, driver } = this.#run.settings;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#bound((limits) => driver.commit(accountId, batch, { ...identity, ...limits }));
      } catch (thrown) {
        const error = toAccountKeeperError(thrown, 'claim');
        if (!error.retryable || failures >= MAX_FAILURES) throw error;
      }
      await pause({ clock, doing: 'restore', timeoutMs: RETRY_MS, signal: this.#signal });
    }
  }

  /** The account is ours. */
  async #owned(
    { local, plan, verdict: { foreign, isOperators } }: Situation,
    { lineage }: Claim,
    head: AccountHead,
    account: ReadAccount,
  ): Promise<OwnedAccount> {
    // Said once, it holds: from now on a file of this lineage lies beside the others.
    if (isOperators && foreign.length > 0) await this.#run.files.settle(lineage, head);
    return { head, account, plan, damaged: local.damaged, foreign, lineage };
  }
}

/** One spill takes the place of everything; nothing is left to be said of the others that lie on the same history. */
function wholeOf(local: StoredSpill, { done, replay, conflicting }: ReplayPlan): ReplayPlan {
  const others = [...replay, ...conflicting].filter((each) => each.path !== local.path);
  return { replay: [local], done, conflicting: others };
}

/** The account as it is once the batches are written. */
function withChanges(
  stored: StoredAccount | undefined,
  head: AccountHead | undefined,
  batches: readonly CommitBatch[],
): StoredAccount | undefined {
  const { upserts, deletes } = mergedBatch(batches);
  if (upserts.size + deletes.size === 0) return stored;
  const records = new Map([...(stored?.records ?? []), ...upserts]);
  const corrupt = new Map(stored?.corrupt);
  for (const recordKey of deletes) records.delete(recordKey);
  for (const recordKey of [...upserts.keys(), ...deletes]) corrupt.delete(recordKey);
  const nobody: AccountHead = { revision: 0, writerId: '', writeId: '', meta: '', dropped: false };
  return { head: head ?? nobody, records, corrupt };
}

function without({ upserts, deletes, ...others }: CommitBatch, recordKeys: ReadonlySet<string>): CommitBatch {
  return {
    ...others,
    upserts: new Map([...upserts].filter(([recordKey]) => !recordKeys.has(recordKey))),
    deletes: new Set([...deletes].filter((recordKey) => !recordKeys.has(recordKey))),
  };
}

function takenOver(head: AccountHead | undefined): AccountKeeperError {
  return new AccountKeeperError('FENCED', 'another writer took the account over during restore', { head });
}
