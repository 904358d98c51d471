import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { RestoreStart } from '../restore-start.js';
import { must } from '../violation.js';
import type { Account } from '../world/account.js';
import type { AppliedCommit } from '../world/applied-commit.js';
import { holds, type TrackedSpill } from './spills.js';

/** What a claim has written in the place of what was stored, when the operator said that the local file is to be kept. */
export function keptBy({ head, before }: AppliedCommit, spills: readonly TrackedSpill[]): TrackedSpill | undefined {
  const earlier = new Set(parseHeadMeta(before?.head.meta ?? '').replayed);
  const added = parseHeadMeta(head.meta).replayed.filter((id) => !earlier.has(id));
  return spills.findLast(({ bytes }) => added.includes(parseSpill(bytes).id));
}

/** With `keep: 'local'`, the file of a store that nobody had fenced, which knew of all that any file knows of. */
export function checkKept(
  account: Account,
  claim: AppliedCommit,
  { known, word }: RestoreStart,
  memory: ReadonlyMap<string, string>,
): void {
  if (word?.keep !== 'local') return;
  const kept = keptBy(claim, account.knownSpills);
  must(kept !== undefined, 'a local file is kept', () => claim.head.writeId);
  const { base, fenced } = parseSpill(kept.bytes);
  must(!fenced, 'the file of a fenced store is not kept', () => kept.path);
  const from = account.commitOf(base?.writeId);
  for (const { commit, note } of known.local.own) {
    const isMore = from !== undefined && account.areRelated(commit, from) && commit.head.revision > from.head.revision;
    must(!isMore, 'the file of the highest known head is kept', () => `${kept.path}, not ${note.path}`);
  }
  must(holds(memory, kept), 'what is kept is what was spilled', () => kept.path);
}
