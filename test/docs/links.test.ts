import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const packed = packedFiles();
const pages = packed.filter((path) => path.endsWith('.md'));

/** The paths of all files that npm puts into the package, without building it first. */
function packedFiles(): readonly string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [{ files }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }));
  return files.map(({ path }: { readonly path: string }) => path);
}

/** The anchors that a page's headings have. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links between the packed pages', () => {
  it.each(pages)('lead to packed files and to headings: %s', (path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    for (const [link, target = '', anchor] of links) {
      const file = target === '' ? path : join(path, '..', target).replace(/\/$/, '');
      const isPacked = packed.some((each) => each === file || each.startsWith(`${file}/`));
      expect(isPacked, `${path}: ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(join(root, file), 'utf8'))).toContain(anchor);
    }
  });

  it('are looked for on every page', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/README.md']));
  });
});
