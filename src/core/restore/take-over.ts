import type { Clock } from '../clock.js';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { batchLimits, cutBatches, mergedBatch } from '../flush/batch-size.js';
import { isRecordFault, recordsAtFault } from '../flush/rejected-records.js';
import { describeReceived, requireDuration } from '../option-checks.js';
import { formatHeadMeta, type HeadMeta, type LeaseReference, parseHeadMeta } from '../ownership/head-meta.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverWarning,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../persistence-driver.js';
import type { LocalFiles, LocalKnowledge } from '../spill/local-files.js';
import { planReplay, type ReplayPlan, replayedGroups, replayIdOf } from '../spill/replay-plan.js';
import type { StoredSpill } from '../spill/spill-folder.js';
import { pause } from '../within.js';
import { Deadline } from './deadline.js';
import type { ReadAccount } from './record-reader.js';
import type { RestoreOptions, RollbackChoice } from './restore-options.js';
import { judge, type KnownHead, localIdOf, namesHead, type Verdict } from './rollback.js';

const RESTORE_TIMEOUT_MS = 30_000;

/** So often the account is read before it is claimed; then it is claimed first. */
const READING_ROUNDS = 3;

/** How often in a row one commit of a claim may fail for another reason than a conflict. */
const MAX_FAILURES = 3;
const RETRY_MS = 50;

/** What a take-over works with. */
export interface TakeOverParts {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  readonly createId: () => string;
  readonly onRejected: 'throw' | 'quarantine';
  readonly files: LocalFiles;
  readonly onWarning: (warning: DriverWarning) => void;
  /** A record of a spill cannot be written. */
  readonly onRefused: (recordKey: string, error: AccountKeeperError) => void;
  readonly read: (stored: StoredAccount) => Promise<ReadAccount>;
  /** Whether a record is of a kind that is persisted. */
  readonly isPersisted: (recordKey: string) => boolean;
  /** Whether it waits for an owner, which takes as long as it takes. */
  readonly waits: boolean;
  /** Aborted when the store closes. */
  readonly closing: AbortSignal;
  /** The lease to name in the head. */
  readonly lease: () => LeaseReference | undefined;
  /** Resolves when the account may be taken over, with whether it still may while this head is stored. */
  readonly turn: (limits: TurnLimits) => Promise<(head: AccountHead | undefined) => boolean>;
}

/** How long to wait for an owner; without `timeoutMs`, until aborted. */
export interface TurnLimits {
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
}

/** An account that was loaded, and belongs to the writer named in its head. */
export interface RestoredAccount {
  readonly head: AccountHead;
  readonly account: ReadAccount;
  readonly plan: ReplayPlan;
  readonly local: LocalKnowledge;
  readonly foreign: readonly string[];
  /** Of the account, from now on. */
  readonly lineage: string;
}

/** What was read of the account, here and there, and what follows from it. */
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

const NO_RECORDS: ReadAccount = { records: [], rejected: [] };
const NO_CHANGES: CommitBatch = { upserts: new Map(), deletes: new Set() };

/** Somebody has committed between the read and the claim. */
class Contested extends Error {
  readonly head: AccountHead | undefined;

  constructor(head: AccountHead | undefined) {
    super('another writer has committed meanwhile');
    this.head = head;
  }
}

/**
 * Loads and decodes the account, then claims it: an account that cannot be read is never claimed. When somebody commits
 * between the two, both are done again, and after some rounds the account is claimed first, so that the former owner
 * cannot write any more. What was spilled is written by the claim itself, so that a crash leaves both or none of them.
 */
export async function takeOver(parts: TakeOverParts, options: RestoreOptions): Promise<RestoredAccount> {
  const { driver, onWarning, turn } = parts;
  const limits = restoreLimits(parts, options);
  await limits.deadline().bound((rest) => driver.open({ ...rest, onWarning }));
  let contested: Contested | undefined;
  for (let round = 1; ; round += 1) {
    const mayTake = await turn({ signal: limits.signal, timeoutMs: limits.waitMs() });
    const deadline = limits.deadline();
    try {
      const claimsFirst = contested !== undefined && round > READING_ROUNDS && mayTake(contested.head);
      if (claimsFirst) return await claimThenRead(parts, options, contested?.head, deadline);
      return await readThenClaim(parts, options, mayTake, deadline);
    } catch (thrown) {
      if (!(thrown instanceof Contested)) throw thrown;
      contested = thrown;
    }
  }
}

