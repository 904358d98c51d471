import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, killTree } from './process-tree.js';

/** What this test process has started and not yet ended; its end takes all of it along. */
const processes = new Set<number>();
const folders = new Set<string>();
let hooked = false;

const folderPrefix = 'accountkeeper-';

/** How a private folder's name begins: with the id of the test process that it belongs to. */
export function privateFolderPrefix(): string {
  return join(tmpdir(), `${folderPrefix}${process.pid}-`);
}

export function rememberProcess(pid: number): void {
  hook();
  processes.add(pid);
}

export function forgetProcess(pid: number): void {
  processes.delete(pid);
}

export function rememberFolder(folder: string): void {
  hook();
  folders.add(folder);
}

export function forgetFolder(folder: string): void {
  folders.delete(folder);
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  removeOrphanedFolders();
  process.on('exit', endAll);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      endAll();
      process.kill(process.pid, name);
    });
  }
}

function endAll(): void {
  for (const pid of processes) killTree(pid);
  processes.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.clear();
}

/** A test process that was itself killed could not remove its folders. */
function removeOrphanedFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(folderPrefix) ? /^(\d+)-/.exec(name.slice(folderPrefix.length))?.[1] : undefined;
    if (owner !== undefined && !isRunning(Number(owner))) removeIfOurs(join(tmpdir(), name));
  }
}

function removeIfOurs(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // Another user's tests left it, or another test process is removing it at this moment.
  }
}
