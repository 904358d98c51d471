import { AccountKeeperError, isAccountKeeperError, toAccountKeeperError } from '../../../core/errors.js';
import { nameOfThrown } from '../../../core/shared/thrown.js';

/** A failed `read` has changed nothing; a failed `write` may have landed. */
export type OperationKind = 'read' | 'write';

/** A running operation, as the code that does its work sees it. */
export interface Operation {
  /** Whether the operation can have changed something when it fails. */
  readonly kind: OperationKind;
  /** Aborted when nobody waits for the operation any more: after its deadline, the caller's abort, or `close`. */
  readonly signal: AbortSignal;
  /**
   * Calls the listener once nobody waits any more, at once if that is so already. Returns what takes it away. Cheaper
   * than the signal.
   */
  onEnd(listener: () => void): () => void;
  /** Call it before each request. @throws the error that the caller received, once nobody waits any more */
  assertActive(): void;
}

/** An operation that somebody waits for until the signal is aborted. */
export function operationUntil(signal: AbortSignal, kind: OperationKind): Operation {
  return {
    kind,
    signal,
    onEnd: (listener) => {
      if (signal.aborted) listener();
      else signal.addEventListener('abort', listener, { once: true });
      return () => signal.removeEventListener('abort', listener);
    },
    assertActive: () => signal.throwIfAborted(),
  };
}

/** The result of the work, or a rejection as soon as nobody waits for it any more. @throws if nobody does already */
export function untilEnd<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  operation.assertActive();
  return new Promise((resolve, reject) => {
    const forget = operation.onEnd(() => reject(operation.signal.reason));
    work().then(resolve, reject).then(forget, forget);
  });
}

/** The error of an operation that failed: a read has applied nothing, whatever was thrown. */
export function asOperationError(thrown: unknown, doing: string, kind: OperationKind): AccountKeeperError {
  if (kind === 'write' || isAccountKeeperError(thrown)) return toAccountKeeperError(thrown, doing);
  const message = `${doing} failed with an unrecognised error (${nameOfThrown(thrown)})`;
  return new AccountKeeperError('UNAVAILABLE', message, { cause: thrown });
}

/** The error of a write that failed after something of it landed, or may have. */
export function asUnknown(thrown: unknown, doing: string): AccountKeeperError {
  const error = toAccountKeeperError(thrown, doing);
  if (error.outcome === 'unknown') return error;
  const { code, message, retryable, records, head, known } = error;
  return new AccountKeeperError(code, message, { outcome: 'unknown', retryable, records, head, known, cause: error });
}
