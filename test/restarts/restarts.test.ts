import { describe, expect, it } from 'vitest';
import { RESTART_BACKENDS, type RestartBackendName } from './backends.js';
import { restartRun } from './restart-run.js';

const RESTARTS = 3;

describe('a store under load', () => {
  for (const name of Object.keys(RESTART_BACKENDS) as RestartBackendName[]) {
    it(`goes on by itself after each of ${RESTARTS} restarts of ${name}, and loses nothing`, {
      timeout: 120_000,
    }, async () => {
      const backend = await RESTART_BACKENDS[name]();
      try {
        const result = await restartRun({ backend, restarts: RESTARTS, changesPerSecond: 1000, seed: 7 });
        expect(result).toMatchObject({ lost: 0, unhandled: [], refusal: undefined });
        expect(result.steps).toBeGreaterThan(0);
      } finally {
        await backend.dispose();
      }
    });
  }
});
