import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './all.js';

const root = resolve(import.meta.dirname, '../../..');

describe('a mutant of the sources', () => {
  const edits = MUTANTS.flatMap((mutant) => (mutant.kind === 'source' ? mutant.edits : []));

  it.each(edits.map(({ file, from }) => [file, from] as const))('of %s finds its text once: %s', (file, from) => {
    expect(readFileSync(resolve(root, file), 'utf8').split(from)).toHaveLength(2);
  });
});
