import { describe, expect, it } from 'vitest';
import { CRASH_BACKENDS, type CrashBackendName } from './backends.js';
import { crashRun } from './crash-run.js';
import { numbers } from './history.js';

const RUNS: Readonly<Record<CrashBackendName, number>> = { sqlite: 20, redis: 6, postgres: 6 };

describe('SIGKILL of the writing process, and of the backend in every second run', () => {
  for (const name of Object.keys(CRASH_BACKENDS) as CrashBackendName[]) {
    const runs = RUNS[name];
    it(`loses nothing that was acknowledged, ${runs} times in a row on ${name}`, { timeout: 120_000 }, async () => {
      const backend = await CRASH_BACKENDS[name]();
      try {
        const random = numbers(runs);
        let acknowledged = 0;
        for (let run = 1; run <= runs; run += 1) {
          const killed = backend.server !== undefined && run % 2 === 0 ? backend.server : undefined;
          const result = await crashRun({
            url: backend.url,
            accounts: 3,
            seed: run,
            killAfterMs: random.next().value % 150,
            ...(killed === undefined ? {} : { backend: { server: killed, killAfterMs: random.next().value % 150 } }),
          });
          expect(result, `run ${run}`).toMatchObject({ lost: 0, torn: 0 });
          acknowledged = Math.max(acknowledged, result.acknowledged);
        }
        expect(acknowledged).toBeGreaterThan(runs);
      } finally {
        await backend.dispose();
      }
    });
  }
});
