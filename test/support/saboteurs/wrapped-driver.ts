import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  ForgetOptions,
  OpenOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../src/core/persistence-driver.js';

/** Passes everything on to another driver. A saboteur overrides what it breaks. */
export class WrappedDriver implements PersistenceDriver {
  readonly apiVersion: 1 = 1;
  readonly name: string;
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits;
  protected readonly inner: PersistenceDriver;

  constructor(inner: PersistenceDriver) {
    this.inner = inner;
    this.name = inner.name;
    this.capabilities = inner.capabilities;
    this.limits = inner.limits;
  }

  open(options?: OpenOptions): Promise<void> {
    return this.inner.open(options);
  }

  head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return this.inner.head(accountId, options);
  }

  load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    return this.inner.load(accountId, options);
  }

  commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return this.inner.commit(accountId, batch, options);
  }

  drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return this.inner.drop(accountId, options);
  }

  async forget(accountId: string, options: ForgetOptions): Promise<void> {
    await this.inner.forget?.(accountId, options);
  }

  accounts(options?: OperationOptions): AsyncIterable<string> {
    return this.inner.accounts(options);
  }

  close(options?: OperationOptions): Promise<void> {
    return this.inner.close(options);
  }
}
