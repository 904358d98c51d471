export type { AccountOptions, LeverageOptions, WalletBalanceOptions } from './core/account/account-state.js';
export * from './core/account/balance-report.js';
export type * from './core/account/math/depth-types.js';
export {
  calculateDepthForPosition,
  calculateDepthForPositions,
  calculateDepthSummaryForAllPositions,
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealisedPnlPct,
} from './core/account/math/position-math.js';
export { notionalAt, profitAt } from './core/account/math/profit.js';
export type { ReconciledChange, ReconcileInput, ReconcileResult } from './core/account/reconcile.js';
export type { SessionPosition, SessionSummary, SessionSummaryOptions } from './core/account/session-summary.js';
export type { TableName } from './core/account/tables/table-context.js';
export type * from './core/account/types/instrument.js';
export * from './core/account/types/order.js';
export * from './core/account/types/position.js';
export type { QuarantinedRecord } from './core/codec/quarantine.js';
export type { Codec } from './core/codec/record-codec.js';
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
export type { HighWaterOptions, RestoredSpills, SpillOptions } from './core/local-files/local-file-options.js';
export type { OwnershipMode, OwnershipOptions } from './core/ownership/ownership-options.js';
export type * from './core/persistence-driver.js';
export type * from './core/restore/record-format.js';
export type { RestoreOptions, RestoreResult, RollbackChoice } from './core/restore/restore-options.js';
export type { StandardSchema, StandardSchemaIssue, StandardSchemaResult } from './core/restore/standard-schema.js';
export { type Clock, systemClock, type TimerHandle } from './core/shared/clock.js';
export { AccountStateStore } from './core/store/account-state-store.js';
export * from './core/store/close-on-signals.js';
export type { Ownership, PersistenceState, PersistenceStatus } from './core/store/persistence-status.js';
export type { StoreEventMap, StoreEventName, StoreListener } from './core/store/store-events.js';
export type * from './core/store/store-options.js';
export { FLUSH_DEFAULTS, type FlushOptions } from './core/write-behind/flush-options.js';
export type { DriverFactory, DriverRequest } from './drivers/base/driver-factory.js';
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
} from './drivers/config/create-driver.js';
export type { KeyvAdapter, KeyvClient } from './drivers/keyv/client.js';
export { KeyvDriver, type KeyvDriverOptions } from './drivers/keyv/driver.js';
export { MemoryBackend } from './drivers/memory/backend.js';
export { MemoryDriver, type MemoryDriverOptions } from './drivers/memory/driver.js';
export { type OpenAccountOptions, openAccount } from './open-account.js';
