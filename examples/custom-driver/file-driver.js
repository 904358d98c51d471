// @ts-check
/** @import { AccountHead, CommitBatch, CommitOptions, LoadOptions, OpenOptions, OperationOptions, PersistenceDriver, StoredAccount } from 'accountkeeper' */
/** @import { FileSystem } from './disk.js' */
/** @import { Context } from './operations.js' */
import nodeFs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AccountKeeperError, isAccountKeeperError } from 'accountkeeper';
import { AccountFolder } from './account-folder.js';
import { isName, isTemporary, nameOf, namesIn, syncFolder, temporaryIn, unlessCode, writeSynced } from './disk.js';
import { checkedBatch, checkKey, LIMITS } from './input.js';
import { Operations } from './operations.js';
import { corrupt, decodeState, decodeValue, encodeState, encodeValue, parseJson } from './state-text.js';

const LEFT_OVER_AFTER_MS = 60 * 60 * 1000;

/**
 * Keeps each account in a file of its own, on a local POSIX file system with hard links. Several processes of one host
 * can use the same folder.
 *
 * @implements {PersistenceDriver}
 */
export class FileDriver {
  /** @type {1} */
  apiVersion = 1;
  name = 'file';
  capabilities = Object.freeze({
    durability: /** @type {const} */ ('host'),
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  });
  limits = LIMITS;
  #fs;
  #root;
  #prefixFolder;
  #operations;
  /** The highest revision that was seen of each account: what is older has been rolled back. @type {Map<string, number>} */
  #seen = new Map();

  /**
   * @param {object} options
   * @param {string} options.folder has to be there: a folder made on the way could be the mount point of a lost disk
   * @param {string} [options.prefix] drivers with different prefixes share nothing; default: `accounts`
   * @param {number} [options.operationTimeoutMs] default: 10,000
   * @param {FileSystem} [options.fs] default: `node:fs/promises`
   */
  constructor({ folder, prefix = 'accounts', operationTimeoutMs = 10_000, fs = nodeFs }) {
    if (typeof folder !== 'string' || folder === '') {
      throw new AccountKeeperError('CONFIG', `folder: received ${typeof folder}, allowed is the path of a folder`);
    }
    this.#fs = fs;
    this.#root = resolve(folder);
    this.#prefixFolder = join(this.#root, nameOf(prefix));
    this.#operations = new Operations(operationTimeoutMs);
  }

  /** @param {OpenOptions} [options] */
  async open(options) {
    await this.#operations.run('open', options, async ({ signal }) => {
      const fs = this.#fs;
      if ((await namesIn(fs, this.#prefixFolder, this.#root)) === undefined) {
        await fs.mkdir(this.#prefixFolder).catch(unlessCode('EEXIST'));
        await syncFolder(fs, this.#root);
      }
      await this.#tryOut();
      await this.#removeLeftOvers(signal);
    });
  }

  /** @param {string} accountId @param {OperationOptions} [options] @returns {Promise<AccountHead | undefined>} */
  async head(accountId, options) {
    checkKey(accountId, 'an account id');
    return this.#operations.run('head', options, async ({ signal }) => {
      const { state } = await this.#find(accountId, signal);
      return state?.head;
    });
  }

