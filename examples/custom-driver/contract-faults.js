// @ts-check
/** @import { ContractFaults, Inject, RawAccess } from 'accountkeeper/contract' */
/** @import { FileSystem } from './disk.js' */
// The ways in which the contract suite breaks the backend. The folder is moved away, emptied and restored for real. A
// full disk, a failing one and one that hangs are made between the driver and `node:fs`.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import nodeFs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { KeyLayout } from 'accountkeeper/driver-kit';
import { nameOf } from './disk.js';
import { decoded, FileConnection } from './file-connection.js';

/**
 * A call of the file system that is about to be made. A listener can reject in its place, or take its time.
 *
 * @typedef {object} Call
 * @property {string} name of the function; `writeFile` and `sync` are those of an open file
 * @property {string} path
 * @property {import('node:fs/promises').FileHandle} [file]
 */

/** @typedef {(call: Call) => Promise<void> | void} Listener */

/**
 * `node:fs/promises`, with listeners that are called before each call.
 *
 * @param {ReadonlySet<Listener>} listeners
 * @returns {FileSystem}
 */
export function observedFs(listeners) {
  /** @param {Call} call */
  const tell = async (call) => {
    for (const listener of listeners) await listener(call);
  };
  /** @param {import('node:fs/promises').FileHandle} file @param {string} path */
  const observedFile = (file, path) => ({
    /** @param {string} text */
    writeFile: async (text) => {
      await tell({ name: 'writeFile', path, file });
      await file.writeFile(text);
    },
    sync: async () => {
      await tell({ name: 'sync', path, file });
      await file.sync();
    },
    close: () => file.close(),
  });
  /** @param {'mkdir' | 'readFile' | 'readdir' | 'rename' | 'rm'} name */
  const observed =
    (name) =>
    /** @param {[string, ...unknown[]]} parameters */
    async (...parameters) => {
      await tell({ name, path: parameters[0] });
      return Reflect.apply(nodeFs[name], nodeFs, parameters);
    };
  const names = /** @type {const} */ (['mkdir', 'readFile', 'readdir', 'rename', 'rm']);
  return /** @type {FileSystem} */ ({
    ...Object.fromEntries(names.map((name) => [name, observed(name)])),
    open: async (/** @type {string} */ path, /** @type {string} */ flags) => {
      await tell({ name: 'open', path });
      return observedFile(await nodeFs.open(path, flags), path);
    },
  });
}

/** @param {string} home a folder of our own; the driver's is in it, and can be moved away */
export function makeFaults(home) {
  const folder = join(home, 'state');
  const away = join(home, 'moved-away');
  mkdirSync(folder, { recursive: true });
  /** @type {Set<Listener>} */
  const listeners = new Set();

  /** @param {Listener} listener */
  const listen = (listener) => {
    listeners.add(listener);
    return async () => void listeners.delete(listener);
  };
  /** @param {Listener} listener @returns {Inject} */
  const inject = (listener) => async () => listen(listener);
  const stop = () => nodeFs.rename(folder, away);
  const start = () => nodeFs.rename(away, folder);
  let copies = 0;
  const newPath = () => {
    copies += 1;
    return join(home, `copy-${copies}`);
  };
  /** @param {string} from @param {string} to not there yet */
  const copy = (from, to) => promisify(execFile)('cp', ['-a', from, to]);
  /** @type {(() => void) | undefined} */
  let endPause;

  /** @type {ContractFaults} */
  const faults = {
    stop,
    start,
    async empty() {
      await nodeFs.rename(folder, newPath());
      await nodeFs.mkdir(folder);
    },
    async pause() {
      const paused = new Promise((resolve) => {
        endPause = () => resolve(undefined);
      });
      const undo = listen(async () => void (await paused));
      void paused.then(undo);
    },
    async resume() {
      endPause?.();
    },
    rollback: {
      async snapshot() {
        const snapshot = newPath();
        await copy(folder, snapshot);
        return snapshot;
      },
      async restore(snapshot) {
        await nodeFs.rename(folder, newPath());
        await copy(String(snapshot), folder);
      },
    },
    failReads: async () => {
      await stop();
      return start;
    },
    failCommits: {
      before: inject(({ name, path }) => {
        if (name === 'writeFile') throw failure('ENOSPC', path);
      }),
      midway: inject(async ({ name, path, file }) => {
        if (name !== 'writeFile') return;
        await file?.write('[["accountkeeper:{');
        throw failure('ENOSPC', path);
      }),
      after: async () => {
        let landed = false;
        return listen((call) => {
          if (landed) throw failure('EIO', call.path);
          landed = landsState(call);
        });
      },
    },
    raw: rawAccess(folder),
    async syncsBeforeAcknowledging(driver) {
      /** @type {string[]} */
      const calls = [];
      const undo = listen(({ name, path }) => void calls.push(`${name} ${path}`));
      const batch = { upserts: new Map([['key', 'value']]), deletes: new Set() };
      await driver.commit('sync-probe', batch, { expected: undefined, writerId: 'probe', writeId: 'probe' });
      await undo();
      const landing = calls.findLastIndex((call) => call.startsWith('rename '));
      const written = calls.findLast((call) => call.startsWith('writeFile '))?.slice('writeFile '.length);
      const isFileSynced = calls.slice(0, landing).includes(`sync ${written}`);
      return isFileSynced && calls.slice(landing).some((call) => call.startsWith('sync '));
    },
  };
  return { fs: observedFs(listeners), folder, faults };
}