/** @throws `Contested` also when the turn is lost. */
async function readThenClaim(
  parts: TakeOverParts,
  options: RestoreOptions,
  mayTake: (head: AccountHead | undefined) => boolean,
  deadline: Deadline,
): Promise<RestoredAccount> {
  const situation = await read(parts, options, deadline);
  const { head, stored } = situation;
  if (!mayTake(head)) throw new Contested(head);
  const claim = claimOn(parts, situation);
  const decode = (batches: readonly CommitBatch[]): Promise<ReadAccount> =>
    deadline.bound(() => decoded(parts, withChanges(stored, head, batches)));
  let account = await decode(claim.parts);
  const claimed = await commitAll(parts, claim, situation, deadline, async (batches) => {
    account = await decode(batches);
  });
  return restored(parts, situation, claim, claimed, account);
}

/** Nothing is left for the former owner to commit while the account is read. */
async function claimThenRead(
  parts: TakeOverParts,
  options: RestoreOptions,
  head: AccountHead | undefined,
  deadline: Deadline,
): Promise<RestoredAccount> {
  const situation = situationOf(parts, options, { stored: undefined, head, seen: [] }, parts.files.read());
  // What takes the place of everything has to know what is stored.
  if (situation.verdict.local !== undefined) return readThenClaim(parts, options, () => true, deadline);
  const claim = claimOn(parts, situation);
  const claimed = await commitAll(parts, claim, situation, deadline, async () => undefined);
  try {
    const { accountId, driver } = parts;
    const stored = await deadline.bound((rest) => driver.load(accountId, rest));
    if (stored?.head.writeId !== claimed.writeId) throw takenOver(stored?.head);
    const account = await deadline.bound(() => decoded(parts, stored));
    return await restored(parts, situation, claim, claimed, account);
  } catch (thrown) {
    const error = toAccountKeeperError(thrown, 'restore');
    const { code, records, head: found, retryable } = error;
    const message = `${error.message}; the former owner was fenced at revision ${claimed.revision}, and nobody owns the account now`;
    throw new AccountKeeperError(code, message, { records, head: found, retryable, cause: error });
  }
}

/** Loads and decodes the account without taking it over. */
export async function readOnly(
  parts: TakeOverParts,
  options: RestoreOptions,
): Promise<{
  readonly head: AccountHead | undefined;
  readonly account: ReadAccount;
  readonly foreign: readonly string[];
}> {
  const { driver, onWarning } = parts;
  const deadline = restoreLimits(parts, options).deadline();
  await deadline.bound((rest) => driver.open({ ...rest, access: 'read', onWarning }));
  const { head, stored, verdict } = await read(parts, options, deadline);
  return { head, account: await deadline.bound(() => decoded(parts, stored)), foreign: verdict.foreign };
}

/** What is stored, and what the driver remembers beyond that. */
interface Loaded {
  readonly stored: StoredAccount | undefined;
  readonly head: AccountHead | undefined;
  readonly seen: readonly KnownHead[];
  /** Why nothing was loaded; nobody may go on from there. */
  readonly refusal?: AccountKeeperError;
}

/** What a file said once holds, also when somebody has removed it since. */
async function read(parts: TakeOverParts, options: RestoreOptions, deadline: Deadline): Promise<Situation> {
  const before = parts.files.read();
  const withNoted = (): LocalKnowledge => {
    const now = parts.files.read();
    return { ...now, known: [...before.known, ...now.known] };
  };
  const loaded = await load(parts, options.onRolledBack, deadline);
  try {
    return situationOf(parts, options, loaded, withNoted());
  } catch {
    // Throws, unless only what was noted during the load speaks against it: an owner may have committed meanwhile.
    situationOf(parts, options, loaded, before);
    const noted = withNoted();
    return situationOf(parts, options, await load(parts, options.onRolledBack, deadline), noted);
  }
}

