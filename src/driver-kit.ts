/**
 * The kit for a driver of your own: extend {@link BaseDriver}, and write a {@link BackendConnection}.
 *
 * @packageDocumentation
 */
export type {
  AccessMode,
  AccountPage,
  BackendConnection,
  HeadSwap,
  StoredEntry,
} from './drivers/base/backend-connection.js';
export { BaseDriver } from './drivers/base/base-driver.js';
export type { BaseDriverOptions } from './drivers/base/base-options.js';
export { type AccountKeys, KeyLayout, type KeyRange, type ParsedKey } from './drivers/base/key-layout.js';
export type { Operation, OperationKind } from './drivers/base/operation/operation.js';
