import { isAccountKeeperError } from '../../../src/core/errors.js';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { payloadOf } from '../ledger.js';
import { DAMAGED_RECORD } from './backend.js';

/** What bots keep of a symbol. A bigint cannot be encoded. */
export type Meta = { readonly n: number | bigint; readonly pad?: string };

/** What a store holds in memory, without the record that is damaged at any moment: record key to text. */
export function memoryOf(store: AccountStateStore<Meta>): Map<string, string> {
  const symbols = store.getSymbolsWithMetadata();
  return withoutDamaged(symbols.map((symbol) => [`metadata/${symbol}`, textOf(store.getSymbolMetadata(symbol))]));
}

/** The same of what is stored. */
export function payloadsOf(records: ReadonlyMap<string, string>): Map<string, string> {
  const own = [...records].filter(([key]) => key.startsWith('metadata/'));
  return withoutDamaged(own.map(([key, text]) => [key, payloadOf(text)]));
}

function withoutDamaged(records: Iterable<readonly [string, string]>): Map<string, string> {
  return new Map([...records].filter(([key]) => key !== DAMAGED_RECORD));
}

export function textOf(value: Meta | undefined): string {
  return typeof value?.n === 'bigint' ? `${value.n}n` : JSON.stringify(value);
}

export function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, text]) => b.get(key) === text);
}

/** For messages. */
export function shown(map: ReadonlyMap<string, string>): string {
  return JSON.stringify(Object.fromEntries([...map].sort()));
}

/** Whatever the store throws carries a code. */
export function codeOf(error: unknown): string {
  if (!isAccountKeeperError(error)) throw error;
  return error.code;
}
