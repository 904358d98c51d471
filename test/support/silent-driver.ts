import type {
  CommitBatch,
  CommitOptions,
  ForgetOptions,
  LoadOptions,
  OpenOptions,
  OperationOptions,
  PersistenceDriver,
} from '../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';

export const DRIVER_METHODS = ['open', 'head', 'load', 'commit', 'drop', 'forget', 'accounts', 'close'] as const;

export type DriverMethod = (typeof DRIVER_METHODS)[number];

/** A working driver, of which some methods never answer: they heed neither their deadline nor their signal. */
export class SilentDriver implements PersistenceDriver {
  readonly apiVersion = 1;
  readonly name = 'silent';
  readonly silent = new Set<DriverMethod>();
  /** Replace it, and the backend is another one. */
  inner: PersistenceDriver;

  constructor(backend: MemoryBackend) {
    this.inner = new MemoryDriver({ backend });
  }

  get capabilities(): PersistenceDriver['capabilities'] {
    return this.inner.capabilities;
  }

  get limits(): PersistenceDriver['limits'] {
    return this.inner.limits;
  }

  /** From now on these never answer. */
  silence(methods: readonly DriverMethod[]): void {
    for (const method of methods) this.silent.add(method);
  }

  open(options?: OpenOptions): Promise<void> {
    return this.#unlessSilent('open', () => this.inner.open(options));
  }

  head(accountId: string, options?: OperationOptions): ReturnType<PersistenceDriver['head']> {
    return this.#unlessSilent('head', () => this.inner.head(accountId, options));
  }

  load(accountId: string, options?: LoadOptions): ReturnType<PersistenceDriver['load']> {
    return this.#unlessSilent('load', () => this.inner.load(accountId, options));
  }

  commit(accountId: string, batch: CommitBatch, options: CommitOptions): ReturnType<PersistenceDriver['commit']> {
    return this.#unlessSilent('commit', () => this.inner.commit(accountId, batch, options));
  }

  drop(accountId: string, options: CommitOptions): ReturnType<PersistenceDriver['drop']> {
    return this.#unlessSilent('drop', () => this.inner.drop(accountId, options));
  }

  forget(accountId: string, options: ForgetOptions): Promise<void> {
    return this.#unlessSilent('forget', async () => this.inner.forget?.(accountId, options));
  }

  async *accounts(options?: OperationOptions): AsyncIterable<string> {
    yield* await this.#unlessSilent('accounts', async () => this.inner.accounts(options));
  }

  close(options?: OperationOptions): Promise<void> {
    return this.#unlessSilent('close', () => this.inner.close(options));
  }

  #unlessSilent<Result>(method: DriverMethod, answer: () => Promise<Result>): Promise<Result> {
    return this.silent.has(method) ? new Promise(() => undefined) : answer();
  }
}
