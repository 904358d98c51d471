import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { baseOf, parseHeadMeta, writerOf } from '../ownership/head-meta.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../persistence-driver.js';
import type { Clock } from '../shared/clock.js';
import { isRecordFault } from '../shared/record-faults.js';
import { DRIVER_GRACE_MS, within } from '../shared/within.js';

/** One commit, with everything that a repetition has to send again unchanged. */
export interface CommitRequest {
  readonly batch: CommitBatch;
  readonly options: Required<Pick<CommitOptions, 'writerId' | 'writeId' | 'meta'>> &
    Pick<CommitOptions, 'expected' | 'revisionFloor'>;
}

/** Limits of one call to the driver. */
export type SendLimits = Required<OperationOptions>;

/** The result of sending a request. */
export type CommitResult =
  | { readonly kind: 'acknowledged'; readonly head: AccountHead }
  /** Nothing is settled. `mayHaveLanded`: the same request has to be repeated; otherwise it is void. */
  | { readonly kind: 'failed'; readonly error: AccountKeeperError; readonly mayHaveLanded: boolean }
  /**
   * The request is void: another one of this writer has landed after all, and `stored` is what it led to; without
   * `stored`, the backend has again what it had lost.
   */
  | { readonly kind: 'superseded'; readonly stored: StoredAccount | undefined }
  /** The input itself cannot be written. */
  | { readonly kind: 'rejected'; readonly error: AccountKeeperError }
  /** Another writer owns the account. `rolledBack`: it wrote over what this writer had been acknowledged. */
  | { readonly kind: 'fenced'; readonly error: AccountKeeperError; readonly rolledBack: boolean };

/** A head that is older than what was acknowledged; `undefined`: none is stored. */
interface Rollback {
  readonly stored: AccountHead | undefined;
  /** The highest revision that is known to have been acknowledged. */
  readonly floor: number;
}

export interface OwnerSenderOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  readonly createId: () => string;
  /** The head of this writer's claim. */
  readonly head: AccountHead;
}

/**
 * Sends the commits of one writer to one account, and says what came of each. It holds the newest acknowledged head, and
 * what is known of a rollback of the backend behind it.
 */
export class OwnerSender {
  readonly #options: OwnerSenderOptions;
  #head: AccountHead;
  #rollback: Rollback | undefined;
  /** The highest revision that a request of unknown outcome can have had. */
  #mayHaveReached = 0;
  /** The rollback above which the next request is made. */
  #accepted: Rollback | undefined;

  constructor(options: OwnerSenderOptions) {
    this.#options = options;
    this.#head = options.head;
  }

  /** The newest acknowledged head. */
  get head(): AccountHead {
    return this.#head;
  }

  /** Whether the backend is known to hold less than it acknowledged. */
  get isRolledBack(): boolean {
    return this.#rollback !== undefined;
  }

  /** A new request on top of the newest acknowledged head, or of an older one after {@link goOnAbove}. */
  request(batch: CommitBatch, meta: string): CommitRequest {
    const { stored, floor } = this.#accepted ?? { stored: this.#head, floor: undefined };
    const options = {
      expected: baseOf(stored),
      writerId: this.#head.writerId,
      writeId: this.#options.createId(),
      meta,
    };
    return { batch, options: floor === undefined ? options : { ...options, revisionFloor: floor } };
  }

