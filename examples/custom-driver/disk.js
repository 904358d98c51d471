// @ts-check
// The driver's functions on a file system: names for any id, syncs, and proof that something is not there.
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';

/** @typedef {'mkdir' | 'open' | 'readFile' | 'readdir' | 'rename' | 'rm'} UsedFunctions */
/** @typedef {Pick<typeof import('node:fs/promises'), UsedFunctions>} FileSystem */

/** A name that differs whenever the id does, also where file names ignore case or end at 255 bytes. @param {string} id */
export function nameOf(id) {
  const readable = id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  // As JSON, since the lone halves of surrogate pairs are all the same in UTF-8.
  const unique = createHash('sha256').update(JSON.stringify(id)).digest('hex').slice(0, 32);
  return `${readable.slice(0, 40)}-${unique}`;
}

/** Makes a new file with a text durable, or, without one, the names in a folder. @param {FileSystem} fs @param {string} path @param {string} [text] */
export async function sync(fs, path, text) {
  const file = await fs.open(path, text === undefined ? 'r' : 'wx');
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The names in a folder. `undefined` only when the folder above was read and does not hold it: that a path leads nowhere
 * proves nothing, since its disk may be gone.
 *
 * @param {FileSystem} fs @param {string} path @param {string} root has to be there
 * @returns {Promise<string[] | undefined>}
 */
export async function namesIn(fs, path, root) {
  try {
    return await fs.readdir(path);
  } catch (error) {
    if (path === root) throw error;
    unlessCode('ENOENT')(error);
    const siblings = await namesIn(fs, dirname(path), root);
    return siblings?.includes(basename(path)) ? fs.readdir(path) : undefined;
  }
}

/** For `catch`: undefined for these codes. @param {readonly string[]} codes @returns {(error: unknown) => undefined} */
export function unlessCode(...codes) {
  return (error) => {
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error;
  };
}
