import type { AccountHead, CommitBatch } from '../../../src/core/persistence-driver.js';

/** A commit that was applied. Rollbacks of the backend make a tree of them, words of the operator and merges a graph. */
export interface AppliedCommit {
  readonly head: AccountHead;
  readonly batch: CommitBatch;
  /** The records afterwards. */
  readonly after: ReadonlyMap<string, string>;
  /** What was stored before; `undefined`: nothing. */
  readonly before: AppliedCommit | undefined;
  /** The commits of which everything has to be in this one. The {@link Ledger} says which. */
  parents: readonly AppliedCommit[];
  /** The operator said that a local file takes the place of what was stored. */
  keepsLocal: boolean;
}

/** Whether everything of one commit has to be in another one. Nothing is in everything. */
export function isIn(commit: AppliedCommit | undefined, later: AppliedCommit | undefined): boolean {
  return commit === undefined || (later !== undefined && withAncestors(later).has(commit));
}

/** A commit, and all of which everything has to be in it. */
export function withAncestors(commit: AppliedCommit | undefined): ReadonlySet<AppliedCommit> {
  const found = new Set<AppliedCommit>();
  const open = commit === undefined ? [] : [commit];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...next.parents);
  }
  return found;
}

/** The first commit of the history that a commit belongs to. */
export function rootOf(commit: AppliedCommit): AppliedCommit {
  let root = commit;
  for (let [parent] = root.parents.slice(-1); parent !== undefined; [parent] = root.parents.slice(-1)) root = parent;
  return root;
}

/** Whether a head says that more commits have to follow before it stands for an account. */
export function isUnfinished({ meta }: AccountHead): boolean {
  try {
    const parsed: unknown = JSON.parse(meta);
    return typeof parsed === 'object' && parsed !== null && 'unfinished' in parsed;
  } catch {
    return false;
  }
}
