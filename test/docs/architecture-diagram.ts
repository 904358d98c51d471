import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const EVERYONE_MAY_IMPORT = '^src/(index|core/(errors|persistence-driver))\\.ts$|^src/core/shared';
const ONE_NODE_EACH = '^src/((core|drivers|exchanges|compat)/[^/]+|cli)';

/** The folders of src and the imports between them, as a Mermaid diagram for a page. */
export function architectureDiagram(): string {
  const rules = ['--config', '.dependency-cruiser.json', '--include-only', '^src', '--exclude', EVERYONE_MAY_IMPORT];
  const args = ['src', ...rules, '--collapse', ONE_NODE_EACH, '--output-type', 'mermaid'];
  const depcruise = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';
  const diagram = execFileSync(process.execPath, [depcruise, ...args], { cwd: root, encoding: 'utf8' });
  return `\`\`\`mermaid\n${diagram.trim()}\n\`\`\``;
}

/** A page with the diagram between its two marks. */
export function withDiagram(page: string, diagram: string): string {
  return page.replace(/(<!-- diagram -->\n).*?(?=<!-- \/diagram -->)/s, (_, mark: string) => `${mark}${diagram}\n`);
}
