/**
 * A message of an exchange that cannot be read: a field is missing, is no number, or holds a value that is not known.
 * Carries the path of the field, such as `position.size`, and nothing of an account's secrets.
 */
export class ExchangeMessageError extends Error {
  readonly code = 'INVALID_VALUE';
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.name = 'ExchangeMessageError';
    this.field = field;
  }
}

/** The year 5138; a time in microseconds is later. */
const MAX_TIME_MS = 1e14;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Strict access to the fields of a JSON object. Every method throws {@link ExchangeMessageError}, naming the field. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** `path` names the object in messages. */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ExchangeMessageError(path, `expected an object, received ${describe(value)}`);
    }
    this.#values = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  /** Whether the field is there with anything but `null` or `''`. */
  has(name: string): boolean {
    const value = this.raw(name);
    return value !== undefined && value !== null && value !== '';
  }

  /** The value as it is; `undefined` when the object has no such field of its own. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  /** A finite number, sent as a number or as a decimal string. */
  number(name: string): number {
    const value = this.raw(name);
    const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw this.error(name, `expected a finite number, received ${describe(value)}`);
    }
    return number;
  }

  /** For fields that an exchange leaves out or sends as `''` or `null` when there is nothing to say. */
  numberIfGiven(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  /** A number of 0 or more, such as a price or a size. */
  amount(name: string): number {
    const value = this.number(name);
    if (value >= 0) return value;
    throw this.error(name, `expected 0 or more, received ${value}`);
  }

  /** A number above 0: exchanges write "none" and "at market" as 0 and as -1, too. */
  positiveIfGiven(name: string): number | undefined {
    const value = this.numberIfGiven(name);
    return value !== undefined && value > 0 ? value : undefined;
  }

  /** A time in milliseconds since the Unix epoch, 0 when not given. One far ahead would outrank all that follows. */
  time(name: string): number {
    const value = this.numberIfGiven(name) ?? 0;
    if (value >= 0 && value < MAX_TIME_MS) return value;
    throw this.error(name, `expected milliseconds, received ${value}`);
  }

  /** The newest of these times (ms), 0 when none is given. */
  newest(...names: readonly string[]): number {
    return Math.max(0, ...names.map((name) => this.time(name)));
  }

  /** For fields where an exchange sends `''` for "none": 0. `undefined` when the field is not there, or `null`. */
  numberOrNone(name: string): number | undefined {
    return this.raw(name) === '' ? 0 : this.numberIfGiven(name);
  }

  /** A string that is not empty. */
  text(name: string): string {
    const value = this.raw(name);
    if (typeof value === 'string' && value !== '') return value;
    throw this.error(name, `expected a text, received ${describe(value)}`);
  }

  /** A string; `''` when the field is not there, or `null`. */
  textIfGiven(name: string): string {
    return this.has(name) ? this.text(name) : '';
  }

  /** An id: a text, or an integer that lost no digit. */
  id(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'number') return this.text(name);
    if (Number.isSafeInteger(value)) return String(value);
    throw this.error(name, `expected an id, received ${value}, which has lost digits: parse with parseExchangeJson`);
  }

  /** `true` or `false`, also as a text. */
  flag(name: string): boolean {
    const value = this.raw(name);
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw this.error(name, `expected true or false, received ${describe(value)}`);
  }

  /** The entry of `table` that the field names. A name that is not in the table is an error, never a default. */
  oneOf<T>(name: string, table: Readonly<Record<string, T>>): T {
    const value = this.raw(name);
    const key = typeof value === 'number' ? String(value) : value;
    if (typeof key === 'string' && Object.hasOwn(table, key)) return table[key] as T;
    throw this.error(
      name,
      `expected one of ${Object.keys(table).map(describe).join(', ')}, received ${describe(value)}`,
    );
  }

  flagIfGiven(name: string): boolean | undefined {
    return this.has(name) ? this.flag(name) : undefined;
  }

  /** A JSON array, whatever is in it. */
  array(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value)) return value;
    throw this.error(name, `expected a list, received ${describe(value)}`);
  }

  object(name: string): Fields {
    return new Fields(this.raw(name), `${this.#path}.${name}`);
  }

  list(name: string): readonly Fields[] {
    return fieldsList(this.raw(name), `${this.#path}.${name}`);
  }

  /** For lists that an exchange leaves out when they would be empty. */
  listIfGiven(name: string): readonly Fields[] {
    return this.has(name) ? this.list(name) : [];
  }

  /** The same fields under other names: each is the first of its sources that is there. */
  renamed(sources: Readonly<Record<string, readonly string[]>>): Fields {
    const values: Record<string, unknown> = {};
    for (const [name, from] of Object.entries(sources)) {
      const source = from.find((each) => this.raw(each) !== undefined);
      if (source !== undefined) values[name] = this.raw(source);
    }
    return new Fields(values, this.#path);
  }

  /** An error that names the field. */
  error(name: string, problem: string): ExchangeMessageError {
    return new ExchangeMessageError(`${this.#path}.${name}`, problem);
  }
}

/** The objects of a JSON array. */
export function fieldsList(value: unknown, path: string): readonly Fields[] {
  if (!Array.isArray(value)) throw new ExchangeMessageError(path, `expected a list, received ${describe(value)}`);
  return value.map((item, index) => new Fields(item, `${path}[${index}]`));
}

/** A value in a few words, for messages. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
}
