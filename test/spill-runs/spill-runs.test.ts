import { describe, expect, it } from 'vitest';
import { SPILL_BACKENDS, type SpillBackendName } from './backends.js';
import { spillRun } from './spill-run.js';

/** Each has a restore that is killed. */
const SEEDS = [16, 40];

describe('the process after one whose backend was away for its whole shutdown', () => {
  for (const name of Object.keys(SPILL_BACKENDS) as SpillBackendName[]) {
    it(`restores everything once the backend is back, ${SEEDS.length} times on ${name}`, {
      timeout: 120_000,
    }, async () => {
      const backend = await SPILL_BACKENDS[name]();
      try {
        for (const seed of SEEDS) {
          const { findings, stepsAway } = await spillRun({ backend, changesPerSecond: 1000, seed });
          expect(findings, `seed ${seed}`).toEqual([]);
          expect(stepsAway).toBeGreaterThan(0);
        }
      } finally {
        await backend.dispose();
      }
    });
  }
});
