import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type PairCounts, summedPairs } from './corners.js';
import type { DriverMutant } from './world/backend.js';

/** Of the sources. */
export const here: string = resolve(import.meta.dirname, '../..');

/** What the histories of many seeds came to. */
export interface SeedsResult {
  readonly seeds: number;
  readonly commits: number;
  /** How many histories came to each pair of corners. */
  readonly pairs: PairCounts;
  /** The one with the lowest seed. */
  readonly violation: FoundViolation | undefined;
}

/** A violation, and the history that led to it. */
export interface FoundViolation {
  readonly seed: number;
  readonly profile: string;
  readonly message: string;
  readonly trace: readonly string[];
}

/** Which seeds to run, in which copy of the sources. */
export interface SeedsOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Of the sources. @default these */
  readonly root?: string;
  readonly driverMutant?: DriverMutant;
}

/** Runs the histories of many seeds, shared among processes. */
export async function runSeeds(options: SeedsOptions): Promise<SeedsResult> {
  const workers = Math.max(1, Math.min(availableParallelism(), options.seeds));
  const results = await Promise.all(Array.from({ length: workers }, (_, index) => runShare(options, index, workers)));
  const violations = results.flatMap(({ violation }) => violation ?? []).sort((a, b) => a.seed - b.seed);
  return {
    seeds: results.reduce((sum, { seeds }) => sum + seeds, 0),
    commits: results.reduce((sum, { commits }) => sum + commits, 0),
    pairs: summedPairs(results.map(({ pairs }) => pairs)),
    violation: violations[0],
  };
}

async function runShare(options: SeedsOptions, index: number, workers: number): Promise<SeedsResult> {
  const { driverMutant, firstSeed, root = here, seeds } = options;
  const numbers = [firstSeed + index, workers, firstSeed + seeds].map(String);
  return runScript(root, 'worker.ts', driverMutant === undefined ? numbers : [...numbers, driverMutant]);
}

/** Runs a script of the simulation in a process of its own, and reads the line of JSON that it writes. */
export async function runScript<T>(root: string, script: string, args: readonly string[]): Promise<T> {
  const node = ['--max-old-space-size=8000', '--import', 'tsx', join(root, 'test/simulation', script), ...args];
  const child = spawn(process.execPath, node, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${script} of the simulation ended with ${code}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as T;
}
