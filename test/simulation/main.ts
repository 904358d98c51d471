import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allPairs, CORNERS, type PairCounts, pairName } from './corners.js';
import type { FleetResult } from './fleet/fleet-world.js';
import { MUTANTS } from './mutants/all.js';
import type { Mutant } from './mutants/mutant.js';
import { mutatedSource } from './mutants/mutated-source.js';
import { here, runScript, runSeeds, type SeedsResult } from './run-seeds.js';
import type { DriverMutant } from './world/backend.js';
import { runHistory } from './world/history.js';

const MUTANT_SEEDS = 1_000;

/** Each pair of corners has to be reached by one of so many histories. */
const RARE = 100;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    'first-seed': { type: 'string', default: '0' },
    mutant: { type: 'string' },
    trace: { type: 'string' },
    accounts: { type: 'string' },
    workers: { type: 'string', default: '100' },
    faults: { type: 'string', default: '40' },
  },
});
const firstSeed = Number(values['first-seed']);

async function simulate(seeds: number, from: number): Promise<boolean> {
  const startedMs = performance.now();
  const { commits, pairs, seeds: done, violation } = await runSeeds({ firstSeed: from, seeds });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (violation === undefined) {
    console.log(`${done} seeds, ${commits} commits, no violation (${seconds} s)`);
    return showPairs(pairs, seeds);
  }
  console.log(violation.trace.join('\n'));
  console.log(`seed ${violation.seed} (${violation.profile}): ${violation.message}`);
  return false;
}

/** How many histories came to both corners of a pair, and whether each pair was reached often enough. */
function showPairs(pairs: PairCounts, seeds: number): boolean {
  const width = Math.max(...CORNERS.map(({ length }) => length));
  console.log('\nhow many histories came to two corners, by the numbers of the lines:');
  for (const [index, corner] of CORNERS.entries()) {
    const counts = CORNERS.slice(0, index).map((other) => String(pairs[pairName([other, corner])] ?? 0).padStart(5));
    console.log(`${String(index + 1).padStart(2)} ${corner.padEnd(width)}${counts.join('')}`);
  }
  const rare = allPairs()
    .map(pairName)
    .filter((name) => (pairs[name] ?? 0) < seeds / RARE);
  if (rare.length > 0) console.log(`too rare (below ${seeds / RARE}): ${rare.join(', ')}`);
  return rare.length === 0;
}

/** Runs something with the sources as they are, or with a mutant. */
async function withMutant<T>(
  mutant: Mutant | undefined,
  run: (root: string, driverMutant: DriverMutant | undefined) => Promise<T>,
): Promise<T> {
  if (mutant?.kind !== 'source') return run(here, mutant?.mutant);
  const root = mutatedSource(mutant.edits);
  try {
    return await run(root, undefined);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function runMutant(mutant: Mutant, from: number, seeds: number): Promise<SeedsResult> {
  return withMutant(mutant, (root, driverMutant) => {
    return runSeeds({ firstSeed: from, seeds, root, ...(driverMutant === undefined ? {} : { driverMutant }) });
  });
}

/** Many processes share many accounts by slots. With a mutant, it has to be found. */
async function simulateFleet(seed: number): Promise<boolean> {
  const startedMs = performance.now();
  const [mutant] = values.mutant === undefined ? [] : chosenMutants(values.mutant);
  const { accounts = '', faults, workers } = values;
  const result = await withMutant(mutant, (root, driverMutant) => {
    const args = [String(seed), workers, accounts, faults, ...(driverMutant === undefined ? [] : [driverMutant])];
    return runScript<FleetResult>(root, 'fleet/main.ts', args);
  });
  const { violation } = result;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const happened = Object.entries(result.faults).map(([what, times]) => `${what} ${times}`);
  console.log(`${workers} processes, ${accounts} accounts, seed ${seed}: ${happened.join(', ')}`);
  console.log(
    `${result.commits} commits, ${result.acknowledged} changes acknowledged, ${result.takeOvers} take-overs, ` +
      `violations ${violation === undefined ? 0 : 1}, an account without an owner for ${result.longestWithoutOwnerMs} ms ` +
      `at most; ${result.simulatedSeconds} s simulated in ${seconds} s, ${result.heapMiB} MiB of heap`,
  );
  if (violation !== undefined) console.log(violation);
  return (violation === undefined) === (mutant === undefined);
}

function chosenMutants(names: string): readonly Mutant[] {
  const chosen = MUTANTS.filter(({ name }) => names === 'all' || name === names);
  if (chosen.length === 0) throw new Error(`--mutant: known are all, ${MUTANTS.map(({ name }) => name).join(', ')}`);
  return chosen;
}

async function findMutants(names: string, seeds: number): Promise<boolean> {
  const chosen = chosenMutants(names);
  let survivors = 0;
  for (const mutant of chosen) {
    const { violation } = await runMutant(mutant, firstSeed, seeds);
    if (violation === undefined) survivors += 1;
    const found =
      violation === undefined ? `NOT FOUND in ${seeds} seeds` : `seed ${violation.seed}: ${violation.message}`;
    console.log(`${mutant.name} (${mutant.description}) ${found}`);
  }
  console.log(`${chosen.length - survivors} of ${chosen.length} mutants found`);
  return survivors === 0;
}

/** Shows all that happened in the history of one seed, with a mutant if one is named. */
async function showHistory(seed: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-simulation-'));
  const mutant = values.mutant === undefined ? undefined : chosenMutants(values.mutant)[0];
  if (mutant?.kind === 'source') return showMutated(mutant, seed);
  const { trace, violation } = await runHistory(seed, folder, mutant?.mutant);
  rmSync(folder, { recursive: true, force: true });
  console.log(trace.join('\n'));
  console.log(violation === undefined ? 'no violation' : violation.message);
  return violation === undefined;
}

async function showMutated(mutant: Mutant, seed: number): Promise<boolean> {
  const { violation } = await runMutant(mutant, seed, 1);
  console.log(violation === undefined ? 'no violation' : [...violation.trace, violation.message].join('\n'));
  return violation === undefined;
}

async function main(): Promise<boolean> {
  if (values.accounts !== undefined) return simulateFleet(firstSeed);
  if (values.trace !== undefined) return showHistory(Number(values.trace));
  if (values.mutant !== undefined) return findMutants(values.mutant, Number(values.seeds ?? MUTANT_SEEDS));
  return simulate(Number(values.seeds ?? 10_000), firstSeed);
}

process.exitCode = (await main()) ? 0 : 1;
