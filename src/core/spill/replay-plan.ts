import type { CommitBatch } from '../persistence-driver.js';
import type { Spill } from './spill.js';
import type { StoredSpill } from './spill-folder.js';

/** What the backend holds, as far as it says what became of a spill. */
export interface ReplayBase {
  readonly head: { readonly revision: number; readonly writeId: string } | undefined;
  /** The ids of spills that are in the backend, from the head's meta. */
  readonly replayed: readonly string[];
}

/** What is to become of the spills of an account. */
export interface ReplayPlan {
  /** To be written, in this order, in one commit. */
  readonly replay: readonly StoredSpill[];
  /** In the backend already. */
  readonly done: readonly StoredSpill[];
  /** On top of a state that the backend does not hold any more, or never held. */
  readonly conflicting: readonly StoredSpill[];
}

/** The write id under which a spill is replayed. */
export function replayWriteIdOf(spillId: string): string {
  return `${spillId}-replay`;
}

/**
 * Tells which spills can be written on top of what the backend holds without losing anything that somebody else has
 * written since: the one whose base is the stored head (or of which an attempt turned out to have landed), and those
 * that follow it.
 */
export function planReplay(base: ReplayBase, spills: readonly StoredSpill[]): ReplayPlan {
  const replay: StoredSpill[] = [];
  const done: StoredSpill[] = [];
  const conflicting: StoredSpill[] = [];
  for (const stored of inOrder(spills)) {
    const { spill } = stored;
    if (base.replayed.includes(spill.id) || base.head?.writeId === spill.replayWriteId) done.push(stored);
    else if (!spill.fenced && liesOn(spill, base, replay.at(-1)?.spill)) replay.push(stored);
    else conflicting.push(stored);
  }
  return { replay, done, conflicting };
}

/** The spills of the newest chain, for a start without the backend, and all others. */
export function newestChain(spills: readonly StoredSpill[]): ReplayPlan {
  const newest = inOrder(spills)
    .filter(({ spill }) => spill.follows.length === 0 && !spill.fenced)
    .at(-1);
  if (newest === undefined) return { replay: [], done: [], conflicting: spills };
  return planReplay({ head: newest.spill.base, replayed: [] }, spills);
}

/** The changes of several spills, as one. */
export function mergedBatch(spills: readonly StoredSpill[]): CommitBatch {
  const upserts = new Map<string, string>();
  const deletes = new Set<string>();
  for (const batch of spills.flatMap(({ spill }) => [...spill.attempts.map((each) => each.batch), spill.newer])) {
    for (const [recordKey, text] of batch.upserts) {
      deletes.delete(recordKey);
      upserts.set(recordKey, text);
    }
    for (const recordKey of batch.deletes) {
      upserts.delete(recordKey);
      deletes.add(recordKey);
    }
  }
  return { upserts, deletes };
}

/** A spill comes after those that it follows. */
function inOrder(spills: readonly StoredSpill[]): readonly StoredSpill[] {
  return [...spills].sort(({ spill: a }, { spill: b }) => {
    return a.follows.length - b.follows.length || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);
  });
}

function liesOn(spill: Spill, base: ReplayBase, previous: Spill | undefined): boolean {
  const before = spill.follows.at(-1);
  if (before !== undefined) {
    return previous === undefined ? base.head?.writeId === replayWriteIdOf(before) : previous.id === before;
  }
  if (previous !== undefined) return false;
  const { head } = base;
  if (head === undefined || spill.base === undefined) return head === spill.base;
  if (head.revision === spill.base.revision && head.writeId === spill.base.writeId) return true;
  return spill.attempts.some(({ writeId }) => writeId === head.writeId);
}
