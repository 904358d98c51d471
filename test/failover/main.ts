import { readRunArguments } from '../support/run-arguments.js';
import { FAILOVER_BACKENDS, type FailoverBackendName } from './backends.js';
import { failoverRun } from './failover-run.js';

const NAMES = Object.keys(FAILOVER_BACKENDS) as FailoverBackendName[];
const { names, times: failovers, rate, seed } = readRunArguments('failover', NAMES, 'failovers', 10);
let passed = true;
for (const name of names) {
  console.log(`${failovers} failovers of ${name} under ${rate} changes/s, seed ${seed}`);
  const { backend, dispose } = await FAILOVER_BACKENDS[name]();
  try {
    const onFailover = (failover: number, load: { readonly acknowledged: number }): void =>
      console.log(`  ${failover} failovers, ${load.acknowledged} steps acknowledged`);
    const result = await failoverRun({ backend, failovers, changesPerSecond: rate, seed, onFailover });
    console.log(
      `  ${result.steps} steps made; failovers after which something acknowledged was missing: ${result.lost}`,
    );
    if (result.refusal !== undefined) console.error(result.refusal);
    passed = passed && result.lost === 0 && result.refusal === undefined;
  } finally {
    await dispose();
  }
}
console.log(passed ? 'passed' : 'FAILED');
process.exitCode = passed ? 0 : 1;
