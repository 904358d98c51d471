import { describe, expect, it } from 'vitest';
import { makeRun, type Run, type RunResult } from './harness/run.js';
import { scaleOut, scaleOutWith } from './scale-out.js';

const FEW = { accounts: 48, workers: 3, faults: 3, rate: 200, every: 2_000, lease: 2_000, measure: 500 };

function made(run: Run): Promise<RunResult> {
  const quiet = (): void => undefined;
  const options = { ...run.options, ...FEW };
  return makeRun(run, { driver: 'redis', options, seed: 5, print: quiet, complain: quiet });
}

describe('processes that share accounts', () => {
  it('lose nothing that was acknowledged when some of them are killed', { timeout: 300_000 }, async () => {
    const { counts, findings } = await made(scaleOut);
    expect(findings).toEqual([]);
    expect(counts['take-overs']).toBeGreaterThan(0);
    expect(counts['acknowledged']).toBeGreaterThan(48);
  });

  it('are found out when they acknowledge what they write later', { timeout: 300_000 }, async () => {
    const { findings } = await made(scaleOutWith(new URL('./scale-out-saboteur-worker.ts', import.meta.url)));
    expect(findings.filter((finding) => finding.includes('lost'))).not.toEqual([]);
  });
});
