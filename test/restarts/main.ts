import { type RunArguments, readRunArguments } from '../support/run-arguments.js';
import { RESTART_BACKENDS, type RestartBackendName } from './backends.js';
import { restartRun } from './restart-run.js';

const NAMES = Object.keys(RESTART_BACKENDS) as RestartBackendName[];
/** How much more heap the last fifth of the restarts may show than the second fifth. */
const HEAP_GROWTH_ALLOWED = 0.1;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

async function run(
  name: RestartBackendName,
  { times: restarts, rate, seed }: RunArguments<RestartBackendName>,
): Promise<boolean> {
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

const parsed = readRunArguments('restarts', NAMES, 'restarts', 50);
let passed = true;
for (const name of parsed.names) passed = (await run(name, parsed)) && passed;
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
