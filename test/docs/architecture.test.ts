import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { architectureDiagram, withDiagram } from './architecture-diagram.js';

it('docs/architecture.md has the diagram that npm run docs:architecture draws now', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  expect(page).toContain('```mermaid');
  expect(page).toBe(withDiagram(page, architectureDiagram()));
});
