// Measures processes that share accounts on one server, on each backend and with one to four processes, while some are
// killed; writes bench/results/scale-out.json. Usage: npm run bench:scale-out -- [accounts] [driver …]
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { BackendName } from '../test/runs/harness/backends.js';
import { makeRun, type RunResult } from '../test/runs/harness/run.js';
import { scaleOut } from '../test/runs/scale-out.js';

const FOLDER = new URL('./results/', import.meta.url);
const SEED = 1;
const PROCESSES = [1, 2, 4] as const;

interface Row extends RunResult {
  readonly driver: BackendName;
  readonly options: Readonly<Record<string, number>>;
}

const [accounts = '20000', ...wanted] = process.argv.slice(2);
const drivers = scaleOut.drivers.filter((name) => (wanted.length === 0 ? name !== 'sqlite' : wanted.includes(name)));
const rows: Row[] = [];
for (const driver of drivers) {
  for (const workers of PROCESSES) {
    const options = { ...scaleOut.options, accounts: Number(accounts), workers };
    const parts = { driver, options, seed: SEED, print: console.log, complain: console.error };
    rows.push({ driver, options, ...(await makeRun(scaleOut, parts)) });
  }
}
const [cpu] = cpus();
const machine = {
  cpu: cpu?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
};
mkdirSync(FOLDER, { recursive: true });
const result = { name: 'scale-out', date: new Date().toISOString(), seed: SEED, machine, rows };
writeFileSync(new URL('scale-out.json', FOLDER), `${JSON.stringify(result, undefined, 2)}\n`);
process.exitCode = rows.every(({ findings }) => findings.length === 0) ? 0 : 1;
