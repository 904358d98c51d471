import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { must } from '../violation.js';
import { type AppliedCommit, isUnfinished } from '../world/applied-commit.js';

/**
 * Every spill is replayed once at most, and only on top of what it was made on: the state that its store had seen last,
 * or one of its own attempts that landed late.
 */
export function checkReplays(applied: readonly AppliedCommit[], spills: readonly { readonly bytes: Buffer }[]): void {
  const known = new Map(spills.map(({ bytes }) => parseSpill(bytes)).map((spill) => [spill.id, spill]));
  for (const commit of new Set(applied)) {
    for (const id of isUnfinished(commit.head) ? [] : replayedBy(commit)) {
      const isAgain = ancestorsOf(commit).some((earlier) => replayedBy(earlier).includes(id));
      must(!isAgain, 'a spill is replayed once', () => `${id} again in ${commit.head.writeId}`);
      const spill = known.get(id);
      if (spill === undefined || commit.keepsLocal) continue;
      const bases = [spill.base?.writeId, ...spill.attempts.map(({ writeId }) => writeId)];
      // What it was made on may itself be the half of a whole, which it continues.
      const chain = [commit, ...ancestorsOf(commit)];
      const whole = chain.findIndex(({ before }) => before === undefined || !isUnfinished(before.head));
      const found = chain.slice(0, whole + 1).map(({ before }) => before?.head.writeId);
      must(
        found.some((writeId) => bases.includes(writeId)),
        'a spill is replayed on top of what it was made on',
        () => {
          return `${id} on ${found.join(' or ')}, made on ${bases.join(' or ')}`;
        },
      );
    }
  }
}

function replayedBy({ head, before, parents }: AppliedCommit): readonly string[] {
  // What was replayed into the state that a local file takes the place of stays named.
  const earlier = new Set([before, ...parents].flatMap((each) => parseHeadMeta(each?.head.meta ?? '').replayed));
  return parseHeadMeta(head.meta).replayed.filter((id) => !earlier.has(id));
}

/** What was stored before, newest first. */
function ancestorsOf(commit: AppliedCommit): readonly AppliedCommit[] {
  const found: AppliedCommit[] = [];
  for (let { before } = commit; before !== undefined; before = before.before) found.push(before);
  return found;
}
