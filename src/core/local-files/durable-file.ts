import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AccountKeeperError } from '../errors.js';

/** Marks a file that was not finished. */
export const UNFINISHED_SUFFIX = '.unfinished';

/** Codes of operating and file systems on which this process cannot sync directories. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/**
 * Writes a new file durably, under a name that no file has: wholly or not at all, synced before it gets its name, and
 * the name synced too. Synchronous.
 *
 * @returns its path.
 * @throws errors of the file system, `EEXIST` among them; it leaves no unfinished file then.
 */
export function writeNewFile(directory: string, name: string, content: Buffer): string {
  makeDirectory(directory);
  const path = join(directory, name);
  const unfinished = `${path}${UNFINISHED_SUFFIX}`;
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    nameFile(unfinished, path);
  } catch (error) {
    // An error of the content matters more than a later one.
    attempt(() => removeFile(unfinished));
    throw error;
  }
  syncDirectory(directory);
  return path;
}

/** Removes a file. @returns whether there was one. */
export function removeFile(path: string): boolean {
  return onlyIfThere(() => unlinkSync(path));
}

/** Renames a file. @returns whether there was one. */
export function renameFile(path: string, next: string): boolean {
  return onlyIfThere(() => renameSync(path, next));
}

/** Makes the names in a directory durable, where the file system lets it be done. */
export function syncDirectory(directory: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(directory, 'r');
    fsyncSync(handle);
  } catch (error) {
    if (!CANNOT_SYNC.has(fileErrorCode(error))) throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
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

/** The paths of the files in a directory whose names are such, sorted; none where there is no directory. */
export function filesIn(
  directory: string,
  isSuch: (name: string, names: readonly string[]) => boolean,
): readonly string[] {
  try {
    const names = readdirSync(directory).sort();
    return names.filter((name) => isSuch(name, names)).map((name) => join(directory, name));
  } catch (cause) {
    if (fileErrorCode(cause) === 'ENOENT') return [];
    throw unavailable(`the directory ${directory} cannot be read`, cause);
  }
}

/** The error for a file that could not be used. */
export function unavailable(message: string, cause: unknown): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', `${message} (${fileErrorCode(cause)})`, { cause });
}

/** The code of an error of the file system, such as `ENOENT`. */
export function fileErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** Gives a finished file its name, if no file has that name. */
function nameFile(unfinished: string, path: string): void {
  try {
    // Unlike a rename, a link never takes the place of a file that is there.
    linkSync(unfinished, path);
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') throw error;
    // Without hard links. Whoever writes under this name has to create the same unfinished file, and that one is ours.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw Object.assign(new Error(`EEXIST: file already exists, rename to '${path}'`), { code: 'EEXIST' });
    renameSync(unfinished, path);
    return;
  }
  // Where this fails, a second name is left of a file that is whole and in its place.
  attempt(() => unlinkSync(unfinished));
}

function onlyIfThere(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** For what is not worth an error of its own. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The caller goes on either way.
  }
}
