import { spawnSync } from 'node:child_process';
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

const { against, quick } = values;
const chosen = FIGURES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const [figure, ...others] = chosen;
if (figure === undefined || others.length > 0) {
  // What one figure leaves in memory would cost the next one time.
  const flags = [...(against === undefined ? [] : ['--against', against]), ...(quick ? ['--quick'] : [])];
  const statuses = chosen.map(({ name }) => {
    const args = [...process.execArgv, import.meta.filename, name, ...flags];
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status;
  });
  process.exit(Math.max(...statuses.map((status) => status ?? 1)));
}

let started: Promise<readonly BenchBackend[]> | undefined;
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

console.error(figure.title);
const measured = await figure.run(bench);
const backends = started === undefined ? [] : await started;
const machine = await machineOf(backends);
const result: Result = { figure: figure.name, title: figure.title, machine, notes: [], ...measured };
for (const backend of backends) await backend.dispose();
console.log(`\n${tableOf(result)}`);
if (!quick) {
  saveResult(result);
  publish();
}
const missed = result.rows.filter((row) => holds(row) === false).length;
console.log(`\n${missed === 0 ? 'everything that is asked holds' : `MISSED: ${missed}`}`);
process.exitCode = missed === 0 ? 0 : 1;
