import type { AccountHead } from './persistence-driver.js';
import { nameOfThrown } from './shared/thrown.js';

/**
 * Every code an {@link AccountKeeperError} can carry. A code does not change between major versions; a message may.
 * Each one is a heading in `docs/errors.md`.
 */
export const ERROR_CODES = [
  'CONFLICT',
  'FENCED',
  'READ_ONLY',
  'UNAVAILABLE',
  'TIMEOUT',
  'ABORTED',
  'CLOSED',
  'INVALID_KEY',
  'INVALID_VALUE',
  'TOO_LARGE',
  'CORRUPT',
  'ROLLED_BACK',
  'NOT_INSTALLED',
  'NOT_RESTORED',
  'ALREADY_OPEN',
  'LAGGING',
  'UNPERSISTED',
  'ENCODE',
  'CONFIG',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The outcome of a write that failed: `not-applied` means that the backend holds nothing of it and never will,
 * `unknown` that it may have landed or may still land. A failed read is always `not-applied`.
 */
export type ErrorOutcome = 'not-applied' | 'unknown';

/** The parts of an {@link AccountKeeperError} besides its code and message. */
export interface AccountKeeperErrorOptions {
  /** Default: `not-applied`. */
  readonly outcome?: ErrorOutcome;
  /** Whether the same call can succeed later without a change of input. Default: what the code usually means. */
  readonly retryable?: boolean;
  /** Keys of the records at fault, where some are. */
  readonly records?: readonly string[] | undefined;
  /** The file that keeps what could not be persisted, on `UNPERSISTED`. */
  readonly spillFile?: string | undefined;
  /** Keys of the records that are in no file either, on `UNPERSISTED`. */
  readonly lost?: readonly string[] | undefined;
  /** The head that is stored, on `CONFLICT`, `FENCED` and `ROLLED_BACK`; `undefined` when none is. */
  readonly head?: AccountHead | undefined;
  /** The newest head that is known to have been acknowledged, on `ROLLED_BACK`. */
  readonly known?: { readonly revision: number; readonly writeId: string } | undefined;
  readonly cause?: unknown;
}

const BRAND: unique symbol = Symbol.for('accountkeeper.error') as never;

const RETRYABLE_CODES: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'ABORTED', 'LAGGING']);

/**
 * The one error class of this library. Recognise it with {@link isAccountKeeperError}, not with `instanceof`: two
 * installed copies of the package then agree. No message carries a credential.
 */
export class AccountKeeperError extends Error {
  readonly code: ErrorCode;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly records?: readonly string[];
  readonly lost?: readonly string[];
  readonly head?: AccountHead;
  readonly known?: { readonly revision: number; readonly writeId: string };
  readonly spillFile?: string;

  constructor(code: ErrorCode, message: string, options: AccountKeeperErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AccountKeeperError';
    this.code = code;
    this.outcome = options.outcome ?? 'not-applied';
    this.retryable = options.retryable ?? RETRYABLE_CODES.has(code);
    if (options.records !== undefined) this.records = options.records;
    if (options.lost !== undefined) this.lost = options.lost;
    if (options.head !== undefined) this.head = options.head;
    if (options.known !== undefined) this.known = options.known;
    if (options.spillFile !== undefined) this.spillFile = options.spillFile;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `value` is an {@link AccountKeeperError} of this or another copy of the package. */
export function isAccountKeeperError(value: unknown): value is AccountKeeperError {
  try {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
  } catch {
    return false;
  }
}

/**
 * The error as it is when it carries the brand; otherwise wrapped as `UNAVAILABLE` with outcome `unknown`, retryable:
 * nothing may be concluded from what a driver throws without the brand.
 */
export function toAccountKeeperError(thrown: unknown, doing: string): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  const message = `${doing} failed with an unrecognised error (${nameOfThrown(thrown)})`;
  return new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', retryable: true, cause: thrown });
}
