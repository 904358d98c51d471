import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { toStoredKey } from '../../../src/drivers/keyv/keys.js';
import type { Inject, RawAccess, Undo } from '../../contract/index.js';
import { layoutKeys } from './memory-subject.js';

/** The raw keys of a Keyv driver whose Keyv puts this before them. */
export function keyvKeys(keyPrefix: string): Pick<RawAccess, 'headKey' | 'recordKey'> {
  const { headKey, recordKey } = layoutKeys();
  return {
    headKey: (prefix, accountId) => keyPrefix + toStoredKey(headKey(prefix, accountId)),
    recordKey: (prefix, accountId, record) => keyPrefix + toStoredKey(recordKey(prefix, accountId, record)),
  };
}

/** What the loss of answers needs of an adapter. */
interface SettingAdapter {
  set(key: string, value: unknown): unknown;
}

/** Adapters that can be made to lose the answer to the write of a head: it lands, and fails all the same. */
export class LostAnswers<Adapter extends SettingAdapter> {
  readonly #adapters = new Map<PersistenceDriver, Adapter>();

  /** The adapter that the driver works on. */
  watch(driver: PersistenceDriver, adapter: Adapter): void {
    this.#adapters.set(driver, adapter);
  }

  adapterOf(driver: PersistenceDriver): Adapter {
    const adapter = this.#adapters.get(driver);
    if (adapter === undefined) throw new Error('the driver has no adapter that is watched');
    return adapter;
  }

  /** Loses them under one driver. */
  readonly inject: Inject = async (driver): Promise<Undo> => {
    const adapter = this.adapterOf(driver);
    const set = adapter.set;
    adapter.set = async (key: string, value: unknown): Promise<unknown> => {
      const result: unknown = await set.call(adapter, key, value);
      if (key.endsWith(':head')) throw new Error('the answer was lost');
      return result;
    };
    return async () => {
      adapter.set = set;
    };
  };
}
