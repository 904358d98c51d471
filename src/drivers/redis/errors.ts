import { AccountKeeperError, isAccountKeeperError } from '../../core/errors.js';
import type { OperationKind } from '../base/operation/operation.js';

/**
 * How far a command got: `unreachable`: it was not sent; `refused`: the server answered with an error; `lost`: it was
 * sent, and no answer came.
 */
export type RedisFailureKind = 'unreachable' | 'refused' | 'lost';

/** A command that failed, or a connection that could not be made, before its meaning for an operation is known. */
export class RedisFailure extends Error {
  readonly kind: RedisFailureKind;
  /** The first word of the server's error, such as `OOM`, or the code of the network's, such as `ECONNREFUSED`. */
  readonly code: string;
  /** `host:port` of the server. */
  readonly address: string;

  constructor(kind: RedisFailureKind, code: string, address: string, cause?: unknown) {
    super(`${kind}: ${code} (${address})`, { cause });
    this.name = 'RedisFailure';
    this.kind = kind;
    this.code = code;
    this.address = address;
  }
}

/** Whether a server refused because it is a replica: it is perhaps not the right one any more, and has done nothing. */
export function isDemoted(thrown: unknown): boolean {
  return thrown instanceof RedisFailure && (thrown.code === 'READONLY' || thrown.code === 'MASTERDOWN');
}

/** The code of a failure with an answer that came when another server may have been the master. */
export const LATE_ANSWER = 'LATE';

interface Refusal {
  readonly text: string;
  /** Whether waiting can help, without a change of the configuration. */
  readonly passes: boolean;
}

/** The errors by which a server refuses a command before it executes any of it. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  LOADING: passing('the server is loading its data'),
  READONLY: passing('the server is a replica'),
  MASTERDOWN: passing('the server is a replica that has lost its master'),
  CLUSTERDOWN: passing('the cluster is down'),
  TRYAGAIN: passing('the slot of the account is moving to another server'),
  MOVED: lasting(
    'the server belongs to a cluster, which takes a URL that begins with redis+cluster: or rediss+cluster:',
  ),
  ASK: passing('the slot of the account is moving to another server'),
  CROSSSLOT: lasting('the keys are not all in one slot'),
  NOREPLICAS: passing('the server has fewer replicas than it is configured to need for a write'),
  OOM: passing('the server has used all the memory that it may use'),
  MISCONF: passing('the server cannot save to its disk'),
  BUSY: passing('the server is running a script that takes long'),
  NOSCRIPT: passing('the server does not know the script'),
  EXECABORT: passing('the server has discarded the transaction'),
  UNREACHABLE: passing('no server is there for it'),
  NOAUTH: lasting('the server needs a password'),
  WRONGPASS: lasting('the server does not accept the user and the password'),
  NOPERM: lasting('the user lacks a permission'),
};

/** Turns a failure into the error of an operation. The result's `cause` never contains a secret. */
export function redisError(
  thrown: unknown,
  doing: string,
  kind: OperationKind,
  secrets: readonly string[],
): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  if (!(thrown instanceof RedisFailure)) {
    const detail = thrown instanceof Error ? thrown.name : typeof thrown;
    return new AccountKeeperError('UNAVAILABLE', `${doing} failed with an unrecognised error (${detail})`, {
      outcome: kind === 'read' ? 'not-applied' : 'unknown',
      cause: withoutSecrets(thrown, secrets),
    });
  }
  const refusal = Object.hasOwn(REFUSALS, thrown.code) ? REFUSALS[thrown.code] : undefined;
  const notApplied = kind === 'read' || thrown.kind === 'unreachable' || refusal !== undefined;
  return new AccountKeeperError(
    'UNAVAILABLE',
    `${doing} Redis at ${thrown.address}: ${refusal?.text ?? (thrown.code === LATE_ANSWER ? LATE : GENERAL[thrown.kind])} (${thrown.code})`,
    {
      outcome: notApplied ? 'not-applied' : 'unknown',
      retryable: refusal?.passes ?? true,
      cause: withoutSecrets(thrown.cause ?? thrown, secrets),
    },
  );
}

const LATE = 'it is not known that the server was still the master when it answered';

const GENERAL: Readonly<Record<RedisFailureKind, string>> = {
  unreachable: 'no connection could be made',
  refused: 'the server answered with an error',
  lost: 'the connection broke before the answer came',
};

// Errors of scripts that older servers wrap: "ERR Error running script (…): @user_script:12: -OOM command not allowed".
const WRAPPED = /@user_script: ?\d+: -?([A-Z]+)\b/;
const REPLY = /^-?([A-Z][A-Z0-9_]+)(?: |$)/;

/** The code of an error that a server answered with; `undefined` for errors of the connection. */
export function replyCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || 'code' in thrown) return undefined;
  const { message } = thrown;
  // Two errors of commands in a script that some servers give no word of their own.
  if (message.includes('non local key')) return 'TRYAGAIN';
  if (message.includes('user executing the script')) return 'NOPERM';
  return WRAPPED.exec(message)?.[1] ?? REPLY.exec(message)?.[1];
}

/** The code of an error of the network or of TLS, such as `ECONNRESET`. */
export function networkCode(thrown: unknown): string {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string') return code;
  return thrown instanceof Error ? thrown.constructor.name : typeof thrown;
}

function withoutSecrets(cause: unknown, secrets: readonly string[]): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  const found = secrets.filter((secret) => secret !== '' && message.includes(secret));
  if (found.length === 0) return cause;
  return new Error(found.reduce((text, secret) => text.replaceAll(secret, '***'), message));
}

function passing(text: string): Refusal {
  return { text, passes: true };
}

function lasting(text: string): Refusal {
  return { text, passes: false };
}
