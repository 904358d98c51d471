import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import type { HeadSwap } from '../../../src/drivers/base/backend-connection.js';
import { type AccountSwap, GroupCommit, type SwapResult } from '../../../src/drivers/base/group-commit.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import type { Operation } from '../../../src/drivers/base/operation/operation.js';
import { manualOperation } from './manual-operation.js';

/** What was sent, in the order in which it was, and how the test answers it. */
interface Sent {
  readonly kind: 'together' | 'alone';
  readonly ids: readonly string[];
  readonly operation: Operation;
  answer(results: readonly SwapResult[]): void;
  fail(error: unknown): void;
}

const REFUSED = new Error('refused');
const LOST = new AccountKeeperError('UNAVAILABLE', 'the connection was lost', { outcome: 'unknown' });
const UNREACHABLE = new AccountKeeperError('UNAVAILABLE', 'nobody answers', { outcome: 'not-applied' });

const layout = new KeyLayout();

function changeOf(text: string = '{}'): HeadSwap {
  return { expected: '{}', next: '{}', upserts: new Map([['r', text]]), deletes: [], deletesAll: false };
}

function groupCommit({ groups = 1, singles = 1 } = {}) {
  const sent: Sent[] = [];
  const send = (kind: Sent['kind'], swaps: readonly AccountSwap[], operation: Operation) => {
    const ids = swaps.map(({ account }) => account.id);
    return new Promise<readonly SwapResult[]>((answer, fail) => sent.push({ kind, ids, operation, answer, fail }));
  };
  const group = new GroupCommit({
    together: (swaps, operation) => send('together', swaps, operation),
    alone: async (swap) => (await send('alone', [swap], swap.operation))[0] === 'swapped',
    goesAlone: ({ expected }) => expected === undefined,
    mayBeOfOne: (error) => error === REFUSED,
    groups,
    singles,
  });
  const swap = (id: string, change: HeadSwap = changeOf(), operation: Operation = manualOperation().operation) => {
    const swapped = group.swap(layout.account(id), change, operation);
    swapped.catch(() => undefined);
    return { swapped };
  };
  /** What was sent since the last call. */
  const taken = async (): Promise<readonly Sent[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return sent.splice(0);
  };
  return { swap, taken };
}

async function next(taken: () => Promise<readonly Sent[]>): Promise<Sent> {
  const all = await taken();
  expect(all).toHaveLength(1);
  return all[0] as Sent;
}

