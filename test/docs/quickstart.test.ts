import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');
const folder = temporaryFolder('quickstart');

/** The code of the README behind a mark. */
function snippet(mark: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, code] = new RegExp(`<!-- ${mark}[^>]*-->\n\`\`\`ts\n(.*?)\`\`\``, 's').exec(readme) ?? [];
  if (code === undefined) throw new Error(`the README has no ${mark}`);
  return code;
}

function run(file: string): string {
  const path = join(folder, file);
  return execFileSync(process.execPath, [path], { cwd: dirname(path), encoding: 'utf8' });
}

/** A project that has installed the package and the types of Node.js, compiled with every declaration checked. */
beforeAll(() => {
  for (const name of ['node_modules/@types', 'quickstart', 'smallest'])
    mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/accountkeeper'));
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  const sources = ['quickstart/bot.mts', 'smallest/smallest.mts', 'enter.mts'];
  writeFileSync(join(folder, 'quickstart/bot.mts'), snippet('quickstart'));
  copyFileSync(join(root, 'examples/smallest.mts'), join(folder, 'smallest/smallest.mts'));
  writeFileSync(join(folder, 'enter.mts'), snippet('durability'));
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--types', 'node'];
  const options = [...strict, '--module', 'nodenext', '--target', 'es2022'];
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, ...options, ...sources], { cwd: folder, stdio: 'pipe' });
}, 180_000);

describe('the code that a new user sees compiles, and', () => {
  it.each(['quickstart/bot.mjs', 'smallest/smallest.mjs'])(
    'runs as it stands, and counts on from run to run: %s',
    (file) => {
      expect(run(file)).toBe('entries so far: 1\n');
      expect(run(file)).toBe('entries so far: 2\n');
    },
  );

  it('has the write of an intent before an order, as the README shows it', () => {
    expect(readFileSync(join(folder, 'enter.mjs'), 'utf8')).toContain('requireDurable');
  });
});
