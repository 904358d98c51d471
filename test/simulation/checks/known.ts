import { replayIdOf } from '../../../src/core/local-files/replay-plan.js';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { localIdOf } from '../../../src/core/restore/rollback.js';
import { must } from '../violation.js';
import type { Account, LocalKnowledge } from '../world/account.js';
import { type AppliedCommit, isIn, isUnfinished } from '../world/applied-commit.js';
import type { TrackedSpill } from './spills.js';

/** What a process knows of an account before it asks its backend. */
export interface Known {
  readonly local: LocalKnowledge;
  /** What its driver was told of. */
  readonly mark: AppliedCommit | undefined;
  /** The newest that one of its stores saw acknowledged. */
  readonly acknowledged: AppliedCommit | undefined;
}

/** The commits of which a process knows. */
export function knownCommits({ local, mark, acknowledged }: Known): readonly AppliedCommit[] {
  return [...local.own.map(({ commit }) => commit), mark, acknowledged].filter((commit) => commit !== undefined);
}

/**
 * Without the operator's word nobody takes an account over of which something is missing that the process knows of; nor
 * one of which all that it knows is another backend's.
 *
 * @param start what it knew when the restore began.
 * @param local what its files say when it claims.
 */
export function checkKnown(account: Account, claim: AppliedCommit, start: Known, local: LocalKnowledge): void {
  const { acknowledged } = start;
  const related = local.own.filter(({ commit }) => account.areRelated(commit, claim));
  for (const { commit, note } of goesOnFromHalf(claim) ? [] : related) {
    must(isIn(commit, claim), 'a rollback is found out by a local file', () => note.path);
  }
  const isRelated = acknowledged !== undefined && account.areRelated(acknowledged, claim);
  const isMissing = isRelated && !isIn(acknowledged, claim);
  must(!isMissing, 'a rollback is found out by the process', () => `${acknowledged?.head.writeId}`);
  const others = [...local.foreign, ...local.own.map(({ note }) => note)].map(({ path }) => path);
  const wasRelated = start.local.own.some(({ commit }) => account.areRelated(commit, claim));
  must(
    related.length > 0 || isRelated || wasRelated || others.length === 0,
    'an account of another backend is not taken over',
    () => others.join(' '),
  );
}

/** Without the operator's word, only who has the file that says the rest goes on from the half of something. */
export function checkHalf(claim: AppliedCommit, spills: readonly TrackedSpill[]): void {
  let { before } = claim;
  while (before !== undefined && before.head.writerId === claim.head.writerId) before = before.before;
  if (before === undefined || !isUnfinished(before.head)) return;
  const { unfinished } = parseHeadMeta(before.head.meta);
  const { replayed } = parseHeadMeta(claim.head.meta);
  const isRest = spills
    .map(({ bytes }) => parseSpill(bytes))
    .some((spill) => {
      const ids = [replayIdOf(spill), localIdOf(spill), spill.unfinished];
      return replayed.includes(spill.id) && ids.includes(unfinished?.id);
    });
  must(
    isRest,
    'what is unfinished is never an account',
    () => `${before.head.writeId}, taken over by ${claim.head.writeId}`,
  );
}

/** Whether somebody has said, at some time, that the half of something is to count as the whole. */
function goesOnFromHalf(claim: AppliedCommit): boolean {
  for (let commit = claim; commit.before !== undefined; commit = commit.before) {
    const { head } = commit.before;
    if (isUnfinished(head) && head.writerId !== commit.head.writerId && !commit.keepsLocal) return true;
  }
  return false;
}

/**
 * Whether a process knows of something that is missing in what is stored, or of other backends' files alone.
 *
 * @param account with it, files of another history than what is stored tell nothing beside one of the same.
 */
export function knowsMore(known: Known, stored: AppliedCommit | undefined, account?: Account): boolean {
  const { own, foreign } = known.local;
  const isForeign = !own.some(({ commit }) => isIn(commit, stored)) && foreign.length > 0;
  if (isForeign) return true;
  const related = own.filter(({ commit }) => stored !== undefined && account?.areRelated(commit, stored) === true);
  const local = { ...known.local, own: related.length > 0 ? related : own };
  return knownCommits({ ...known, local }).some((commit) => !isIn(commit, stored));
}
