import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { replayWriteIdOf } from '../../../src/core/spill/replay-plan.js';
import { parseSpill } from '../../../src/core/spill/spill-file.js';
import type { AppliedCommit } from '../backend.js';
import { must } from '../violation.js';

/**
 * Every spill is replayed once at most, and only on top of what it was made on: the state that its store had seen last,
 * one of its own attempts that landed late, or a spill that it follows.
 */
export function checkReplays(applied: readonly AppliedCommit[], spills: readonly { readonly bytes: Buffer }[]): void {
  const known = new Map(spills.map(({ bytes }) => parseSpill(bytes)).map((spill) => [spill.id, spill]));
  const replayed = new Set<string>();
  let previous: AppliedCommit | undefined;
  for (const commit of applied) {
    const before = new Set(previous === undefined ? [] : parseHeadMeta(previous.head.meta).replayed);
    const added = parseHeadMeta(commit.head.meta).replayed.filter((id) => !before.has(id));
    for (const id of added) {
      must(!replayed.has(id), 'a spill is replayed once', () => `${id} again in ${commit.head.writeId}`);
      replayed.add(id);
      const spill = known.get(id);
      if (spill === undefined) continue;
      const last = spill.follows.at(-1);
      const bases = [
        spill.base?.writeId,
        ...spill.attempts.map(({ writeId }) => writeId),
        ...(last === undefined ? [] : [replayWriteIdOf(last)]),
      ];
      const isOnTop = bases.includes(previous?.head.writeId) || (last !== undefined && added.includes(last));
      must(isOnTop, 'a spill is replayed on top of what it was made on', () => {
        return `${id} on ${previous?.head.writeId}, made on ${bases.join(' or ')}`;
      });
    }
    previous = commit;
  }
}