async function load(
  { accountId, driver }: TakeOverParts,
  choice: RollbackChoice | undefined,
  deadline: Deadline,
): Promise<Loaded> {
  const seen: KnownHead[] = [];
  let rolledBackTo: RollbackChoice | undefined;
  for (;;) {
    try {
      const limits = rolledBackTo === undefined ? {} : { rolledBackTo };
      const stored = await deadline.bound((rest) => driver.load(accountId, { ...rest, ...limits }));
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

function situationOf(
  { accountId }: TakeOverParts,
  options: RestoreOptions,
  { stored, head, seen, refusal }: Loaded,
  files: LocalKnowledge,
): Situation {
  const meta = parseHeadMeta(head?.meta ?? '');
  const local = { ...files, known: [...files.known, ...seen] };
  const verdict = judge(accountId, head, meta, local, options);
  if (refusal !== undefined) throw refusal;
  const plan = planReplay(head, meta, verdict.spills);
  return {
    stored,
    head,
    meta,
    local,
    verdict,
    plan: verdict.local === undefined ? plan : wholeOf(verdict.local, plan),
  };
}

/** One spill takes the place of everything; nothing is left to be said of the others that lie on the same history. */
function wholeOf(local: StoredSpill, { done, replay, conflicting }: ReplayPlan): ReplayPlan {
  const others = [...replay, ...conflicting].filter((each) => each.path !== local.path);
  return { replay: [local], done, conflicting: others };
}

function claimOn(parts: TakeOverParts, { head, meta, plan, stored, verdict, local }: Situation): Claim {
  const { createId, driver, lease } = parts;
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
  const unfinished = whole === undefined ? plan.replay.map(({ spill }) => replayIdOf(spill)).at(-1) : localIdOf(whole);
  const replayed = [...new Set([...meta.replayed, ...[...plan.done, ...plan.replay].map(({ spill }) => spill.id)])];
  const owned: HeadMeta = { released: false, replayed: meta.replayed, lineage, claims, lease: lease() };
  const groups = whole === undefined ? replayedGroups(plan.replay) : wholeGroups(parts, whole, stored);
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
function wholeGroups(
  { isPersisted }: TakeOverParts,
  { records, refused, unencodable }: StoredSpill['spill'],
  stored: StoredAccount | undefined,
): readonly CommitBatch[] {
  const stays = new Set([...refused.keys(), ...unencodable]);
  const kept = [...records].filter(([recordKey]) => !stays.has(recordKey));
  const keys = [...(stored?.records.keys() ?? []), ...(stored?.corrupt.keys() ?? [])];
  const gone = keys.filter((recordKey) => isPersisted(recordKey) && !records.has(recordKey) && !stays.has(recordKey));
  return [
    ...kept.map((entry) => ({ upserts: new Map([entry]), deletes: new Set<string>() })),
    ...gone.map((recordKey) => ({ upserts: new Map<string, string>(), deletes: new Set([recordKey]) })),
  ];
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

async function decoded(
  { read: readRecords, onRejected }: TakeOverParts,
  stored: StoredAccount | undefined,
): Promise<ReadAccount> {
  const account = stored === undefined ? NO_RECORDS : await readRecords(stored);
  const [first] = account.rejected;
  if (first === undefined || onRejected === 'quarantine') return account;
  const records = account.rejected.map(({ recordKey }) => recordKey);
  const message = `${records.length} stored record(s) cannot be restored; the first: ${first.error.message}`;
  throw new AccountKeeperError('CORRUPT', message, { records, cause: first.error });
}

/**
 * Each part expects the head of the one before. What the backend refuses is left out, as it is at run time, and kept in
 * a file; `leftOut` is called with what is still to be written. @throws `Contested` when somebody was faster than the
 * first.
 */
async function commitAll(
  parts: TakeOverParts,
  claim: Claim,
  { head, plan, verdict }: Situation,
  deadline: Deadline,
  leftOut: (batches: readonly CommitBatch[]) => Promise<void>,
): Promise<AccountHead> {
  let base = head;
  const batches = [...claim.parts];
  for (let index = 0; index < batches.length; ) {
    const batch = batches[index] ?? NO_CHANGES;
    const options = {
      expected: base === undefined ? undefined : { revision: base.revision, writeId: base.writeId },
      writerId: claim.writerId,
      writeId: parts.createId(),
      meta: claim.meta(index + 1),
      revisionFloor: verdict.floor,
    };
    try {
      base = await commit(parts, batch, options, deadline);
      index += 1;
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'claim');
      if (error.code === 'CONFLICT') throw index === 0 ? new Contested(error.head) : takenOver(error.head);
      const ofBatch = [...batch.upserts.keys(), ...batch.deletes];
      const refused = recordsAtFault(error, ofBatch);
      // The operator's whole is not written as nothing.
      const isNothingLeft = verdict.local !== undefined && refused.size === ofBatch.length;
      if (!isRecordFault(error) || refused.size === 0 || isNothingLeft) throw error;
      parts.files.keepRefused(plan.replay);
      batches[index] = without(batch, refused);
      await leftOut(batches);
      for (const recordKey of refused) parts.onRefused(recordKey, error);
    }
  }
  if (base === undefined) throw new AccountKeeperError('UNAVAILABLE', 'the claim consisted of no commit');
  return base;
}

function without({ upserts, deletes }: CommitBatch, recordKeys: ReadonlySet<string>): CommitBatch {
  return {
    upserts: new Map([...upserts].filter(([recordKey]) => !recordKeys.has(recordKey))),
    deletes: new Set([...deletes].filter((recordKey) => !recordKeys.has(recordKey))),
  };
}

/** Repeats one commit, unchanged, until its outcome is known. */
async function commit(
  { accountId, clock, driver }: TakeOverParts,
  batch: CommitBatch,
  options: Omit<CommitOptions, keyof OperationOptions>,
  deadline: Deadline,
): Promise<AccountHead> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await deadline.bound((limits) => driver.commit(accountId, batch, { ...options, ...limits }));
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'claim');
      if (!error.retryable || failures >= MAX_FAILURES) throw error;
    }
    await deadline.bound(({ signal }) => pause(clock, RETRY_MS, signal));
  }
}

