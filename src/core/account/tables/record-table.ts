import { sharedName } from '../../shared/shared-names.js';
import { JournaledMap } from './journaled-map.js';
import type { TableContext, TableName } from './table-context.js';
import { invalidValue } from './value-checks.js';

/**
 * A map whose entries are records. The record key is the entry's key behind a prefix that ends with `/`; a prefix
 * without `/` is itself the one record key, of the entry `''`.
 */
export class RecordMap<Value> extends JournaledMap<string, Value> {
  readonly prefix: string;

  constructor(context: TableContext, prefix: string) {
    super(context);
    this.prefix = prefix;
  }
}

/** Where a record is, or would be. */
interface Place {
  readonly map: RecordMap<unknown>;
  readonly key: string;
}

/** Records that were read from the backend, to take the place of all that a table holds. */
export interface StagedRecords {
  /** Returns the value as the table will hold it. @throws `INVALID_VALUE` when it does not have the table's shape */
  add(recordKey: string, value: unknown): unknown;
  /** Puts them in the place of what is there, without telling the context. They are not staged any more then. */
  show(): void;
}

/** A table as the persistence sees it: a set of records with opaque values, the entries of its maps. */
export abstract class RecordTable {
  abstract readonly name: TableName;
  protected readonly context: TableContext;
  /** In an array literal: one that grows keeps room for many more. */
  protected abstract readonly maps: readonly RecordMap<unknown>[];

  constructor(context: TableContext) {
    this.context = context;
  }

  /** Whether the record key is one of this table's. */
  owns(recordKey: string): boolean {
    return this.#find(recordKey) !== undefined;
  }

  /** The keys of all records that the table holds now. */
  *recordKeys(): Iterable<string> {
    for (const map of this.maps) for (const key of map.keys()) yield map.prefix + key;
  }

  /** @throws `NOT_RESTORED`, `FENCED` or `CLOSED` when the records must not change now */
  assertWritable(): void {
    this.context.assertWritable(this.name);
  }

  /** The value to persist, or `undefined` when there is no such record now. */
  recordValue(recordKey: string): unknown {
    const place = this.#find(recordKey);
    const value = place?.map.get(place.key);
    return value === undefined ? undefined : this.persisted(value);
  }

  /** New contents of the table, beside the present ones. */
  stage(): StagedRecords {
    const staged = new Map<RecordMap<unknown>, Map<string, unknown>>();
    return {
      add: (recordKey, value) => {
        const { map, key } = this.#require(recordKey);
        const checked = this.checked(key, value, map);
        const held = this.heldKey(key);
        const entries = staged.get(map);
        if (entries === undefined) staged.set(map, new Map([[held, checked]]));
        else entries.set(held, checked);
        return checked;
      },
      show: () => {
        for (const map of this.maps) map.adopt(staged.get(map));
      },
    };
  }

  /** What to persist of a value that is held; `undefined` for nothing. */
  protected persisted(value: unknown): unknown {
    return value;
  }

  /** The key under which a restored entry is held. Symbols and assets are the same in many accounts. */
  protected heldKey(key: string): string {
    return sharedName(key);
  }

  /** @throws `INVALID_VALUE` */
  protected abstract checked(key: string, value: unknown, map: RecordMap<unknown>): unknown;

  #find(recordKey: string): Place | undefined {
    for (const map of this.maps) {
      const { prefix } = map;
      const isLonger = recordKey.length > prefix.length;
      if (recordKey.startsWith(prefix) && isLonger === prefix.endsWith('/'))
        return { map, key: recordKey.slice(prefix.length) };
    }
    return undefined;
  }

  #require(recordKey: string): Place {
    const place = this.#find(recordKey);
    if (place !== undefined) return place;
    const prefixes = this.maps.map(({ prefix }) => prefix);
    throw invalidValue('record key', recordKey, `one of the table ${this.name} (${prefixes.join(', ')})`);
  }
}
