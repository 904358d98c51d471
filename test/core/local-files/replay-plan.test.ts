import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planReplay, type ReplayPlan, replayedGroups, replayIdOf } from '../../../src/core/local-files/replay-plan.js';
import type { Spill } from '../../../src/core/local-files/spill.js';
import type { StoredSpill } from '../../../src/core/local-files/spill-folder.js';
import { formatHeadMeta, type HeadMeta, parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { AccountHead, CommitBatch } from '../../../src/core/persistence-driver.js';
import { type BatchSize, cutBatches, fits, mergedBatch, sizeOf } from '../../../src/core/shared/batch-size.js';

const BASE = { revision: 5, writeId: 'base' };

function stored(id: string, given: Partial<Spill> = {}): StoredSpill {
  const spill: Spill = {
    id,
    accountId: 'account',
    writerId: 'writer',
    lineage: undefined,
    claims: [],
    fenced: false,
    createdAtMs: 0,
    base: BASE,
    follows: [],
    attempts: [],
    newer: [{ upserts: new Map([['metadata/A', id]]), deletes: new Set() }],
    refused: new Map(),
    unencodable: [],
    records: new Map(),
    ...given,
  };
  return { path: `${id}.spill`, spill };
}

const idsOf = (spills: readonly StoredSpill[]): string[] => spills.map(({ spill }) => spill.id);

function plan(
  base: { readonly revision: number; readonly writeId: string } | undefined,
  spills: readonly StoredSpill[],
  said: Partial<HeadMeta> = {},
): ReplayPlan {
  const meta = formatHeadMeta({ released: false, replayed: [], claims: [], ...said });
  const head: AccountHead | undefined = base && { writerId: 'w', dropped: false, ...base, meta };
  return planReplay(head, parseHeadMeta(meta), spills);
}

/** A spill, and those of processes of an earlier version that started from it without the backend, one after the other. */
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
        const head = last === undefined ? BASE : { revision: 6, writeId: `${last.id}-replay` };
        const { conflicting, done, replay } = plan(head, shuffled ? [...chain].reverse() : chain, {
          replayed: idsOf(before),
        });
        expect(idsOf(done)).toEqual(idsOf(before));
        expect(idsOf(replay)).toEqual(idsOf(chain.slice(before.length)));
        expect(conflicting).toEqual([]);
      }),
    );
  });

  it('replays nothing on top of what somebody else has written', () => {
    for (const head of [undefined, { revision: 6, writeId: 'other' }, { revision: 5, writeId: 'another history' }]) {
      expect(idsOf(plan(head, chainOf(3)).conflicting)).toEqual(['s0', 's1', 's2']);
    }
    const moved = plan({ revision: 9, writeId: 'other' }, chainOf(2), { replayed: ['s0'] });
    expect([idsOf(moved.done), idsOf(moved.conflicting)]).toEqual([['s0'], ['s1']]);
  });

  it('replays nothing of a store that was fenced', () => {
    expect(idsOf(plan(BASE, [stored('s', { fenced: true })]).conflicting)).toEqual(['s']);
  });

  it('knows an attempt that landed after all', () => {
    const attempt = { writeId: 'sent', expected: BASE, batch: { upserts: new Map(), deletes: new Set<string>() } };
    const { replay } = plan({ revision: 6, writeId: 'sent' }, [stored('s', { attempts: [attempt] })]);
    expect(idsOf(replay)).toEqual(['s']);
  });

  it('takes one of two branches, and reports the other', () => {
    const root = stored('root');
    const branches = ['a', 'b'].map((id, index) => stored(id, { follows: ['root'], createdAtMs: index }));
    const forked = plan(BASE, [...branches, root]);
    expect([idsOf(forked.replay), idsOf(forked.conflicting)]).toEqual([['root', 'a'], ['b']]);
    const twice = plan(BASE, [stored('x'), stored('y')]);
    expect([idsOf(twice.replay), idsOf(twice.conflicting)]).toEqual([['x'], ['y']]);
  });

  it('goes on with the spill that was being written, and with no other one', () => {
    const [half, other] = [stored('half'), stored('other')];
    const unfinished = { id: replayIdOf(half.spill), part: 1 };
    const { conflicting, replay } = plan({ revision: 6, writeId: 'part-1' }, [half, other], { unfinished });
    expect([idsOf(replay), idsOf(conflicting)]).toEqual([['half'], ['other']]);
  });

  it('goes on also with those that the spill being written follows', () => {
    const chain = chainOf(3);
    const unfinished = { id: replayIdOf(stored('s1').spill), part: 1 };
    const { conflicting, replay } = plan({ revision: 6, writeId: 'part-1' }, chain, { unfinished });
    expect([idsOf(replay), idsOf(conflicting)]).toEqual([['s0', 's1'], ['s2']]);
  });

  it('replays nothing on top of the half of another work', () => {
    const unfinished = { id: 'rewrite:1', part: 1 };
    expect(idsOf(plan(BASE, [stored('s')], { unfinished }).conflicting)).toEqual(['s']);
  });

  it('takes what lies on nothing where nothing is stored, and only there', () => {
    expect(idsOf(plan(undefined, [stored('s', { base: undefined })]).replay)).toEqual(['s']);
    expect(idsOf(plan(BASE, [stored('s', { base: undefined })]).conflicting)).toEqual(['s']);
  });

  it('knows the head that it lies on by revision and write', () => {
    expect(idsOf(plan({ ...BASE, revision: 6 }, [stored('s')]).conflicting)).toEqual(['s']);
    expect(idsOf(plan({ ...BASE, writeId: 'other' }, [stored('s')]).conflicting)).toEqual(['s']);
    expect(idsOf(plan(BASE, [stored('s')]).replay)).toEqual(['s']);
  });

  it('takes of two that lie on the same head the older one, and of the same age that with the lower id', () => {
    const [a, b] = [stored('a', { createdAtMs: 2 }), stored('b', { createdAtMs: 1 })];
    expect(idsOf(plan(BASE, [a, b]).replay)).toEqual(['b']);
    for (const spills of [
      [stored('x'), stored('y')],
      [stored('y'), stored('x')],
    ]) {
      expect(idsOf(plan(BASE, spills).replay)).toEqual(['x']);
    }
  });

  it('needs one attempt alone to have landed', () => {
    const attempts = ['first', 'second', 'third'].map((writeId) => {
      return { writeId, expected: BASE, batch: { upserts: new Map(), deletes: new Set<string>() } };
    });
    expect(idsOf(plan({ revision: 6, writeId: 'second' }, [stored('s', { attempts })]).replay)).toEqual(['s']);
    expect(idsOf(plan({ revision: 6, writeId: 'other' }, [stored('s', { attempts })]).conflicting)).toEqual(['s']);
  });

  it('hands out what changed in groups: attempts first, then what is newer', () => {
    const [one, two, three] = ['1', '2', '3'].map((text) => ({
      upserts: new Map([['A', text]]),
      deletes: new Set<string>(),
    }));
    const attempt = { writeId: 'sent', expected: BASE, batch: one as CommitBatch };
    const spills = [stored('s', { attempts: [attempt], newer: [two, three] as CommitBatch[] }), stored('next')];
    expect(replayedGroups(spills)).toEqual([one, two, three, ...(spills[1]?.spill.newer ?? [])]);
  });
});

