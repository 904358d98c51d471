import { parseArgs } from 'node:util';
import type { BackendName } from './backends.js';
import type { Run, RunParts } from './run.js';

/** What a command line asks for. */
export interface RunArguments extends Pick<RunParts<string>, 'options' | 'seed' | 'series'> {
  readonly run: Run;
  readonly drivers: readonly BackendName[];
}

/** Reads a command line. Throws an error whose message ends with the usage. */
export function readArguments(args: readonly string[], runs: readonly Run[]): RunArguments {
  const run = runs.find(({ name }) => name === args[0]);
  if (run === undefined) {
    const names = runs.map(({ name }) => name).join('|');
    throw new Error(`run: expected ${names}, received ${args[0]}\nusage: npm run prove -- <${names}> [options]`);
  }
  try {
    return { run, ...readOptions(args.slice(1), run) };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nusage: ${usage(run)}`);
  }
}

function readOptions(args: string[], run: Run): Omit<RunArguments, 'run'> {
  const defaults = { ...run.options, seed: Date.now() % 1_000_000 };
  const { values } = parseArgs({
    args,
    options: {
      driver: { type: 'string', default: run.defaultDriver ?? 'all' },
      series: { type: 'string' },
      ...mapValues(defaults, (value) => ({ type: 'string', default: String(value) }) as const),
    },
  });
  const { driver, series } = values;
  const drivers = run.drivers.filter((name) => driver === 'all' || driver === name);
  if (drivers.length === 0) throw new Error(`--driver: expected ${run.drivers.join(', ')} or all, received ${driver}`);
  const { seed, ...options } = mapValues(defaults, (_, name) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= 1) return value;
    throw new Error(`--${name}: expected an integer from 1, received ${values[name]}`);
  });
  return { drivers, options, seed, series };
}

function usage({ name, drivers, options }: Run): string {
  const numbers = Object.entries(options).map(([option, value]) => ` [--${option} ${value}]`);
  return `npm run prove -- ${name} [--driver ${drivers.join('|')}|all]${numbers.join('')} [--seed N] [--series FILE]`;
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  map: (value: From, key: Key) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(record) as [Key, From][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value, key)])) as Record<Key, To>;
}
