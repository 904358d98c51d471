import { type ParseArgsConfig, parseArgs } from 'node:util';
import { redactUrl } from '../core/shared/redact.js';
import { UsageError } from './usage.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** The command line: options by name, and the one argument that is not an option. */
export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly target: string;
}

/**
 * Reads the options of a command and its one argument.
 *
 * @param what - what the argument is, for messages
 */
export function readArguments(argv: readonly string[], options: Options, what: string): Arguments {
  const { values, positionals } = parseCommandLine(argv, options);
  const [target, ...others] = positionals;
  if (target !== undefined && others.length === 0) return { values, target };
  throw new UsageError(`received ${positionals.length} arguments, expected one: ${what}`);
}

/** A whole number from `min` on, as an option's text. */
export function wholeNumber(name: string, value: unknown, fallback: number, min: number): number {
  if (value === undefined) return fallback;
  const text = String(value);
  const number = Number(text);
  if (/^-?\d+$/.test(text) && number >= min && number <= 2_147_483_647) return number;
  throw new UsageError(`--${name}: expected a whole number from ${min} on, received ${JSON.stringify(text)}`);
}

/** One of the allowed texts. */
export function oneOf<Value extends string>(
  name: string,
  value: unknown,
  fallback: Value,
  allowed: readonly Value[],
): Value {
  if (value === undefined) return fallback;
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw new UsageError(`--${name}: expected one of ${allowed.join(', ')}, received ${JSON.stringify(value)}`);
}

/** Options by name, and what is not an option. */
export function parseCommandLine(
  argv: readonly string[],
  options: Options,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    // It names the option, which may have been meant as something else.
    throw new UsageError(redactUrl(error instanceof Error ? error.message : String(error)).split('\n')[0]);
  }
}
