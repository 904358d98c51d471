import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from './backends.js';
import { runPrograms } from './exhaustive.js';
import { allPrograms } from './programs.js';
import { runRandomHistories } from './random-histories.js';
import { Tally } from './tally.js';

const USAGE =
  'usage: npm run linearizability -- [--driver redis|postgres|sqlite|all] [--rounds 5] [--histories 300] [--seed N]';
const MOST_SHOWN = 3;

interface Arguments {
  readonly names: readonly BackendName[];
  readonly rounds: number;
  readonly histories: number;
  readonly seed: number;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        driver: { type: 'string', default: 'all' },
        rounds: { type: 'string', default: '5' },
        histories: { type: 'string', default: '300' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      },
    });
    const { driver } = values;
    const known = Object.keys(BACKENDS) as BackendName[];
    const names = known.filter((name) => driver === 'all' || driver === name);
    if (names.length === 0) throw new Error(`--driver: expected one of ${known.join(', ')}, all, received ${driver}`);
    const numbers = {
      rounds: Number(values.rounds),
      histories: Number(values.histories),
      seed: Number(values.seed),
    };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: expected an integer from 0`);
    }
    return { names, ...numbers };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

/** @returns how many violations were found */
async function run(name: BackendName, { rounds, histories, seed }: Arguments): Promise<number> {
  const tally = new Tally();
  const programs = allPrograms();
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
  const backend = await BACKENDS[name]();
  try {
    const drivers = backend.drivers.slice(0, 3);
    await runPrograms({ drivers, programs, rounds, seed, tally });
    const exhaustive = `${programs.length} programs, ${tally.histories} histories of them (${seconds()})`;
    const disturbances = await runRandomHistories({ backend, histories, seed, tally });
    const random = `${histories} random histories under ${disturbances} faults`;
    const sums = `${tally.operations} operations, ${tally.unknown} unknown outcomes, ${tally.violations.length} violations`;
    console.log(`${name}: ${exhaustive}, ${random}; ${sums} (${seconds()})`);
  } finally {
    await backend.dispose();
  }
  for (const violation of tally.violations.slice(0, MOST_SHOWN)) console.error(`${name}: ${violation}\n`);
  return tally.violations.length;
}

const given = readArguments();
console.log(`every program ${given.rounds} times, seed ${given.seed}`);
let violations = 0;
for (const name of given.names) violations += await run(name, given);
process.exitCode = violations === 0 ? 0 : 1;
