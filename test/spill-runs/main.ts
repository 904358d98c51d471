import { type RunArguments, readRunArguments } from '../support/run-arguments.js';
import { SPILL_BACKENDS, type SpillBackendName } from './backends.js';
import { spillRun } from './spill-run.js';

const NAMES = Object.keys(SPILL_BACKENDS) as SpillBackendName[];

async function run(
  name: SpillBackendName,
  { times: runs, rate, seed }: RunArguments<SpillBackendName>,
): Promise<boolean> {
  console.log(`${runs} shutdowns without the backend on ${name} under ${rate} changes/s, seed ${seed}`);
  const backend = await SPILL_BACKENDS[name]();
  const happened = new Map<string, number>();
  const count = (what: string, times = 1): unknown => happened.set(what, (happened.get(what) ?? 0) + times);
  let passed = 0;
  let stepsAway = 0;
  try {
    for (let index = 1; index <= runs; index += 1) {
      const result = await spillRun({ backend, changesPerSecond: rate, seed: seed + index });
      const { first, killedRestores, outage } = result.plan;
      count(outage);
      count(`ended by ${first.end}`);
      count('restores killed', killedRestores.length);
      stepsAway += result.stepsAway;
      if (result.findings.length === 0) passed += 1;
      else
        console.error(`  run ${index} (${outage}; --runs 1 --seed ${seed + index - 1}): ${result.findings.join('; ')}`);
      if (index % 20 === 0)
        console.log(`  ${index} runs, ${stepsAway} changes that only a file kept, or the backend too`);
    }
  } finally {
    await backend.dispose();
  }
  console.log(`  ${Array.from(happened, ([what, times]) => `${what} ${times}`).join(', ')}`);
  console.log(`${name}: ${passed} of ${runs} runs restored everything from the spill file`);
  return passed === runs;
}

const parsed = readRunArguments('spill-runs', NAMES, 'runs', 100);
let passed = true;
for (const name of parsed.names) passed = (await run(name, parsed)) && passed;
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
