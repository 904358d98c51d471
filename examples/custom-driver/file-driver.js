// @ts-check
/** @import { BaseDriverOptions } from 'accountkeeper/driver-kit' */
/** @import { FileSystem } from './disk.js' */
import nodeFs from 'node:fs/promises';
import { resolve } from 'node:path';
import { AccountKeeperError } from 'accountkeeper';
import { BaseDriver } from 'accountkeeper/driver-kit';
import { FileConnection } from './file-connection.js';

/** Keeps each account in a file of its own, on a local POSIX file system. Processes of one host can share the folder. */
export class FileDriver extends BaseDriver {
  name = 'file';
  capabilities = Object.freeze({
    durability: /** @type {const} */ ('host'),
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  });
  limits = { keyBytes: 8192, valueBytes: 8 * 1024 ** 2, batchBytes: 16 * 1024 ** 2, batchRecords: 100_000 };
  #fs;
  #root;

  /** @param {BaseDriverOptions & { folder: string, fs?: FileSystem }} options the folder has to be there */
  constructor({ folder, fs = nodeFs, ...options }) {
    super(options);
    if (typeof folder !== 'string' || folder === '') {
      throw new AccountKeeperError('CONFIG', `folder: expected the path of a folder, received ${typeof folder}`);
    }
    this.#fs = fs;
    this.#root = resolve(folder);
  }

  /** @protected @override */
  async connect() {
    const connection = new FileConnection(this.#fs, this.#root, this.layout);
    await connection.tryOut();
    return connection;
  }
}