describe('GroupCommit', () => {
  it('sends the changes of one turn together, and what comes meanwhile with the next group', async () => {
    const { swap, taken } = groupCommit();
    const results = [swap('a'), swap('b')];
    const first = await next(taken);
    results.push(swap('c'), swap('d'));
    expect(await taken()).toEqual([]);
    first.answer(['swapped', 'differs']);
    const second = await next(taken);
    second.answer(['differs', 'swapped']);
    expect([first.ids, second.ids]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await Promise.all(results.map(({ swapped }) => swapped))).toEqual([true, false, false, true]);
  });

  it('has no more groups on their way than it may have', async () => {
    const { swap, taken } = groupCommit({ groups: 2 });
    swap('a');
    const first = await next(taken);
    swap('b');
    await next(taken);
    swap('c');
    expect(await taken()).toEqual([]);
    first.answer(['swapped']);
    expect((await next(taken)).ids).toEqual(['c']);
  });

  it('never names an account twice in a group', async () => {
    const { swap, taken } = groupCommit();
    swap('a');
    swap('a');
    swap('b');
    const first = await next(taken);
    expect(first.ids).toEqual(['a']);
    first.answer(['swapped']);
    expect((await next(taken)).ids).toEqual(['a', 'b']);
  });

  it('lets a large change go by itself, in its turn', async () => {
    const { swap, taken } = groupCommit();
    swap('a');
    swap('large', changeOf('x'.repeat(2_000_000)));
    swap('b');
    const ids: (readonly string[])[] = [];
    for (let round = 0; round < 3; round += 1) {
      const sent = await next(taken);
      ids.push(sent.ids);
      sent.answer(['swapped']);
    }
    expect(ids).toEqual([['a'], ['large'], ['b']]);
  });

  it('halves a group that was refused, and rejects the one at fault alone, which goes alone until it succeeds', async () => {
    const { swap, taken } = groupCommit();
    const ids = ['a', 'b', 'c', 'bad', 'e'];
    const results = ids.map((id) => swap(id));
    const sizes: number[] = [];
    for (let sent = await taken(); sent.length > 0; sent = await taken()) {
      const [only] = sent;
      sizes.push(only?.ids.length ?? 0);
      if (only?.ids.includes('bad') === true) only.fail(REFUSED);
      else only?.answer(only.ids.map(() => 'swapped'));
    }
    const settled = await Promise.allSettled(results.map(({ swapped }) => swapped));
    expect(settled.map(({ status }) => status)).toEqual(ids.map((id) => (id === 'bad' ? 'rejected' : 'fulfilled')));
    await expect(results[3]?.swapped).rejects.toBe(REFUSED);
    expect(sizes).toEqual([5, 2, 3, 1, 2, 1, 1]);
    swap('bad');
    swap('a');
    const [together, alone] = await taken();
    expect([together?.kind, together?.ids, alone?.kind, alone?.ids]).toEqual(['together', ['a'], 'alone', ['bad']]);
    alone?.answer(['swapped']);
    together?.answer(['swapped']);
    await taken();
    swap('bad');
    expect((await next(taken)).kind).toBe('together');
  });

  it('rejects all of a group whose outcome is unknown, and lets each go alone next', async () => {
    const { swap, taken } = groupCommit({ singles: 2 });
    const results = [swap('a'), swap('b')];
    (await next(taken)).fail(LOST);
    for (const { swapped } of results) await expect(swapped).rejects.toBe(LOST);
    swap('a');
    swap('b');
    expect((await taken()).map(({ kind, ids }) => [kind, ids])).toEqual([
      ['alone', ['a']],
      ['alone', ['b']],
    ]);
  });

  it('blames nobody when nothing was sent', async () => {
    const { swap, taken } = groupCommit();
    const results = [swap('a'), swap('b')];
    (await next(taken)).fail(UNREACHABLE);
    for (const { swapped } of results) await expect(swapped).rejects.toBe(UNREACHABLE);
    swap('a');
    expect((await next(taken)).kind).toBe('together');
  });

  it('sends alone what is busy, beside the groups', async () => {
    const { swap, taken } = groupCommit();
    const busy = swap('busy');
    const other = swap('a');
    (await next(taken)).answer(['busy', 'swapped']);
    expect(await other.swapped).toBe(true);
    const alone = await next(taken);
    expect(alone).toMatchObject({ kind: 'alone', ids: ['busy'] });
    const later = swap('b');
    (await next(taken)).answer(['swapped']);
    expect(await later.swapped).toBe(true);
    alone.answer(['differs']);
    expect(await busy.swapped).toBe(false);
  });

  it('sends alone what never goes with others, no more at a time than may go', async () => {
    const { swap, taken } = groupCommit();
    const first = { ...changeOf(), expected: undefined };
    swap('a', first);
    swap('b', first);
    const alone = await next(taken);
    expect(alone).toMatchObject({ kind: 'alone', ids: ['a'] });
    alone.answer(['swapped']);
    expect(await next(taken)).toMatchObject({ kind: 'alone', ids: ['b'] });
  });

  it('sends nothing for who has given up, not even again', async () => {
    const { swap, taken } = groupCommit();
    swap('a');
    const first = await next(taken);
    const gone = manualOperation();
    const given = swap('b', changeOf(), gone.operation);
    gone.end();
    first.answer(['swapped']);
    expect(await taken()).toEqual([]);
    await expect(given.swapped).rejects.toThrow('ended');

    const lost = manualOperation();
    swap('a', changeOf(), lost.operation);
    swap('b');
    const refused = await next(taken);
    lost.end();
    refused.fail(REFUSED);
    expect((await next(taken)).ids).toEqual(['b']);
  });

  it('ends the operation of a group when nobody waits for any of it any more', async () => {
    const { swap, taken } = groupCommit();
    const one = manualOperation();
    const other = manualOperation();
    swap('a', changeOf(), one.operation);
    swap('b', changeOf(), other.operation);
    const { operation } = await next(taken);
    one.end();
    expect(operation.signal.aborted).toBe(false);
    operation.assertActive();
    other.end(new Error('the last one'));
    expect(() => operation.assertActive()).toThrow('the last one');
  });

  it('gives everybody the answer to their own change, whatever else happens', async () => {
    const fate = fc.constantFrom('swapped', 'differs', 'busy', 'refused', 'new') satisfies fc.Arbitrary<string>;
    const property = fc.asyncProperty(
      fc.array(fate, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      async (fates, groups, singles) => {
        const { swap, taken } = groupCommit({ groups, singles });
        const fateOf = (id: string): string => fates[Number(id)] ?? '';
        const results = fates.map((each, index) => {
          const change = each === 'new' ? { ...changeOf(), expected: undefined } : changeOf();
          return swap(String(index), change);
        });
        for (let sent = await taken(); sent.length > 0; sent = await taken()) {
          for (const { kind, ids, answer, fail } of sent) {
            if (ids.some((id) => fateOf(id) === 'refused')) fail(REFUSED);
            else if (kind === 'alone') answer([fateOf(ids[0] ?? '') === 'differs' ? 'differs' : 'swapped']);
            else answer(ids.map((id) => fateOf(id) as SwapResult));
          }
        }
        const outcomes = await Promise.allSettled(results.map(({ swapped }) => swapped));
        const expected = fates.map((each) => (each === 'refused' ? 'rejected' : each !== 'differs'));
        expect(outcomes.map((each) => (each.status === 'rejected' ? each.status : each.value))).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});
