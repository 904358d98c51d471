import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import { requireDuration } from '../option-checks.js';
import { formatHeadMeta, type LeaseReference, parseHeadMeta } from '../ownership/head-meta.js';
import type { AccountHead, DriverWarning, PersistenceDriver, StoredAccount } from '../persistence-driver.js';
import { mergedBatch, planReplay, type ReplayPlan } from '../spill/replay-plan.js';
import type { StoredSpill } from '../spill/spill-folder.js';
import { type Claimed, type ClaimRequest, claim, requireOwnHead } from './claim.js';
import { Deadline } from './deadline.js';
import { floorOf, type KnownHead, requireExpected, requireRevision } from './expected-state.js';
import type { ReadAccount } from './record-reader.js';
import type { RestoreOptions } from './restore-options.js';

const RESTORE_TIMEOUT_MS = 30_000;

/** How many ids of replayed spills a head remembers. */
const MAX_REPLAYED = 32;

/** What a take-over works with. */
export interface TakeOverParts {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  readonly createId: () => string;
  readonly onRejected: 'throw' | 'quarantine';
  readonly onWarning: (warning: DriverWarning) => void;
  readonly read: (stored: StoredAccount) => Promise<ReadAccount>;
  /** Aborted when the store closes. */
  readonly closing: AbortSignal;
  /** What local files say now: others may write some while this one waits. */
  readonly local: () => LocalKnowledge;
  /** The lease to name in the head. */
  readonly lease: () => LeaseReference | undefined;
  /** Resolves when the account may be taken over, with whether it still may while this head is stored. */
  readonly turn: (limits: TurnLimits) => Promise<(head: AccountHead | undefined) => boolean>;
}

/** What the process knows of an account besides what the backend holds. */
export interface LocalKnowledge {
  readonly spills: readonly StoredSpill[];
  readonly known: readonly KnownHead[];
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
}

/** Somebody has committed since it was our turn. */
class TurnLost extends Error {}

const NO_RECORDS: ReadAccount = { records: [], rejected: [] };

/**
 * Loads and decodes the account, then claims it: an account that cannot be read is never claimed. When somebody
 * committed between the two, it is loaded once more after the claim, now that the former owner cannot write. What was
 * spilled is written by the claim itself, so that a crash leaves either both or none of them.
 */
export async function takeOver(parts: TakeOverParts, options: RestoreOptions): Promise<RestoredAccount> {
  const { driver, onWarning, turn } = parts;
  requireRevision(options.minRevision);
  const limits = restoreLimits(parts, options);
  await limits.deadline().bound((rest) => driver.open({ ...rest, onWarning }));
  for (;;) {
    const mayTake = await turn({ signal: limits.signal, timeoutMs: options.timeoutMs });
    const restored = await takeOverWhile(mayTake, parts, options, limits.deadline());
    if (restored !== undefined) return restored;
  }
}

/** `undefined` when somebody else was faster, and it is for the caller to wait again. */
async function takeOverWhile(
  mayTake: (head: AccountHead | undefined) => boolean,
  parts: TakeOverParts,
  options: RestoreOptions,
  deadline: Deadline,
): Promise<RestoredAccount | undefined> {
  const { accountId, driver } = parts;
  const stored = await deadline.bound((rest) => driver.load(accountId, rest));
  if (!mayTake(stored?.head)) return undefined;
  const local = parts.local();
  requireExpected(stored?.head, options, local.known);
  const account = await deadline.bound(() => readAll(parts, replayedOn(stored, planFor(stored?.head, local.spills))));
  const guard = (base: AccountHead | undefined): void => {
    if (!mayTake(base)) throw new TurnLost();
  };
  try {
    const { claimed, plan } = await claimAccount(parts, options, local, stored?.head, deadline, guard);
    if (!claimed.contested) return { head: claimed.head, account, plan };
    const reloaded = await deadline.bound((rest) => driver.load(accountId, rest));
    requireOwnHead(reloaded?.head, claimed.head);
    return { head: claimed.head, account: await deadline.bound(() => readAll(parts, reloaded)), plan };
  } catch (thrown) {
    if (thrown instanceof TurnLost) return undefined;
    throw thrown;
  }
}

/**
 * Takes over an account that was started without its backend: everything that it was started from is written by the
 * claim, and nobody may have committed since.
 *
 * @throws `FENCED` when somebody has.
 */
export async function takeOverLate(
  parts: TakeOverParts,
  options: RestoreOptions,
  chain: readonly StoredSpill[],
): Promise<{ readonly head: AccountHead; readonly plan: ReplayPlan }> {
  const deadline = restoreLimits(parts, options).deadline();
  await deadline.bound((rest) => parts.driver.open({ ...rest, onWarning: parts.onWarning }));
  const stored = await deadline.bound((rest) => parts.driver.head(parts.accountId, rest));
  const local = { spills: chain, known: parts.local().known };
  const { claimed, plan } = await claimAccount(parts, options, local, stored, deadline, (base, planned) => {
    const last = chain.at(-1)?.spill.replayWriteId;
    if (planned.replay.at(-1) === chain.at(-1) || (base !== undefined && base.writeId === last)) return;
    const message = `another writer took the account over at revision ${base?.revision ?? 0}, while this one was offline`;
    throw new AccountKeeperError('FENCED', message, { head: base });
  });
  return { head: claimed.head, plan };
}

