import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadedScripts } from '../test/package/loaded-scripts.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';

/**
 * How long `import('accountkeeper')` takes in a new process, installed from a tarball: this version beside those whose
 * tarballs are named, in turns, and an empty module as the floor.
 *
 * Usage: `npm run bench:import -- [tarball …]`
 */
interface Version {
  readonly name: string;
  readonly folder: string;
  readonly module: string;
}

const RUNS = 20;
const FLOOR_MODULE = './empty.mjs';

const root = resolve(import.meta.dirname, '..');
const work = temporaryFolder('bench-import');

function packed(): string {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', work];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  return join(work, filename);
}

function installed(tarball: string, index: number): Version {
  const folder = join(work, `project-${index}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: folder, stdio: 'pipe' });
  return { name: index === 0 ? 'this version' : basename(tarball), folder, module: 'accountkeeper' };
}

function milliseconds({ folder, module }: Version): number {
  const code = `const start = performance.now(); await import('${module}'); console.log(performance.now() - start);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: folder }));
}

const others = process.argv.slice(2).map((tarball) => resolve(tarball));
const versions = [packed(), ...others].map(installed);
writeFileSync(join(work, FLOOR_MODULE), 'export const empty = true;');
const subjects: readonly Version[] = [{ name: 'an empty module', folder: work, module: FLOOR_MODULE }, ...versions];
const times = subjects.map((): number[] => []);
for (let run = 0; run < RUNS; run += 1) {
  for (const [index, subject] of subjects.entries()) times[index]?.push(milliseconds(subject));
}
for (const [index, subject] of subjects.entries()) {
  const sorted = (times[index] ?? []).sort((a, b) => a - b);
  const files = loadedScripts(`await import('${subject.module}');`, subject.folder).filter(
    (script) => !script.startsWith('node:'),
  );
  console.log(
    `${subject.name}: median ${(sorted[RUNS / 2] ?? 0).toFixed(1)} ms, lowest ${(sorted[0] ?? 0).toFixed(1)} ms, ` +
      `${files.length} files`,
  );
}
