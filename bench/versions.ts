import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as present from 'accountkeeper';
import { temporaryFolder } from '../test/support/temporary-folder.js';

/** What a version of the package exports. */
export type Library = typeof present;

/** A version of the package that is measured. */
export interface Version {
  readonly name: string;
  readonly library: Library;
  /** An empty project in which it is installed from its tarball, together with what we develop it with. */
  project(): string;
}

const root = resolve(import.meta.dirname, '..');

export const thisVersion: Version = {
  name: 'this version',
  library: present,
  project: () => projectWith(packed(root)),
};

/** @param place - a tarball, or a folder in which the package is built */
export async function otherVersion(place: string): Promise<Version> {
  const path = resolve(place);
  const project = projectWith(statSync(path).isDirectory() ? packed(path) : path);
  const entry = join(project, 'entry.mjs');
  writeFileSync(entry, `export * from 'accountkeeper';\n`);
  const library: Library = await import(pathToFileURL(entry).href);
  return { name: 'the other version', library, project: () => project };
}

function packed(folder: string): string {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', temporaryFolder('packed')];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }));
  return join(String(args.at(-1)), filename);
}

/** Every version gets the same dependencies: ours. */
function projectWith(tarball: string): string {
  const folder = temporaryFolder('version');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const project = join(folder, 'project');
  const installed = join(project, 'node_modules', 'accountkeeper');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true }));
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  return project;
}
