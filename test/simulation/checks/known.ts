import type { Account, LocalKnowledge } from '../account.js';
import { type AppliedCommit, isIn } from '../applied-commit.js';
import { must } from '../violation.js';

/** What a process knows of an account before it asks its backend. */
export interface Known {
  readonly local: LocalKnowledge;
  /** What its driver was told of. */
  readonly mark: AppliedCommit | undefined;
}

/** The commits of which a process knows. */
export function knownCommits({ local, mark }: Known): readonly AppliedCommit[] {
  return [...local.own.map(({ commit }) => commit), ...(mark === undefined ? [] : [mark])];
}

/**
 * Without the operator's word nobody takes an account over of which something is missing that the process knows of; nor
 * one of which all that it knows is another backend's.
 *
 * @param now what it knows of once it has the account: others may have written since it began.
 */
export function checkKnown(account: Account, claim: AppliedCommit, { local, mark }: Known, now: Known): void {
  const paths = new Set([...now.local.own.map(({ note }) => note.path), ...now.local.foreign]);
  const own = local.own.filter(({ note }) => paths.has(note.path));
  for (const { commit, note } of own) {
    const isOutOfTheWay = !account.areRelated(commit, claim);
    must(isOutOfTheWay || isIn(commit, claim), 'a rollback is found out by a local file', () => note.path);
  }
  const isMissing = mark !== undefined && !isIn(mark, claim);
  must(!isMissing, 'a rollback is found out by the driver', () => `${mark?.head.writeId}`);
  const others = [...own.map(({ note }) => note.path), ...local.foreign.filter((path) => paths.has(path))];
  const isSettled = now.local.own.some(({ commit }) => account.areRelated(commit, claim));
  must(isSettled || others.length === 0, 'an account of another backend is not taken over', () => others.join(' '));
}

/** Whether a process knows of something that is missing in what is stored, or of another backend's files alone. */
export function knowsMore(known: Known, stored: AppliedCommit | undefined): boolean {
  return known.local.foreign.length > 0 || knownCommits(known).some((commit) => !isIn(commit, stored));
}
