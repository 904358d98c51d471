// @ts-check
// What the driver needs of a file system: names for any id, syncs, and proof that something is not there.
import { createHash, randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** @typedef {'link' | 'mkdir' | 'open' | 'readFile' | 'readdir' | 'rename' | 'rm' | 'stat'} UsedFunctions */
/** @typedef {Pick<typeof import('node:fs/promises'), UsedFunctions>} FileSystem */

/**
 * A file name that differs whenever the id does, also where file names ignore case, are normalised, or end at 255 bytes.
 *
 * @param {string} id
 */
export function nameOf(id) {
  const readable = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  // As JSON, since the lone halves of surrogate pairs are all the same in UTF-8.
  const unique = createHash('sha256').update(JSON.stringify(id)).digest('hex').slice(0, 32);
  return `${readable}-${unique}`;
}

/** @param {string} name whether it can be one of {@link nameOf} */
export function isName(name) {
  return /^[a-z0-9_]*-[0-9a-f]{32}$/.test(name);
}

/** The path of a new file or folder that nobody else looks for. @param {string} folder */
export function temporaryIn(folder) {
  return join(folder, `tmp-${randomUUID()}`);
}

/** @param {string} name */
export function isTemporary(name) {
  return name.startsWith('tmp-');
}

/** @param {FileSystem} fs @param {string} path @param {string} text */
export async function writeSynced(fs, path, text) {
  const file = await fs.open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder durable. @param {FileSystem} fs @param {string} path */
export async function syncFolder(fs, path) {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The names in a folder. `undefined` only with proof: the folder above could be read, and does not hold it. That a path
 * leads nowhere proves nothing: its disk may be gone.
 *
 * @param {FileSystem} fs
 * @param {string} path
 * @param {string} root has to be there
 * @returns {Promise<string[] | undefined>}
 */
export async function namesIn(fs, path, root) {
  try {
    return await fs.readdir(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || path === root) throw error;
    const siblings = await namesIn(fs, dirname(path), root);
    return siblings?.includes(basename(path)) ? fs.readdir(path) : undefined;
  }
}

/** @param {unknown} error @param {readonly string[]} codes */
export function hasCode(error, ...codes) {
  return error instanceof Error && codes.includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '');
}

/** For `catch`: undefined for these codes. @param {readonly string[]} codes @returns {(error: unknown) => undefined} */
export function unlessCode(...codes) {
  return (error) => {
    if (!hasCode(error, ...codes)) throw error;
  };
}
