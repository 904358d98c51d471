import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import { Random } from '../../contract/random.js';
import {
  ACCOUNT_SPECIFICATION,
  type AccountInput,
  type AccountOperation,
  type AccountOutput,
  isWrite,
  type WriteInput,
} from './account-specification.js';
import { isLinearizableByForce } from './brute-force.js';
import { checkHistory } from './checker.js';
import { type GeneratedShape, generatedHistory } from './generated-histories.js';
import { minimised } from './minimise.js';
import { shownHistory } from './show-history.js';

const isGood = (history: readonly AccountOperation[]): boolean =>
  checkHistory(ACCOUNT_SPECIFICATION, history).isLinearizable;

function commit(writeId: string, expected: WriteInput['expected'], changes: Partial<WriteInput> = {}): WriteInput {
  return {
    kind: 'commit',
    expected,
    writerId: 'w',
    writeId,
    meta: '',
    upserts: { a: writeId },
    deletes: [],
    ...changes,
  };
}

function head(revision: number, writeId: string, dropped = false): AccountHead {
  return { revision, writerId: 'w', writeId, meta: '', dropped };
}

const acknowledged = (revision: number, writeId: string): AccountOutput => ({
  kind: 'head',
  head: head(revision, writeId),
});

function loaded(revision: number, writeId: string, records: Readonly<Record<string, string>>): AccountOutput {
  return { kind: 'load', stored: { head: head(revision, writeId), records } };
}

/** Operations by the times of their invocation and return. */
function at(invokedAt: number, returnedAt: number, input: AccountInput, output?: AccountOutput): AccountOperation {
  return { client: 'A', input, output, invokedAt, returnedAt };
}

const load: AccountInput = { kind: 'load' };
const first = at(1, 2, commit('x', undefined), acknowledged(1, 'x'));
const onFirst = { revision: 1, writeId: 'x' };

describe('a history is linearizable', () => {
  const good: Readonly<Record<string, readonly AccountOperation[]>> = {
    'when it is empty': [],
    'with reads of an account that was never written': [
      at(1, 2, { kind: 'head' }, { kind: 'head', head: undefined }),
      at(3, 4, load, { kind: 'load', stored: undefined }),
    ],
    'with one write after the other': [
      first,
      at(3, 4, commit('y', onFirst, { upserts: { b: 'y' }, deletes: ['a'] }), acknowledged(2, 'y')),
      at(5, 6, load, loaded(2, 'y', { b: 'y' })),
    ],
    'when a read at the same time as a write sees it, and another one does not': [
      first,
      at(3, 10, commit('y', onFirst), acknowledged(2, 'y')),
      at(4, 5, load, loaded(1, 'x', { a: 'x' })),
      at(6, 7, load, loaded(2, 'y', { a: 'y' })),
    ],
    'when of two writes on the same head one conflicts with the other': [
      first,
      at(3, 6, commit('y', onFirst), acknowledged(2, 'y')),
      at(4, 5, commit('z', onFirst), { kind: 'conflict', head: head(2, 'y') }),
    ],
    'when a repeated write is told its head': [first, at(3, 4, commit('x', undefined), acknowledged(1, 'x'))],
    'when a dropped account is written again': [
      first,
      at(3, 4, { ...commit('y', onFirst), kind: 'drop', upserts: {} }, { kind: 'head', head: head(2, 'y', true) }),
      at(5, 6, commit('z', { revision: 2, writeId: 'y' }), acknowledged(3, 'z')),
      at(7, 8, load, loaded(3, 'z', { a: 'z' })),
    ],
    'when a write of unknown outcome never lands': [
      first,
      at(3, 4, commit('y', onFirst)),
      at(5, 6, load, loaded(1, 'x', { a: 'x' })),
    ],
    'when a write of unknown outcome lands late': [
      first,
      at(3, 4, commit('y', onFirst)),
      at(5, 6, load, loaded(1, 'x', { a: 'x' })),
      at(7, 8, load, loaded(2, 'y', { a: 'y' })),
    ],
    'when the repetition of a write of unknown outcome finds it': [
      first,
      at(3, 4, commit('y', onFirst)),
      at(5, 6, commit('y', onFirst), acknowledged(2, 'y')),
    ],
  };
  it.each(Object.entries(good))('%s', (_, history) => {
    expect(isGood(history)).toBe(true);
    expect(isLinearizableByForce(ACCOUNT_SPECIFICATION, history)).toBe(true);
  });
});