  /**
   * The account that the backend came back with; `undefined`: none. Rejects `FENCED` when another writer went on from there: what
   * it was acknowledged is not for this one to undo.
   */
  async readRolledBack(limits: OperationOptions): Promise<StoredAccount | undefined> {
    const { stored } = this.#rollback ?? {};
    if (stored === undefined) return undefined;
    const { claims } = parseHeadMeta(this.#head.meta);
    const isKnown = [this.#head, ...claims].some(({ writerId }) => writerId === stored.writerId);
    // Beyond what the claims reach back to, only a head of before there were claims is taken for an own one.
    const isOwn = isKnown || parseHeadMeta(stored.meta).lineage === undefined;
    const writer = writerOf(stored.revision, claims) ?? (isOwn ? stored.writerId : undefined);
    if (writer === stored.writerId) return this.#load(stored, limits);
    const message = `another writer went on from an older state of account ${JSON.stringify(this.#options.accountId)}, at revision ${stored.revision}; close this store, and choose at the next restore what to keep`;
    throw new AccountKeeperError('FENCED', message, { head: stored });
  }

  /** The next request lies on top of this older head, if it is still what was found last. */
  goOnAbove(stored: StoredAccount | undefined): void {
    if (this.#rollback?.stored?.writeId === stored?.head.writeId) this.#accepted = this.#rollback;
  }

  /** @param mayHaveLanded an earlier call with this request ended with an unknown outcome. */
  async send(request: CommitRequest, mayHaveLanded: boolean, limits: SendLimits): Promise<CommitResult> {
    const { accountId, driver } = this.#options;
    const { expected, revisionFloor = 0 } = request.options;
    let result: CommitResult;
    try {
      const { timeoutMs, signal } = limits;
      const options = { ...request.options, timeoutMs, signal };
      const head = await this.#within(limits, () => driver.commit(accountId, request.batch, options));
      result = this.#acknowledge(head, request);
    } catch (thrown) {
      result = await this.#classify(toAccountKeeperError(thrown, 'commit'), request, mayHaveLanded, limits);
    }
    if (result.kind === 'failed' && result.mayHaveLanded) {
      this.#mayHaveReached = Math.max(this.#mayHaveReached, Math.max(expected?.revision ?? 0, revisionFloor) + 1);
    }
    return result;
  }

  #acknowledge(head: AccountHead, request: CommitRequest): CommitResult {
    if (head.writeId === request.options.writeId && head.revision > this.#head.revision) {
      this.#advance(head);
      return { kind: 'acknowledged', head };
    }
    const message = `driver ${this.#options.driver.name} acknowledged revision ${head.revision} of another commit`;
    const error = new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', head });
    return { kind: 'failed', error, mayHaveLanded: true };
  }

  async #classify(
    error: AccountKeeperError,
    request: CommitRequest,
    mayHaveLanded: boolean,
    limits: OperationOptions,
  ): Promise<CommitResult> {
    const { code, outcome } = error;
    if (code === 'CONFLICT' || code === 'FENCED' || code === 'ROLLED_BACK') {
      return this.#differs(error, request, mayHaveLanded, limits);
    }
    // Also when an earlier call may have landed: should it land late, the next request finds it and is superseded.
    if (isRecordFault(error)) return { kind: 'rejected', error };
    return { kind: 'failed', error, mayHaveLanded: mayHaveLanded || outcome === 'unknown' };
  }

  /** Another head is stored than the request expects. */
  async #differs(
    error: AccountKeeperError,
    request: CommitRequest,
    mayHaveLanded: boolean,
    limits: OperationOptions,
  ): Promise<CommitResult> {
    const { code, head: stored } = error;
    const { revision, writeId, writerId } = this.#head;
    if (stored !== undefined && stored.writeId === writeId && stored.revision === revision) {
      // The backend has what was acknowledged, and not what this request had written for a moment above a rollback.
      const { expected, writeId: own } = request.options;
      const wasAbove = expected?.writeId !== writeId || (code === 'ROLLED_BACK' && error.known?.writeId === own);
      if (wasAbove) return this.#backAgain(stored, error);
      if (code !== 'ROLLED_BACK') return { kind: 'failed', error, mayHaveLanded };
    }
    if (code !== 'ROLLED_BACK' && stored?.writeId === request.options.writeId) {
      return { kind: 'failed', error, mayHaveLanded: true };
    }
    const isOlder = stored === undefined || stored.revision < revision || stored.writeId === writeId;
    if (isOlder) return this.#foundRollback(stored, error, request, mayHaveLanded);
    if (stored.writerId === writerId) return this.#superseded(stored, limits);
    const writer = writerOf(revision, parseHeadMeta(stored.meta).claims);
    const rolledBack = writer !== undefined && writer !== writerId;
    if (code === 'ROLLED_BACK' && !rolledBack) return this.#foundRollback(stored, error, request, mayHaveLanded);
    return { kind: 'fenced', error: this.#fenced(stored, error, rolledBack, mayHaveLanded), rolledBack };
  }

  /** A request above another rollback is void now; one on top of the newest head may still be part of what comes back. */
  #foundRollback(
    stored: AccountHead | undefined,
    cause: AccountKeeperError,
    request: CommitRequest,
    mayHaveLanded: boolean,
  ): CommitResult {
    const { revision, writeId } = this.#head;
    this.#rollback = { stored, floor: Math.max(revision, cause.known?.revision ?? 0, this.#mayHaveReached) };
    this.#accepted = undefined;
    const found = stored === undefined ? 'no revision' : `revision ${stored.revision} (${stored.writeId})`;
    const message =
      `account ${JSON.stringify(this.#options.accountId)} was rolled back: the backend holds ${found}, but ` +
      `acknowledged revision ${revision} (${writeId}). Nothing is written, until the newer data are back, or ` +
      `\`await store.persistAll()\` writes all that is in memory above what is stored`;
    const known = { revision, writeId };
    const error = new AccountKeeperError('ROLLED_BACK', message, { head: stored, known, retryable: false, cause });
    return { kind: 'failed', error, mayHaveLanded: mayHaveLanded && request.options.revisionFloor === undefined };
  }

