// @ts-check
/** @import { AccountKeys, BackendConnection, HeadSwap, KeyLayout, Operation } from 'accountkeeper/driver-kit' */
/** @import { FileSystem } from './disk.js' */
// The one thing that has to be right: of all who want to replace a state, one succeeds.
//
//   <root>/<prefix>/<account>/id         the account's id
//   <root>/<prefix>/<account>/<a>/<a>    the state <a>, a random name; before the first state, an empty folder 0
//
// A commit writes the next state into the folder <a> as the file <b>, and then renames the folder to <b>. That is one
// step, and whoever comes later finds no folder <a> any more: nothing lands late, and there is no lock to leave behind.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AccountKeeperError } from 'accountkeeper';
import { nameOf, namesIn, sync, unlessCode } from './disk.js';

const ATTEMPTS = 50;
const NO_STATE = '0';

/** @implements {BackendConnection} */
export class FileConnection {
  #fs;
  #root;
  #layout;
  #folder;

  /** @param {FileSystem} fs @param {string} root @param {KeyLayout} layout */
  constructor(fs, root, layout) {
    this.#fs = fs;
    this.#root = root;
    this.#layout = layout;
    this.#folder = join(root, nameOf(layout.prefix));
  }

  /** Does what a first commit needs, for an account that never has a state. */
  async tryOut() {
    await this.#create('');
  }

  /** @param {AccountKeys} account */
  async readHead({ id, head }) {
    return (await this.#read(id)).state.get(head);
  }

  /** @param {AccountKeys} account */
  async readAccount({ id }) {
    return Array.from((await this.#read(id)).state, ([key, text]) => ({ key, text }));
  }

  /** @param {AccountKeys} account @param {HeadSwap} change @param {Operation} operation */
  async swap({ id, head, recordPrefix }, { expected, next, upserts, deletes }, operation) {
    const { name, state } = await this.#read(id);
    if (state.get(head) !== expected) return false;
    for (const record of deletes) state.delete(recordPrefix + record);
    for (const [record, text] of upserts) state.set(recordPrefix + record, text);
    if (name === NO_STATE) await this.#create(id);
    return this.#replace(this.#path(id), name, JSON.stringify([...state.set(head, next)]), operation);
  }

  async listAccounts() {
    const accounts = [];
    for (const name of (await namesIn(this.#fs, this.#folder, this.#root)) ?? []) {
      if (name.startsWith('tmp-')) continue;
      const id = parse(await this.#fs.readFile(join(this.#folder, name, 'id'), 'utf8'));
      if (typeof id !== 'string' || nameOf(id) !== name) throw corrupt(`${name} does not hold the id of its account`);
      // A damaged account is listed: it is there, and nobody knows it to be dropped.
      const { name: found, text } = await this.find(id);
      if (found !== NO_STATE) accounts.push({ id, head: decoded(text)?.get(this.#layout.account(id).head) });
    }
    return { accounts, next: undefined };
  }

  async disconnect() {}

  /** The name and the text of the newest state, and its path. @param {string} id */
  async find(id) {
    const path = this.#path(id);
    for (let attempt = 0, before = ''; attempt < ATTEMPTS; attempt += 1) {
      const name = (await namesIn(this.#fs, path, this.#root))?.find((each) => each !== 'id') ?? NO_STATE;
      const file = join(path, name, name);
      const text = name === NO_STATE ? '' : await this.#fs.readFile(file, 'utf8').catch(unlessCode('ENOENT'));
      if (text !== undefined) return { name, text, file };
      // Renamed meanwhile: it has another name now.
      if (name === before) break;
      before = name;
    }
    throw corrupt(`account ${JSON.stringify(id)} has lost its state`);
  }

  /** The name of the newest state, and its texts by their keys. @param {string} id */
  async #read(id) {
    const { name, text } = await this.find(id);
    const state = name === NO_STATE ? new Map() : decoded(text);
    if (state === undefined) throw corrupt(`the state of account ${JSON.stringify(id)} is damaged`);
    return { name, state };
  }

  /** Everything is durable before it can be seen, or before this resolves. @param {string} path @param {string} name @param {string} text @param {Operation} operation */
  async #replace(path, name, text, operation) {
    const next = randomUUID();
    const folder = join(path, name);
    try {
      // Who has written one of these wants to rename this folder, and cannot any more once it has another name.
      const outdated = await this.#fs.readdir(folder);
      await sync(this.#fs, join(folder, next), text);
      await sync(this.#fs, folder);
      operation.assertActive();
      await this.#fs.rename(folder, join(path, next));
      await sync(this.#fs, path);
      for (const each of outdated) await this.#fs.rm(join(path, next, each), { force: true });
      return true;
    } catch (error) {
      unlessCode('ENOENT')(error);
      return false;
    }
  }

  /** Makes the folder with no state in it, unless it is there. @param {string} id */
  async #create(id) {
    // Never `recursive`: that would make the root again, on whatever is there when its disk is not.
    await this.#fs.mkdir(this.#folder).catch(unlessCode('EEXIST'));
    const temporary = join(this.#folder, `tmp-${randomUUID()}`);
    await this.#fs.mkdir(temporary);
    await this.#fs.mkdir(join(temporary, NO_STATE));
    await sync(this.#fs, join(temporary, 'id'), JSON.stringify(id));
    await sync(this.#fs, temporary);
    await this.#fs.rename(temporary, this.#path(id)).catch(unlessCode('EEXIST', 'ENOTEMPTY'));
    await this.#fs.rm(temporary, { recursive: true, force: true });
    // Also when somebody else made them, who may have died before this.
    for (const folder of [this.#folder, this.#root]) await sync(this.#fs, folder);
  }

  /** @param {string} id */
  #path(id) {
    return join(this.#folder, nameOf(id));
  }
}

/** @param {string} text @returns {Map<string, string> | undefined} `undefined` when it is damaged */
export function decoded(text) {
  const entries = parse(text);
  const isPairs = Array.isArray(entries) && entries.length > 0 && entries.every((each) => each?.length === 2);
  return isPairs && entries.flat().every((part) => typeof part === 'string') ? new Map(entries) : undefined;
}

/** @param {string} text @returns {unknown} `undefined` when it is no JSON */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} message */
function corrupt(message) {
  return new AccountKeeperError('CORRUPT', message);
}
