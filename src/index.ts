import { AccountKeeperError } from './core/errors.js';
import type { RestoreOptions } from './core/restore/restore-options.js';
import { AccountStateStore } from './core/store/account-state-store.js';
import type { StoreSettings } from './core/store/store-options.js';
import { createDriver, type PersistenceConfig } from './drivers/create-driver.js';

/** Options of {@link openAccount}. */
export interface OpenAccountOptions<T extends object> extends StoreSettings<T> {
  /** Names the account; any string that is not empty. */
  readonly accountId: string;
  /** Where the account is kept: a URL such as `sqlite://./state.db`, a config object, or a driver. */
  readonly persistence: PersistenceConfig;
  /** How the account is restored. */
  readonly restore?: RestoreOptions;
}

/**
 * Opens an account: makes the driver, restores the store, and takes the account over.
 *
 * A driver that was handed in stays open after `close()`; one that was made from a URL or a config object is closed
 * with the store. Rejects as {@link createDriver} throws and as `restore()` rejects; nothing is left open then.
 */
export async function openAccount<
  T extends object = Record<string, unknown>,
  A extends object = Record<string, unknown>,
>(options: OpenAccountOptions<T>): Promise<AccountStateStore<T, A>> {
  const { persistence, restore, ...settings } = options;
  if (persistence === undefined) {
    throw new AccountKeeperError(
      'CONFIG',
      'persistence: received undefined, allowed is a URL, a config object or a driver',
    );
  }
  const driver = createDriver(persistence);
  const closeDriver = driver !== persistence;
  try {
    const store = new AccountStateStore<T, A>({ ...settings, driver, closeDriver });
    await store.restore(restore);
    return store;
  } catch (error) {
    if (closeDriver) await closeQuietly(driver);
    throw error;
  }
}

/** Why the account could not be opened matters more than that its driver could not be closed. */
async function closeQuietly(driver: ReturnType<typeof createDriver>): Promise<void> {
  await Promise.allSettled([driver.close({ timeoutMs: 1_000 })]);
}

export { type Clock, systemClock, type TimerHandle } from './core/clock.js';
export type { Codec } from './core/codec/codec.js';
export { richCodec } from './core/codec/rich-codec.js';
export { jsonCodec } from './core/codec/strict-json-codec.js';
export {
  AccountKeeperError,
  type AccountKeeperErrorOptions,
  ERROR_CODES,
  type ErrorCode,
  type ErrorOutcome,
  isAccountKeeperError,
} from './core/errors.js';
export { FLUSH_DEFAULTS, type FlushOptions } from './core/flush/flush-options.js';
export type { HighWaterOptions } from './core/high-water/high-water-options.js';
export type { DepthSummary, PositionDepthState, PositionStateSummary } from './core/math/depth-types.js';
export {
  calculateDepthForPosition,
  calculateDepthForPositions,
  calculateDepthSummaryForAllPositions,
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealisedPnlPct,
} from './core/math/position-math.js';
export type { OwnershipMode, OwnershipOptions } from './core/ownership/ownership-options.js';
export type {
  AccountCommit,
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  DriverWarning,
  LoadOptions,
  OpenOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from './core/persistence-driver.js';
export {
  type BalanceReportSource,
  type BalanceUpdateEventData,
  type ReportOptions,
  reportBalanceToApi,
  reportBalanceToServer,
} from './core/report/balance-report.js';
export type { MigrationContext, RecordFormatOptions } from './core/restore/record-format.js';
export type {
  QuarantinedRecord,
  RestoredSpills,
  RestoreOptions,
  RestoreResult,
  RollbackChoice,
} from './core/restore/restore-options.js';
export type { StandardSchema, StandardSchemaIssue, StandardSchemaResult } from './core/restore/standard-schema.js';
export {
  type ClosableAccount,
  type ClosableAccounts,
  type CloseOnSignalsOptions,
  closeOnSignals,
  EXIT_CODES,
  type ShutdownResult,
} from './core/shutdown/close-on-signals.js';
export type { SpillOptions } from './core/spill/spill-options.js';
export { AccountStateStore } from './core/store/account-state-store.js';
export type { Ownership, PersistenceState, PersistenceStatus } from './core/store/persistence-status.js';
export type { ReconciledChange, ReconcileInput, ReconcileResult } from './core/store/reconcile.js';
export type { SessionPosition, SessionSummary } from './core/store/session-summary.js';
export type { StoreEventMap, StoreEventName, StoreListener } from './core/store/store-events.js';
export type {
  AccountStateStoreOptions,
  CloseOptions,
  FlushCallOptions,
  RequireDurableOptions,
  StoreSettings,
} from './core/store/store-options.js';
export type { TableName } from './core/tables/change-sink.js';
export {
  ENGINE_ORDER_STATUS,
  ENGINE_ORDER_TYPE,
  type EngineOrder,
  type EngineOrderSide,
  type EngineOrderStatus,
  type EngineOrderType,
} from './core/types/order.js';
export {
  ENGINE_ORDER_POSITION_SIDE,
  ENGINE_POSITION_SIDE,
  type EngineOrderPositionSide,
  type EnginePositionSide,
  type EngineSimplePosition,
  type IncomingPriceEvent,
} from './core/types/position.js';
export {
  createDriver,
  type KeyvConfig,
  type MemoryConfig,
  type PersistenceConfig,
  type PostgresConfig,
  type RedisConfig,
  registerDriver,
  type SqliteConfig,
  type UrlConfig,
} from './drivers/create-driver.js';
export type { DriverFactory, DriverRequest } from './drivers/driver-factory.js';
export type { KeyvAdapter, KeyvClient } from './drivers/keyv-client.js';
export { KeyvDriver, type KeyvDriverOptions } from './drivers/keyv-driver.js';
export { MemoryBackend } from './drivers/memory-backend.js';
export { MemoryDriver, type MemoryDriverOptions } from './drivers/memory-driver.js';
