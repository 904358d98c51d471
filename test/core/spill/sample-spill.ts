import fc from 'fast-check';
import type { CommitBatch } from '../../../src/core/persistence-driver.js';
import type { Spill } from '../../../src/core/spill/spill.js';

/** A small spill with something in each of its parts. */
export function sampleSpill(changes: Partial<Spill> = {}): Spill {
  return {
    id: 'spill-1',
    accountId: 'account',
    writerId: 'writer',
    fenced: false,
    createdAtMs: 1_700_000_000_000,
    base: { revision: 7, writeId: 'w7' },
    follows: ['spill-0'],
    attempts: [{ writeId: 'w8', expected: { revision: 7, writeId: 'w7' }, batch: batch([['a', '1']], ['b']) }],
    newer: batch([['c', '2']], ['d']),
    refused: new Map([['e', '3']]),
    replayWriteId: 'spill-1-replay',
    records: new Map([['a', '1']]),
    ...changes,
  };
}

/** Any text: lone surrogates, control characters, line separators and names of object properties among it. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '__proto__', 'constructor', '\0', '\u2028', '\ud800', '\udfff', '\ufeff', '\n', '..', 'CON'),
);

const anyRecords = fc.array(fc.tuple(anyText, anyText), { maxLength: 5 }).map((pairs) => new Map(pairs));

const anyBatch: fc.Arbitrary<CommitBatch> = plain({
  upserts: anyRecords,
  deletes: fc.array(anyText, { maxLength: 5 }).map((keys) => new Set(keys)),
});

const anyHead = fc.option(plain({ revision: fc.maxSafeNat(), writeId: anyText }), { nil: undefined });

export const anySpill: fc.Arbitrary<Spill> = plain({
  id: anyText.filter((id) => id !== ''),
  accountId: anyText.filter((id) => id !== ''),
  writerId: anyText,
  fenced: fc.boolean(),
  createdAtMs: fc.maxSafeNat(),
  base: anyHead,
  follows: fc.array(anyText, { maxLength: 3 }),
  attempts: fc.array(plain({ writeId: anyText, expected: anyHead, batch: anyBatch }), { maxLength: 3 }),
  newer: anyBatch,
  refused: anyRecords,
  replayWriteId: anyText,
  records: anyRecords,
});

/** Objects as a program writes them. */
function plain<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(fields, { noNullPrototype: true });
}

function batch(upserts: readonly (readonly [string, string])[], deletes: readonly string[]): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes) };
}
