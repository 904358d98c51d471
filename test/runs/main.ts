import { crash } from './crash.js';
import { failover } from './failover.js';
import { follow } from './follow.js';
import { readArguments } from './harness/arguments.js';
import { makeRun } from './harness/run.js';
import { restarts } from './restarts.js';
import { scaleOut } from './scale-out.js';
import { spill } from './spill.js';
import { takeOver } from './take-over.js';

/** One cause has many consequences. */
const MOST_SHOWN = 30;

function argumentsOrEnd(): ReturnType<typeof readArguments> {
  try {
    return readArguments(process.argv.slice(2), [crash, failover, follow, restarts, scaleOut, spill, takeOver]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

const { drivers, options, run, seed, series } = argumentsOrEnd();
let passed = true;
for (const driver of drivers) {
  let shown = 0;
  const complain = (line: string): void => {
    shown += 1;
    if (shown <= MOST_SHOWN) console.error(`  ${line}`);
  };
  const { findings } = await makeRun(run, { driver, options, seed, series, print: console.log, complain });
  if (findings.length === 0) continue;
  passed = false;
  if (findings.length > MOST_SHOWN) console.error(`  and ${findings.length - MOST_SHOWN} findings more`);
  const given = Object.entries(options).map(([option, value]) => ` --${option} ${value}`);
  console.error(`${driver} FAILED: npm run prove -- ${run.name} --driver ${driver}${given.join('')} --seed ${seed}`);
}
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
