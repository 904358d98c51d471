import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFORMANCE_LEVELS, contractClauses } from '../contract/index.js';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');
const page = read('docs/writing-a-driver.md');

/** Without the indentation, which an excerpt may have less of. */
function lines(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

describe('docs/writing-a-driver.md', () => {
  const excerpts = [...page.matchAll(/<!-- from (\S+) -->\n```(?:js|ts)\n(.*?)```/gs)];

  it('marks its excerpts with the files that they are from', () => {
    expect(excerpts.length).toBeGreaterThan(10);
    expect(excerpts).toHaveLength([...page.matchAll(/<!-- from /g)].length);
  });

  it.each(excerpts.map(([, path = '', code = '']) => ({ path, code, first: code.split('\n', 1)[0]?.trim() })))(
    'shows what is in $path: $first',
    ({ path, code }) => {
      expect(lines(read(path))).toContain(lines(code).trim());
    },
  );

  it('says how long the examples are', () => {
    const lengthOf = (...paths: readonly string[]): number =>
      paths.reduce((sum, path) => sum + read(path).split('\n').length - 1, 0);
    const files = ['disk', 'file-connection', 'file-driver'].map((name) => `examples/custom-driver/${name}.js`);
    expect(page).toContain(`${lengthOf('examples/etcd-driver/etcd-driver.ts')} lines.`);
    expect(page).toContain(`${lengthOf(...files)} lines and no dependencies`);
    expect(lengthOf(...files)).toBeLessThanOrEqual(250);
  });

  it('describes what an author writes', () => {
    for (const name of membersOf('src/drivers/base/backend-connection.ts', 'BackendConnection')) {
      expect(page).toContain(`\`${name}`);
    }
  });

  it('names clauses and levels that there are', () => {
    const named = [...page.matchAll(/\b([A-Z]{2}\d+)\b/g)].map(([, id]) => id);
    expect(named.length).toBeGreaterThan(20);
    expect(contractClauses.map(({ id }) => id)).toEqual(expect.arrayContaining(named));
    const levels = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, level]) => level);
    expect(levels).toEqual(expect.arrayContaining([...CONFORMANCE_LEVELS]));
  });

  it('describes each capability and each fault', () => {
    const { capabilities, faults } = interfaces();
    for (const name of [...capabilities, ...faults]) expect(page).toContain(`\`${name}`);
  });

  it('links to files that exist', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '');
    for (const path of links.filter((each) => /\.[a-z]+$/.test(each))) {
      expect(() => read(`docs/${path}`)).not.toThrow();
    }
  });
});

/** The names of an interface's members. */
function membersOf(path: string, name: string): readonly string[] {
  const [, body = ''] = new RegExp(`interface ${name} \\{\n(.*?)\n\\}`, 's').exec(read(path)) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member ?? '');
}

/** The names of what a driver can claim, and of what a subject can bring, as the types have them. */
function interfaces(): { capabilities: readonly string[]; faults: readonly string[] } {
  const capabilities = membersOf('src/core/persistence-driver.ts', 'DriverCapabilities');
  const faults = membersOf('test/contract/subject.ts', 'ContractFaults');
  expect(capabilities.length).toBeGreaterThan(3);
  expect(faults.length).toBeGreaterThan(7);
  return { capabilities, faults };
}
