import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const IMPORTED = "import { createDriver } from 'accountkeeper';";
const REQUIRED = "const { createDriver } = require('accountkeeper');";
const PRINTS = "try { createDriver('sqlite:'); } catch (error) { console.log(error.stack); }";

describe('with --enable-source-maps, a stack trace', () => {
  it.each([
    ['import', 'module', IMPORTED],
    ['require', 'commonjs', REQUIRED],
  ])('names the lines of the sources: %s', (_, type, get) => {
    const args = ['--enable-source-maps', `--input-type=${type}`, '--eval', `${get} ${PRINTS}`];
    const stack = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });

    const frames = [...stack.matchAll(/^ +at .*?\(?([^\s()]+):(\d+):\d+\)?$/gm)];
    const own = frames.filter(([, file = '']) => file.startsWith(join(root, 'src')));
    expect(own.map(([, file = '']) => file)).toContain(join(root, 'src/drivers/sqlite/driver.ts'));
    expect(own.map(([, file = '']) => file)).toContain(join(root, 'src/drivers/config/create-driver.ts'));
    expect(stack).not.toContain('library.js');
    for (const [frame, file = '', line] of own) {
      const text = readFileSync(file, 'utf8').split('\n')[Number(line) - 1] ?? '';
      expect(text, frame).toMatch(/\w\(/);
    }
  });
});
