import { AccountKeeperError } from '../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  ForgetOptions,
  LoadOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../src/core/persistence-driver.js';
import { assertNotRolledBack, assertRolledBackTo, HeadMarks } from '../../../src/drivers/base/head-marks.js';
import { type CommitMessage, type DriverMutant, REFUSED, type SimulatedBackend } from './backend.js';
import { Network, type NetworkParts } from './network.js';

/** What a driver works with. */
export interface SimulatedDriverParts extends NetworkParts {
  readonly backend: SimulatedBackend;
  readonly limits: DriverLimits;
  /** How long the backend works on each record that it writes. */
  readonly recordMs: number;
  readonly mutant: DriverMutant | undefined;
  readonly onCommit: (message: CommitMessage) => void;
}

/** Speaks to the backend over a network, and remembers the heads that it saw, as all drivers do. */
export class SimulatedDriver implements PersistenceDriver {
  readonly apiVersion = 1;
  readonly name = 'simulated';
  readonly capabilities: DriverCapabilities = {
    durability: 'host',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  };
  readonly limits: DriverLimits;
  readonly #parts: SimulatedDriverParts;
  readonly #network: Network;
  readonly #cachedIndex = new Map<string, Set<string>>();
  readonly #marks = new HeadMarks();

  constructor(parts: SimulatedDriverParts) {
    this.#parts = parts;
    this.limits = parts.limits;
    this.#network = new Network(parts);
  }

  /** The newest head of an account that this driver was told of. */
  mark(accountId: string): AccountHead | undefined {
    return this.#marks.of(accountId)?.head;
  }

  async open(): Promise<void> {}

  head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    return this.#read(accountId, options, (backend) => backend.head(accountId));
  }

  async load(accountId: string, options: LoadOptions = {}): Promise<StoredAccount | undefined> {
    if (this.#parts.mutant !== 'loads-without-a-snapshot') {
      return this.#read(accountId, options, (backend) => backend.load(accountId));
    }
    const records = await this.#read(accountId, options, (backend) => backend.records(accountId));
    const head = await this.#read(accountId, options, (backend) => backend.head(accountId));
    return head === undefined ? undefined : { head, records, corrupt: new Map() };
  }

  commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = { upserts: new Map(batch.upserts), deletes: new Set(batch.deletes) };
    return this.#change({ accountId, batch: copy, options, dropped: false, ...this.#index(accountId, copy) });
  }

  drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return this.#change({ accountId, batch: { upserts: new Map(), deletes: new Set() }, options, dropped: true });
  }

  async forget(accountId: string, options: ForgetOptions): Promise<void> {
    const { backend } = this.#parts;
    const atBackend = (): void => backend.forget(accountId, options.expected);
    await this.#network.send({ kind: 'write', workMs: 0, atBackend }, options);
    this.#marks.forget(accountId);
  }

  async *accounts(): AsyncGenerator<string, void, undefined> {}

  async close(): Promise<void> {}

  /** Not from a backend that is older than what was seen when the call began, unless the caller knows. */
  async #read<T>(accountId: string, options: LoadOptions, ask: (backend: SimulatedBackend) => T): Promise<T> {
    const { backend } = this.#parts;
    const { rolledBackTo } = options;
    const mark = this.mark(accountId);
    const atBackend = (): { answer: T; head: AccountHead | undefined } => {
      const head = backend.head(accountId);
      if (rolledBackTo === undefined) assertNotRolledBack(accountId, head, mark);
      else assertRolledBackTo(accountId, head, rolledBackTo);
      return { answer: ask(backend), head };
    };
    const { answer, head } = await this.#network.send({ kind: 'read', workMs: 0, atBackend }, options);
    if (rolledBackTo === undefined && head !== undefined) this.#marks.see(accountId, { head, text: '' });
    return answer;
  }

  async #change(message: CommitMessage): Promise<AccountHead> {
    const { backend, mutant, onCommit, recordMs, weather } = this.#parts;
    const { accountId, batch, options } = message;
    const { expected, revisionFloor = 0 } = options;
    requireWithin(batch, options.meta, this.limits);
    const records = batch.upserts.size + batch.deletes.size;
    const mark = this.mark(accountId);
    onCommit(message);
    this.#marks.send(accountId, options.writeId);
    const atBackend = (): AccountHead => {
      const stored = backend.head(accountId);
      const isExpected = stored?.revision === expected?.revision && stored?.writeId === expected?.writeId;
      const isSimilar = mutant === 'compares-the-revision-alone' && stored?.revision === expected?.revision;
      const goesOn = isSimilar || (mark !== undefined && revisionFloor >= mark.revision && isExpected);
      if (!goesOn) assertNotRolledBack(accountId, stored, mark);
      if (weather.refusesBatches && records > 1) throw new AccountKeeperError('TOO_LARGE', REFUSED);
      return backend.commit(message);
    };
    const workMs = recordMs * records;
    const head = await this.#network.send({ kind: 'write', workMs, atBackend }, options);
    this.#marks.acknowledge(accountId, { head, text: '' });
    return head;
  }

  #index(accountId: string, { upserts, deletes }: CommitBatch): { readonly index?: ReadonlySet<string> } {
    const { backend, mutant } = this.#parts;
    if (mutant !== 'index-from-a-cached-copy') return {};
    const cached = this.#cachedIndex.get(accountId) ?? new Set(backend.records(accountId).keys());
    for (const recordKey of deletes) cached.delete(recordKey);
    for (const recordKey of upserts.keys()) cached.add(recordKey);
    this.#cachedIndex.set(accountId, cached);
    return { index: new Set(cached) };
  }
}

/** As all drivers do, before anything is sent. */
function requireWithin({ upserts, deletes }: CommitBatch, meta = '', limits: DriverLimits): void {
  const tooLarge = (records?: readonly string[]): AccountKeeperError =>
    new AccountKeeperError('TOO_LARGE', 'simulated: TOO_LARGE', { records });
  if (upserts.size + deletes.size > limits.batchRecords) throw tooLarge();
  let bytes = Buffer.byteLength(meta);
  for (const [recordKey, text] of upserts) {
    if (Buffer.byteLength(text) > limits.valueBytes) throw tooLarge([recordKey]);
    bytes += Buffer.byteLength(recordKey) + Buffer.byteLength(text);
  }
  for (const recordKey of deletes) bytes += Buffer.byteLength(recordKey);
  if (bytes > limits.batchBytes) throw tooLarge();
}
