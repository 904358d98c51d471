import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractClauses } from '../contract/index.js';
import { contractPage } from './contract-page.js';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/contract.md'), 'utf8');

describe('docs/contract.md', () => {
  it('is what node --import tsx scripts/generate-contract-docs.mjs makes of the suite now', () => {
    expect(page).toBe(contractPage());
  });

  it('has a row for each clause, and for nothing else', () => {
    const ids = [...page.matchAll(/^\| ([A-Z]{2}\d+) \|/gm)].map(([, id]) => id);
    expect(ids).toEqual(contractClauses.map(({ id }) => id));
  });
});