/** Whether the call lets a commit land. @param {Call} call */
function landsState({ name, path }) {
  return name === 'rename' && !basename(path).startsWith('tmp-');
}

/** @param {string} code @param {string} path */
function failure(code, path) {
  return Object.assign(new Error(`${code}: injected, '${path}'`), { code });
}

/**
 * Head and records as texts under keys. A key is a path below the folder, and the last part of an account's key says
 * what of its file is meant: the whole of it (`head`), or one record (`record <key as JSON>`). Where there is no such
 * account, it is a file by that name.
 *
 * @param {string} folder
 * @returns {RawAccess}
 */
function rawAccess(folder) {
  /** @type {Map<string, { prefix: string, id: string, record?: string }>} */
  const known = new Map();
  /** @param {string} prefix @param {string} id @param {string} [record] */
  const keyOf = (prefix, id, record) => {
    const part = record === undefined ? 'head' : `record ${encodeURIComponent(record)}`;
    const key = join(nameOf(prefix), nameOf(id), part);
    known.set(key, { prefix, id, ...(record === undefined ? {} : { record }) });
    return key;
  };
  /** @param {string} key @returns {Promise<{ path: string, text?: string, stored?: string }>} */
  const find = async (key) => {
    const { prefix = '', id = '', record } = known.get(key) ?? {};
    if (prefix === '') return { path: join(folder, key) };
    const layout = new KeyLayout(prefix);
    const found = await new FileConnection(nodeFs, folder, layout).find(id).catch(() => undefined);
    if (found === undefined || found.text === '') return { path: found?.file ?? join(folder, key) };
    if (record === undefined) return { path: found.file, text: found.text };
    return { path: found.file, text: found.text, stored: layout.account(id).recordPrefix + record };
  };
  return {
    headKey: (prefix, accountId) => keyOf(prefix, accountId),
    recordKey: (prefix, accountId, record) => keyOf(prefix, accountId, record),
    async get(key) {
      const { path, text, stored } = await find(key);
      if (stored !== undefined) return decoded(text ?? '')?.get(stored);
      return text ?? nodeFs.readFile(path, 'utf8').catch(() => undefined);
    },
    async set(key, text) {
      const { path, text: before, stored } = await find(key);
      await nodeFs.mkdir(dirname(path), { recursive: true });
      if (stored === undefined) return nodeFs.writeFile(path, text);
      const state = new Map(decoded(before ?? '')).set(stored, text);
      return nodeFs.writeFile(path, JSON.stringify([...state]));
    },
    async delete(key) {
      const { path, stored } = await find(key);
      if (stored === undefined) await nodeFs.rm(path, { force: true });
    },
    async keys() {
      const entries = await nodeFs.readdir(folder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    },
  };
}
