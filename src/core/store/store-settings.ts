import type { AccountOptions } from '../account/account-state.js';
import type { TableName } from '../account/tables/table-context.js';
import type { InstrumentLookup } from '../account/types/instrument.js';
import type { Codec } from '../codec/record-codec.js';
import { jsonCodec } from '../codec/strict-json-codec.js';
import type { HighWaterOptions, SpillOptions } from '../local-files/local-file-options.js';
import { RESERVED_ACCOUNT_PREFIX } from '../ownership/head-meta.js';
import { type OwnershipSettings, ownershipSettings } from '../ownership/ownership-options.js';
import type { PersistenceDriver } from '../persistence-driver.js';
import type { RecordFormatOptions } from '../restore/record-format.js';
import { schemaOption } from '../restore/standard-schema.js';
import { type Clock, systemClock } from '../shared/clock.js';
import {
  badOption,
  type Check,
  type Checked,
  callback,
  complete,
  directoryPath,
  flag,
  hasMethods,
  objectWith,
  oneOf,
  readOptions,
  requireOneOf,
  wholeNumber,
} from '../shared/option-checks.js';
import { newTimeId } from '../shared/time-id.js';
import { type FlushSettings, flushSettings } from '../write-behind/flush-options.js';
import type { AccountStateStoreOptions, StoreOptions } from './store-options.js';

type Options = AccountStateStoreOptions<never>;
type Completed =
  | 'accountId'
  | 'driver'
  | 'closeDriver'
  | 'codec'
  | 'schemaVersion'
  | 'onRejected'
  | 'clock'
  | 'random'
  | 'createId';

/** The options of a persisted store, checked and completed. */
export interface StoreSettings extends Required<Pick<Options, Completed>> {
  readonly flush: FlushSettings;
  readonly ownership: OwnershipSettings;
  readonly persist: ReadonlySet<TableName>;
  readonly migrate: RecordFormatOptions<object>['migrate'];
  readonly schema: RecordFormatOptions<object>['schema'];
  readonly spill: SpillOptions | undefined;
  readonly highWater: HighWaterOptions | undefined;
}

const TABLES: readonly TableName[] = ['metadata', 'positions', 'orders', 'leverage', 'balance'];

const DRIVER_METHODS = ['open', 'head', 'load', 'commit', 'drop', 'accounts', 'close'] as const;

/** Drivers of before there was a limit of records have none. */
const LIMITS = ['keyBytes', 'valueBytes', 'batchBytes'] as const;

const codecOption = objectWith<Codec>(
  '{ name, encode, decode } with a name of a-z, 0-9 and -',
  (codec) =>
    hasMethods(codec, ['encode', 'decode']) &&
    typeof codec['name'] === 'string' &&
    /^[a-z][a-z0-9-]*$/.test(codec['name']),
);

/** A clock, by its methods. */
export const clockOption: Check<Clock> = objectWith('a Clock with now, monotonic and setTimeout', (clock) =>
  hasMethods(clock, ['now', 'monotonic', 'setTimeout']),
);

const driverOption = objectWith<PersistenceDriver>(
  `a PersistenceDriver of apiVersion 1, with limits for ${LIMITS.join(', ')}`,
  (driver) =>
    driver['apiVersion'] === 1 &&
    hasMethods(driver, DRIVER_METHODS) &&
    LIMITS.every((limit) => Number((driver as { readonly limits?: PersistenceDriver['limits'] }).limits?.[limit]) > 0),
);

const tablesOption: Check<ReadonlySet<TableName>> = (path, names) => {
  if (!Array.isArray(names)) throw badOption(path, 'an array of table names', names);
  return new Set(Array.from(names, (name: unknown) => requireOneOf(path, name, TABLES)));
};

const accountIdOption: Check<string> = (path, value) => {
  if (typeof value === 'string' && value !== '' && !value.startsWith(RESERVED_ACCOUNT_PREFIX)) return value;
  throw badOption(path, `a string that is not empty and does not begin with ${RESERVED_ACCOUNT_PREFIX}`, value);
};

const nameOption: Check<string> = (path, value) => {
  if (typeof value === 'string' && value !== '') return value;
  throw badOption(path, 'a string that is not empty', value);
};

const CHECKS = {
  accountId: accountIdOption,
  driver: driverOption,
  closeDriver: flag,
  flush: (_, options) => flushSettings(options as object),
  codec: codecOption,
  schemaVersion: wholeNumber(0),
  migrate: callback<NonNullable<RecordFormatOptions<object>['migrate']>>(),
  schema: schemaOption,
  onRejected: oneOf(['throw', 'quarantine'] as const),
  persist: tablesOption,
  rejectStale: flag,
  quoteAsset: nameOption,
  instruments: callback<InstrumentLookup>(),
  ownership: (_, options) => ownershipSettings(options as object),
  spill: complete<SpillOptions>({ directory: directoryPath }),
  highWater: complete<HighWaterOptions>({ directory: directoryPath }),
  clock: clockOption,
  random: callback<() => number>(),
  createId: callback<() => string>(),
} satisfies Record<keyof AccountStateStoreOptions<object>, Check<unknown>>;

/** The names of all options that a store has wherever it is persisted. */
export const SETTING_NAMES = Object.keys(CHECKS).filter(
  (name) => name !== 'accountId' && name !== 'driver' && name !== 'closeDriver',
) as (keyof StoreOptions<object>)[];

/** The checked options of a store. */
export interface CheckedStoreOptions {
  readonly account: AccountOptions;
  readonly rejectStale: boolean;
  /** `undefined` without a driver. */
  readonly settings: StoreSettings | undefined;
}

/** Checks the options of a store. @throws `CONFIG` */
export function checkedStoreOptions<T extends object>(options: AccountStateStoreOptions<T>): CheckedStoreOptions {
  const checked = readOptions('', CHECKS, options);
  const { rejectStale = true, quoteAsset, instruments, driver } = checked;
  return {
    account: { ...(quoteAsset && { quoteAsset }), ...(instruments && { instruments }) },
    rejectStale,
    settings: driver === undefined ? undefined : resolveStoreOptions(checked, driver),
  };
}

/** What every store has that is not told otherwise. */
const FLUSH = flushSettings();
const OWNERSHIP = ownershipSettings();
const PERSIST: ReadonlySet<TableName> = new Set<TableName>(['metadata']);

/** As one literal: every store's settings then have the same layout, which is in memory once. */
function resolveStoreOptions(checked: Checked<typeof CHECKS>, driver: PersistenceDriver): StoreSettings {
  return {
    accountId: accountIdOption('accountId', checked.accountId),
    driver,
    closeDriver: checked.closeDriver ?? false,
    flush: checked.flush ?? FLUSH,
    ownership: checked.ownership ?? OWNERSHIP,
    codec: checked.codec ?? jsonCodec,
    schemaVersion: checked.schemaVersion ?? 1,
    migrate: checked.migrate,
    schema: checked.schema,
    onRejected: checked.onRejected ?? 'throw',
    persist: checked.persist ?? PERSIST,
    spill: checked.spill,
    highWater: checked.highWater,
    clock: checked.clock ?? systemClock,
    random: checked.random ?? Math.random,
    createId: checked.createId ?? newTimeId,
  };
}
