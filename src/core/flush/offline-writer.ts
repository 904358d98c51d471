import { toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitBatch } from '../persistence-driver.js';
import type {
  AccountWriter,
  CommitBase,
  CommitRequest,
  CommitResult,
  CommitSender,
  SendOptions,
} from './account-writer.js';

/** What an offline writer works with. */
export interface OfflineWriterOptions {
  /** What the account was started from. */
  readonly base: CommitBase;
  /** Takes the account over and brings to the backend what it was started from. */
  readonly takeOver: (limits: { readonly timeoutMs: number; readonly signal: AbortSignal }) => Promise<AccountWriter>;
}

/**
 * The writer of a store that was started while its backend could not be reached. The first request that is sent takes
 * the account over; from then on all is as with {@link AccountWriter}.
 */
export class OfflineWriter implements CommitSender {
  readonly #base: CommitBase;
  readonly #takeOver: OfflineWriterOptions['takeOver'];
  /** What was sent for a request that was made before the account was taken over. */
  readonly #sent = new WeakMap<CommitRequest, CommitRequest>();
  #writer: AccountWriter | undefined;

  constructor({ base, takeOver }: OfflineWriterOptions) {
    this.#base = base;
    this.#takeOver = takeOver;
  }

  get head(): AccountHead | undefined {
    return this.#writer?.head;
  }

  get base(): CommitBase {
    return this.#writer?.base ?? this.#base;
  }

  request(batch: CommitBatch, meta?: string): CommitRequest {
    if (this.#writer !== undefined) return this.#writer.request(batch, meta);
    return { batch, options: { expected: this.#base.head, writerId: '', writeId: '', meta: '' } };
  }

  async send(request: CommitRequest, options: SendOptions): Promise<CommitResult> {
    let writer = this.#writer;
    if (writer === undefined) {
      try {
        writer = await this.#takeOver(options);
      } catch (thrown) {
        const error = toAccountKeeperError(thrown, 'take-over');
        return error.code === 'FENCED' ? { kind: 'fenced', error } : { kind: 'failed', error, mayHaveLanded: false };
      }
      this.#writer = writer;
    }
    return writer.send(this.#sentAs(request, writer), options);
  }

  sent(request: CommitRequest): CommitRequest | undefined {
    return isProvisional(request) ? this.#sent.get(request) : request;
  }

  rebase(): boolean {
    return this.#writer?.rebase() ?? false;
  }

  #sentAs(request: CommitRequest, writer: AccountWriter): CommitRequest {
    if (!isProvisional(request)) return request;
    const sent = this.#sent.get(request) ?? writer.request(request.batch);
    this.#sent.set(request, sent);
    return sent;
  }
}

/** Made before there was a writer to name. */
function isProvisional({ options }: CommitRequest): boolean {
  return options.writeId === '';
}
