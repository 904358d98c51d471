import { AccountKeeperError } from '../../../src/core/errors.js';
import type { DriverCapabilities, DriverLimits, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import type {
  AccountPage,
  BackendConnection,
  HeadSwap,
  StoredEntry,
} from '../../../src/drivers/base/backend-connection.js';
import { BaseDriver } from '../../../src/drivers/base/base-driver.js';
import type { AccountKeys } from '../../../src/drivers/base/key-layout.js';
import { MemoryConnection } from '../../../src/drivers/memory/connection.js';
import type { ContractDriverOptions, ContractSubject } from '../../contract/index.js';
import { FaultyMemoryBackend } from './faulty-memory-backend.js';
import { Gate, pauseFaults } from './gate.js';
import { memoryAccess } from './memory-access.js';
import { memoryFaults } from './memory-subject.js';

/** A memory backend that behaves like a server: it can be stopped and paused. */
export class RemoteMemoryBackend extends FaultyMemoryBackend {
  readonly gate = new Gate();
  #stopped = false;

  /** Refuses everything from now on, or not any more. */
  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
  }

  /** What each request does first. It waits while the backend is paused, and is served when that goes on. */
  async request(): Promise<void> {
    if (!this.#stopped) await this.gate.passed();
    if (this.#stopped) {
      throw new AccountKeeperError('UNAVAILABLE', 'the memory is stopped', { cause: new Error('connection refused') });
    }
  }
}

/** A driver on a {@link RemoteMemoryBackend}, with all guarantees but durability. */
export class RemoteMemoryDriver extends BaseDriver {
  readonly name: string = 'remote-memory';
  readonly capabilities: DriverCapabilities = {
    durability: 'none',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  };
  readonly limits: DriverLimits = {
    keyBytes: 4096,
    valueBytes: 1024 ** 2,
    batchBytes: 2 * 1024 ** 2,
    batchRecords: 10_000,
  };
  readonly #backend: RemoteMemoryBackend;

  constructor(backend: RemoteMemoryBackend, prefix: string) {
    super({ prefix, operationTimeoutMs: 1000 });
    this.#backend = backend;
  }

  protected override async connect(): Promise<BackendConnection> {
    await this.#backend.request();
    return new RemoteMemoryConnection(this.#backend, new MemoryConnection(this.#backend, this.layout));
  }
}

class RemoteMemoryConnection implements BackendConnection {
  readonly #backend: RemoteMemoryBackend;
  readonly #inner: MemoryConnection;

  constructor(backend: RemoteMemoryBackend, inner: MemoryConnection) {
    this.#backend = backend;
    this.#inner = inner;
  }

  async readHead(account: AccountKeys): Promise<string | undefined> {
    await this.#backend.request();
    return this.#inner.readHead(account);
  }

  async readAccount(account: AccountKeys): Promise<readonly StoredEntry[]> {
    await this.#backend.request();
    return this.#inner.readAccount(account);
  }

  async swap(account: AccountKeys, change: HeadSwap): Promise<boolean> {
    await this.#backend.request();
    return this.#inner.swap(account, change);
  }

  async listAccounts(): Promise<AccountPage> {
    await this.#backend.request();
    return this.#inner.listAccounts();
  }

  async disconnect(): Promise<void> {}
}

/** Turns a driver into the one to test. */
export type RemoteDisguise = (
  driver: RemoteMemoryDriver,
  backend: RemoteMemoryBackend,
  prefix: string,
) => PersistenceDriver;

/** A subject on a backend of its own that can be stopped and paused. */
export function remoteMemorySubject(name: string, disguise: RemoteDisguise = (driver) => driver): ContractSubject {
  const backend = new RemoteMemoryBackend();
  return {
    name,
    createDriver: ({ prefix = 'default' }: ContractDriverOptions = {}) =>
      disguise(new RemoteMemoryDriver(backend, prefix), backend, prefix),
    faults: {
      ...memoryFaults(backend),
      ...memoryAccess(backend),
      ...pauseFaults(backend.gate),
      stop: async () => backend.setStopped(true),
      start: async () => backend.setStopped(false),
    },
  };
}
