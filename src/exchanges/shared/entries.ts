import { describe, ExchangeMessageError, Fields } from './fields.js';
import type { EntryFault } from './outcome.js';

/** The entries of a list that could be read, and what became of the others. */
export interface ReadEntries<Value> {
  readonly values: readonly Value[];
  readonly faults: readonly EntryFault[];
  /** Whether an entry that could not be read may have spoken of what has this key: nothing of it is known then. */
  isInDoubt(key: string): boolean;
}

/**
 * Reads the entries of a list one by one, so that a bad one does not keep the others from being applied.
 *
 * @param path names the list in messages.
 * @param map reads an entry; `undefined` leaves it out, as none of the caller's business.
 * @param keyOf the key of what the entry speaks of. It may throw: then everything is in doubt. @default its symbol
 */
export function readEntries<Value>(
  list: unknown,
  path: string,
  map: (entry: Fields) => Value | undefined,
  keyOf: (entry: Fields) => string = (entry) => entry.text('symbol'),
): ReadEntries<Value> {
  if (!Array.isArray(list)) throw new ExchangeMessageError(path, `expected a list, received ${describe(list)}`);
  const values: Value[] = [];
  const faults: EntryFault[] = [];
  const doubtful = new Set<string | undefined>();
  for (const [index, entry] of list.entries()) {
    let key: string | undefined;
    try {
      const fields = new Fields(entry, `${path}[${index}]`);
      key = unlessUnreadable(() => keyOf(fields));
      const value = map(fields);
      requireFinite(value, fields);
      if (value !== undefined) values.push(value);
    } catch (error) {
      if (!(error instanceof ExchangeMessageError)) throw error;
      faults.push({ field: error.field, message: error.message, entry });
      doubtful.add(key);
    }
  }
  return { values, faults, isInDoubt: (key) => doubtful.has(key) || doubtful.has(undefined) };
}

/** Two readable numbers can make an infinite one, which the store would refuse, and with it the whole message. */
function requireFinite(value: unknown, fields: Fields): void {
  for (const [name, each] of Object.entries(Object(value))) {
    if (typeof each === 'object') requireFinite(each, fields);
    if (typeof each === 'number' && !Number.isFinite(each)) {
      throw fields.error(name, `expected values that make a finite number, received ${each}`);
    }
  }
}

/** What `read` returns; `undefined` when it cannot be read. */
export function unlessUnreadable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ExchangeMessageError) return undefined;
    throw error;
  }
}