const anyGroup: fc.Arbitrary<CommitBatch> = fc
  .array(fc.tuple(fc.constantFrom<string>('A', 'B', 'C'), fc.option(fc.string({ maxLength: 5 }), { nil: undefined })))
  .map((changes) => {
    const last = new Map(changes);
    const written = [...last].filter((entry): entry is [string, string] => entry[1] !== undefined);
    return {
      upserts: new Map(written),
      deletes: new Set([...last.keys()].filter((recordKey) => last.get(recordKey) === undefined)),
      documents: new Set<string>(),
    };
  });

/** A state with a batch applied. */
function applied(state: ReadonlyMap<string, string>, { upserts, deletes }: CommitBatch): ReadonlyMap<string, string> {
  return new Map([...[...state].filter(([recordKey]) => !deletes.has(recordKey)), ...upserts]);
}

describe('groups as batches', () => {
  it('merge what changed, the newest last', () => {
    fc.assert(
      fc.property(fc.array(anyGroup), (groups) => {
        const { upserts, deletes } = mergedBatch(groups);
        const last = new Map(
          groups.flatMap((group) => [
            ...group.upserts,
            ...Array.from(group.deletes, (key) => [key, undefined] as const),
          ]),
        );
        const kept = [...last].filter(([, text]) => text !== undefined);
        expect(new Map([...upserts].sort())).toEqual(new Map(kept.sort() as [string, string][]));
        expect([...deletes].sort()).toEqual([...last.keys()].filter((key) => last.get(key) === undefined).sort());
      }),
    );
  });

  it('are cut between groups alone, and keep within the limits where a group does', () => {
    const anyLimits: fc.Arbitrary<BatchSize> = fc.record({
      records: fc.integer({ min: 1, max: 6 }),
      bytes: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(anyGroup), anyLimits, (groups, limits) => {
        const batches = cutBatches(groups, limits);
        const states: ReadonlyMap<string, string>[] = [new Map()];
        for (const group of groups) states.push(applied(states.at(-1) ?? new Map(), group));
        let state: ReadonlyMap<string, string> = new Map();
        for (const batch of batches) {
          state = applied(state, batch);
          expect(states).toContainEqual(state);
          const isOneGroup = groups.some((group) => isDeepStrictEqual(group, batch));
          expect(fits(sizeOf(batch), limits) || isOneGroup).toBe(true);
        }
        expect(state).toEqual(states.at(-1));
        expect(batches.length).toBeGreaterThan(0);
      }),
    );
  });
});
