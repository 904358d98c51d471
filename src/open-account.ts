import type { PersistenceDriver } from './core/persistence-driver.js';
import type { RestoreOptions } from './core/restore/restore-options.js';
import { systemClock } from './core/shared/clock.js';
import { type Check, readable, readOptions } from './core/shared/option-checks.js';
import { within } from './core/shared/within.js';
import { AccountStateStore } from './core/store/account-state-store.js';
import type { StoreOptions } from './core/store/store-options.js';
import { clockOption, SETTING_NAMES } from './core/store/store-settings.js';
import { createDriver, type PersistenceConfig } from './drivers/config/create-driver.js';

/** Options of {@link openAccount}. */
export interface OpenAccountOptions<T extends object> extends StoreOptions<T> {
  /** Names the account; any string that is not empty. */
  readonly accountId: string;
  /** Where the account is kept: a URL such as `sqlite://./state.db`, a config object, or a driver. */
  readonly persistence: PersistenceConfig;
  /** How the account is restored. */
  readonly restore?: RestoreOptions;
}

/** Taken as it is: the driver and the store check it. */
const asGiven: Check<unknown> = (_, value) => value;

const NAMES: readonly string[] = [...SETTING_NAMES, 'accountId', 'persistence', 'restore'];
const CHECKS = { ...Object.fromEntries(NAMES.map((name) => [name, asGiven])), clock: clockOption };

/** The time limit for closing a driver after a failed open. */
const CLOSE_TIMEOUT_MS = 1_000;

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
  const given = readOptions('openAccount', CHECKS, options) as Partial<OpenAccountOptions<T>>;
  const { persistence, restore, ...settings } = given;
  const driver = readable('persistence', () => createDriver(persistence as PersistenceConfig));
  const closeDriver = driver !== persistence;
  try {
    const store = new AccountStateStore<T, A>({ ...settings, driver, closeDriver });
    await store.restore(restore);
    return store;
  } catch (error) {
    if (closeDriver) await closeQuietly(driver, settings);
    throw error;
  }
}

/** Closes the driver and ignores any error: the reason why the account could not be opened matters more. */
async function closeQuietly(driver: PersistenceDriver, { clock = systemClock }: StoreOptions<object>): Promise<void> {
  const limits = { clock, doing: 'close', timeoutMs: CLOSE_TIMEOUT_MS + 1_000 };
  await within(limits, () => driver.close({ timeoutMs: CLOSE_TIMEOUT_MS })).catch(() => undefined);
}
