import type { AccountKeeperError } from '../errors.js';
import type { CommitBatch } from '../persistence-driver.js';
import { type BatchSize, changeBytes, fits } from '../shared/batch-size.js';
import { atOnce, inTurns, Slice, type Steps } from '../shared/slices.js';

/** When a record became pending. */
export interface PendingEntry {
  /** The number of the oldest change that is not acknowledged. Grows with every change of the store. */
  readonly sequence: number;
  /** Monotonic time of that change, in milliseconds. */
  readonly sinceMs: number;
}

/** A record as one commit is to write it. */
export type EncodedChange =
  | {
      /** `undefined`: it is deleted. */
      readonly text: string | undefined;
      /** Of key and text. */
      readonly bytes: number;
      /** Whether the text is a JSON object, as {@link CommitBatch.documents} says it. */
      readonly isDocument: boolean;
    }
  /** It cannot be written at all. */
  | { readonly error: AccountKeeperError };

/** Where the values come from. */
export interface RecordSource {
  /** The value that a record has now; `undefined`: there is none. Values never change, they are replaced. */
  valueOf(recordKey: string): unknown;
  encode(recordKey: string, value: unknown): EncodedChange;
}

/** A record of a group. */
interface PendingRecord extends PendingEntry {
  /** That which it had when the group ended; `undefined` until then. */
  value: unknown;
  /** `undefined` until it is encoded. */
  change: EncodedChange | undefined;
}

/** Records whose changes belong together. */
interface Group {
  records: Map<string, PendingRecord>;
  /** Of the records that were encoded. */
  size: { records: number; bytes: number };
}

/** Records that changed before the same microtask, not measured yet. */
interface LooseGroup {
  readonly records: Map<string, PendingRecord>;
  /** Whether they belong together. Otherwise each of them is a group of its own. */
  readonly isWhole: boolean;
}

/** Loose groups that are being measured, which can take many slices. */
interface Gathering {
  readonly groups: readonly LooseGroup[];
  readonly steps: Steps<void>;
}

/** A batch, and the records that could not be put into it. */
export interface BuiltBatch {
  readonly batch: CommitBatch;
  readonly entries: ReadonlyMap<string, PendingEntry>;
  readonly failures: ReadonlyMap<string, { readonly entry: PendingEntry; readonly error: AccountKeeperError }>;
  /** Its records belong together, and are more than one batch can hold. */
  readonly isTooLarge: boolean;
}

/** After so many groups it is looked at whether all that is pending still fits into one batch. */
const MAX_LOOSE_GROUPS = 64;

/** The entry with the oldest change. */
export function oldestOf(entries: Iterable<PendingEntry>, before?: PendingEntry): PendingEntry | undefined {
  let oldest = before;
  for (const entry of entries) if (oldest === undefined || entry.sequence < oldest.sequence) oldest = entry;
  return oldest;
}

/**
 * The records that changed and are in no attempt, in groups: what changes before the next microtask belongs together,
 * and is committed together. As long as all of it fits into one batch, the newest value of each record counts. Before
 * it outgrows a batch, older groups are sealed with the values that they had, so that a batch can end between two
 * groups although a record of the first has changed again in the second.
 */
export class PendingSet {
  readonly #source: RecordSource;
  readonly #limits: BatchSize;
  /** Groups that are full, oldest first, and the one that takes up what follows. */
  #sealed: Group[] = [];
  #base: Group = emptyGroup();
  /** Groups that were not measured, oldest first, after those that are being measured. */
  #loose: LooseGroup[] = [];
  #gathering: Gathering | undefined;
  /** The changes since the last microtask: single ones, and those that belong together. */
  #apart: Map<string, PendingRecord> | undefined;
  #open: Map<string, PendingRecord> | undefined;
  #closes = false;
  #lastSequence = 0;

