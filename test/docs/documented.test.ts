import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, FLUSH_DEFAULTS } from '../../src/index.js';
import { contractClauses } from '../contract/index.js';

const read = (path: string): string => readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');

describe('the documentation', () => {
  it('has a heading for each error code, and for nothing else', () => {
    const headings = [...read('docs/errors.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...ERROR_CODES]);
  });

  it.each(['README.md', 'docs/options.md'])('names the defaults of the scheduler as they are, in %s', (path) => {
    const page = read(path);
    expect(page).toContain(`\`debounceMs\` (${FLUSH_DEFAULTS.debounceMs})`);
    expect(page).toContain(`\`maxWaitMs\` (${FLUSH_DEFAULTS.maxWaitMs})`);
  });

  it('says how many clauses the contract has', () => {
    expect(read('README.md')).toContain(`[${contractClauses.length} contract clauses](docs/contract.md)`);
  });

  it('installs the versions that the project is tested with', () => {
    const { devDependencies } = JSON.parse(read('package.json'));
    const [major] = devDependencies['@keyv/sqlite'].split('.');
    expect(read('README.md')).toContain(`npm install accountkeeper @keyv/sqlite@${major}`);
    const page = read('docs/choosing-a-backend.md');
    for (const name of ['@keyv/sqlite', '@keyv/redis', '@keyv/postgres']) {
      expect(page).toContain(`npm install accountkeeper ${name}@^${devDependencies[name]}`);
    }
    expect(page).toContain(`keyv@${JSON.parse(read('package.json')).dependencies.keyv}`);
  });

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/commands.md', 'docs/options.md']) {
      const names = [...read(path).matchAll(/`npm run ([a-z:-]+)/g)].map(([, name]) => name);
      expect(Object.keys(scripts), path).toEqual(expect.arrayContaining(names));
    }
  });

  it('lists every command of the project', () => {
    const page = read('docs/commands.md');
    const { scripts } = JSON.parse(read('package.json'));
    const own = Object.keys(scripts).filter((name) => !/^(pre|build$|format$|test$)/.test(name));
    for (const name of own) expect(page).toContain(`\`npm run ${name}`);
  });
});
