import { describe, expect, it } from 'vitest';
import { TAKE_OVER_BACKENDS, type TakeOverBackendName } from './backends.js';
import { takeOverRun } from './take-over-run.js';

const ROUNDS = 8;

describe('an account that two processes take from each other under load', () => {
  for (const name of Object.keys(TAKE_OVER_BACKENDS) as TakeOverBackendName[]) {
    it(`loses nothing, and a fenced one writes nothing, ${ROUNDS} times on ${name}`, { timeout: 120_000 }, async () => {
      const backend = await TAKE_OVER_BACKENDS[name]();
      try {
        const result = await takeOverRun({ backend, rounds: ROUNDS, changesPerSecond: 1000, seed: 9 });
        expect(result.findings).toEqual([]);
        const { stopped = 0, 'stopped-late': stoppedLate = 0 } = result.disturbances;
        expect(stopped + stoppedLate).toBeGreaterThan(0);
        expect(result.fencedOwners).toBe(ROUNDS - (result.disturbances.killed ?? 0));
        expect(result.acknowledged).toBeGreaterThan(ROUNDS);
      } finally {
        await backend.dispose();
      }
    });
  }
});
