import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, FLUSH_DEFAULTS } from '../../src/index.js';

const read = (path: string): string => readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');

describe('the documentation', () => {
  it('has a heading for each error code, and for nothing else', () => {
    const headings = [...read('docs/errors.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...ERROR_CODES]);
  });

  it('names the defaults of the scheduler as they are', () => {
    const readme = read('README.md');
    expect(readme).toContain(`\`debounceMs\` (${FLUSH_DEFAULTS.debounceMs})`);
    expect(readme).toContain(`\`maxWaitMs\` (${FLUSH_DEFAULTS.maxWaitMs})`);
  });

  it('links to files that exist', () => {
    const links = [...read('README.md').matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(5);
    for (const path of links.filter((each) => /\.[a-z]+$/.test(each))) expect(() => read(path)).not.toThrow();
  });

  it('installs the versions that the project is tested with', () => {
    const { devDependencies, dependencies } = JSON.parse(read('package.json'));
    expect(read('README.md')).toContain(`keyv@${dependencies.keyv} @keyv/sqlite@^${devDependencies['@keyv/sqlite']}`);
  });
});