describe('a history is not linearizable', () => {
  const second = at(3, 4, commit('y', onFirst), acknowledged(2, 'y'));
  const both = { upserts: { b: 'y' }, deletes: ['a'] };
  const bad: Readonly<Record<string, readonly AccountOperation[]>> = {
    'with a stale read': [first, second, at(5, 6, load, loaded(1, 'x', { a: 'x' }))],
    'with a read of an empty account after a write': [first, at(3, 4, load, { kind: 'load', stored: undefined })],
    'with reads that go back': [
      first,
      at(3, 10, commit('y', onFirst), acknowledged(2, 'y')),
      at(4, 5, load, loaded(2, 'y', { a: 'y' })),
      at(6, 7, load, loaded(1, 'x', { a: 'x' })),
    ],
    'with a lost update': [first, second, at(3, 4, commit('z', onFirst), acknowledged(2, 'z'))],
    'with an update that is gone though a later one was made': [
      first,
      at(3, 4, commit('y', onFirst, { upserts: { b: 'y' } }), acknowledged(2, 'y')),
      at(5, 6, load, loaded(2, 'y', { a: 'x' })),
    ],
    'with half a batch, its delete missing': [
      first,
      at(3, 10, commit('y', onFirst, both), acknowledged(2, 'y')),
      at(4, 5, load, loaded(2, 'y', { a: 'x', b: 'y' })),
    ],
    'with half a batch, its head missing': [
      first,
      at(3, 10, commit('y', onFirst, both), acknowledged(2, 'y')),
      at(4, 5, load, loaded(1, 'x', { b: 'y' })),
    ],
    'with a revision used again': [first, at(3, 4, commit('y', onFirst), acknowledged(1, 'y'))],
    'with a revision left out': [first, at(3, 4, commit('y', onFirst), acknowledged(3, 'y'))],
    'when a write that had no effect is seen': [first, at(5, 6, load, loaded(2, 'y', { a: 'y' }))],
    'with a conflict without a reason': [
      first,
      at(3, 4, commit('y', onFirst), { kind: 'conflict', head: head(1, 'x') }),
    ],
    'with a conflict that names a head of long ago': [
      first,
      second,
      at(5, 6, commit('z', undefined), { kind: 'conflict', head: head(1, 'x') }),
    ],
    'with a conflict of a write that was made': [
      first,
      at(3, 4, commit('y', onFirst), { kind: 'conflict', head: head(2, 'y') }),
      at(5, 6, load, loaded(2, 'y', { a: 'y' })),
    ],
    'with a rollback that was none': [first, at(3, 4, commit('y', onFirst), { kind: 'rolled back', head: undefined })],
    'when a write of unknown outcome comes and goes': [
      first,
      at(3, 4, commit('y', onFirst)),
      at(5, 6, load, loaded(2, 'y', { a: 'y' })),
      at(7, 8, load, loaded(1, 'x', { a: 'x' })),
    ],
    'when a write of unknown outcome lands on top of a later one': [
      first,
      at(3, 4, commit('y', onFirst)),
      at(5, 6, commit('z', onFirst), acknowledged(2, 'z')),
      at(7, 8, load, loaded(3, 'y', { a: 'y' })),
    ],
    'when a write of unknown outcome was seen before it was made': [
      first,
      at(3, 4, load, loaded(2, 'y', { a: 'y' })),
      at(5, 6, commit('y', onFirst)),
    ],
    'with records after a drop': [
      first,
      at(3, 4, { ...commit('y', onFirst), kind: 'drop', upserts: {} }, { kind: 'head', head: head(2, 'y', true) }),
      at(5, 6, load, { kind: 'load', stored: { head: head(2, 'y', true), records: { a: 'x' } } }),
    ],
  };
  it.each(Object.entries(bad))('%s', (_, history) => {
    expect(isGood(history)).toBe(false);
    expect(isLinearizableByForce(ACCOUNT_SPECIFICATION, history)).toBe(false);
  });
});

const shapes: fc.Arbitrary<GeneratedShape> = fc.record({
  seed: fc.integer(),
  clients: fc.integer({ min: 1, max: 5 }),
  operations: fc.integer({ min: 1, max: 40 }),
  lostPercent: fc.constantFrom(0, 20, 60),
});

/** The history with another output of its last operation, the load that sees all that came before. */
function withLast(history: readonly AccountOperation[], output: AccountOutput): readonly AccountOperation[] {
  const last = history.at(-1);
  return last === undefined ? [] : [...history.slice(0, -1), { ...last, output }];
}

