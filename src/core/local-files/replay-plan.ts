import type { HeadMeta } from '../ownership/head-meta.js';
import type { AccountHead, CommitBatch } from '../persistence-driver.js';
import type { Spill } from './spill.js';
import type { StoredSpill } from './spill-folder.js';

/** The plan for the spills of an account. */
export interface ReplayPlan {
  /** To be written, in this order, within the claim. */
  readonly replay: readonly StoredSpill[];
  /** In the backend already. */
  readonly done: readonly StoredSpill[];
  /** On top of a state that the backend does not hold any more, or never held. */
  readonly conflicting: readonly StoredSpill[];
}

/** The id of the work that writes a spill in several commits. */
export function replayIdOf({ id }: Spill): string {
  return `replay:${id}`;
}

/**
 * Tells which spills can be written on top of what the backend holds without losing anything that somebody else has
 * written since: the one whose base is the stored head, or of which an attempt turned out to have landed, or that was
 * being written when its process ended.
 */
export function planReplay(head: AccountHead | undefined, meta: HeadMeta, spills: readonly StoredSpill[]): ReplayPlan {
  const replay: StoredSpill[] = [];
  const done: StoredSpill[] = [];
  const conflicting: StoredSpill[] = [];
  const last = spills.find(({ spill }) => meta.unfinished?.id === replayIdOf(spill))?.spill;
  const begun = new Set(last === undefined ? [] : [...last.follows, last.id]);
  for (const stored of inOrder(spills)) {
    const { spill } = stored;
    if (meta.replayed.includes(spill.id)) done.push(stored);
    else if (!spill.fenced && (begun.has(spill.id) || liesOn(spill, head, meta, replay.at(-1)?.spill)))
      replay.push(stored);
    else conflicting.push(stored);
  }
  return { replay, done, conflicting };
}

/** The changes of spills, a batch for each group, oldest first. */
export function replayedGroups(spills: readonly StoredSpill[]): readonly CommitBatch[] {
  return spills.flatMap(({ spill }) => [...spill.attempts.map(({ batch }) => batch), ...spill.newer]);
}

/** A spill comes after those that it follows. */
function inOrder(spills: readonly StoredSpill[]): readonly StoredSpill[] {
  return [...spills].sort(({ spill: a }, { spill: b }) => {
    return a.follows.length - b.follows.length || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);
  });
}

function liesOn(spill: Spill, head: AccountHead | undefined, meta: HeadMeta, previous: Spill | undefined): boolean {
  if (meta.unfinished !== undefined) return false;
  const before = spill.follows.at(-1);
  if (before !== undefined) return previous?.id === before || head?.writeId === `${before}-replay`;
  if (previous !== undefined) return false;
  if (head === undefined || spill.base === undefined) return head === spill.base;
  if (head.revision === spill.base.revision && head.writeId === spill.base.writeId) return true;
  return spill.attempts.some(({ writeId }) => writeId === head.writeId);
}
