import { AccountKeeperError } from '../core/errors.js';
import { describeReceived, requireDuration, requireOneOf } from '../core/option-checks.js';
import { redactUrl } from '../core/redact.js';

/** How one option is read. */
export interface OptionRule<Value> {
  /** The value, checked. @throws `CONFIG` */
  check(name: string, value: unknown): Value;
  /** What a text in a URL stands for; the text itself when it stands for nothing. Default: the text. */
  readonly fromText?: (text: string) => unknown;
}

/** A rule for each option of a driver. */
export type OptionTable<Options> = {
  readonly [Name in keyof Options]-?: OptionRule<NonNullable<Options[Name]>>;
};

/** Any string but the empty one. */
export const textOption: OptionRule<string> = {
  check(name, value) {
    if (typeof value === 'string' && value !== '') return value;
    throw badOption(name, value, 'a non-empty string');
  },
};

/** Milliseconds, from `min` on. */
export function durationOption(min: number): OptionRule<number> {
  return {
    check: (name, value) => requireDuration(name, typeof value === 'string' ? redactUrl(value) : value, min),
    fromText: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : text),
  };
}

/** An integer from `min` to `max`. */
export function integerOption(min: number, max: number): OptionRule<number> {
  return {
    check(name, value) {
      if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
      throw badOption(name, value, `an integer from ${min} to ${max}`);
    },
    fromText: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : text),
  };
}

/** `true` or `false`. */
export const booleanOption: OptionRule<boolean> = {
  check(name, value) {
    if (typeof value === 'boolean') return value;
    throw badOption(name, value, 'true or false');
  },
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** One of a few words; in a URL in either case. */
export function wordOption<Word extends string>(words: readonly Word[]): OptionRule<Word> {
  return {
    check: (name, value) => requireOneOf(name, typeof value === 'string' ? redactUrl(value) : value, words),
    fromText: (text) => words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text,
  };
}

/** The given options, each checked by its rule; those that are `undefined` are left out. @throws `CONFIG` */
export function readOptions<Options extends object>(table: OptionTable<Options>, given: object): Partial<Options> {
  if (typeof given !== 'object' || given === null) throw badOption('options', given, 'an object');
  const rules: Readonly<Record<string, OptionRule<unknown>>> = table;
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(name, Object.keys(rules));
    if (value !== undefined) read[name] = rule.check(name, value);
  }
  return read as Partial<Options>;
}

/** The parameters of a URL's query as options. @throws `CONFIG` */
export function optionsFromQuery<Options extends object>(
  table: OptionTable<Options>,
  query: string,
): Record<string, unknown> {
  const rules: Readonly<Record<string, OptionRule<unknown>>> = table;
  const options: Record<string, unknown> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(name, Object.keys(rules));
    if (Object.hasOwn(options, name))
      throw new AccountKeeperError('CONFIG', `${name}: received twice, allowed is once`);
    options[name] = rule.fromText === undefined ? text : rule.fromText(text);
  }
  return options;
}

/** The error for an option whose value is not allowed. */
export function badOption(name: string, received: unknown, allowed: string): AccountKeeperError {
  const shown = describeReceived(typeof received === 'string' ? redactUrl(received) : received);
  return new AccountKeeperError('CONFIG', `${name}: received ${shown}, allowed is ${allowed}`);
}

function unknownOption(name: string, known: readonly string[]): AccountKeeperError {
  return new AccountKeeperError(
    'CONFIG',
    `received unknown option ${JSON.stringify(redactUrl(name))}, allowed are ${known.join(', ')}`,
  );
}
