import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../../../core/errors.js';
import { systemClock } from '../../../core/shared/clock.js';
import { Deadlines, type Expiring } from '../../../core/shared/deadlines.js';
import { EndingOperation } from './ending-operation.js';
import { asOperationError, type Operation, type OperationKind } from './operation.js';

/** The description of an operation, and the limits that end it. */
export interface OperationSpec {
  /** For messages: `commit of account "a"`. */
  readonly doing: string;
  readonly kind: OperationKind;
  readonly timeoutMs: number;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/** An operation, as those see it who end it. */
interface Endable extends Expiring {
  readonly result: Promise<unknown>;
  close(): void;
}

/** The operations that callers wait for, and when each of them ends at the latest. */
export class Operations {
  readonly #running = new Deadlines<Endable>(systemClock);

  /**
   * Runs `work` until its deadline. The result settles with the work, or rejects `TIMEOUT`, `ABORTED` or `CLOSED` before
   * it; the work is told by its {@link Operation}, and what becomes of it then is of no consequence to anybody. A signal
   * that is aborted already rejects without a call of `work`.
   */
  run<T>(spec: OperationSpec, work: (operation: Operation) => Promise<T>): Promise<T> {
    const { doing, signal, timeoutMs } = spec;
    if (signal?.aborted) {
      return Promise.reject(new AccountKeeperError('ABORTED', abortedBy(doing), { cause: signal.reason }));
    }
    const operation = new RunningOperation<T>(spec, this.#running);
    this.#running.add(operation, timeoutMs);
    return operation.start(work);
  }

  /** Those that run reject `CLOSED`. */
  close(): void {
    for (const operation of [...this.#running.all()]) operation.close();
  }

  /** Resolves when those that run now have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled(Array.from(this.#running.all(), ({ result }) => result));
  }
}

class RunningOperation<T> extends EndingOperation implements Endable {
  readonly result: Promise<T>;
  readonly #spec: OperationSpec;
  /** It is in there while it runs. */
  readonly #running: Deadlines<Endable>;
  readonly #onAbort: (() => void) | undefined;
  #resolve: (result: T) => void = nothing;
  #reject: (error: AccountKeeperError) => void = nothing;
  #hasLeft = false;

  constructor(spec: OperationSpec, running: Deadlines<Endable>) {
    const { doing, kind, signal } = spec;
    super(kind);
    this.#spec = spec;
    this.#running = running;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal === undefined) return;
    this.#onAbort = () => this.#giveUp('ABORTED', abortedBy(doing), signal.reason);
    allowListeners(signal);
    signal.addEventListener('abort', this.#onAbort);
  }

  start(work: (operation: Operation) => Promise<T>): Promise<T> {
    try {
      work(this).then(
        (result) => {
          if (this.#leave()) this.#resolve(result);
        },
        (thrown: unknown) => this.#fail(thrown),
      );
    } catch (thrown) {
      this.#fail(thrown);
    }
    return this.result;
  }

  expire(): void {
    const { doing, timeoutMs } = this.#spec;
    this.#giveUp('TIMEOUT', `${doing} did not finish within ${timeoutMs} ms`);
  }

  close(): void {
    this.#giveUp('CLOSED', `${this.#spec.doing}: the driver was closed`);
  }

  #fail(thrown: unknown): void {
    const { doing, kind } = this.#spec;
    if (this.#leave()) this.#reject(asOperationError(thrown, doing, kind));
  }

  #giveUp(code: 'TIMEOUT' | 'ABORTED' | 'CLOSED', message: string, cause?: unknown): void {
    if (!this.#leave()) return;
    const outcome = this.kind === 'read' ? 'not-applied' : 'unknown';
    const error = new AccountKeeperError(code, message, { outcome, cause });
    this.end(error);
    this.#reject(error);
  }

  /** @returns whether it was running */
  #leave(): boolean {
    if (this.#hasLeft) return false;
    this.#hasLeft = true;
    this.#running.delete(this);
    if (this.#onAbort !== undefined) this.#spec.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}

const unlimited = new WeakSet<AbortSignal>();

/** One signal may well end any number of operations, and each takes its listener away. */
function allowListeners(signal: AbortSignal): void {
  if (unlimited.has(signal)) return;
  unlimited.add(signal);
  setMaxListeners(0, signal);
}

function abortedBy(doing: string): string {
  return `${doing} was aborted by the caller`;
}

function nothing(): void {}
