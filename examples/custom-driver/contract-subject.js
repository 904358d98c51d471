// @ts-check
/** @import { ContractDriverOptions, ContractSubject } from 'accountkeeper/contract' */
// The subject of the contract suite: `npx accountkeeper contract ./contract-subject.js`, or test/contract.test.js. A
// second process of the suite imports this module too, by a URL that names the folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFaults } from './contract-faults.js';
import { FileDriver } from './file-driver.js';

const named = new URL(import.meta.url).searchParams.get('folder');
const home = named ?? mkdtempSync(join(tmpdir(), 'accountkeeper-file-driver-'));
if (named === null) process.once('exit', () => rmSync(home, { recursive: true, force: true }));

const { fs, folder, faults } = makeFaults(home);
const module = new URL(import.meta.url);
module.searchParams.set('folder', home);

/** @type {ContractSubject} */
export default {
  name: 'custom driver (file per account)',
  /** @param {ContractDriverOptions} [options] */
  createDriver: (options) => new FileDriver({ ...options, folder, fs }),
  // Whoever opens the folder writes there.
  faults: { ...faults, readOnly: false },
  module,
};