  /** @param {string} accountId @param {LoadOptions} [options] @returns {Promise<StoredAccount | undefined>} */
  async load(accountId, options) {
    checkKey(accountId, 'an account id');
    const { rolledBackTo } = options ?? {};
    return this.#operations.run('load', options, async ({ signal }) => {
      // A caller that names the head knows of the rollback, and is given that head or none.
      const { state } = await this.#find(accountId, signal, () => rolledBackTo !== undefined);
      if (rolledBackTo !== undefined && !isNamed(rolledBackTo, state?.head)) {
        throw rolledBack(rolledBackTo.revision, state?.head);
      }
      if (state === undefined) return undefined;
      const records = new Map();
      const damaged = new Map();
      for (const [key, text] of state.records) {
        const value = decodeValue(key, text);
        if (value === undefined) damaged.set(key, text);
        else records.set(key, value);
      }
      return { head: state.head, records, corrupt: damaged };
    });
  }

  /** @param {string} accountId @param {CommitBatch} batch @param {CommitOptions} options @returns {Promise<AccountHead>} */
  async commit(accountId, batch, options) {
    checkKey(accountId, 'an account id');
    const { upserts, deletes } = checkedBatch(batch);
    return this.#replace('commit', accountId, options, (before) => {
      const records = new Map(before);
      for (const key of deletes) records.delete(key);
      for (const [key, value] of upserts) records.set(key, encodeValue(key, value));
      return records;
    });
  }

  /** @param {string} accountId @param {CommitOptions} options @returns {Promise<AccountHead>} */
  async drop(accountId, options) {
    checkKey(accountId, 'an account id');
    return this.#replace('drop', accountId, options, () => new Map());
  }

  /** @param {OperationOptions} [options] @returns {AsyncGenerator<string, void, undefined>} */
  async *accounts(options) {
    yield* await this.#operations.run('accounts()', options, async ({ signal }) => {
      const names = (await namesIn(this.#fs, this.#prefixFolder, this.#root)) ?? [];
      const ids = [];
      for (const name of names.filter(isName)) {
        signal.throwIfAborted();
        const id = await this.#idIn(name);
        if (await this.#isListed(id, signal)) ids.push(id);
      }
      return ids;
    });
  }

  /** @param {OperationOptions} [options] */
  async close(options) {
    await this.#operations.close(options);
  }

  /**
   * @param {'commit' | 'drop'} what
   * @param {string} accountId
   * @param {CommitOptions} options
   * @param {(records: ReadonlyMap<string, string>) => ReadonlyMap<string, string>} change
   */
  async #replace(what, accountId, options, change) {
    const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
    // A writer that names the older head, and goes on above what was lost, knows of the rollback.
    /** @param {AccountHead | undefined} head @param {number} seen */
    const knowsOlder = (head, seen) =>
      revisionFloor >= seen && head?.revision === expected?.revision && head?.writeId === expected?.writeId;
    /** @param {Context} context */
    const work = async (context) => {
      for (;;) {
        const { account, found, state } = await this.#find(accountId, context.signal, knowsOlder);
        if (state?.head.writeId === writeId) {
          // A repetition. The first attempt may have ended before its last sync.
          context.mayHaveLanded = true;
          await account.sync(found, context.signal);
          return state.head;
        }
        checkExpected(expected, state?.head);
        const revision = Math.max(state?.head.revision ?? 0, revisionFloor) + 1;
        const head = { revision, writerId, writeId, meta, dropped: what === 'drop' };
        const text = encodeState(accountId, { head, records: change(state?.records ?? new Map()) });
        // When somebody else was first, the next round finds their head.
        if (await account.replace(found, text, context)) return this.#noted(accountId, head);
      }
    };
    return this.#operations.run(what, options, work, accountId);
  }

  /**
   * What is stored, unless it is older than what was seen before.
   *
   * @param {string} accountId
   * @param {AbortSignal} signal
   * @param {(head: AccountHead | undefined, seen: number) => boolean} accepts whether an older one will do
   */
  async #find(accountId, signal, accepts = () => false) {
    const seen = this.#seen.get(accountId) ?? 0;
    const account = this.#account(accountId);
    const found = await account.find(signal);
    const state = found.number === 0 ? undefined : decodeState(found.text, accountId, account.path);
    if ((state?.head.revision ?? 0) < seen && !accepts(state?.head, seen)) throw rolledBack(seen, state?.head);
    if (state !== undefined) this.#noted(accountId, state.head);
    return { account, found, state };
  }

  /** @param {string} accountId @param {AccountHead} head */
  #noted(accountId, head) {
    this.#seen.set(accountId, Math.max(head.revision, this.#seen.get(accountId) ?? 0));
    return head;
  }

  /** @param {string} accountId */
  #account(accountId) {
    return new AccountFolder(this.#fs, this.#root, this.#prefixFolder, accountId);
  }

  /** @param {string} name of an account's folder @returns {Promise<string>} */
  async #idIn(name) {
    const path = join(this.#prefixFolder, name, 'id');
    const text = await this.#fs.readFile(path, 'utf8');
    const id = parseJson(text);
    if (typeof id !== 'string' || nameOf(id) !== name) throw corrupt(`${path} does not hold the id of its account`);
    return id;
  }

  /** A damaged account is listed: it is there, and nobody knows it to be dropped. @param {string} id @param {AbortSignal} signal */
  async #isListed(id, signal) {
    const account = this.#account(id);
    try {
      const { number, text } = await account.find(signal);
      return number > 0 && !decodeState(text, id, account.path).head.dropped;
    } catch (error) {
      if (isAccountKeeperError(error) && error.code === 'CORRUPT') return true;
      throw error;
    }
  }

  /** Does once what every commit needs: a synced file, and a second name for it. */
  async #tryOut() {
    const [file, link] = [temporaryIn(this.#prefixFolder), temporaryIn(this.#prefixFolder)];
    try {
      await writeSynced(this.#fs, file, '');
      await this.#fs.link(file, link);
    } finally {
      for (const path of [file, link]) await this.#fs.rm(path, { force: true });
    }
  }

  /**
   * Removes what killed processes left. Where one of them is only slow, its link fails, and it tries again.
   *
   * @param {AbortSignal} signal
   */
  async #removeLeftOvers(signal) {
    const names = (await namesIn(this.#fs, this.#prefixFolder, this.#root)) ?? [];
    for (const name of names.filter(isTemporary)) {
      signal.throwIfAborted();
      const path = join(this.#prefixFolder, name);
      const stats = await this.#fs.stat(path).catch(unlessCode('ENOENT'));
      if (stats !== undefined && stats.mtimeMs < Date.now() - LEFT_OVER_AFTER_MS) {
        await this.#fs.rm(path, { recursive: true, force: true });
      }
    }
  }
}

/**
 * @param {CommitOptions['expected']} expected
 * @param {AccountHead | undefined} head the stored one
 */
function checkExpected(expected, head) {
  const [wanted, found] = [expected?.revision ?? 0, head?.revision ?? 0];
  if (found < wanted) throw rolledBack(wanted, head);
  if (found !== wanted || expected?.writeId !== head?.writeId) {
    throw new AccountKeeperError('CONFLICT', `expected revision ${wanted}, found ${found} of another commit`, { head });
  }
}

/**
 * @param {{ readonly revision: number, readonly writeId: string }} name
 * @param {AccountHead | undefined} head the stored one
 */
function isNamed({ revision, writeId }, head) {
  return revision === (head?.revision ?? 0) && writeId === (head?.writeId ?? '');
}

/** @param {number} revision @param {AccountHead | undefined} head */
function rolledBack(revision, head) {
  const message = `expected revision ${revision} or a later one, found ${head?.revision ?? 'none'}`;
  return new AccountKeeperError('ROLLED_BACK', message, { head });
}
