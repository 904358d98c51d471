import { describe, expect, it } from 'vitest';
import { FAILOVER_BACKENDS, type FailoverBackendName } from './backends.js';
import { failoverRun } from './failover-run.js';

describe('a store that asks for the acknowledgement of a replica', () => {
  for (const name of Object.keys(FAILOVER_BACKENDS) as FailoverBackendName[]) {
    it(`loses nothing when the leader of ${name} is killed`, { timeout: 120_000 }, async () => {
      const { backend, dispose } = await FAILOVER_BACKENDS[name]();
      try {
        const result = await failoverRun({ backend, failovers: 2, changesPerSecond: 1000, seed: 11 });
        expect(result).toMatchObject({ lost: 0, refusal: undefined });
        expect(result.steps).toBeGreaterThan(0);
      } finally {
        await dispose();
      }
    });
  }
});
