import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/**
 * Runs a module in a new process, and names what that loaded: files by their path from the folder, and `node:` modules.
 *
 * @param folder where the module finds its packages
 */
export function loadedScripts(code: string, folder: string = root): readonly string[] {
  // A coverage report names every script of its process, those loaded by `require` among them.
  const reports = temporaryFolder('loaded');
  const env = { ...process.env, NODE_V8_COVERAGE: reports };
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: folder, env });
  return readdirSync(reports)
    .map((name): Coverage => JSON.parse(readFileSync(join(reports, name), 'utf8')))
    .flatMap(({ result }) => result.map(({ url }) => url))
    .filter((url) => /^(?:file|node):/.test(url) && !/\/\[eval\d+\]$/.test(url))
    .map((url) => (url.startsWith('file:') ? relative(folder, fileURLToPath(url)) : url));
}
