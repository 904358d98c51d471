import { AccountKeeperError } from '../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions, StoredAccount } from '../../src/core/persistence-driver.js';

/** What is broken on purpose in the driver or its backend. */
export type DriverMutant = 'compares-the-revision-alone' | 'index-from-a-cached-copy' | 'loads-without-a-snapshot';

/** A commit that was applied. */
export interface AppliedCommit {
  readonly head: AccountHead;
  readonly batch: CommitBatch;
  /** The records afterwards. */
  readonly after: ReadonlyMap<string, string>;
}

/** The record that is damaged when something is. */
export const DAMAGED_RECORD = 'metadata/damaged';

/** What stands there then. */
export const DAMAGED_TEXT = 'what is this?';

/** What is sent for a commit. */
export interface CommitMessage {
  readonly accountId: string;
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
  readonly dropped: boolean;
  /** With {@link DriverMutant} `index-from-a-cached-copy`: the index that the driver has made. */
  readonly index?: ReadonlySet<string>;
}

interface Account {
  head: AccountHead;
  records: Map<string, string>;
  index: Set<string>;
}

/** Keeps accounts as the drivers' backends do: a head, records, and an index of their keys. Each call is one instant. */
export class SimulatedBackend {
  readonly applied = new Map<string, AppliedCommit[]>();
  readonly #mutant: DriverMutant | undefined;
  /** Records that it refuses. */
  readonly refused = new Set<string>();
  onApplied: (accountId: string, commit: AppliedCommit) => void = () => undefined;
  #accounts = new Map<string, Account>();

  constructor(mutant: DriverMutant | undefined) {
    this.#mutant = mutant;
  }

  head(accountId: string): AccountHead | undefined {
    return this.#accounts.get(accountId)?.head;
  }

  records(accountId: string): ReadonlyMap<string, string> {
    const account = this.#accounts.get(accountId);
    if (account === undefined) return new Map();
    return new Map([...account.records].filter(([recordKey]) => account.index.has(recordKey)));
  }

  load(accountId: string): StoredAccount | undefined {
    const head = this.head(accountId);
    return head === undefined ? undefined : { head, records: this.records(accountId), corrupt: new Map() };
  }

  /** Puts a text where no codec has written it. */
  damage(accountId: string): void {
    const account = this.#accounts.get(accountId);
    account?.records.set(DAMAGED_RECORD, DAMAGED_TEXT);
    account?.index.add(DAMAGED_RECORD);
  }

  snapshot(): Map<string, Account> {
    return new Map(
      [...this.#accounts].map(([id, { head, records, index }]) => [
        id,
        { head, records: new Map(records), index: new Set(index) },
      ]),
    );
  }

  rollBack(to: ReturnType<SimulatedBackend['snapshot']>): void {
    this.#accounts = to;
  }

  /** Applies a commit, as the documentation of the interface says. */
  commit({ accountId, batch, options, dropped, index }: CommitMessage): AccountHead {
    const account = this.#accounts.get(accountId);
    const stored = account?.head;
    const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
    if (stored?.writeId === writeId) return stored;
    this.#requireExpected(stored, expected);
    const faulty = [...batch.upserts.keys()].filter((recordKey) => this.refused.has(recordKey));
    if (faulty.length > 0) throw new AccountKeeperError('INVALID_VALUE', 'simulated: refused', { records: faulty });
    const head = { revision: Math.max(stored?.revision ?? 0, revisionFloor) + 1, writerId, writeId, meta, dropped };
    const records = new Map(dropped ? [] : account?.records);
    const keys = new Set(dropped ? [] : account?.index);
    for (const recordKey of batch.deletes) records.delete(recordKey);
    for (const recordKey of batch.deletes) keys.delete(recordKey);
    for (const [recordKey, text] of batch.upserts) records.set(recordKey, text);
    for (const recordKey of batch.upserts.keys()) keys.add(recordKey);
    this.#accounts.set(accountId, { head, records, index: index === undefined ? keys : new Set(index) });
    const applied = this.applied.get(accountId) ?? [];
    this.applied.set(accountId, applied);
    const commit = { head, batch, after: this.records(accountId) };
    applied.push(commit);
    this.onApplied(accountId, commit);
    return head;
  }

  #requireExpected(stored: AccountHead | undefined, expected: CommitOptions['expected']): void {
    const isSameWrite = this.#mutant === 'compares-the-revision-alone' || stored?.writeId === expected?.writeId;
    if (stored?.revision === expected?.revision && isSameWrite) return;
    const isOlder = expected !== undefined && (stored === undefined || stored.revision < expected.revision);
    throw new AccountKeeperError(isOlder ? 'ROLLED_BACK' : 'CONFLICT', 'simulated: another head is stored', {
      head: stored,
    });
  }
}