  #backAgain(stored: AccountHead, { known }: AccountKeeperError): CommitResult {
    this.#advance(stored);
    this.#accepted = { stored, floor: Math.max(stored.revision, known?.revision ?? 0) };
    return { kind: 'superseded', stored: undefined };
  }

  async #superseded(stored: AccountHead, limits: OperationOptions): Promise<CommitResult> {
    try {
      const account = await this.#load(stored, limits);
      if (account?.head.writeId !== stored.writeId)
        throw new AccountKeeperError('UNAVAILABLE', 'the account has changed');
      this.#advance(stored);
      this.#accepted = { stored, floor: stored.revision };
      return { kind: 'superseded', stored: account };
    } catch (thrown) {
      return { kind: 'failed', error: toAccountKeeperError(thrown, 'load'), mayHaveLanded: false };
    }
  }

  #fenced(
    { revision, ...head }: AccountHead,
    cause: AccountKeeperError,
    rolledBack: boolean,
    mayHaveLanded: boolean,
  ): AccountKeeperError {
    const account = `account ${JSON.stringify(this.#options.accountId)}`;
    const message = rolledBack
      ? `${account} was rolled back, and another writer went on from there: revision ${revision} is stored without the acknowledged revision ${this.#head.revision}`
      : `another writer took ${account} over at revision ${revision}`;
    const outcome = mayHaveLanded ? 'unknown' : 'not-applied';
    return new AccountKeeperError('FENCED', message, { outcome, head: { revision, ...head }, cause });
  }

  #advance(head: AccountHead): void {
    this.#head = head;
    this.#rollback = undefined;
    this.#accepted = undefined;
  }

  #load({ revision, writeId }: AccountHead, limits: OperationOptions): Promise<StoredAccount | undefined> {
    const { accountId, driver } = this.#options;
    const rolledBackTo = { revision, writeId };
    return this.#within(limits, () => driver.load(accountId, { ...limits, rolledBackTo }));
  }

  /** An error when the driver breaks its promise to settle by the deadline, or when aborted. */
  #within<Result>({ timeoutMs, signal }: OperationOptions, work: () => Promise<Result>): Promise<Result> {
    const { clock, driver } = this.#options;
    const graceful = timeoutMs === undefined ? undefined : timeoutMs + DRIVER_GRACE_MS;
    return within({ clock, doing: `a call of the driver ${driver.name}`, timeoutMs: graceful, signal }, work);
  }
}
