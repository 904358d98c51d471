import { AccountKeeperError, type ErrorCode, type ErrorOutcome, isAccountKeeperError } from '../../core/errors.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly outcome: ErrorOutcome;
  readonly retryable: boolean;
  readonly text: string;
}

/** A statement that the server refused with a code was rolled back. */
function refused(text: string, future: 'retryable' | 'final'): Meaning {
  return { code: 'UNAVAILABLE', outcome: 'not-applied', retryable: future === 'retryable', text };
}

/**
 * The connection ends with such an answer. Whoever gave it need not know what became of the statement: a pooler that
 * shuts down answers so, too, while the server goes on.
 */
function cut(text: string): Meaning {
  return { code: 'UNAVAILABLE', outcome: 'unknown', retryable: true, text };
}

/** A division by zero: how the statements of this driver fail by themselves. */
const ROWS_KEPT_OUT = '22012';

/** By SQLSTATE, or by its class, which is its first two characters. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '0A': refused('the server cannot do this with the table', 'final'),
  '08': cut('the connection was lost'),
  '22': refused('the server does not take the data', 'final'),
  [ROWS_KEPT_OUT]: refused('a trigger or a rule of the table, or row security, keeps rows as they are', 'final'),
  '23': refused('the table does not take what has to be stored', 'final'),
  '25006': refused('the server is read-only', 'retryable'),
  '28': refused('the server refused the user or the password', 'final'),
  '3D': refused('there is no such database', 'final'),
  '3F': refused('there is no such schema', 'final'),
  '40001': refused('the transaction collided with another one', 'retryable'),
  '40003': cut('the server does not know what became of the transaction'),
  '40P01': refused('the server ended a deadlock', 'retryable'),
  '42': refused('the table is not the one that it was', 'final'),
  '42501': refused('permission was denied', 'final'),
  '42P01': refused('the table is gone', 'final'),
  '53': refused('the server lacks resources', 'retryable'),
  '53100': refused('the disk of the server is full', 'retryable'),
  '53200': refused('the server ran out of memory', 'retryable'),
  '53300': refused('the server has too many connections', 'retryable'),
  '54': { code: 'TOO_LARGE', outcome: 'not-applied', retryable: false, text: 'a limit of the server is exceeded' },
  '55P03': refused('a lock was not available', 'retryable'),
  '57014': refused('the server cancelled the statement', 'retryable'),
  '57P': cut('the server is shutting down or starting up, or ended the connection'),
  '58': cut('the server failed'),
  XX: cut('the server failed'),
};

const OTHER_REFUSAL: Meaning = refused('the server refused the statement', 'retryable');
const CUT: Meaning = cut('the connection was lost');
const NOT_CONNECTED: Meaning = refused('the server cannot be reached', 'retryable');
const UNTRUSTED: Meaning = refused('the certificate of the server cannot be trusted', 'final');

/** The operation that failed. */
export interface PostgresDoing {
  /** `writing`, `connecting to`, … */
  readonly doing: string;
  /** The server and the database, without credentials. */
  readonly where: string;
  /** Whether a write can have reached the server. */
  readonly sent: 'write' | 'nothing';
}

/** Turns an error of the client into one of this library. */
export function postgresError(thrown: unknown, { doing, where, sent }: PostgresDoing): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  const meaning = meaningOf(thrown, sent);
  const detail = thrown instanceof Error ? thrown.message.slice(0, 200) : '';
  const code = codeOf(thrown);
  const shown = [detail, code].filter((each) => each !== undefined && each !== '').join(', ');
  return new AccountKeeperError(
    meaning.code,
    `${doing} ${where}: ${meaning.text}${shown === '' ? '' : ` (${shown})`}`,
    {
      outcome: sent === 'nothing' ? 'not-applied' : meaning.outcome,
      retryable: meaning.retryable,
      cause: thrown,
    },
  );
}

/** The five characters by which the server named the error that was thrown, or that it was caused by. */
export function sqlState(thrown: unknown): string | undefined {
  const code = codeOf(isAccountKeeperError(thrown) ? thrown.cause : thrown);
  // Codes of the operating system begin with an E, and no SQLSTATE does.
  return code !== undefined && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** Classes of errors that come from the statement, its data, or another transaction at the same time. */
const OF_THE_STATEMENT = /^(?:40001|40P01|22...|23...|54...)$/;

/**
 * Whether the connection is of no use any more after what was thrown by a statement, even if it looks alive. A session
 * keeps the settings that it began with, and the server that it is on: what refuses one statement because of them goes
 * on to refuse, also when a new session would not.
 */
export function endsConnection(thrown: unknown): boolean {
  return !OF_THE_STATEMENT.test(sqlState(thrown) ?? '');
}

/**
 * Whether the server had no statement under the name, or one already: the sessions of a pooler belong to its transactions.
 * It says so before it executes anything; whoever else says so in the midst of it has it rolled back.
 */
export function isOfNamedStatement(thrown: unknown): boolean {
  const state = sqlState(thrown);
  return state === '26000' || state === '42P05';
}

/**
 * What the rows of one account can be the reason of, in a statement that writes those of several: data, constraints,
 * triggers, limits, locks and deadlocks, and the time that all this takes.
 */
const OF_ROWS = /^(?:22...|23...|40001|40P01|44000|54...|55P03|57014|P0...)$/;

/** Whether the rows of one account can be the reason that a statement was refused. It changed nothing then. */
export function mayBeOfOneAccount(thrown: unknown): boolean {
  return OF_ROWS.test(sqlState(thrown) ?? '');
}

function meaningOf(thrown: unknown, sent: PostgresDoing['sent']): Meaning {
  const state = sqlState(thrown);
  if (state !== undefined) {
    return MEANINGS[state] ?? MEANINGS[state.slice(0, 3)] ?? MEANINGS[state.slice(0, 2)] ?? OTHER_REFUSAL;
  }
  if (sent === 'write') return CUT;
  return /CERT|ERR_TLS|^UNABLE_TO_/.test(codeOf(thrown) ?? '') ? UNTRUSTED : NOT_CONNECTED;
}

function codeOf(thrown: unknown): string | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