/** The account is ours. */
async function restored(
  { files }: TakeOverParts,
  { local, plan, verdict }: Situation,
  { lineage }: Claim,
  head: AccountHead,
  account: ReadAccount,
): Promise<RestoredAccount> {
  // Said once, it holds: from now on a file of this lineage lies beside the others.
  if (verdict.isOperators && verdict.foreign.length > 0) await files.settle(lineage, head);
  return { head, account, plan, local, foreign: verdict.foreign, lineage };
}

function takenOver(head: AccountHead | undefined): AccountKeeperError {
  return new AccountKeeperError('FENCED', 'another writer took the account over during restore', { head });
}

function restoreLimits(
  { clock, closing, waits }: TakeOverParts,
  options: RestoreOptions,
): { readonly signal: AbortSignal; readonly deadline: () => Deadline; readonly waitMs: () => number | undefined } {
  const timeoutMs = requireDuration('timeoutMs', options.timeoutMs ?? RESTORE_TIMEOUT_MS, 1);
  const { minRevision = 0 } = options;
  if (!Number.isSafeInteger(minRevision) || minRevision < 0) {
    const message = `minRevision: expected an integer from 0, received ${describeReceived(minRevision)}`;
    throw new AccountKeeperError('CONFIG', message);
  }
  const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal]);
  const endMs = clock.monotonic() + timeoutMs;
  const isBounded = options.timeoutMs !== undefined || !waits;
  // Waiting for an owner takes as long as it takes, unless the caller set a limit.
  const remaining = (): number => (isBounded ? endMs - clock.monotonic() : timeoutMs);
  return {
    signal,
    deadline: () => new Deadline(clock, remaining(), signal),
    waitMs: () => (isBounded ? Math.max(1, remaining()) : undefined),
  };
}
