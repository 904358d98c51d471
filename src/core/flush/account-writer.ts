import type { Clock } from '../clock.js';
import { AccountKeeperError, type ErrorCode, toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitBatch, CommitOptions, PersistenceDriver } from '../persistence-driver.js';

/** One commit, with everything that a repetition has to send again unchanged. */
export interface CommitRequest {
  readonly batch: CommitBatch;
  readonly options: Required<Pick<CommitOptions, 'writerId' | 'writeId' | 'meta'>> &
    Pick<CommitOptions, 'expected' | 'revisionFloor'>;
}

/** Limits of one call to the driver. */
export interface SendOptions {
  /** An earlier call with this request ended with an unknown outcome. */
  readonly mayHaveLanded: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came of sending a request. */
export type CommitResult =
  | { readonly kind: 'acknowledged'; readonly head: AccountHead }
  /** Nothing is settled. `mayHaveLanded`: the same request has to be repeated; otherwise it is void. */
  | { readonly kind: 'failed'; readonly error: AccountKeeperError; readonly mayHaveLanded: boolean }
  /** An older request of this writer landed after all, so this one never can. */
  | { readonly kind: 'superseded' }
  /** The input itself cannot be written. */
  | { readonly kind: 'rejected'; readonly error: AccountKeeperError }
  /** Another writer owns the account. */
  | { readonly kind: 'fenced'; readonly error: AccountKeeperError };

/** Where the commits of a store go. */
export interface CommitSender {
  /** The newest acknowledged head; `undefined` while there was none. */
  readonly head: AccountHead | undefined;
  /** What the next commit lies on top of: a head, and the spills that have to be in the backend before it. */
  readonly base: CommitBase;
  /** A new request on top of that. */
  request(batch: CommitBatch, meta?: string): CommitRequest;
  /** Sends a request. One with an unknown outcome is to be sent again as it is. */
  send(request: CommitRequest, options: SendOptions): Promise<CommitResult>;
  /** What was sent to the driver for this request, as far as it may have landed. */
  sent(request: CommitRequest): CommitRequest | undefined;
  /**
   * Goes on above a rollback of the backend that was found: the next request lies on top of the older head.
   *
   * @returns whether there is one
   */
  rebase(): boolean;
}

/** What a commit lies on top of. */
export interface CommitBase {
  readonly head: { readonly revision: number; readonly writeId: string } | undefined;
  /** The ids of spills, oldest first. */
  readonly follows: readonly string[];
}

/** What a driver gets on top of a deadline before it is given up on: it promises to settle by itself. */
const GRACE_MS = 1_000;

const RECORD_FAULTS: ReadonlySet<ErrorCode> = new Set(['INVALID_KEY', 'INVALID_VALUE', 'TOO_LARGE', 'ENCODE']);

/** A head that is older than what was acknowledged; `undefined`: none is stored. */
interface Rollback {
  readonly stored: AccountHead | undefined;
}

/** Sends the commits of one writer to one account, and tells what came of each. It holds the head, and nothing else. */
export class AccountWriter implements CommitSender {
  readonly #driver: PersistenceDriver;
  readonly #accountId: string;
  readonly #clock: Clock;
  readonly #createId: () => string;
  readonly #meta: () => string;
  #head: AccountHead;
  /** A rollback that was found. */
  #rollback: Rollback | undefined;
  /** The rollback above which requests are made. */
  #accepted: Rollback | undefined;

  constructor(options: {
    readonly driver: PersistenceDriver;
    readonly accountId: string;
    readonly clock: Clock;
    readonly createId: () => string;
    /** The head of this writer's claim. */
    readonly head: AccountHead;
    /** What is kept beside the head, from the next request on. Default: what the claim has. */
    readonly meta?: () => string;
  }) {
    this.#driver = options.driver;
    this.#accountId = options.accountId;
    this.#clock = options.clock;
    this.#createId = options.createId;
    this.#head = options.head;
    this.#meta = options.meta ?? (() => this.#head.meta);
  }

  /** The newest acknowledged head. */
  get head(): AccountHead {
    return this.#head;
  }

  get base(): CommitBase {
    const { stored: head } = this.#accepted ?? { stored: this.#head };
    return { head: head === undefined ? undefined : { revision: head.revision, writeId: head.writeId }, follows: [] };
  }

