import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { MAX_TIMER_MS } from './clock.js';
import { redactUrl } from './redact.js';
import { nameOfThrown } from './thrown.js';

/** Returns the value of an option, checked. @throws `CONFIG` with the option's path */
export type Check<Value> = (path: string, value: unknown) => Value;

/** A check for each of the options. */
export type ChecksOf<Options> = { readonly [Name in keyof Options]-?: Check<Exclude<Options[Name], undefined>> };

type Checks = Readonly<Record<string, Check<unknown>>>;

/** The checked options. Those that were not given, or were `undefined`, are left out. */
export type Checked<Each extends Checks> = { readonly [Name in keyof Each]?: ReturnType<Each[Name]> };

/**
 * Reads a caller's options, each of them once, into an object of its own.
 *
 * @param name begins the paths in messages; `''` for the options of a constructor.
 * @throws `CONFIG`, whatever is given: also when a getter or a proxy throws
 */
export function readOptions<Each extends Checks>(name: string, checks: Each, given?: unknown): Checked<Each> {
  const checked: Record<string, unknown> = {};
  // Most flushes have none.
  if (given === undefined) return checked as Checked<Each>;
  return readable(name || 'options', () => {
    requireKnownOptions(name || 'options', given, Object.keys(checks));
    for (const [option, check] of Object.entries(checks)) {
      const path = name === '' ? option : `${name}.${option}`;
      const value = readable(path, () => Reflect.get(given, option));
      if (value !== undefined) checked[option] = readable(path, () => check(path, value));
    }
    return checked as Checked<Each>;
  });
}

/** Calls `read`. @throws `CONFIG` when a value of the caller throws while it is read */
export function readable<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    if (isAccountKeeperError(thrown)) throw thrown;
    const message = `${path}: expected what can be read, received what fails with ${nameOfThrown(thrown)}`;
    throw new AccountKeeperError('CONFIG', message, { cause: thrown });
  }
}

/** @throws `CONFIG` when the options are no object or hold a name that is not known. */
export function requireKnownOptions(
  name: string,
  options: unknown,
  known: readonly string[],
): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw badOption(name, 'an object', options);
  }
  for (const option of Object.keys(options)) requireOneOf(name, option, known);
}

/** An inner object of which every option has to be given. */
export function complete<Options>(checks: ChecksOf<Options>): Check<Options> {
  return (path, value) => {
    const given: Readonly<Record<string, unknown>> = readOptions<Checks>(path, checks, value);
    for (const [option, check] of Object.entries<Check<unknown>>(checks)) check(`${path}.${option}`, given[option]);
    return given as Options;
  };
}

export const text: Check<string> = (path, value) => {
  if (typeof value === 'string') return value;
  throw badOption(path, 'a string', value);
};

export const directoryPath: Check<string> = (path, value) => {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw badOption(path, 'the path of a directory', value);
};

export const flag: Check<boolean> = (path, value) => {
  if (typeof value === 'boolean') return value;
  throw badOption(path, 'true or false', value);
};

/** An integer from `min` on, or to `max`. */
export function wholeNumber(min: number, max?: number): Check<number> {
  return (path, value) => {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= (max ?? Infinity)) return Number(value);
    throw badOption(path, `an integer from ${min}${max === undefined ? '' : ` to ${max}`}`, value);
  };
}

/** Milliseconds from `min` on. */
export function duration(min = 0): Check<number> {
  return (path, value) => requireDuration(path, value, min);
}

export function oneOf<Value>(known: readonly Value[]): Check<Value> {
  return (path, value) => requireOneOf(path, value, known);
}

/** A function; what it takes and returns is not checked. */
export function callback<Callback>(): Check<Callback> {
  return (path, value) => {
    if (typeof value === 'function') return value as Callback;
    throw badOption(path, 'a function', value);
  };
}

/** An object, or a function with properties, that is what the test says. */
export function objectWith<Type>(
  expected: string,
  isSuch: (value: Readonly<Record<string, unknown>>) => boolean,
): Check<Type> {
  return (path, value) => {
    const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
    if (isObject && isSuch(value as Readonly<Record<string, unknown>>)) return value as Type;
    throw badOption(path, expected, value);
  };
}

export function hasMethods(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'function');
}

/** An `AbortSignal` of this realm. */
export const abortSignal: Check<AbortSignal> = objectWith(
  'an AbortSignal',
  (value) => value instanceof AbortSignal && typeof value.aborted === 'boolean',
);

/** A number of milliseconds that a timer can wait for. @throws `CONFIG` */
export function requireDuration(path: string, value: unknown, min = 0): number {
  if (typeof value === 'number' && value >= min && value <= MAX_TIMER_MS) return value;
  throw badOption(path, `a number of milliseconds from ${min} to ${MAX_TIMER_MS}`, value);
}

/** @throws `CONFIG` when the value is none of those that are known. */
export function requireOneOf<Value>(path: string, value: unknown, known: readonly Value[]): Value {
  for (const candidate of known) if (candidate === value) return candidate;
  const names = known.map((each) => String(each));
  throw badOption(path, `one of ${names.join(', ')}`, value, didYouMean(value, names));
}

/** The error for an option that is not what was expected. */
export function badOption(path: string, expected: string, received: unknown, hint = ''): AccountKeeperError {
  return new AccountKeeperError(
    'CONFIG',
    `${path}: expected ${expected}, received ${describeReceived(received)}${hint}`,
  );
}

/** A value as it may stand in an error message: short, and without what it may hold. Takes every value. */
export function describeReceived(value: unknown): string {
  if (typeof value === 'string')
    return value.length <= 64 ? JSON.stringify(redactUrl(value)) : `a string of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  } catch {
    return 'an object that cannot be read';
  }
}

/** The known name that looks most like what was written, as a question; `''` when none looks like it. */
function didYouMean(written: unknown, known: readonly string[]): string {
  if (typeof written !== 'string' || written.length > 64) return '';
  const distances = known.map((name) => editDistance(written.toLowerCase(), name.toLowerCase()));
  const least = Math.min(...distances);
  return least <= Math.ceil(written.length / 3)
    ? `; did you mean ${JSON.stringify(known[distances.indexOf(least)])}?`
    : '';
}

/** How many letters have to be inserted, deleted or replaced to turn one word into the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const letter of from) {
    const row = [(previous[0] ?? 0) + 1];
    for (let at = 0; at < to.length; at += 1) {
      const replaced = (previous[at] ?? 0) + (letter === to[at] ? 0 : 1);
      row.push(Math.min(replaced, (previous[at + 1] ?? 0) + 1, (row[at] ?? 0) + 1));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}
