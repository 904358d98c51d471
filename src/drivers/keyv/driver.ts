import { AccountKeeperError } from '../../core/errors.js';
import type { DriverCapabilities, DriverLimits } from '../../core/persistence-driver.js';
import {
  badOption,
  type Check,
  type ChecksOf,
  describeReceived,
  flag,
  oneOf,
  readOptions,
} from '../../core/shared/option-checks.js';
import type { BackendConnection } from '../base/backend-connection.js';
import { BaseDriver } from '../base/base-driver.js';
import { BASE_OPTIONS, type BaseDriverOptions } from '../base/base-options.js';
import type { Operation } from '../base/operation/operation.js';
import { isKeyv, isKeyvAdapter, type KeyvAdapter, type KeyvClient } from './client.js';
import { KeyvConnection } from './connection.js';
import { LIMIT_RULES, storageLimits } from './limits.js';
import { KeyvStore } from './store.js';
import { type KeyvTarget, targetOf } from './target.js';

const DURABILITIES = ['none', 'process', 'host'] as const;

/** Options of {@link KeyvDriver}. */
export interface KeyvDriverOptions extends BaseDriverOptions {
  /**
   * A Keyv of version 5, a storage adapter for one, or a `Map`. The driver works on the adapter, with the Keyv's
   * namespace, serializer and compression, and changes neither. The Keyv can have any `throwOnErrors` and `emitErrors`.
   * It can have no `ttl`, because records must never expire, and no hooks, because they would not run.
   */
  readonly keyv: KeyvClient | KeyvAdapter;
  /** Says that the caller does without conditional and atomic commits: {@link KeyvDriver} says what that means. */
  readonly allowUnconditional: true;
  /**
   * The loss that an acknowledged write survives. The caller knows the server; the driver cannot. Of a `Map`,
   * `none` is all that is true.
   *
   * @default 'none'
   */
  readonly durability?: 'none' | 'process' | 'host';
  /**
   * The largest inputs, where the caller knows better than the driver: it knows that `@keyv/mysql` stores up to 65,535
   * bytes, `@keyv/etcd` about 1.4 million, and that adapters with a `keySize` take keys of so many characters. Of adapters
   * that it does not know, it assumes keys of 1,024 characters. A commit has up to 10,000 records; 5,000 on `@keyv/etcd`
   * and 1,000 on `@keyv/sqlite`, where each takes longer. At least 8 for `keyBytes`, 1 for `batchRecords`, 1,024 for the
   * others.
   */
  readonly limits?: Partial<DriverLimits>;
  /** Whether `close` also disconnects the Keyv, or the adapter. @default false */
  readonly closeKeyv?: boolean;
}

const given: Check<KeyvClient | KeyvAdapter> = (path, value) => {
  if (isKeyv(value) || isKeyvAdapter(value)) return value;
  throw badOption(path, 'a Keyv of version 5, a storage adapter for one, or a Map', value);
};

const consent: Check<true> = (path, value) => {
  if (value === true) return true;
  throw new AccountKeeperError(
    'CONFIG',
    `${path}: expected true, received ${describeReceived(value)}. A Keyv cannot compare before it writes, nor write ` +
      "several keys as one: a second writer of an account can overwrite the first one's changes unseen, and a crash " +
      "during a commit can leave a part of it. { driver: 'keyv', keyv, allowUnconditional: true } accepts that; the " +
      'drivers for SQLite, Redis and PostgreSQL have no such weakness',
  );
};

/** The checks of {@link KeyvDriverOptions}. */
const KEYV_OPTIONS: ChecksOf<KeyvDriverOptions> = {
  ...BASE_OPTIONS,
  keyv: given,
  allowUnconditional: consent,
  durability: oneOf(DURABILITIES),
  limits: (path, value) => readOptions(path, LIMIT_RULES, value),
  closeKeyv: flag,
};

/**
 * Keeps accounts in any Keyv, or on any storage adapter for one. It gives up what such a store cannot do:
 *
 * - **No conditional commit.** The head is read and compared before a commit, and another process can write in between.
 *   Only one process at a time may write an account. In one process, drivers on the same store object take turns.
 * - **No atomic commit.** A commit is many writes: records, index, head, and then deletes. One that fails or whose
 *   process dies before the head is written leaves some of its records, under the former head. Its repetition completes
 *   it; without one, `load` shows the new values of some records together with the old ones of others. Once the head is
 *   written, the commit is whole. Texts that nothing refers to may be left of either; the account's next commit in the same
 *   process deletes them, and they stay where they are, unseen, when the process dies.
 * - **What is evicted is noticed, but not always.** A head without its index and an index without its head are
 *   `CORRUPT`; `load` names a record that the index has and that is not there in `corrupt`. What cannot be noticed: an account of which nothing is
 *   left, a head that is lost between its first commit and the write after it that says so, and texts that turn back to
 *   an older state one by one.
 * - **No help against a store that lies.** A server that cuts values short (MySQL without strict mode) or forgets them
 *   by itself (a cache, an adapter that expires entries by default) is not found out when it acknowledges a write.
 *
 * A write whose time is up may still land. The account's next write, and reads, wait until the adapter has settled it,
 * or fail at their deadline: nothing older lands on what this process writes later. An adapter that never settles a
 * write blocks its account until the process ends.
 *
 * `accounts` reads all of its listing within one deadline; it needs an adapter with an iterator. That of `@keyv/mysql`
 * asks for ten rows at a time unless its `iterationLimit` says otherwise; that of `@keyv/sqlite` can miss accounts while
 * others are deleted from.
 *
 * The connection is the adapter's business. That of `@keyv/mysql` never works when its server is down while it is made; the
 * client in `@keyv/etcd` asks a server that failed it again after five seconds.
 *
 * Keys are those of the other drivers, with upper-case letters escaped, too. A Keyv with the same options reads the
 * values; for an adapter that was handed over without one, that is a Keyv without a namespace.
 */
export class KeyvDriver extends BaseDriver {
  readonly name: string = 'keyv';
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits;
  readonly #target: KeyvTarget;
  readonly #store: KeyvStore;
  readonly #closeKeyv: boolean;

  /** @throws `CONFIG` */
  constructor(options: KeyvDriverOptions) {
    const read = readOptions('', KEYV_OPTIONS, options);
    const { keyv, allowUnconditional, durability = 'none', limits = {}, closeKeyv = false, ...base } = read;
    super(base);
    consent('allowUnconditional', allowUnconditional);
    this.#target = targetOf(given('keyv', keyv), this.layout.prefix);
    if (this.#target.profile.inMemory && durability !== 'none') {
      throw badOption('durability', 'none: a Map ends with its process', durability);
    }
    const storage = storageLimits(this.#target, this.layout.prefix, limits);
    this.limits = storage.limits;
    this.capabilities = { durability, atomicCommit: false, conditionalCommit: false, sharedAcrossProcesses: false };
    this.#closeKeyv = closeKeyv;
    this.#store = new KeyvStore(this.#target, storage, this.layout.prefix);
    this.#store.shared.listen();
  }

  protected override async connect(operation: Operation): Promise<BackendConnection> {
    // Any answer will do: the store can be reached, and lets itself be read.
    await this.#store.read([`${this.layout.prefix}:open`], operation);
    return new KeyvConnection(this.#store, this.layout);
  }

  /** An adapter that was disconnected may still emit errors, which must not end the process. */
  protected override async release(): Promise<void> {
    if (this.#closeKeyv) await this.#target.disconnect();
    else this.#store.shared.unlisten();
  }
}
