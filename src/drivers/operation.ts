import { setMaxListeners } from 'node:events';
import { AccountKeeperError, type ErrorOutcome, isAccountKeeperError, toAccountKeeperError } from '../core/errors.js';

/** What a failed operation can have done: a read nothing, a write possibly all of it. */
export type OperationKind = 'read' | 'write';

/** A running operation, as the code that does its work sees it. */
export interface Operation {
  readonly kind: OperationKind;
  /** Aborted when nobody waits for the operation any more: after its deadline, the caller's abort, or `close`. */
  readonly signal: AbortSignal;
  /** To be called before each I/O. @throws what the caller was told, once nobody waits any more */
  assertActive(): void;
}

/** What an operation is, and how long it may take. */
export interface OperationSpec {
  /** For messages: `commit of account "a"`. */
  readonly doing: string;
  readonly kind: OperationKind;
  readonly timeoutMs: number;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
}

/** An operation that was started, and the way to end it early. */
export interface StartedOperation<T> {
  readonly result: Promise<T>;
  /** Rejects the result with `CLOSED` for this reason, if it has not settled. */
  abandon(reason: string): void;
}

/** The outcome of an operation that was ended while its work was under way. */
function interruptedOutcome(kind: OperationKind): ErrorOutcome {
  return kind === 'read' ? 'not-applied' : 'unknown';
}

/**
 * Runs `work` under a deadline and the caller's signal. The result settles with the work, or rejects `TIMEOUT` or
 * `ABORTED` before it; the work is told by its {@link Operation}, and what becomes of it then is of no consequence to
 * anybody. A signal that is aborted already rejects without a call of `work`.
 */
export function startOperation<T>(
  spec: OperationSpec,
  work: (operation: Operation) => Promise<T>,
): StartedOperation<T> {
  const { doing, kind, timeoutMs, signal } = spec;
  if (signal?.aborted) return { result: Promise.reject(abortError(doing, signal, 'not-applied')), abandon: nothing };

  const controller = new AbortController();
  let settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const release = (): typeof settle => {
    const current = settle;
    settle = undefined;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    return current;
  };
  const end = (error: AccountKeeperError): void => {
    const current = release();
    if (current === undefined) return;
    controller.abort(error);
    current.reject(error);
  };
  const onAbort = (): void => end(abortError(doing, signal, interruptedOutcome(kind)));

  const result = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
    timer = setTimeout(() => end(timeoutError(doing, timeoutMs, kind)), timeoutMs);
    if (signal !== undefined) {
      // One signal may well end any number of operations, and each takes its listener away.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    const operation: Operation = {
      kind,
      signal: controller.signal,
      assertActive: () => {
        if (controller.signal.aborted) throw controller.signal.reason;
      },
    };
    work(operation).then(
      (value) => release()?.resolve(value),
      (error: unknown) => release()?.reject(asOperationError(error, doing, kind)),
    );
  });
  const abandon = (reason: string): void =>
    end(new AccountKeeperError('CLOSED', `${doing}: ${reason}`, { outcome: interruptedOutcome(kind) }));
  return { result, abandon };
}

function timeoutError(doing: string, timeoutMs: number, kind: OperationKind): AccountKeeperError {
  return new AccountKeeperError('TIMEOUT', `${doing} did not finish within ${timeoutMs} ms`, {
    outcome: interruptedOutcome(kind),
  });
}

function abortError(doing: string, signal: AbortSignal | undefined, outcome: ErrorOutcome): AccountKeeperError {
  return new AccountKeeperError('ABORTED', `${doing} was aborted by the caller`, { outcome, cause: signal?.reason });
}

/** A read has applied nothing, whatever was thrown. */
function asOperationError(thrown: unknown, doing: string, kind: OperationKind): AccountKeeperError {
  if (kind === 'write' || isAccountKeeperError(thrown)) return toAccountKeeperError(thrown, doing);
  const detail = thrown instanceof Error ? thrown.name : typeof thrown;
  return new AccountKeeperError('UNAVAILABLE', `${doing} failed with an unrecognised error (${detail})`, {
    cause: thrown,
  });
}

function nothing(): void {}
