import { AccountKeeperError } from '../errors.js';
import type { RecordTable } from './change-sink.js';
import { copyWith } from './copy-with.js';
import { deepFreeze } from './deep-freeze.js';
import { JournaledMap } from './journaled-map.js';
import type { TableContext } from './table-context.js';
import { invalidValue, refusePromise, requireName, requireObject, requireSynchronous } from './value-checks.js';

const PREFIX = 'metadata/';
const ACCOUNT_KEY = 'account/metadata';

/**
 * What no exchange can give back: the metadata of symbols, and that of the account. Values are deep-frozen.
 *
 * @typeParam T the shape of a symbol's metadata.
 * @typeParam A the shape of the account's own metadata.
 */
export class MetadataTable<T extends object, A extends object> implements RecordTable {
  readonly name = 'metadata';
  readonly #context: TableContext;
  readonly #bySymbol: JournaledMap<string, Readonly<T>>;
  readonly #account: JournaledMap<typeof ACCOUNT_KEY, Readonly<A>>;

  constructor(context: TableContext) {
    this.#context = context;
    this.#bySymbol = new JournaledMap(context);
    this.#account = new JournaledMap(context);
  }

  get(symbol: string): Readonly<T> | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** A new object without a prototype: every symbol is an own property. */
  getAll(): Record<string, Readonly<T>> {
    const all: Record<string, Readonly<T>> = Object.create(null);
    for (const [symbol, data] of this.#bySymbol.entries()) all[symbol] = data;
    return all;
  }

  symbols(): string[] {
    return [...this.#bySymbol.keys()];
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE` */
  set(symbol: string, data: Readonly<T>): Readonly<T> {
    requireName('symbol', symbol);
    requireObject('metadata', data);
    this.#context.assertWritable('metadata');
    deepFreeze(data);
    return this.#put(symbol, data);
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE`, the latter also when the symbol has no metadata yet. */
  setValue<Key extends keyof T>(symbol: string, key: Key, value: T[Key]): Readonly<T> {
    requireName('symbol', symbol);
    const previous = this.#bySymbol.get(symbol);
    if (previous === undefined) throw nothingSet(`symbol ${JSON.stringify(symbol)}`, 'setSymbolMetadata');
    this.#context.assertWritable('metadata');
    return this.#put(symbol, copyWith(previous, key, value));
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE`, and what `update` throws. */
  update(symbol: string, update: (previous: Readonly<T> | undefined) => Readonly<T>): Readonly<T> {
    requireName('symbol', symbol);
    requireSynchronous('update', update);
    this.#context.assertWritable('metadata');
    const next = update(this.#bySymbol.get(symbol));
    refusePromise('update', next);
    return this.set(symbol, next);
  }

  /** Replaces the metadata of all symbols. Entries whose value is `undefined` count as absent. */
  setAll(record: Readonly<Record<string, Readonly<T> | undefined>>): void {
    requireObject('metadata', record);
    const next = new Map<string, Readonly<T>>();
    for (const symbol of Object.keys(record)) {
      const data = record[symbol];
      if (data === undefined) continue;
      requireName('symbol', symbol);
      requireObject(`metadata of ${JSON.stringify(symbol)}`, data);
      next.set(symbol, data);
    }
    this.#context.assertWritable('metadata');
    for (const data of next.values()) deepFreeze(data);
    const before = this.symbols();
    this.#bySymbol.clear();
    for (const [symbol, data] of next) this.#put(symbol, data);
    for (const symbol of before) if (!next.has(symbol)) this.#context.changed('metadata', PREFIX + symbol);
  }

  /** Tells the sink also when there was nothing: a stored record that could not be restored may be behind it. */
  delete(symbol: string): void {
    requireName('symbol', symbol);
    this.#context.assertWritable('metadata');
    this.#bySymbol.delete(symbol);
    this.#context.changed('metadata', PREFIX + symbol);
  }

  getAccount(): Readonly<A> | undefined {
    return this.#account.get(ACCOUNT_KEY);
  }

  /** @throws `INVALID_VALUE` */
  setAccount(data: Readonly<A>): Readonly<A> {
    requireObject('account metadata', data);
    this.#context.assertWritable('metadata');
    deepFreeze(data);
    return this.#putAccount(data);
  }

  /** @throws `INVALID_VALUE`, also when the account has no metadata yet. */
  setAccountValue<Key extends keyof A>(key: Key, value: A[Key]): Readonly<A> {
    const previous = this.#account.get(ACCOUNT_KEY);
    if (previous === undefined) throw nothingSet('the account', 'setAccountMetadata');
    this.#context.assertWritable('metadata');
    return this.#putAccount(copyWith(previous, key, value));
  }

  /** @throws `INVALID_VALUE`, and what `update` throws. */
  updateAccount(update: (previous: Readonly<A> | undefined) => Readonly<A>): Readonly<A> {
    requireSynchronous('update', update);
    this.#context.assertWritable('metadata');
    const next = update(this.#account.get(ACCOUNT_KEY));
    refusePromise('update', next);
    return this.setAccount(next);
  }

  owns(recordKey: string): boolean {
    return recordKey === ACCOUNT_KEY || (recordKey.startsWith(PREFIX) && recordKey !== PREFIX);
  }

  *recordKeys(): Iterable<string> {
    for (const symbol of this.#bySymbol.keys()) yield PREFIX + symbol;
    yield* this.#account.keys();
  }

  recordValue(recordKey: string): unknown {
    if (recordKey === ACCOUNT_KEY) return this.#account.get(ACCOUNT_KEY);
    return this.owns(recordKey) ? this.#bySymbol.get(recordKey.slice(PREFIX.length)) : undefined;
  }

  restoreRecord(recordKey: string, value: unknown): void {
    if (!this.owns(recordKey)) throw invalidValue('record key', recordKey, `${PREFIX}<symbol> or ${ACCOUNT_KEY}`);
    requireObject('metadata', value);
    deepFreeze(value as object);
    if (recordKey === ACCOUNT_KEY) this.#account.set(ACCOUNT_KEY, value as A);
    else this.#bySymbol.set(recordKey.slice(PREFIX.length), value as T);
  }

  forgetRecord(recordKey: string): void {
    if (recordKey === ACCOUNT_KEY) this.#account.delete(ACCOUNT_KEY);
    else if (this.owns(recordKey)) this.#bySymbol.delete(recordKey.slice(PREFIX.length));
  }

  #put(symbol: string, data: Readonly<T>): Readonly<T> {
    this.#bySymbol.set(symbol, data);
    this.#context.changed('metadata', PREFIX + symbol);
    return data;
  }

  #putAccount(data: Readonly<A>): Readonly<A> {
    this.#account.set(ACCOUNT_KEY, data);
    this.#context.changed('metadata', ACCOUNT_KEY);
    return data;
  }
}

function nothingSet(owner: string, method: string): AccountKeeperError {
  return new AccountKeeperError('INVALID_VALUE', `${owner} has no metadata yet: call ${method} first`);
}
