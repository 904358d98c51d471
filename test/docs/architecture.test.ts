import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { architectureDiagram, withDiagram } from './architecture-diagram.js';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/architecture.md'), 'utf8');

it('docs/architecture.md has the diagram that npm run docs:architecture draws now', () => {
  expect(page).toContain('```mermaid');
  expect(page).toBe(withDiagram(page, architectureDiagram()));
});

const HOP = /^\| \d+ \| \[[^\]]*\]\(\.\.\/([^)]*)\)[^|]*\| `([a-zA-Z]+)`/gm;

it.each([...page.matchAll(HOP)].map(([, file = '', name = '']) => [file, name] as const))(
  'docs/architecture.md names what its hop through %s has: %s',
  (file, name) => {
    expect(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8')).toContain(`${name}(`);
  },
);
