import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';
import { MUTANTS } from './mutants/all.js';
import { mutatedSource } from './mutants/mutated-source.js';
import { runSeeds } from './run-seeds.js';
import { runHistory } from './world/history.js';

const SEEDS = 300;

const folder = temporaryFolder('simulation-test');

describe('the simulation', () => {
  it(`finds nothing in the histories of ${SEEDS} seeds`, { timeout: 120_000 }, async () => {
    const { commits, seeds, violation } = await runSeeds({ firstSeed: 0, seeds: SEEDS });
    expect(violation?.trace.join('\n')).toBeUndefined();
    expect(seeds).toBe(SEEDS);
    expect(commits).toBeGreaterThan(SEEDS * 5);
  });

  it('runs the same history twice for the same seed', async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const [first, second] = [await runHistory(seed, folder), await runHistory(seed, folder)];
      expect(second.trace).toEqual(first.trace);
      expect(first.trace.length).toBeGreaterThan(5);
    }
  });
});

describe('a mistake that is made on purpose', () => {
  it('has a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(27);
  });

  it.each(MUTANTS.flatMap((mutant) => (mutant.kind === 'source' ? [mutant] : [])))(
    'fits the sources as they are: $name',
    ({ edits }) => rmSync(mutatedSource(edits), { recursive: true, force: true }),
  );

  it.each(MUTANTS.flatMap((mutant) => (mutant.kind === 'driver' ? [mutant] : [])))(
    'is found in the driver: $name',
    { timeout: 120_000 },
    async ({ mutant }) => {
      const { violation } = await runSeeds({ firstSeed: 0, seeds: 200, driverMutant: mutant });
      expect(violation).toBeDefined();
    },
  );

  it('is found in the sources: the first of them', { timeout: 120_000 }, async () => {
    const [mutant] = MUTANTS.flatMap((each) => (each.kind === 'source' ? [each] : []));
    const root = mutatedSource(mutant?.edits ?? []);
    try {
      expect((await runSeeds({ firstSeed: 0, seeds: 50, root })).violation).toBeDefined();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