  /** @param limits of one batch. */
  constructor(source: RecordSource, limits: BatchSize) {
    this.#source = source;
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    const changing = (this.#open?.size ?? 0) + (this.#apart?.size ?? 0);
    const isMeasuring = this.#gathering !== undefined;
    return !isMeasuring && changing + this.#loose.length + this.#base.records.size + this.#sealed.length === 0;
  }

  /** The number of the newest change. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The oldest change that is pending. */
  get oldest(): PendingEntry | undefined {
    if (this.isEmpty) return undefined;
    let oldest: PendingEntry | undefined;
    for (const layer of this.#layers()) oldest = oldestOf(layer.values(), oldest);
    return oldest;
  }

  has(recordKey: string): boolean {
    for (const layer of this.#layers()) if (layer.has(recordKey)) return true;
    return false;
  }

  keys(): Set<string> {
    const keys = new Set<string>();
    for (const layer of this.#layers()) for (const recordKey of layer.keys()) keys.add(recordKey);
    return keys;
  }

  /** @param before an older change of the record that was not written. */
  mark(recordKey: string, nowMs: number, before?: PendingEntry): void {
    this.#lastSequence += 1;
    const present = this.#open?.get(recordKey) ?? this.#apart?.get(recordKey);
    this.#apart?.delete(recordKey);
    this.#open ??= new Map();
    this.#open.set(recordKey, before === undefined ? (present ?? this.#changed(nowMs)) : pendingRecord(before));
    this.#closeSoon();
  }

  /** Marks a record that belongs together with no other one, before those that are changing now. */
  markApart(recordKey: string, nowMs: number, before?: PendingEntry): void {
    this.#lastSequence += 1;
    if (this.#open?.has(recordKey) || this.#apart?.has(recordKey)) return;
    this.#apart ??= new Map();
    this.#apart.set(recordKey, before === undefined ? this.#changed(nowMs) : pendingRecord(before));
    this.#closeSoon();
  }

  /**
   * Removes and returns the next batch; its records have their newest values, as far as they fit. Until its last step
   * nothing is removed. What changes meanwhile is for a later batch.
   */
  *take(): Steps<BuiltBatch> {
    this.#close();
    yield* this.#gathered();
    if (this.#sealed.length === 0) this.#seal();
    const [group = emptyGroup()] = this.#sealed;
    const built = yield* asBatch(group, this.#limits);
    this.#sealed = this.#sealed.filter((each) => each !== group);
    return built;
  }

  /** Makes entries pending again that were taken before, with the values that they had; newer ones come after them. */
  putBack({ batch: { upserts, documents }, entries }: Pick<BuiltBatch, 'batch' | 'entries'>): void {
    if (entries.size === 0) return;
    this.#finishGathering();
    const records = new Map<string, PendingRecord>();
    const group: Group = { records, size: { records: 0, bytes: 0 } };
    for (const [recordKey, { sequence, sinceMs }] of entries) {
      const text = upserts.get(recordKey);
      const change = { text, bytes: changeBytes(recordKey, text), isDocument: documents?.has(recordKey) === true };
      put(group, recordKey, { sequence, sinceMs, value: undefined, change });
    }
    if (this.#sealed.length > 0 || !atOnce(this.#mergeInto(group, this.#base.records))) this.#sealed.unshift(group);
    else this.#base = group;
  }

  /** A change of the record is older than the one that is pending. */
  age(recordKey: string, { sequence, sinceMs }: PendingEntry): void {
    this.#finishGathering();
    for (const layer of this.#layers()) {
      const entry = layer.get(recordKey);
      if (entry === undefined) continue;
      if (entry.sequence > sequence) layer.set(recordKey, { ...entry, sequence, sinceMs });
      return;
    }
  }

  /** All that is pending, a batch for each group, oldest first, and the keys of what cannot be encoded. */
  groups(): { readonly batches: readonly CommitBatch[]; readonly failed: ReadonlySet<string> } {
    this.#close();
    atOnce(this.#gathered());
    const built = [...this.#sealed, this.#base]
      .filter(({ records }) => records.size > 0)
      .map((group) => atOnce(asBatch(group, this.#limits)));
    return {
      batches: built.map(({ batch }) => batch),
      failed: new Set(built.flatMap(({ failures }) => [...failures.keys()])),
    };
  }

  /** A record with the newest change. */
  #changed(sinceMs: number): PendingRecord {
    return pendingRecord({ sequence: this.#lastSequence, sinceMs });
  }

  *#layers(): Iterable<Map<string, PendingRecord>> {
    for (const { records } of this.#sealed) if (records.size > 0) yield records;
    if (this.#base.records.size > 0) yield this.#base.records;
    for (const { records } of this.#gathering?.groups ?? []) yield records;
    for (const { records } of this.#loose) yield records;
    if (this.#apart !== undefined) yield this.#apart;
    if (this.#open !== undefined) yield this.#open;
  }

  /** Once the present synchronous code has ended: a transaction that is running may still be taken back. */
  #closeSoon(): void {
    if (this.#closes) return;
    this.#closes = true;
    queueMicrotask(() => {
      this.#closes = false;
      this.#close();
    });
  }

  /** Gives the open groups the values of now. */
  #close(): void {
    const [apart, open] = [this.#apart, this.#open];
    this.#apart = undefined;
    this.#open = undefined;
    if (apart !== undefined && apart.size > 0) this.#add({ records: apart, isWhole: false });
    if (open !== undefined && open.size > 0) this.#add({ records: open, isWhole: true });
  }

  #add(group: LooseGroup): void {
    for (const [recordKey, record] of group.records) record.value = this.#source.valueOf(recordKey);
    this.#loose.push(group);
    if (this.#loose.length > MAX_LOOSE_GROUPS && this.#gathering === undefined) void inTurns(this.#gathered());
  }

  /** Measures all that is loose now; first what somebody else has begun to measure. */
  *#gathered(): Steps<void> {
    yield* this.#gatheringDone();
    if (this.#loose.length === 0) return;
    const groups = this.#loose;
    this.#loose = [];
    this.#gathering = { groups, steps: this.#gather(groups) };
    yield* this.#gatheringDone();
  }

  *#gatheringDone(): Steps<void> {
    const gathering = this.#gathering;
    while (gathering !== undefined && this.#gathering === gathering) {
      if (gathering.steps.next().done === true) this.#gathering = undefined;
      else yield;
    }
  }

  /** Before the groups are changed by anything else. */
  #finishGathering(): void {
    atOnce(this.#gatheringDone());
  }

  /** Takes loose groups up: all at once if they fit, otherwise one after the other, with a seal where it is full. */
  *#gather(loose: readonly LooseGroup[]): Steps<void> {
    const newest = yield* newestOf(loose);
    const isWritable = loose.length === 1 || !(yield* this.#hasFailures(newest));
    if (isWritable && (yield* this.#mergeInto(this.#base, newest))) return;
    const slice = new Slice();
    for (const { records, isWhole } of loose) {
      for (const part of isWhole ? [records] : singly(records)) {
        if (slice.isOver(0)) yield;
        yield* this.#append(part);
      }
    }
  }

  /** Takes one group up, behind a seal where it is full. */
  *#append(records: Map<string, PendingRecord>): Steps<void> {
    if (yield* this.#mergeInto(this.#base, records)) return;
    if (this.#base.records.size > 0) this.#seal();
    const slice = new Slice();
    for (const [recordKey, record] of records) {
      if (slice.isOver(this.#encoded(recordKey, record))) yield;
      put(this.#base, recordKey, record);
    }
  }

  #seal(): void {
    this.#sealed.push(this.#base);
    this.#base = emptyGroup();
  }

  *#hasFailures(records: ReadonlyMap<string, PendingRecord>): Steps<boolean> {
    const slice = new Slice();
    for (const [recordKey, record] of records) {
      if (slice.isOver(this.#encoded(recordKey, record))) yield;
      if (isFailure(record)) return true;
    }
    return false;
  }

  /**
   * Merges newer records into a group, unless it would not fit into a batch any more, or a record of it that can be
   * written would be replaced by one that cannot. An empty group takes the map itself.
   */
  *#mergeInto(group: Group, newer: Map<string, PendingRecord>): Steps<boolean> {
    const slice = new Slice();
    let { records, bytes } = group.size;
    for (const [recordKey, record] of newer) {
      if (slice.isOver(this.#encoded(recordKey, record))) yield;
      const before = group.records.get(recordKey);
      const replaced = before === undefined ? NO_SIZE : sizeOfRecord(before);
      if (isFailure(record) && replaced.records > 0) return false;
      const added = sizeOfRecord(record);
      records += added.records - replaced.records;
      bytes += added.bytes - replaced.bytes;
    }
    if (!fits({ records, bytes }, this.#limits)) return false;
    if (group.records.size === 0) {
      group.records = newer;
      group.size = { records, bytes };
      return true;
    }
    for (const [recordKey, record] of newer) {
      if (slice.isOver(0)) yield;
      put(group, recordKey, record);
    }
    return true;
  }

  /** Encodes the record, unless it is. @returns the characters that this took */
  #encoded(recordKey: string, record: PendingRecord): number {
    if (record.change !== undefined) return 0;
    record.change = this.#source.encode(recordKey, record.value);
    return 'error' in record.change ? 0 : record.change.bytes;
  }
}

const NO_SIZE: BatchSize = { records: 0, bytes: 0 };

/** Of every group that has none. Nothing is ever put into it. */
const NO_RECORDS: Map<never, never> = new Map<never, never>();

/** A map for each entry. */
function* singly<Key, Value>(entries: ReadonlyMap<Key, Value>): Iterable<Map<Key, Value>> {
  for (const entry of entries) yield new Map([entry]);
}

/** With all properties from the beginning: to add one to an object takes long. */
function pendingRecord({ sequence, sinceMs }: PendingEntry): PendingRecord {
  return { sequence, sinceMs, value: undefined, change: undefined };
}

function emptyGroup(): Group {
  return { records: NO_RECORDS, size: { records: 0, bytes: 0 } };
}

function isFailure({ change }: PendingRecord): boolean {
  return change !== undefined && 'error' in change;
}

function sizeOfRecord({ change }: PendingRecord): BatchSize {
  return change === undefined || 'error' in change ? NO_SIZE : { records: 1, bytes: change.bytes };
}

/** A record keeps its oldest change, and gets its newest value. */
function put(group: Group, recordKey: string, record: PendingRecord): void {
  const before = group.records.get(recordKey);
  const { size } = group;
  const added = sizeOfRecord(record);
  const removed = before === undefined ? NO_SIZE : sizeOfRecord(before);
  size.records += added.records - removed.records;
  size.bytes += added.bytes - removed.bytes;
  const isOlder = before !== undefined && before.sequence < record.sequence;
  if (group.records === NO_RECORDS) group.records = new Map();
  group.records.set(recordKey, isOlder ? { ...record, sequence: before.sequence, sinceMs: before.sinceMs } : record);
}

function* newestOf(groups: readonly LooseGroup[]): Steps<Map<string, PendingRecord>> {
  const [only] = groups;
  if (only !== undefined && groups.length === 1) return only.records;
  const newest = emptyGroup();
  const slice = new Slice();
  for (const { records } of groups) {
    for (const [recordKey, record] of records) {
      if (slice.isOver(0)) yield;
      put(newest, recordKey, record);
    }
  }
  return newest.records;
}

function* asBatch({ records, size }: Group, limits: BatchSize): Steps<BuiltBatch> {
  const upserts = new Map<string, string>();
  const deletes = new Set<string>();
  const documents = new Set<string>();
  const failures = new Map<string, { readonly entry: PendingEntry; readonly error: AccountKeeperError }>();
  const slice = new Slice();
  for (const [recordKey, record] of records) {
    if (slice.isOver(0)) yield;
    const { change } = record;
    if (change === undefined) continue;
    if ('error' in change) {
      failures.set(recordKey, { entry: record, error: change.error });
      continue;
    }
    if (change.text === undefined) deletes.add(recordKey);
    else upserts.set(recordKey, change.text);
    if (change.isDocument) documents.add(recordKey);
  }
  const entries =
    failures.size === 0 ? records : new Map([...records].filter(([recordKey]) => !failures.has(recordKey)));
  return { batch: { upserts, deletes, documents }, entries, failures, isTooLarge: !fits(size, limits) };
}
