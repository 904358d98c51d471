import { AccountKeeperError } from './errors.js';

/** The longest delay that Node.js timers take. */
const MAX_TIMER_MS = 2_147_483_647;

/** A value as it may stand in an error message: short, and without what it may hold. */
export function describeReceived(value: unknown): string {
  if (typeof value === 'string')
    return value.length <= 64 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A number of milliseconds that a timer can wait for. @throws `CONFIG` */
export function requireDuration(name: string, value: unknown, min = 0): number {
  if (typeof value === 'number' && value >= min && value <= MAX_TIMER_MS) return value;
  throw new AccountKeeperError(
    'CONFIG',
    `${name}: received ${describeReceived(value)}, allowed is a number of milliseconds from ${min} to ${MAX_TIMER_MS}`,
  );
}

/** @throws `CONFIG` when the options are no object or hold a name that is not known. */
export function requireKnownOptions(name: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new AccountKeeperError('CONFIG', `${name}: received ${describeReceived(options)}, allowed is an object`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new AccountKeeperError(
        'CONFIG',
        `${name}: unknown option ${JSON.stringify(key)}, known are ${known.join(', ')}`,
      );
    }
  }
}

/** @throws `CONFIG` when the value is none of those allowed. */
export function requireOneOf<Value>(name: string, value: unknown, allowed: readonly Value[]): Value {
  for (const candidate of allowed) if (candidate === value) return candidate;
  throw new AccountKeeperError(
    'CONFIG',
    `${name}: received ${describeReceived(value)}, allowed is one of ${allowed.map((each) => String(each)).join(', ')}`,
  );
}
