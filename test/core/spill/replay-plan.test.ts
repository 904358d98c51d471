import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedBatch, newestChain, planReplay, replayWriteIdOf } from '../../../src/core/spill/replay-plan.js';
import type { Spill } from '../../../src/core/spill/spill.js';
import type { StoredSpill } from '../../../src/core/spill/spill-folder.js';

const BASE = { revision: 5, writeId: 'base' };

function stored(id: string, given: Partial<Spill> = {}): StoredSpill {
  const spill: Spill = {
    id,
    accountId: 'account',
    writerId: 'writer',
    fenced: false,
    createdAtMs: 0,
    base: BASE,
    follows: [],
    attempts: [],
    newer: { upserts: new Map([['metadata/A', id]]), deletes: new Set() },
    refused: new Map(),
    replayWriteId: replayWriteIdOf(id),
    records: new Map(),
    ...given,
  };
  return { path: `${id}.spill`, spill };
}

const idsOf = (spills: readonly StoredSpill[]): string[] => spills.map(({ spill }) => spill.id);

/** A spill, and those of processes that started from it without the backend, one after the other. */
function chainOf(length: number, createdAtMs: readonly number[] = []): StoredSpill[] {
  const ids = Array.from({ length }, (_, index) => `s${index}`);
  return ids.map((id, index) => stored(id, { follows: ids.slice(0, index), createdAtMs: createdAtMs[index] ?? index }));
}

describe('the plan for spills', () => {
  it('replays a chain in order, whatever the clocks of its writers said, from wherever a crash has left it', () => {
    const times = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(6), times, fc.boolean(), (length, landed, atMs, shuffled) => {
        const chain = chainOf(length, atMs);
        const before = chain.slice(0, Math.min(landed, length));
        const last = before.at(-1)?.spill;
        const head = last === undefined ? BASE : { revision: 6, writeId: last.replayWriteId };
        const plan = planReplay({ head, replayed: idsOf(before) }, shuffled ? [...chain].reverse() : chain);
        expect(idsOf(plan.done)).toEqual(idsOf(before));
        expect(idsOf(plan.replay)).toEqual(idsOf(chain.slice(before.length)));
        expect(plan.conflicting).toEqual([]);
      }),
    );
  });

  it('replays nothing on top of what somebody else has written', () => {
    for (const head of [undefined, { revision: 6, writeId: 'other' }, { revision: 5, writeId: 'another history' }]) {
      expect(idsOf(planReplay({ head, replayed: [] }, chainOf(3)).conflicting)).toEqual(['s0', 's1', 's2']);
    }
    const moved = planReplay({ head: { revision: 9, writeId: 'other' }, replayed: ['s0'] }, chainOf(2));
    expect([idsOf(moved.done), idsOf(moved.conflicting)]).toEqual([['s0'], ['s1']]);
  });

  it('knows an attempt that landed after all', () => {
    const attempt = { writeId: 'sent', expected: BASE, batch: { upserts: new Map(), deletes: new Set<string>() } };
    const plan = planReplay({ head: { revision: 6, writeId: 'sent' }, replayed: [] }, [
      stored('s', { attempts: [attempt] }),
    ]);
    expect(idsOf(plan.replay)).toEqual(['s']);
  });

  it('takes one of two branches, and reports the other', () => {
    const root = stored('root');
    const branches = ['a', 'b'].map((id, index) => stored(id, { follows: ['root'], createdAtMs: index }));
    const plan = planReplay({ head: BASE, replayed: [] }, [...branches, root]);
    expect([idsOf(plan.replay), idsOf(plan.conflicting)]).toEqual([['root', 'a'], ['b']]);
    const twice = planReplay({ head: BASE, replayed: [] }, [stored('x'), stored('y')]);
    expect([idsOf(twice.replay), idsOf(twice.conflicting)]).toEqual([['x'], ['y']]);
  });

  it('starts without a backend from the newest that was not fenced', () => {
    const older = stored('older', { createdAtMs: 1 });
    const newer = stored('newer', { base: { revision: 7, writeId: 'later' }, createdAtMs: 2 });
    const fenced = stored('fenced', { base: { revision: 8, writeId: 'f' }, createdAtMs: 3, fenced: true });
    const next = stored('next', { base: newer.spill.base, follows: ['newer'], createdAtMs: 0 });
    expect(idsOf(newestChain([older, newer, fenced, next]).replay)).toEqual(['newer', 'next']);
    expect(newestChain([fenced]).replay).toEqual([]);
  });

  it('merges what changed, the newest last', () => {
    const batch = (key: string, text: string | undefined): Spill['newer'] =>
      text === undefined
        ? { upserts: new Map(), deletes: new Set([key]) }
        : { upserts: new Map([[key, text]]), deletes: new Set() };
    const changes = fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.option(fc.string(), { nil: undefined })));
    fc.assert(
      fc.property(changes, (sequence) => {
        const spills = sequence.map(([key, text], index) => stored(`s${index}`, { newer: batch(key, text) }));
        const { upserts, deletes } = mergedBatch(spills);
        const last = new Map(sequence);
        expect(upserts).toEqual(new Map([...last].filter(([, text]) => text !== undefined)));
        expect([...deletes].sort()).toEqual(
          [...last]
            .filter(([, text]) => text === undefined)
            .map(([key]) => key)
            .sort(),
        );
      }),
    );
  });
});
