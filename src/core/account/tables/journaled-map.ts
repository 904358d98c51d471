import type { TableContext } from './table-context.js';

/** Of every map that nothing was put into: most maps of an account are never used. Nothing is ever put into it. */
const NO_ENTRIES: Map<never, never> = new Map<never, never>();

/** A map whose changes can be taken back, in content and in order, while a transaction runs. */
export class JournaledMap<Key, Value> {
  readonly #context: TableContext;
  #entries: Map<Key, Value> = NO_ENTRIES;
  #version = 0;
  /** The savepoint for which the order of keys was kept last. */
  #orderKeptFor = 0;

  constructor(context: TableContext) {
    this.#context = context;
  }

  /** Grows with each change, and when one is taken back: at the same version, content and order are the same. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  keys(): IterableIterator<Key> {
    return this.#entries.keys();
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#entries.entries();
  }

  /** A new object without a prototype: every key is an own property. */
  toObject(): Record<string, Value> {
    const object: Record<string, Value> = Object.create(null);
    for (const [key, value] of this.#entries) object[String(key)] = value;
    return object;
  }

  set(key: Key, value: Value): void {
    if (this.#context.savepoint !== 0) this.#journalSet(key);
    this.#touched().set(key, value);
  }

  delete(key: Key): boolean {
    if (this.#entries.size === 0) return false;
    if (this.#context.savepoint !== 0) this.#journalDelete(key);
    return this.#touched().delete(key);
  }

  clear(): void {
    const before = this.#entries;
    this.#replace(NO_ENTRIES);
    if (this.#context.savepoint !== 0) this.#context.onRollback(() => this.#replace(before));
  }

  /** Takes these entries over in the place of its own; not while a transaction runs. The map belongs to it then. */
  adopt(entries: Map<Key, Value> | undefined): void {
    this.#replace(entries ?? NO_ENTRIES);
  }

  /** Deletes the entry that was set first. */
  deleteOldest(): void {
    for (const [key, value] of this.#entries) {
      this.#touched().delete(key);
      if (this.#context.savepoint !== 0) {
        this.#context.onRollback(() => this.#replace(new Map([[key, value], ...this.#entries])));
      }
      return;
    }
  }

  /** The entries, to be changed. */
  #touched(): Map<Key, Value> {
    this.#version += 1;
    if (this.#entries === NO_ENTRIES) this.#entries = new Map();
    return this.#entries;
  }

  #replace(entries: Map<Key, Value>): void {
    this.#version += 1;
    this.#entries = entries;
  }

  #journalSet(key: Key): void {
    const before = this.#entries.get(key);
    const undo =
      before === undefined && !this.#entries.has(key)
        ? () => void this.#touched().delete(key)
        : () => void this.#touched().set(key, before as Value);
    this.#context.onRollback(undo);
  }

  #journalDelete(key: Key): void {
    if (!this.#entries.has(key)) return;
    this.#journalOrder();
    const before = this.#entries.get(key) as Value;
    this.#context.onRollback(() => void this.#touched().set(key, before));
  }

  /**
   * Setting back a deleted entry puts it at the end. The first deletion of a savepoint therefore keeps the order of
   * keys, and its undo, which runs after those of all deletions, restores it.
   */
  #journalOrder(): void {
    if (this.#orderKeptFor === this.#context.savepoint) return;
    this.#orderKeptFor = this.#context.savepoint;
    const order = [...this.#entries.keys()];
    this.#context.onRollback(() => {
      const unordered = this.#entries;
      this.#replace(new Map(order.map((key) => [key, unordered.get(key) as Value])));
    });
  }
}
