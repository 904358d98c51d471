import { parseArgs } from 'node:util';
import { CRASH_BACKENDS, type CrashBackendName, isCrashBackend } from './backends.js';
import { crashRun } from './crash-run.js';
import { numbers } from './history.js';

const USAGE = 'usage: npm run crash -- [--driver sqlite|redis|postgres] [--runs 200] [--accounts 3] [--seed N]';
const MAX_LIFE_MS = 150;

interface Arguments {
  readonly driver: CrashBackendName;
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
    const { driver } = values;
    if (!isCrashBackend(driver)) {
      throw new Error(`--driver: received ${driver}, allowed are ${Object.keys(CRASH_BACKENDS).join(', ')}`);
    }
    for (const [name, value] of Object.entries(parsed)) {
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: allowed is an integer from 1`);
    }
    return { driver, ...parsed };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

const { driver, runs, accounts, seed } = readArguments();
const backend = await CRASH_BACKENDS[driver]();
const random = numbers(seed);
const draw = (below: number): number => random.next().value % below;
let passed = 0;
let acknowledged = 0;
let backendKills = 0;
try {
  const also = backend.server === undefined ? '' : ', the backend too in every second run';
  console.log(
    `${runs} runs on ${driver}, ${accounts} accounts each, SIGKILL within ${MAX_LIFE_MS} ms${also}, seed ${seed}`,
  );
  for (let run = 1; run <= runs; run += 1) {
    const killed = backend.server !== undefined && run % 2 === 0 ? { server: backend.server } : undefined;
    if (killed !== undefined) backendKills += 1;
    const result = await crashRun({
      url: backend.url,
      accounts,
      seed: seed + run,
      killAfterMs: draw(MAX_LIFE_MS),
      ...(killed === undefined ? {} : { backend: { ...killed, killAfterMs: draw(MAX_LIFE_MS) } }),
    });
    acknowledged = Math.max(acknowledged, result.acknowledged);
    if (result.lost === 0 && result.torn === 0) passed += 1;
    else console.error(`run ${run}: ${result.lost} acknowledged step(s) lost, ${result.torn} account(s) torn`);
    if (run % 20 === 0)
      console.log(`${run} runs, ${backendKills} kills of the backend, ${acknowledged} steps acknowledged`);
  }
} finally {
  await backend.dispose();
}
console.log(`${passed} of ${runs} runs: every acknowledged change was there, and no batch was half there`);
process.exitCode = passed === runs ? 0 : 1;
