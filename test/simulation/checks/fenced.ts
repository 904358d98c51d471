import type { StoreEventMap } from '../../../src/core/store/store-events.js';
import { must } from '../violation.js';
import type { AppliedCommit } from '../world/applied-commit.js';
import { DAMAGED_RECORD } from '../world/backend.js';
import { type Meta, payloadsOf, shown, textOf } from '../world/memory.js';

/** A store is fenced by the commit of somebody else, and hands out whatever it had not saved. */
export function checkFenced(
  { by, outcome, unacknowledged }: StoreEventMap['fenced'][0],
  writerId: string,
  memory: ReadonlyMap<string, string>,
  applied: readonly AppliedCommit[],
  acknowledgedRevision: number,
): void {
  must(by !== undefined && by.writerId !== writerId, 'a store is fenced by somebody else', () => `${by?.writerId}`);
  const isStored = applied.some(({ head }) => head.writerId === by.writerId && head.revision === by.revision);
  must(isStored, 'who fences a store has committed', () => by.writeId);
  const last = applied.findLast(({ head }) => head.writerId === writerId);
  if (last === undefined) return;
  const stored = payloadsOf(last.after);
  for (const recordKey of new Set([...memory.keys(), ...stored.keys()])) {
    if (memory.get(recordKey) === stored.get(recordKey)) continue;
    must(unacknowledged.has(recordKey), 'what was not saved is handed out', () => `${recordKey}, ${shown(memory)}`);
  }
  for (const [recordKey, value] of unacknowledged) {
    if (recordKey === DAMAGED_RECORD || recordKey.startsWith('quarantine/')) continue;
    const text = value === undefined ? undefined : textOf(value as Meta);
    must(memory.get(recordKey) === text, 'what is handed out is what is in memory', () => `${recordKey} = ${text}`);
  }
  const isCertain = outcome === 'not-applied' && unacknowledged.size > 0;
  must(!isCertain || last.head.revision <= acknowledgedRevision, 'what landed is not called not applied', () => {
    return `revision ${last.head.revision}, acknowledged ${acknowledgedRevision}`;
  });
}
