import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');
const folder = temporaryFolder('quickstart');

function quickstart(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, code] = /<!-- quickstart[^>]*-->\n```js\n(.*?)```/s.exec(readme) ?? [];
  if (code === undefined) throw new Error('the README has no quickstart');
  return code;
}

it('the quickstart of the README runs as it stands, and counts on from run to run', () => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/accountkeeper'));
  writeFileSync(join(folder, 'quickstart.mjs'), quickstart());
  const run = (): string => execFileSync(process.execPath, ['quickstart.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(run()).toBe('entries so far: 1\n');
  expect(run()).toBe('entries so far: 2\n');
});