describe('of generated histories', () => {
  it('every one that came about lawfully is linearizable', () => {
    fc.assert(
      fc.property(shapes, (shape) => isGood(generatedHistory(shape))),
      { numRuns: 300 },
    );
  });

  const lastState = (history: readonly AccountOperation[]): AccountOutput | undefined => history.at(-1)?.output;

  it('none is that ends with a value that nobody wrote', () => {
    const property = fc.property(shapes, (shape) => {
      const history = generatedHistory(shape);
      const last = lastState(history);
      fc.pre(last?.kind === 'load' && last.stored !== undefined);
      const { stored } = last;
      return !isGood(
        withLast(history, { kind: 'load', stored: { ...stored, records: { ...stored.records, a: '?' } } }),
      );
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('none is that ends with a state older than an acknowledged one', () => {
    const property = fc.property(shapes, fc.nat(), (shape, which) => {
      const history = generatedHistory(shape);
      const reads = history.slice(0, -1).flatMap(({ output }) => (output?.kind === 'load' ? [output] : []));
      const newest = Math.max(
        0,
        ...history.map(({ output }) => (output?.kind === 'head' ? (output.head?.revision ?? 0) : 0)),
      );
      const older = reads.filter(({ stored }) => (stored?.head.revision ?? 0) < newest);
      fc.pre(older.length > 0);
      return !isGood(withLast(history, older[which % older.length] ?? { kind: 'load', stored: undefined }));
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('none is without the write that the end shows', () => {
    const property = fc.property(shapes, (shape) => {
      const history = generatedHistory(shape);
      const last = lastState(history);
      fc.pre(last?.kind === 'load' && last.stored !== undefined);
      const { writeId } = last.stored.head;
      return !isGood(history.filter(({ input }) => !('writeId' in input) || input.writeId !== writeId));
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('tiny ones, lawful or with outputs exchanged, are judged as by trying every order', () => {
    const verdicts = { good: 0, bad: 0 };
    const tiny = fc.record({
      seed: fc.integer(),
      clients: fc.integer({ min: 1, max: 3 }),
      operations: fc.integer({ min: 1, max: 4 }),
      lostPercent: fc.constantFrom(0, 40),
    });
    const property = fc.property(tiny, fc.boolean(), (shape, exchanged) => {
      const lawful = generatedHistory(shape);
      const history = exchanged ? outputsExchanged(lawful, new Random(shape.seed, 'exchange')) : lawful;
      const verdict = isGood(history);
      verdicts[verdict ? 'good' : 'bad'] += 1;
      expect(verdict).toBe(isLinearizableByForce(ACCOUNT_SPECIFICATION, history));
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(50);
  });
});

/** Two operations have each other's output, or each other's times. */
function outputsExchanged(history: readonly AccountOperation[], random: Random): readonly AccountOperation[] {
  const one = random.below(history.length);
  const other = random.below(history.length);
  const [first, second] = [history[one], history[other]];
  if (first === undefined || second === undefined) return history;
  const isTime = random.below(2) === 0;
  const changed = (mine: AccountOperation, others: AccountOperation): AccountOperation =>
    isTime
      ? { ...mine, invokedAt: others.invokedAt, returnedAt: others.returnedAt }
      : { ...mine, output: others.output };
  return history.map((operation, index) => {
    if (index === one) return changed(first, second);
    return index === other ? changed(second, first) : operation;
  });
}

describe('a violation', () => {
  const history: readonly AccountOperation[] = [
    first,
    at(3, 4, load, loaded(1, 'x', { a: 'x' })),
    at(5, 6, commit('y', onFirst), acknowledged(2, 'y')),
    at(7, 8, commit('z', onFirst), { kind: 'conflict', head: head(2, 'y') }),
    at(9, 10, load, loaded(1, 'x', { a: 'x' })),
    at(11, 12, { kind: 'head' }, acknowledged(2, 'y')),
  ];

  it('is shown without what it does not hang on', () => {
    const small = minimised(ACCOUNT_SPECIFICATION, history, (operation) => !isWrite(operation));
    expect(small.map(({ invokedAt }) => invokedAt)).toEqual([1, 5, 9]);
    expect(isGood(small)).toBe(false);
  });

  it('is shown with one operation a line', () => {
    expect(shownHistory(history).split('\n')).toHaveLength(history.length);
  });
});