  /** A new request on top of the newest acknowledged head, or of an older one after {@link rebase}. */
  request(batch: CommitBatch, meta: string = this.#meta()): CommitRequest {
    const { revision, writerId } = this.#head;
    const options = { expected: this.base.head, writerId, writeId: this.#createId(), meta };
    return { batch, options: this.#accepted === undefined ? options : { ...options, revisionFloor: revision } };
  }

  sent(request: CommitRequest): CommitRequest {
    return request;
  }

  rebase(): boolean {
    if (this.#rollback === undefined) return false;
    this.#accepted = this.#rollback;
    return true;
  }

  async send(request: CommitRequest, { mayHaveLanded, timeoutMs, signal }: SendOptions): Promise<CommitResult> {
    try {
      const options = { ...request.options, timeoutMs, signal };
      const head = await this.#settled(this.#driver.commit(this.#accountId, request.batch, options), timeoutMs, signal);
      return this.#acknowledge(head, request);
    } catch (thrown) {
      return this.#classify(toAccountKeeperError(thrown, 'commit'), request, mayHaveLanded);
    }
  }

  #acknowledge(head: AccountHead, request: CommitRequest): CommitResult {
    if (head.writeId === request.options.writeId && head.revision > this.#head.revision) {
      this.#advance(head);
      return { kind: 'acknowledged', head };
    }
    const message = `driver ${this.#driver.name} acknowledged revision ${head.revision} of another commit`;
    const error = new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', head });
    return { kind: 'failed', error, mayHaveLanded: true };
  }

  #classify(error: AccountKeeperError, request: CommitRequest, mayHaveLanded: boolean): CommitResult {
    if (error.code === 'CONFLICT' || error.code === 'FENCED')
      return this.#resolveConflict(error, request, mayHaveLanded);
    // Also when an earlier call may have landed: should it land late, the next request finds it and is superseded.
    if (error.outcome === 'not-applied' && RECORD_FAULTS.has(error.code)) return { kind: 'rejected', error };
    if (error.code === 'ROLLED_BACK') this.#rollback = { stored: error.head };
    return { kind: 'failed', error, mayHaveLanded: mayHaveLanded || error.outcome === 'unknown' };
  }

  #advance(head: AccountHead): void {
    this.#head = head;
    this.#rollback = undefined;
    this.#accepted = undefined;
  }

  #resolveConflict(error: AccountKeeperError, request: CommitRequest, mayHaveLanded: boolean): CommitResult {
    const stored = error.head;
    const acknowledged = this.#head;
    if (stored?.writeId === request.options.writeId) return { kind: 'failed', error, mayHaveLanded: true };
    if (stored?.writeId === acknowledged.writeId && stored.revision === acknowledged.revision) {
      // The backend has again what it had lost.
      this.#advance(stored);
      return { kind: 'failed', error, mayHaveLanded };
    }
    if (stored === undefined || stored.revision < acknowledged.revision) {
      const found = stored === undefined ? 'nothing' : `revision ${stored.revision}`;
      const message = `the backend holds ${found}, but acknowledged revision ${acknowledged.revision} before`;
      const options = { head: stored, cause: error, retryable: false };
      this.#rollback = { stored };
      return { kind: 'failed', error: new AccountKeeperError('ROLLED_BACK', message, options), mayHaveLanded };
    }
    if (stored.writerId === acknowledged.writerId) {
      this.#advance(stored);
      return { kind: 'superseded' };
    }
    const message = `another writer took the account over at revision ${stored.revision}`;
    const outcome = mayHaveLanded ? 'unknown' : 'not-applied';
    return {
      kind: 'fenced',
      error: new AccountKeeperError('FENCED', message, { outcome, head: stored, cause: error }),
    };
  }

  /** The promise, or an error when the driver breaks its promise to settle by the deadline, or when aborted. */
  async #settled(committing: Promise<AccountHead>, timeoutMs: number, signal: AbortSignal): Promise<AccountHead> {
    let timer: { cancel(): void } | undefined;
    let abort = (): void => undefined;
    const overdue = new Promise<never>((_, reject) => {
      abort = () => reject(new AccountKeeperError('ABORTED', 'the commit was aborted', { outcome: 'unknown' }));
      signal.addEventListener('abort', abort);
      timer = this.#clock.setTimeout(() => {
        const message = `driver ${this.#driver.name} did not settle a commit within ${timeoutMs} ms`;
        reject(new AccountKeeperError('TIMEOUT', message, { outcome: 'unknown' }));
      }, timeoutMs + GRACE_MS);
    });
    try {
      return await Promise.race([committing, overdue]);
    } finally {
      timer?.cancel();
      signal.removeEventListener('abort', abort);
    }
  }
}
