import { setMaxListeners } from 'node:events';
import { AccountKeeperError, isAccountKeeperError, toAccountKeeperError } from '../../core/errors.js';
import { nameOfThrown } from '../../core/shared/thrown.js';
import { orAborted } from './or-aborted.js';

/** A failed `read` has changed nothing; a failed `write` may have landed. */
export type OperationKind = 'read' | 'write';

/** A running operation, as the code that does its work sees it. */
export interface Operation {
  /** Whether the operation can have changed something when it fails. */
  readonly kind: OperationKind;
  /** Aborted when nobody waits for the operation any more: after its deadline, the caller's abort, or `close`. */
  readonly signal: AbortSignal;
  /** Call it before each request. @throws the error that the caller received, once nobody waits any more */
  assertActive(): void;
  /** Calls the listener when nobody waits for the operation any more, unless the returned function was called before. */
  onEnd(listener: () => void): () => void;
}

/** The description of an operation, and the limits that end it. */
export interface OperationSpec {
  /** For messages: `commit of account "a"`. */
  readonly doing: string;
  readonly kind: OperationKind;
  readonly timeoutMs: number;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
  /** Ends it with `CLOSED`. */
  readonly closing?: AbortSignal;
}

/**
 * Runs `work` until its deadline. The result settles with the work, or rejects `TIMEOUT`, `ABORTED` or `CLOSED` before
 * it; the work is told by its {@link Operation}, and what becomes of it then is of no consequence to anybody. A signal
 * that is aborted already rejects without a call of `work`.
 */
export async function runOperation<T>(spec: OperationSpec, work: (operation: Operation) => Promise<T>): Promise<T> {
  const { doing, kind, timeoutMs, signal, closing } = spec;
  const aborted = `${doing} was aborted by the caller`;
  if (signal?.aborted) throw new AccountKeeperError('ABORTED', aborted, { cause: signal.reason });
  const controller = new AbortController();
  const end = (code: 'TIMEOUT' | 'ABORTED' | 'CLOSED', message: string, cause?: unknown): void => {
    const outcome = kind === 'read' ? 'not-applied' : 'unknown';
    controller.abort(new AccountKeeperError(code, message, { outcome, cause }));
  };
  const onAbort = (): void => end('ABORTED', aborted, signal?.reason);
  const onClose = (): void => end('CLOSED', `${doing}: the driver was closed`);
  const timer = setTimeout(() => end('TIMEOUT', `${doing} did not finish within ${timeoutMs} ms`), timeoutMs);
  // One signal may well end any number of operations, and each takes its listener away.
  for (const each of [signal, closing]) if (each !== undefined) setMaxListeners(0, each);
  signal?.addEventListener('abort', onAbort, { once: true });
  closing?.addEventListener('abort', onClose, { once: true });
  try {
    return await orAborted(work(operationUntil(kind, controller.signal)), controller.signal);
  } catch (thrown) {
    throw asOperationError(thrown, doing, kind);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    closing?.removeEventListener('abort', onClose);
  }
}

/** An operation that ends with the signal. */
export function operationUntil(kind: OperationKind, signal: AbortSignal): Operation {
  return {
    kind,
    signal,
    assertActive: () => signal.throwIfAborted(),
    onEnd: (listener) => {
      const listen = (): void => listener();
      signal.addEventListener('abort', listen, { once: true });
      return () => signal.removeEventListener('abort', listen);
    },
  };
}

/** A read has applied nothing, whatever was thrown. */
function asOperationError(thrown: unknown, doing: string, kind: OperationKind): AccountKeeperError {
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
