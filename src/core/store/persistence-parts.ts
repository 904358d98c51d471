import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../clock.js';
import type { Codec } from '../codec/codec.js';
import { jsonCodec } from '../codec/strict-json-codec.js';
import { AccountKeeperError } from '../errors.js';
import { type FlushSettings, flushSettings } from '../flush/flush-options.js';
import { type HighWaterOptions, highWaterSettings } from '../high-water/high-water-options.js';
import { describeReceived, requireKnownOptions, requireOneOf } from '../option-checks.js';
import { RESERVED_ACCOUNT_PREFIX } from '../ownership/head-meta.js';
import { type OwnershipSettings, ownershipSettings } from '../ownership/ownership-options.js';
import type { PersistenceDriver } from '../persistence-driver.js';
import { RecordReader } from '../restore/record-reader.js';
import { type SpillOptions, spillSettings } from '../spill/spill-options.js';
import type { TableName } from '../tables/change-sink.js';
import type { AccountStateStoreOptions } from './store-options.js';

/** The options of a persisted store, checked and completed. */
export interface PersistenceParts<T extends object> {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly closeDriver: boolean;
  readonly flush: FlushSettings;
  readonly ownership: OwnershipSettings;
  readonly spill: SpillOptions | undefined;
  readonly highWater: HighWaterOptions | undefined;
  readonly codec: Codec;
  readonly schemaVersion: number;
  readonly reader: RecordReader<T>;
  readonly onRejected: 'throw' | 'quarantine';
  readonly persisted: ReadonlySet<TableName>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly createId: () => string;
}

const TABLES: readonly TableName[] = ['metadata', 'positions', 'orders', 'leverage', 'balance'];

const KNOWN_OPTIONS: readonly (keyof AccountStateStoreOptions<object>)[] = [
  'accountId',
  'driver',
  'closeDriver',
  'flush',
  'codec',
  'schemaVersion',
  'migrate',
  'schema',
  'onRejected',
  'persist',
  'rejectStale',
  'ownership',
  'spill',
  'highWater',
  'clock',
  'random',
  'createId',
];

const DRIVER_METHODS = ['open', 'head', 'load', 'commit', 'drop', 'accounts', 'close'] as const;

/**
 * Checks the options of a store; `undefined` when it has no driver.
 *
 * @throws `CONFIG`
 */
export function persistenceParts<T extends object>(
  options: AccountStateStoreOptions<T>,
): PersistenceParts<T> | undefined {
  requireKnownOptions('store', options, KNOWN_OPTIONS);
  const flush = flushSettings(options.flush);
  const codec = requireCodec(options.codec ?? jsonCodec);
  const schemaVersion = requireSchemaVersion(options.schemaVersion ?? 1);
  const onRejected = requireOneOf('onRejected', options.onRejected ?? 'throw', ['throw', 'quarantine'] as const);
  const persisted = requireTables(options.persist ?? ['metadata']);
  const ownership = ownershipSettings(options.ownership);
  const spill = spillSettings(options.spill);
  const highWater = highWaterSettings(options.highWater);
  if (options.driver === undefined) return undefined;
  return {
    driver: requireDriver(options.driver),
    accountId: requireAccountId(options.accountId),
    closeDriver: options.closeDriver ?? false,
    flush,
    ownership,
    spill,
    highWater,
    codec,
    schemaVersion,
    reader: new RecordReader(codec, schemaVersion, options),
    onRejected,
    persisted,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    createId: options.createId ?? randomUUID,
  };
}

function requireCodec(codec: Codec): Codec {
  const usable = typeof codec === 'object' && codec !== null;
  if (
    usable &&
    typeof codec.encode === 'function' &&
    typeof codec.decode === 'function' &&
    /^[a-z][a-z0-9-]*$/.test(codec.name)
  ) {
    return codec;
  }
  throw new AccountKeeperError('CONFIG', 'codec: allowed is { name, encode, decode } with a name of a-z, 0-9 and -');
}

function requireSchemaVersion(version: number): number {
  if (Number.isSafeInteger(version) && version >= 0) return version;
  throw new AccountKeeperError(
    'CONFIG',
    `schemaVersion: received ${describeReceived(version)}, allowed is an integer from 0`,
  );
}

function requireTables(names: readonly TableName[]): ReadonlySet<TableName> {
  if (!Array.isArray(names)) {
    throw new AccountKeeperError(
      'CONFIG',
      `persist: received ${describeReceived(names)}, allowed is an array of table names`,
    );
  }
  return new Set(names.map((name: unknown) => requireOneOf('persist', name, TABLES)));
}

function requireDriver(driver: PersistenceDriver): PersistenceDriver {
  const complete =
    typeof driver === 'object' && driver !== null && DRIVER_METHODS.every((name) => typeof driver[name] === 'function');
  if (complete && driver.apiVersion === 1) return driver;
  throw new AccountKeeperError(
    'CONFIG',
    `driver: received ${describeReceived(driver)}, allowed is a PersistenceDriver of apiVersion 1`,
  );
}

function requireAccountId(accountId: string | undefined): string {
  if (typeof accountId === 'string' && accountId.startsWith(RESERVED_ACCOUNT_PREFIX)) {
    const message = `accountId: received ${describeReceived(accountId)}, allowed is what does not begin with ${RESERVED_ACCOUNT_PREFIX}`;
    throw new AccountKeeperError('CONFIG', message);
  }
  if (typeof accountId === 'string' && accountId !== '') return accountId;
  throw new AccountKeeperError(
    'CONFIG',
    `accountId: received ${describeReceived(accountId)}, allowed is a string that is not empty`,
  );
}
