import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { BenchBackend } from './backends/backend.js';
import { postgresBackend } from './backends/postgres.js';
import { redisBackend } from './backends/redis.js';
import { sqliteBackend } from './backends/sqlite.js';
import { type Bench, type Figure, holds } from './figure.js';
import { blob } from './figures/blob.js';
import { flush } from './figures/flush.js';
import { hotPaths } from './figures/hot-paths.js';
import { importing } from './figures/import.js';
import { large } from './figures/large.js';
import { loopDelay } from './figures/loop-delay.js';
import { manyAccounts } from './figures/many-accounts.js';
import { memory } from './figures/memory.js';
import { neighbours } from './figures/neighbours.js';
import { queries } from './figures/queries.js';
import { restore } from './figures/restore.js';
import { publish } from './report/publish.js';
import { type Machine, type Result, saveResult } from './report/results.js';
import { tableOf } from './report/table.js';
import { otherVersion, thisVersion } from './versions.js';

/**
 * `npm run bench [-- NAME… --against TARBALL|FOLDER --quick]`: measures, prints a table, and exits 1 when something that is
 * asked was missed. A run that is not quick also writes bench/results, the table in docs/performance.md and its plots.
 */
const FIGURES: readonly Figure[] = [
  hotPaths,
  queries,
  importing,
  flush,
  blob,
  restore,
  memory,
  large,
  loopDelay,
  manyAccounts,
  neighbours,
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { against: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !FIGURES.some((figure) => figure.name === name));
if (unknown.length > 0) {
  console.error(`expected ${FIGURES.map(({ name }) => name).join(', ')}; received ${unknown.join(', ')}`);
  process.exit(2);
}

let started: Promise<readonly BenchBackend[]> | undefined;
const { against, quick } = values;
const bench: Bench = {
  versions: against === undefined ? [thisVersion] : [thisVersion, await otherVersion(against)],
  quick,
  backends: () => {
    started ??= Promise.all([sqliteBackend(), redisBackend(), postgresBackend()]);
    return started;
  },
  progress: (line) => console.error(`  ${line}`),
};

async function machineOf(backends: readonly BenchBackend[]): Promise<Machine> {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    backends: Object.fromEntries(backends.map(({ name, version }) => [name, version])),
  };
}

const results: Result[] = [];
for (const figure of FIGURES) {
  if (positionals.length > 0 && !positionals.includes(figure.name)) continue;
  console.error(figure.title);
  const measured = await figure.run(bench);
  const machine = await machineOf(started === undefined ? [] : await started);
  const result: Result = { figure: figure.name, title: figure.title, machine, notes: [], ...measured };
  results.push(result);
  if (!quick) saveResult(result);
}
for (const backend of started === undefined ? [] : await started) await backend.dispose();
for (const result of results) console.log(`\n${tableOf(result)}`);
if (!quick) publish();
const missed = results.flatMap(({ rows }) => rows.filter((row) => holds(row) === false));
console.log(`\n${missed.length === 0 ? 'everything that is asked holds' : `MISSED: ${missed.length}`}`);
process.exitCode = missed.length === 0 ? 0 : 1;
