import { parseArgs } from 'node:util';
import { RESTART_BACKENDS, type RestartBackendName } from './backends.js';
import { restartRun } from './restart-run.js';

const NAMES = Object.keys(RESTART_BACKENDS) as RestartBackendName[];
const USAGE = `usage: npm run restarts -- [--driver ${NAMES.join('|')}|all] [--restarts 50] [--rate 1000] [--seed N]`;
/** How much more heap the last fifth of the restarts may show than the second fifth. */
const HEAP_GROWTH_ALLOWED = 0.1;

interface Arguments {
  readonly names: readonly RestartBackendName[];
  readonly restarts: number;
  readonly rate: number;
  readonly seed: number;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        driver: { type: 'string', default: 'all' },
        restarts: { type: 'string', default: '50' },
        rate: { type: 'string', default: '1000' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const names = NAMES.filter((name) => values.driver === 'all' || values.driver === name);
    if (names.length === 0)
      throw new Error(`--driver: received ${values.driver}, allowed are ${NAMES.join(', ')}, all`);
    const numbers = { restarts: Number(values.restarts), rate: Number(values.rate), seed: Number(values.seed) };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: allowed is an integer from 1`);
    }
    return { names, ...numbers };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

async function run(name: RestartBackendName, { restarts, rate, seed }: Arguments): Promise<boolean> {
  console.log(`${restarts} restarts of ${name} under ${rate} changes/s, seed ${seed}`);
  const backend = await RESTART_BACKENDS[name]();
  try {
    const { steps, lost, unhandled, refusal, heapUsed } = await restartRun({
      backend,
      restarts,
      changesPerSecond: rate,
      seed,
      ...(global.gc === undefined ? {} : { collectGarbage: global.gc }),
      onRestart: (restart, load) => {
        if (restart % 10 === 0) console.log(`  ${restart} restarts, ${load.acknowledged} steps acknowledged`);
      },
    });
    const fifth = Math.max(1, Math.floor(restarts / 5));
    const early = mean(heapUsed.slice(fifth, 2 * fifth));
    const late = mean(heapUsed.slice(-fifth));
    const flat = late <= early * (1 + HEAP_GROWTH_ALLOWED);
    console.log(`  ${steps} steps made and found; restarts after which something acknowledged was missing: ${lost}`);
    console.log(
      `  unhandled errors: ${unhandled.length}; heap in use: ${megabytes(early)} early, ${megabytes(late)} late`,
    );
    for (const error of [...unhandled, refusal].filter((each) => each !== undefined)) console.error(error);
    return lost === 0 && unhandled.length === 0 && refusal === undefined && flat;
  } finally {
    await backend.dispose();
  }
}

const parsed = readArguments();
let passed = true;
for (const name of parsed.names) passed = (await run(name, parsed)) && passed;
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
