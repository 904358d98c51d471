import { AccountKeeperError } from '../../errors.js';
import { copyWith } from './copy-with.js';
import { deepFreeze } from './deep-freeze.js';
import { RecordMap, RecordTable } from './record-table.js';
import { refusePromise, requireName, requireObject, requireSynchronous } from './value-checks.js';

/**
 * The metadata of symbols, and that of the account, which no exchange can give back. Values are deep-frozen.
 *
 * @typeParam T the shape of a symbol's metadata.
 * @typeParam A the shape of the account's own metadata.
 */
export class MetadataTable<T extends object, A extends object> extends RecordTable {
  readonly name = 'metadata';
  readonly #bySymbol = new RecordMap<Readonly<T>>(this.context, 'metadata/');
  readonly #account = new RecordMap<Readonly<A>>(this.context, 'account/metadata');
  protected readonly maps: readonly RecordMap<unknown>[] = [this.#bySymbol, this.#account];

  get(symbol: string): Readonly<T> | undefined {
    return this.#bySymbol.get(symbol);
  }

  getAll(): Record<string, Readonly<T>> {
    return this.#bySymbol.toObject();
  }

  symbols(): string[] {
    return [...this.#bySymbol.keys()];
  }

  set(symbol: string, data: Readonly<T>): Readonly<T> {
    requireName('symbol', symbol);
    return this.#set(this.#bySymbol, symbol, data);
  }

  /** @throws `INVALID_KEY`, `INVALID_VALUE`, the latter also when the symbol has no metadata yet. */
  setValue<Key extends keyof T>(symbol: string, key: Key, value: T[Key]): Readonly<T> {
    requireName('symbol', symbol);
    return this.#setValue(this.#bySymbol, symbol, key, value);
  }

  update(symbol: string, update: (previous: Readonly<T> | undefined) => Readonly<T>): Readonly<T> {
    requireName('symbol', symbol);
    return this.#update(this.#bySymbol, symbol, update);
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
    this.assertWritable();
    for (const data of next.values()) deepFreeze(data);
    const before = this.symbols();
    this.#bySymbol.clear();
    for (const [symbol, data] of next) this.#put(this.#bySymbol, symbol, data);
    for (const symbol of before) if (!next.has(symbol)) this.context.markChanged('metadata', `metadata/${symbol}`);
  }

  /** Tells the context also when there was nothing: a stored record that could not be restored may be behind it. */
  delete(symbol: string): void {
    requireName('symbol', symbol);
    this.assertWritable();
    this.#bySymbol.delete(symbol);
    this.context.markChanged('metadata', `metadata/${symbol}`);
  }

  getAccount(): Readonly<A> | undefined {
    return this.#account.get('');
  }

  setAccount(data: Readonly<A>): Readonly<A> {
    return this.#set(this.#account, '', data);
  }

  /** @throws `INVALID_VALUE`, also when the account has no metadata yet. */
  setAccountValue<Key extends keyof A>(key: Key, value: A[Key]): Readonly<A> {
    return this.#setValue(this.#account, '', key, value);
  }

  updateAccount(update: (previous: Readonly<A> | undefined) => Readonly<A>): Readonly<A> {
    return this.#update(this.#account, '', update);
  }

  protected checked(_key: string, value: unknown): object {
    requireObject('metadata', value);
    deepFreeze(value);
    return value;
  }

  #set<Data extends object>(map: RecordMap<Data>, key: string, data: Data): Data {
    requireObject('metadata', data);
    this.assertWritable();
    deepFreeze(data);
    return this.#put(map, key, data);
  }

  #setValue<Data extends object, Key extends keyof Data>(
    map: RecordMap<Readonly<Data>>,
    owner: string,
    key: Key,
    value: Data[Key],
  ): Readonly<Data> {
    const previous = map.get(owner);
    if (previous === undefined) {
      const first = owner === '' ? 'the account has' : `symbol ${JSON.stringify(owner)} has`;
      const method = owner === '' ? 'setAccountMetadata' : 'setSymbolMetadata';
      throw new AccountKeeperError('INVALID_VALUE', `${first} no metadata yet: call ${method} first`);
    }
    this.assertWritable();
    return this.#put(map, owner, copyWith(previous, key, value));
  }

  #update<Data extends object>(
    map: RecordMap<Data>,
    owner: string,
    update: (previous: Data | undefined) => Data,
  ): Data {
    requireSynchronous('update', update);
    this.assertWritable();
    const next = update(map.get(owner));
    refusePromise('update', next);
    return this.#set(map, owner, next);
  }

  #put<Data>(map: RecordMap<Data>, key: string, data: Data): Data {
    map.set(key, data);
    this.context.markChanged('metadata', map.prefix + key);
    return data;
  }
}
