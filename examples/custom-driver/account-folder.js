// @ts-check
/** @import { FileSystem } from './disk.js' */
/** @import { Context } from './operations.js' */
// One account on disk, and the one thing that has to be right: of all who want to replace a state, one succeeds.
//
//   <folder>/<prefix>/<account>/id        the account's id
//   <folder>/<prefix>/<account>/7/7       the state number 7
//   <folder>/<prefix>/<account>/7/8       its successor, once there is one
//
// A commit gives a complete and synced file the name of the successor. link() does that in one step, and fails when the
// name is taken, or when the folder `7` is gone. The next commit renames the folder `7` to `8` first. There is only ever
// one such folder and its number only grows, so whoever was held up since state 7 finds either the name taken or the
// folder gone: nothing lands late. There is no lock, so there is none that a killed process could leave behind.
import { join } from 'node:path';
import { hasCode, nameOf, namesIn, syncFolder, temporaryIn, unlessCode, writeSynced } from './disk.js';
import { corrupt } from './state-text.js';

/**
 * What was found of an account.
 *
 * @typedef {object} Found
 * @property {number | undefined} folder the number of the folder; `undefined`: the account has none yet
 * @property {number} number of the state; 0: there is none yet
 * @property {string} text of the state
 */

const ATTEMPTS = 50;

export class AccountFolder {
  #fs;
  #root;
  #prefixFolder;
  #id;
  /** @readonly */
  path;

  /** @param {FileSystem} fs @param {string} root @param {string} prefixFolder in it @param {string} id */
  constructor(fs, root, prefixFolder, id) {
    this.#fs = fs;
    this.#root = root;
    this.#prefixFolder = prefixFolder;
    this.#id = id;
    this.path = join(prefixFolder, nameOf(id));
  }

  /**
   * The state as of one instant.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<Found>}
   */
  async find(signal) {
    let before = -1;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      signal.throwIfAborted();
      const names = await namesIn(this.#fs, this.path, this.#root);
      if (names === undefined) return { folder: undefined, number: 0, text: '' };
      const folder = Math.max(-1, ...names.filter((name) => /^\d+$/.test(name)).map(Number));
      for (const number of [folder + 1, folder]) {
        const text = await this.#textOf(folder, number);
        if (text !== undefined) return { folder, number, text };
      }
      // Either the folder was renamed meanwhile, and is found under another number, or there is no state in it.
      if (folder === 0 && before === 0) return { folder, number: 0, text: '' };
      if (folder > 0 && before === folder) break;
      before = folder;
    }
    throw corrupt(`${this.path} holds no state of the account ${JSON.stringify(this.#id)}`);
  }

  /**
   * Stores the successor of what was found.
   *
   * @param {Found} found
   * @param {string} text
   * @param {Context} context
   * @returns whether it did; `false`: somebody else was first, and nothing of this was stored
   */
  async replace(found, text, context) {
    if (found.number === 0) await this.#create(found);
    else await this.#advance(found);
    const temporary = temporaryIn(this.#prefixFolder);
    try {
      await writeSynced(this.#fs, temporary, text);
      context.signal.throwIfAborted();
      context.mayHaveLanded = true;
      await this.#fs.link(temporary, join(this.path, `${found.number}`, `${found.number + 1}`));
    } catch (error) {
      if (!context.mayHaveLanded || !hasCode(error, 'EEXIST', 'ENOENT')) throw error;
      context.mayHaveLanded = false;
      return false;
    } finally {
      await this.#fs.rm(temporary, { force: true });
    }
    await this.sync({ folder: found.number }, context.signal);
    return true;
  }

  /**
   * Makes the names in the account's numbered folder durable.
   *
   * @param {Pick<Found, 'folder'>} found
   * @param {AbortSignal} signal
   */
  async sync({ folder = 0 }, signal) {
    try {
      await syncFolder(this.#fs, join(this.path, `${folder}`));
    } catch (error) {
      // Whoever renamed the folder has synced it before.
      const now = hasCode(error, 'ENOENT') ? await this.find(signal) : undefined;
      if (now?.folder === undefined || now.folder <= folder) throw error;
    }
  }

  /** Makes the account's folder, by a rename that fails when there is one. @param {Found} found */
  async #create({ folder }) {
    if (folder === undefined) {
      // Never `recursive`: that would make the root again, on whatever is there when its disk is not.
      await this.#fs.mkdir(this.#prefixFolder).catch(unlessCode('EEXIST'));
      const temporary = temporaryIn(this.#prefixFolder);
      await this.#fs.mkdir(temporary);
      await this.#fs.mkdir(join(temporary, '0'));
      await writeSynced(this.#fs, join(temporary, 'id'), JSON.stringify(this.#id));
      await syncFolder(this.#fs, temporary);
      await this.#fs.rename(temporary, this.path).catch(unlessCode('EEXIST', 'ENOTEMPTY'));
      await this.#fs.rm(temporary, { recursive: true, force: true });
    }
    // Also when somebody else made them, who may have died before this.
    await syncFolder(this.#fs, this.#prefixFolder);
    await syncFolder(this.#fs, this.#root);
  }

  /**
   * Gives the folder the number of its newer state, and removes what is older. Each step is durable before the next one
   * relies on it, also where somebody else took it and died.
   *
   * @param {Found} found
   */
  async #advance({ folder, number }) {
    const [from, to] = [join(this.path, `${folder}`), join(this.path, `${number}`)];
    try {
      if (folder !== number) {
        await syncFolder(this.#fs, from);
        await this.#fs.rename(from, to);
      }
      await syncFolder(this.#fs, this.path);
      const older = (await this.#fs.readdir(to)).filter((name) => Number(name) < number);
      for (const name of older) await this.#fs.rm(join(to, name), { force: true });
    } catch (error) {
      // Somebody else was faster and has gone on from there: the link will fail.
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  /** @param {number} folder @param {number} number */
  async #textOf(folder, number) {
    return this.#fs.readFile(join(this.path, `${folder}`, `${number}`), 'utf8').catch(unlessCode('ENOENT'));
  }
}
