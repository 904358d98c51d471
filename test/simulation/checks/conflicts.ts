import type { RestoredSpills } from '../../../src/core/restore/restore-options.js';
import { parseSpill } from '../../../src/core/spill/spill-file.js';
import type { AppliedCommit } from '../backend.js';
import { must } from '../violation.js';

/** Only when somebody else has committed since may a spill be left out of a take-over. */
export function checkConflicts(
  { conflicting, replayed }: RestoredSpills,
  revision: number,
  applied: readonly AppliedCommit[],
  tracked: readonly { readonly path: string; readonly bytes: Buffer }[],
): void {
  const known = tracked.map(({ path, bytes }) => ({ path, spill: parseSpill(bytes) }));
  for (const path of conflicting) {
    const found = known.find((each) => `${each.path}.conflicting` === path);
    if (found === undefined) continue;
    const { attempts, base, fenced, follows } = found.spill;
    const ours = new Set([...attempts.map(({ writeId }) => writeId), ...follows.map((id) => `${id}-replay`)]);
    const isLater = ({ head }: AppliedCommit): boolean => {
      return head.revision > (base?.revision ?? 0) && head.revision < revision && !ours.has(head.writeId);
    };
    const hasBranch = known.some(({ spill }) => spill !== found.spill && spill.follows.join() === follows.join());
    // Two spills may lie on the same head: the replay of one is somebody else's commit to the other.
    const isOutrun = known.some((each) => replayed.includes(each.path) && !follows.includes(each.spill.id));
    const isRight = fenced || hasBranch || isOutrun || applied.some(isLater);
    must(isRight, 'a spill conflicts with a commit by somebody else', () => path);
  }
}
