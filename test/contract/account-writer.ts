import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverLimits,
  PersistenceDriver,
  StoredAccount,
} from '../../src/core/persistence-driver.js';

/** Makes names that nothing else of the run has. */
export interface NameSource {
  unique(kind: string): string;
}

/** Records to write, by key. */
export type Records = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** The options of a writer's commit besides its records. */
export type MoreOptions = Partial<CommitOptions>;

/** Records as a map. */
export function mapOf(records: Records): Map<string, string> {
  return new Map(records instanceof Map ? records : Object.entries(records as Readonly<Record<string, string>>));
}

/** A batch of upserts and deletes. */
export function batchOf(upserts: Records = {}, deletes: Iterable<string> = []): CommitBatch {
  return { upserts: mapOf(upserts), deletes: new Set(deletes) };
}

/** A batch of values that are flagged as JSON objects. */
export function documentsOf(documents: Records): CommitBatch {
  const upserts = mapOf(documents);
  return { upserts, deletes: new Set(), documents: new Set(upserts.keys()) };
}

/** How many records, and how long values of one byte a character, one commit takes: at most as many and as long as wanted. */
export function fittingBatch(
  { batchBytes, batchRecords, valueBytes }: DriverLimits,
  wanted: { readonly records: number; readonly valueLength: number },
): { readonly records: number; readonly valueLength: number } {
  const records = Math.min(wanted.records, batchRecords - 1);
  // Of the bytes, 64 for each key.
  const valueLength = Math.min(wanted.valueLength, valueBytes, Math.floor(batchBytes / records) - 64);
  return { records, valueLength: Math.max(valueLength, 1) };
}

/** The condition that a head is the stored one. */
export function expectedOf(head: AccountHead | undefined): CommitOptions['expected'] {
  return head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
}

/** Writes one account, each commit on top of the head that the last one returned. */
export class AccountWriter {
  readonly driver: PersistenceDriver;
  readonly id: string;
  readonly writerId: string;
  readonly #names: NameSource;
  #head: AccountHead | undefined;

  constructor(names: NameSource, driver: PersistenceDriver, id: string, head?: AccountHead) {
    this.driver = driver;
    this.id = id;
    this.writerId = names.unique('writer');
    this.#names = names;
    this.#head = head;
  }

  /** The head that the next commit is to replace. */
  get head(): AccountHead | undefined {
    return this.#head;
  }

  /** Options of a commit on top of the head, under a new writeId. */
  options(more: MoreOptions = {}): CommitOptions {
    return {
      expected: expectedOf(this.#head),
      writerId: this.writerId,
      writeId: this.#names.unique('write'),
      ...more,
    };
  }

  async commit(upserts: Records = {}, deletes: Iterable<string> = [], more: MoreOptions = {}): Promise<AccountHead> {
    return this.commitBatch(batchOf(upserts, deletes), more);
  }

  async commitBatch(batch: CommitBatch, more: MoreOptions = {}): Promise<AccountHead> {
    const head = await this.driver.commit(this.id, batch, this.options(more));
    this.#head = head;
    return head;
  }

  /** Commits records, or deletes them, in as many commits as the driver's `batchRecords` asks for. */
  async commitInParts(upserts: Records, deletes: readonly string[] = []): Promise<void> {
    const { batchRecords } = this.driver.limits;
    const records = [...mapOf(upserts)];
    for (let from = 0; from < records.length; from += batchRecords) {
      await this.commit(new Map(records.slice(from, from + batchRecords)));
    }
    for (let from = 0; from < deletes.length; from += batchRecords) {
      await this.commit({}, deletes.slice(from, from + batchRecords));
    }
  }

  async drop(more: MoreOptions = {}): Promise<AccountHead> {
    const head = await this.driver.drop(this.id, this.options(more));
    this.#head = head;
    return head;
  }

  /** Takes a head that somebody else's call returned as the one to write on top of. */
  goOnFrom(head: AccountHead | undefined): void {
    this.#head = head;
  }

  /** Takes the stored head as the one to write on top of. */
  async refresh(): Promise<AccountHead | undefined> {
    this.#head = await this.driver.head(this.id);
    return this.#head;
  }

  load(): Promise<StoredAccount | undefined> {
    return this.driver.load(this.id);
  }
}
