import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countPairs } from './corners.js';
import type { DriverMutant } from './world/backend.js';
import { runHistory } from './world/history.js';

/**
 * Runs the histories of the seeds `first`, `first + step`, … below `end`, and says what came of them: one line of JSON.
 * Ends at the first violation.
 *
 * Arguments: first, step, end, and optionally what is wrong with the driver.
 */
const [first = '0', step = '1', end = '0', mutant] = process.argv.slice(2);
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'accountkeeper-simulation-'));
const found = { seeds: 0, commits: 0, pairs: {} as Record<string, number>, violation: undefined as unknown };

for (let seed = Number(first); seed < Number(end) && found.violation === undefined; seed += Number(step)) {
  const history = await runHistory(seed, folder, mutant as DriverMutant | undefined);
  const { commits, profile, reached, trace, violation } = history;
  found.seeds += 1;
  found.commits += commits;
  countPairs(found.pairs, reached);
  if (violation !== undefined) found.violation = { seed, profile, message: violation.message, trace };
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit());
