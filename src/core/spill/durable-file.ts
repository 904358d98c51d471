import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Marks a file that was not finished. */
export const UNFINISHED_SUFFIX = '.unfinished';

/**
 * Writes a new file durably, under a name that no file has: wholly or not at all, synced before it gets its name, and
 * the name synced too. Synchronous.
 *
 * @returns its path.
 * @throws errors of the file system, `EEXIST` among them; no unfinished file is left then.
 */
export function writeNewFile(directory: string, name: string, content: Buffer): string {
  makeDirectory(directory);
  const unfinished = join(directory, `${name}.${randomUUID()}${UNFINISHED_SUFFIX}`);
  const path = join(directory, name);
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    try {
      for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Unlike a rename, a link never takes the place of a file that is there.
    linkSync(unfinished, path);
  } finally {
    unlinkSync(unfinished);
  }
  syncDirectory(directory);
  return path;
}

/** Makes the names in a directory durable. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes a directory, durably, where there is none. */
export function makeDirectory(directory: string): void {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  for (let child = directory; ; child = dirname(child)) {
    syncDirectory(dirname(child));
    if (child === made || child === dirname(child)) return;
  }
}
