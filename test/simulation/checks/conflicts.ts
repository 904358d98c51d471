import type { RestoredSpills } from '../../../src/core/local-files/local-file-options.js';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { must } from '../violation.js';
import { type AppliedCommit, isUnfinished } from '../world/applied-commit.js';
import type { TrackedSpill } from './spills.js';

/** Only when somebody else has committed since may a spill be left out of a take-over. */
export function checkConflicts(
  { conflicting, replayed }: RestoredSpills,
  claim: AppliedCommit,
  wereThere: readonly TrackedSpill[],
): void {
  // Two spills may lie on the same head: the replay of one is somebody else's commit to the other.
  if (replayed.length > 0 || (claim.before !== undefined && isUnfinished(claim.before.head))) return;
  for (const { path, bytes } of wereThere) {
    if (!conflicting.includes(`${path}.conflicting`)) continue;
    const { attempts, base, fenced } = parseSpill(bytes);
    const bases = [base?.writeId, ...attempts.map(({ writeId }) => writeId)];
    const isRight = fenced || !bases.includes(claim.before?.head.writeId);
    must(isRight, 'a spill conflicts with a commit by somebody else', () => path);
  }
}
