import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SourceEdit } from './mutant.js';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Copies the sources and the simulation to a folder of their own, with the edits made.
 *
 * @returns the folder.
 * @throws when a text to be replaced is not there exactly once.
 */
export function mutatedSource(edits: readonly SourceEdit[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-mutant-'));
  for (const path of ['src', 'test/simulation', 'test/support/slots.ts', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const edit of edits) apply(folder, edit);
  return folder;
}

function apply(folder: string, { file, from, to }: SourceEdit): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} times instead of once: ${from}`);
  writeFileSync(path, parts.join(to));
}
