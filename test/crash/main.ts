import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crashRun } from './crash-run.js';
import { numbers } from './history.js';

const USAGE = 'usage: npm run crash -- [--driver sqlite] [--runs 200] [--accounts 3] [--seed N]';
const MAX_LIFE_MS = 150;

interface Arguments {
  readonly driver: string;
  readonly runs: number;
  readonly accounts: number;
  readonly seed: number;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        driver: { type: 'string', default: 'sqlite' },
        runs: { type: 'string', default: '200' },
        accounts: { type: 'string', default: '3' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const parsed = { runs: Number(values.runs), accounts: Number(values.accounts), seed: Number(values.seed) };
    if (values.driver !== 'sqlite') throw new Error(`--driver: received ${values.driver}, allowed is sqlite`);
    for (const [name, value] of Object.entries(parsed)) {
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: allowed is an integer from 1`);
    }
    return { driver: values.driver, ...parsed };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

const { driver, runs, accounts, seed } = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-crash-'));
const url = `sqlite://${join(folder, 'state.db')}`;
const random = numbers(seed);
let passed = 0;
let acknowledged = 0;
try {
  console.log(`${runs} runs on ${driver}, ${accounts} accounts each, SIGKILL within ${MAX_LIFE_MS} ms, seed ${seed}`);
  for (let run = 1; run <= runs; run += 1) {
    const killAfterMs = random.next().value % MAX_LIFE_MS;
    const result = await crashRun({ url, accounts, seed: seed + run, killAfterMs });
    acknowledged = Math.max(acknowledged, result.acknowledged);
    if (result.lost === 0 && result.torn === 0) passed += 1;
    else console.error(`run ${run}: ${result.lost} acknowledged step(s) lost, ${result.torn} account(s) torn`);
    if (run % 20 === 0) console.log(`${run} runs, ${acknowledged} steps acknowledged`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} of ${runs} runs: every acknowledged change was there, and no batch was half there`);
process.exitCode = passed === runs ? 0 : 1;
