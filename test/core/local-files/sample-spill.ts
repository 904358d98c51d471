import fc from 'fast-check';
import type { Spill } from '../../../src/core/local-files/spill.js';
import type { CommitBatch } from '../../../src/core/persistence-driver.js';

/** A small spill with something in each of its parts. */
export function sampleSpill(changes: Partial<Spill> = {}): Spill {
  return {
    id: 'spill-1',
    accountId: 'account',
    writerId: 'writer',
    lineage: 'lineage',
    claims: [{ base: 3, writerId: 'writer' }],
    fenced: false,
    createdAtMs: 1_700_000_000_000,
    base: { revision: 7, writeId: 'w7' },
    follows: ['spill-0'],
    attempts: [{ writeId: 'w8', expected: { revision: 7, writeId: 'w7' }, batch: batch([['a', '1']], ['b']) }],
    newer: [batch([['c', '2']], ['d']), batch([], ['c'])],
    refused: new Map([['e', '3']]),
    unencodable: ['f'],
    records: new Map([['a', '1']]),
    unfinished: 'rewrite:1',
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
  documents: fc.array(anyText, { maxLength: 5 }).map((keys) => new Set(keys)),
});

const anyHead = fc.option(plain({ revision: fc.maxSafeNat(), writeId: anyText }), { nil: undefined });

export const anySpill: fc.Arbitrary<Spill> = plain(
  {
    id: anyText.filter((id) => id !== ''),
    accountId: anyText.filter((id) => id !== ''),
    writerId: anyText,
    lineage: anyText,
    claims: fc.array(plain({ base: fc.maxSafeNat(), writerId: anyText }), { maxLength: 3 }),
    fenced: fc.boolean(),
    createdAtMs: fc.maxSafeNat(),
    base: anyHead,
    follows: fc.array(anyText, { maxLength: 3 }),
    attempts: fc.array(
      plain(
        {
          writeId: anyText,
          expected: anyHead,
          revisionFloor: fc.maxSafeNat(),
          batch: anyBatch,
        },
        ['revisionFloor'],
      ),
      { maxLength: 3 },
    ),
    newer: fc.array(anyBatch, { maxLength: 3 }),
    refused: anyRecords,
    unencodable: fc.array(anyText, { maxLength: 3 }),
    records: anyRecords,
    unfinished: anyText,
  },
  ['unfinished'],
);

/** Objects as a program writes them; what may be undefined is left out then. */
function plain<T>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  optional: readonly (keyof T)[] = [],
): fc.Arbitrary<T> {
  const requiredKeys = (Object.keys(fields) as (keyof T)[]).filter((key) => !optional.includes(key));
  return fc.record(fields, { noNullPrototype: true, requiredKeys }) as fc.Arbitrary<T>;
}

function batch(upserts: readonly (readonly [string, string])[], deletes: readonly string[]): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes), documents: new Set(upserts.map(([key]) => key)) };
}
