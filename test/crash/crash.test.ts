import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { crashRun } from './crash-run.js';
import { numbers } from './history.js';

const RUNS = 20;
const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-crash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('SIGKILL of the writing process', () => {
  it(`loses nothing that was acknowledged, ${RUNS} times in a row on SQLite`, { timeout: 120_000 }, async () => {
    const url = `sqlite://${join(folder, 'state.db')}`;
    const random = numbers(20);
    let acknowledged = 0;
    for (let run = 1; run <= RUNS; run += 1) {
      const result = await crashRun({ url, accounts: 3, seed: run, killAfterMs: random.next().value % 150 });
      expect(result, `run ${run}`).toMatchObject({ lost: 0, torn: 0 });
      acknowledged = Math.max(acknowledged, result.acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(RUNS);
  });
});
