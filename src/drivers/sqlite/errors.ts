import { AccountKeeperError, type ErrorCode, type ErrorOutcome, isAccountKeeperError } from '../../core/errors.js';
import type { OperationKind } from '../base/operation/operation.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly text: string;
}

/** The meaning of SQLite's result codes for the driver's statements. All others: {@link UNKNOWN}. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: notApplied('the database is locked by another connection', 'retryable'),
  SQLITE_LOCKED: notApplied('the database is locked by another statement', 'retryable'),
  SQLITE_FULL: notApplied('the disk is full, or the database has reached its largest size', 'retryable'),
  SQLITE_READONLY: notApplied('the database cannot be written', 'final'),
  SQLITE_CANTOPEN: notApplied('the database file cannot be opened', 'retryable'),
  SQLITE_PERM: notApplied('access to the database was denied', 'final'),
  SQLITE_AUTH: notApplied('access to the database was denied', 'final'),
  SQLITE_NOMEM: notApplied('memory ran out', 'retryable'),
  SQLITE_PROTOCOL: notApplied('the locks of the database are contended', 'retryable'),
  SQLITE_SCHEMA: notApplied('the schema of the database changed', 'retryable'),
  SQLITE_CONSTRAINT: notApplied('the table does not take what has to be stored', 'final'),
  SQLITE_NOTADB: { code: 'CORRUPT', outcome: 'not-applied', retryable: false, text: 'the file is no SQLite database' },
  SQLITE_CORRUPT: { code: 'CORRUPT', outcome: 'unknown', retryable: false, text: 'the database file is damaged' },
  SQLITE_TOOBIG: {
    code: 'TOO_LARGE',
    outcome: 'not-applied',
    retryable: false,
    text: 'a value exceeds what SQLite takes',
  },
};

const UNKNOWN: Meaning = { code: 'UNAVAILABLE', outcome: 'unknown', retryable: true, text: 'the statement failed' };

/** Turns an error of node-sqlite3 into one of this library. The message names the file. */
export function sqliteError(thrown: unknown, doing: string, path: string, kind: OperationKind): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  const code = sqliteCode(thrown);
  const meaning = (Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined) ?? UNKNOWN;
  return new AccountKeeperError(meaning.code, `${doing} ${path}: ${meaning.text} (${code})`, {
    outcome: kind === 'read' ? 'not-applied' : meaning.outcome,
    retryable: meaning.retryable,
    cause: thrown,
  });
}

/** The result codes that what is stored for one account can cause, and after which SQLite has written nothing. */
const OF_ONE_ACCOUNT: readonly string[] = ['SQLITE_CONSTRAINT', 'SQLITE_TOOBIG', 'SQLITE_MISMATCH', 'SQLITE_ERROR'];

/** Whether one account may be the reason that a statement for several ones failed. */
export function mayBeOfOneAccount(error: unknown): boolean {
  return isAccountKeeperError(error) && OF_ONE_ACCOUNT.includes(sqliteCode(error.cause));
}

/** The name of SQLite's result code, such as `SQLITE_BUSY`. */
export function sqliteCode(thrown: unknown): string {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : 'no code';
}

function notApplied(text: string, future: 'retryable' | 'final'): Meaning {
  return { code: 'UNAVAILABLE', outcome: 'not-applied', retryable: future === 'retryable', text };
}