/** Claims the account, with whatever can be replayed on top of the head that is replaced. */
async function claimAccount(
  parts: TakeOverParts,
  options: RestoreOptions,
  { known, spills }: LocalKnowledge,
  loaded: AccountHead | undefined,
  deadline: Deadline,
  guard: (base: AccountHead | undefined, plan: ReplayPlan) => void = () => undefined,
): Promise<{ readonly claimed: Claimed; readonly plan: ReplayPlan }> {
  const { accountId, clock, createId, driver, lease } = parts;
  let plan = planFor(loaded, spills);
  const replayed: StoredSpill[] = [];
  const request = (base: AccountHead | undefined): ClaimRequest => {
    requireExpected(base, options, known);
    replayed.push(...plan.replay);
    plan = planFor(base, spills);
    guard(base, plan);
    return { ...replayRequest(plan, base, createId, lease()), revisionFloor: floorOf(known) };
  };
  const claimed = await claim({ driver, accountId, clock, request }, loaded, deadline);
  return { claimed, plan: withLandedReplays(plan, replayed) };
}

function replayRequest(
  plan: ReplayPlan,
  base: AccountHead | undefined,
  createId: () => string,
  lease: LeaseReference | undefined,
): Omit<ClaimRequest, 'revisionFloor'> {
  const before = parseHeadMeta(base?.meta ?? '').replayed;
  const known = [...before, ...[...plan.done, ...plan.replay].map(({ spill }) => spill.id)];
  const replayed = [...new Set(known)].slice(-MAX_REPLAYED);
  const meta = formatHeadMeta({ released: false, replayed, ...(lease === undefined ? {} : { lease }) });
  return {
    batch: mergedBatch(plan.replay),
    writerId: createId(),
    writeId: plan.replay.at(-1)?.spill.replayWriteId ?? createId(),
    meta,
  };
}

/** What an earlier request of this claim has replayed, although it looked like a conflict, belongs to what was replayed. */
function withLandedReplays(plan: ReplayPlan, attempted: readonly StoredSpill[]): ReplayPlan {
  const landed = plan.done.filter((spill) => attempted.includes(spill));
  if (landed.length === 0) return plan;
  return { ...plan, replay: [...landed, ...plan.replay], done: plan.done.filter((spill) => !landed.includes(spill)) };
}

function planFor(head: AccountHead | undefined, spills: readonly StoredSpill[]): ReplayPlan {
  return planReplay({ head, replayed: parseHeadMeta(head?.meta ?? '').replayed }, spills);
}

/** The account as it is once the spills are written. */
function replayedOn(stored: StoredAccount | undefined, { replay }: ReplayPlan): StoredAccount | undefined {
  if (stored === undefined || replay.length === 0) return stored;
  const { upserts, deletes } = mergedBatch(replay);
  const records = new Map([...stored.records, ...upserts]);
  const corrupt = new Map(stored.corrupt);
  for (const recordKey of deletes) records.delete(recordKey);
  for (const recordKey of [...upserts.keys(), ...deletes]) corrupt.delete(recordKey);
  return { head: stored.head, records, corrupt };
}

async function readAll({ read, onRejected }: TakeOverParts, stored: StoredAccount | undefined): Promise<ReadAccount> {
  const account = stored === undefined ? NO_RECORDS : await read(stored);
  const [first] = account.rejected;
  if (first === undefined || onRejected === 'quarantine') return account;
  const records = account.rejected.map(({ recordKey }) => recordKey);
  const message = `${records.length} stored record(s) cannot be restored; the first: ${first.error.message}`;
  throw new AccountKeeperError('CORRUPT', message, { records, cause: first.error });
}

function restoreLimits(
  { clock, closing }: TakeOverParts,
  options: RestoreOptions,
): { readonly signal: AbortSignal; readonly deadline: () => Deadline } {
  const timeoutMs = requireDuration('timeoutMs', options.timeoutMs ?? RESTORE_TIMEOUT_MS, 1);
  const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal]);
  const endMs = clock.monotonic() + timeoutMs;
  const isBounded = options.timeoutMs !== undefined;
  // Waiting for an owner takes as long as it takes, unless the caller set a limit.
  const remaining = (): number => (isBounded ? endMs - clock.monotonic() : timeoutMs);
  return { signal, deadline: () => new Deadline(clock, remaining(), signal) };
}

/** Loads and decodes the account without taking it over. */
export async function readOnly(
  parts: TakeOverParts,
  options: RestoreOptions,
): Promise<{ readonly head: AccountHead | undefined; readonly account: ReadAccount }> {
  requireRevision(options.minRevision);
  const deadline = restoreLimits(parts, options).deadline();
  await deadline.bound((rest) => parts.driver.open({ ...rest, onWarning: parts.onWarning }));
  const stored = await deadline.bound((rest) => parts.driver.load(parts.accountId, rest));
  requireExpected(stored?.head, options, parts.local().known);
  return { head: stored?.head, account: await deadline.bound(() => readAll(parts, stored)) };
}

/** What an account without a backend was spilled as. */
export async function readSpilled(parts: TakeOverParts, chain: readonly StoredSpill[]): Promise<ReadAccount> {
  const last = chain.at(-1)?.spill;
  const { revision = 0, writeId = '' } = last?.base ?? {};
  const head: AccountHead = { revision, writeId, writerId: last?.writerId ?? '', meta: '', dropped: false };
  return readAll(parts, { head, records: last?.records ?? new Map(), corrupt: new Map() });
}
