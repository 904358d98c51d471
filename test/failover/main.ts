import { parseArgs } from 'node:util';
import { FAILOVER_BACKENDS, type FailoverBackendName } from './backends.js';
import { failoverRun } from './failover-run.js';

const NAMES = Object.keys(FAILOVER_BACKENDS) as FailoverBackendName[];
const USAGE = `usage: npm run failover -- [--driver ${NAMES.join('|')}|all] [--failovers 10] [--rate 1000] [--seed N]`;

interface Arguments {
  readonly names: readonly FailoverBackendName[];
  readonly failovers: number;
  readonly rate: number;
  readonly seed: number;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        driver: { type: 'string', default: 'all' },
        failovers: { type: 'string', default: '10' },
        rate: { type: 'string', default: '1000' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const names = NAMES.filter((name) => values.driver === 'all' || values.driver === name);
    if (names.length === 0)
      throw new Error(`--driver: received ${values.driver}, allowed are ${NAMES.join(', ')}, all`);
    const numbers = { failovers: Number(values.failovers), rate: Number(values.rate), seed: Number(values.seed) };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: allowed is an integer from 1`);
    }
    return { names, ...numbers };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

const { names, failovers, rate, seed } = readArguments();
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
