import Keyv from 'keyv';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import { keyvKeys } from './keyv-keys.js';

type Fault = 'read' | 'write' | 'answer';

/** A `Map` that fails on demand. */
export class FaultyMap extends Map<string, unknown> {
  #fault: Fault | undefined;

  /** Fails until the returned function is called. */
  fail(fault: Fault): Inject {
    return async () => {
      this.#fault = fault;
      return async () => {
        this.#fault = undefined;
      };
    };
  }

  override get(key: string): unknown {
    this.#failIf('read');
    return super.get(key);
  }

  override [Symbol.iterator](): ReturnType<Map<string, unknown>['entries']> {
    this.#failIf('read');
    return super[Symbol.iterator]();
  }

  override set(key: string, value: unknown): this {
    this.#failIf('write');
    super.set(key, value);
    if (key.endsWith(':head')) this.#failIf('answer');
    return this;
  }

  #failIf(fault: Fault): void {
    if (this.#fault === fault) throw new Error(`the map fails (${fault})`);
  }
}

/** A subject on a Keyv with a `Map` of its own. */
export function keyvMapSubject(): ContractSubject {
  const map = new FaultyMap();
  const keyv = new Keyv({ store: map });
  return {
    name: 'keyv+map',
    createDriver: (options = {}) => new KeyvDriver({ ...options, keyv, allowUnconditional: true }),
    faults: mapFaults(map),
  };
}

function mapFaults(map: FaultyMap): ContractFaults {
  return {
    raw: {
      ...keyvKeys('keyv:'),
      get: async (key) => map.get(key) as string | undefined,
      set: async (key, text) => void map.set(key, text),
      delete: async (key) => void map.delete(key),
      keys: async () => [...map.keys()],
    },
    failCommits: { before: map.fail('write'), after: map.fail('answer') },
    failReads: map.fail('read'),
  };
}
