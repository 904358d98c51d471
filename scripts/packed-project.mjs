// An empty project of somebody who gets the package from its tarball.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** Packs the package, runs `work` in a project that lies beside the tarball, and removes the folder. */
export function inPackedProject(fields, work) {
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-project-'));
  try {
    const args = ['pack', '--json', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
    // Newer versions of npm run an install script only if the project approves it, as docs/choosing-a-backend.md says.
    const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const project = { private: true, allowScripts: { sqlite3: allowScripts.sqlite3 }, ...fields };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
    work({ folder, tarball: `./${filename}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
