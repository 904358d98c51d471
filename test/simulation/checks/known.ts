import type { Account, LocalKnowledge } from '../account.js';
import { type AppliedCommit, isIn } from '../applied-commit.js';
import { must } from '../violation.js';

/** What a process knows of an account before it asks its backend. */
export interface Known {
  readonly local: LocalKnowledge;
  /** What its driver was told of. */
  readonly mark: AppliedCommit | undefined;
}

/** The newest revision of which a process knows, as far as it belongs to the history of what is stored. */
export function knownRevision({ local, mark }: Known): number {
  const revisions = local.own.map(({ commit }) => commit.head.revision);
  return Math.max(0, mark?.head.revision ?? 0, ...revisions);
}

/**
 * Without the operator's word nobody takes an account over of which something is missing that the process knows of; nor
 * one of which all that it knows is another backend's.
 */
export function checkKnown(account: Account, claim: AppliedCommit, { local, mark }: Known): void {
  const related = local.own.filter(({ commit }) => account.areRelated(commit, claim));
  for (const { commit, note } of related) {
    must(isIn(commit, claim), 'a rollback is found out by a local file', () => note.path);
  }
  const isMissing = mark !== undefined && !isIn(mark, claim);
  must(!isMissing, 'a rollback is found out by the driver', () => `${mark?.head.writeId}`);
  const isForeign = related.length === 0 && local.own.length + local.foreign.length > 0;
  must(!isForeign, 'an account of another backend is not taken over', () => {
    return [...local.foreign, ...local.own.map(({ note }) => note.path)].join(' ');
  });
}

/** Whether a process knows of something that is missing in what is stored, or of another backend's files alone. */
export function knowsMore({ local, mark }: Known, stored: AppliedCommit | undefined): boolean {
  const commits = [...local.own.map(({ commit }) => commit), ...(mark === undefined ? [] : [mark])];
  return local.foreign.length > 0 || commits.some((commit) => !isIn(commit, stored));
}
