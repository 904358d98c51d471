import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/failure-modes.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| failure \|/.test(line));
const proofs = rows.map((row) => ({ row, names: [...row.matchAll(/`(test\/[^`]+) › ([^`]+)`/g)] }));

describe('docs/failure-modes.md', () => {
  it('names, in each row, what is seen, what is kept, what to do, and a test', () => {
    expect(rows.length).toBeGreaterThan(25);
    for (const { row, names } of proofs) {
      expect(row.split(' | ')).toHaveLength(5);
      expect(names.length, row).toBeGreaterThan(0);
    }
  });

  it.each(proofs.flatMap(({ names }) => names.map(([, path = '', title = '']) => ({ path, title }))))(
    'names a test that exists: $path › $title',
    ({ path, title }) => {
      expect(existsSync(resolve(root, path))).toBe(true);
      expect(readFileSync(resolve(root, path), 'utf8')).toContain(title);
    },
  );

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
    for (const [, name = ''] of page.matchAll(/`npm run ([a-z:-]+)/g)) expect(Object.keys(scripts)).toContain(name);
  });
});
