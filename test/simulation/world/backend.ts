import { AccountKeeperError } from '../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  ForgetOptions,
  StoredAccount,
} from '../../../src/core/persistence-driver.js';
import type { AppliedCommit } from './applied-commit.js';

/** What is broken on purpose in the driver or its backend. */
export type DriverMutant =
  | 'compares-the-revision-alone'
  | 'ignores-the-expected-head'
  | 'index-from-a-cached-copy'
  | 'loads-without-a-snapshot';

/** The record that is damaged when something is. */
export const DAMAGED_RECORD = 'metadata/damaged';

/** What stands there then. */
export const DAMAGED_TEXT = 'what is this?';

/** What the backend says of what it does not take. */
export const REFUSED = 'simulated: refused';

/** What is sent for a commit. */
export interface CommitMessage {
  readonly accountId: string;
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
  readonly dropped: boolean;
  /** With {@link DriverMutant} `index-from-a-cached-copy`: the index that the driver has made. */
  readonly index?: ReadonlySet<string>;
}

interface StoredState {
  readonly head: AccountHead;
  readonly records: ReadonlyMap<string, string>;
  readonly index: ReadonlySet<string>;
  readonly commit: AppliedCommit;
}

/** All that a backend holds at one moment. Nothing in it ever changes. */
export type BackendState = ReadonlyMap<string, StoredState>;

/** What a backend remembers of the commits that were applied: all of them, or the last one of each account. */
type History = 'kept' | 'forgotten';

/** Keeps accounts as the drivers' backends do: a head, records, and an index of their keys. Each call is one instant. */
export class SimulatedBackend {
  readonly applied = new Map<string, AppliedCommit[]>();
  readonly #mutant: DriverMutant | undefined;
  /** Records that it refuses. */
  readonly refused = new Set<string>();
  /** Accounts of which a record is damaged by the next commit, whoever makes it. */
  readonly damageNext = new Set<string>();
  onApplied: (accountId: string, commit: AppliedCommit) => void = () => undefined;
  readonly #history: History;
  #accounts = new Map<string, StoredState>();

  constructor(mutant: DriverMutant | undefined, history: History = 'kept') {
    this.#mutant = mutant;
    this.#history = history;
  }

  /** A copy of all that is stored now. */
  get state(): BackendState {
    return new Map(this.#accounts);
  }

  /** Another state takes the place of what is stored. */
  replace(state: BackendState): void {
    this.#accounts = new Map(state);
  }

  head(accountId: string): AccountHead | undefined {
    return this.#accounts.get(accountId)?.head;
  }

  /** The commit that is stored now. */
  stored(accountId: string): AppliedCommit | undefined {
    return this.#accounts.get(accountId)?.commit;
  }

  records(accountId: string): ReadonlyMap<string, string> {
    const account = this.#accounts.get(accountId);
    return account === undefined ? new Map() : recordsOf(account);
  }

  load(accountId: string): StoredAccount | undefined {
    const head = this.head(accountId);
    return head === undefined ? undefined : { head, records: this.records(accountId), corrupt: new Map() };
  }

  /** Applies a commit, as the documentation of the interface says. */
  commit(message: CommitMessage): AccountHead {
    const { accountId, batch, options, dropped, index } = message;
    const account = this.#accounts.get(accountId);
    const stored = account?.head;
    const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
    if (stored?.writeId === writeId) return stored;
    this.#requireExpected(stored, expected);
    const faulty = [...batch.upserts.keys()].filter((recordKey) => this.refused.has(recordKey));
    if (faulty.length > 0) throw new AccountKeeperError('INVALID_VALUE', REFUSED, { records: faulty });
    const head = { revision: Math.max(stored?.revision ?? 0, revisionFloor) + 1, writerId, writeId, meta, dropped };
    const records = new Map(dropped ? [] : account?.records);
    const keys = new Set(dropped ? [] : account?.index);
    for (const recordKey of batch.deletes) records.delete(recordKey);
    for (const recordKey of batch.deletes) keys.delete(recordKey);
    for (const [recordKey, text] of batch.upserts) records.set(recordKey, text);
    for (const recordKey of batch.upserts.keys()) keys.add(recordKey);
    if (this.damageNext.delete(accountId)) {
      records.set(DAMAGED_RECORD, DAMAGED_TEXT);
      keys.add(DAMAGED_RECORD);
    }
    this.#store(message, head, { records, index: index === undefined ? keys : new Set(index) }, account?.commit);
    return head;
  }

  /** Removes the head of a dropped account. */
  forget(accountId: string, expected: ForgetOptions['expected']): void {
    const stored = this.head(accountId);
    if (stored === undefined) return;
    this.#requireExpected(stored, expected);
    if (!stored.dropped) throw new AccountKeeperError('CONFLICT', 'simulated: it is not dropped', { head: stored });
    this.#accounts.delete(accountId);
  }

  #store(
    { accountId, batch }: CommitMessage,
    head: AccountHead,
    next: Pick<StoredState, 'records' | 'index'>,
    last: AppliedCommit | undefined,
  ): void {
    const before = this.#history === 'kept' ? last : undefined;
    const applied = (this.#history === 'kept' ? this.applied.get(accountId) : undefined) ?? [];
    this.applied.set(accountId, applied);
    // What lands a second time, on a backend that had lost it, is the same commit.
    const same = applied.find((each) => each.head.writeId === head.writeId && each.before === before);
    const parents = before === undefined ? [] : [before];
    const commit = same ?? { head, batch, after: recordsOf(next), before, parents, keepsLocal: false };
    this.#accounts.set(accountId, { head, ...next, commit });
    applied.push(commit);
    if (same === undefined) this.onApplied(accountId, commit);
  }

  #requireExpected(stored: AccountHead | undefined, expected: CommitOptions['expected']): void {
    const isSameWrite = this.#mutant === 'compares-the-revision-alone' || stored?.writeId === expected?.writeId;
    if (stored?.revision === expected?.revision && isSameWrite) return;
    if (this.#mutant === 'ignores-the-expected-head') return;
    const isOlder = expected !== undefined && (stored === undefined || stored.revision < expected.revision);
    throw new AccountKeeperError(isOlder ? 'ROLLED_BACK' : 'CONFLICT', 'simulated: another head is stored', {
      head: stored,
    });
  }
}

function recordsOf({ records, index }: Pick<StoredState, 'records' | 'index'>): ReadonlyMap<string, string> {
  return new Map([...records].filter(([recordKey]) => index.has(recordKey)));
}
