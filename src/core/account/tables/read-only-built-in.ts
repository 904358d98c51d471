import { types } from 'node:util';
import { AccountKeeperError } from '../../errors.js';

const MAP_MUTATORS = ['set', 'delete', 'clear', 'getOrInsert', 'getOrInsertComputed'];
const SET_MUTATORS = ['add', 'delete', 'clear'];

/** Whether freezing the object does not keep what it holds from being changed. */
export function isChangeableWhenFrozen(value: object): value is Date | Map<unknown, unknown> | Set<unknown> {
  return types.isMap(value) || types.isSet(value) || types.isDate(value);
}

/**
 * Gives a Map, Set or Date mutators of its own that throw.
 *
 * @throws `INVALID_VALUE` when the object takes no more properties: it cannot be protected then.
 */
export function makeReadOnly(value: Date | Map<unknown, unknown> | Set<unknown>): void {
  const mutators = mutatorsOf(value);
  if (mutators.every((name) => Object.getOwnPropertyDescriptor(value, name)?.value === refuseChange)) return;
  if (!Object.isExtensible(value)) {
    const message = 'a Map, Set or Date that was frozen before can still be changed, and cannot be protected any more';
    throw new AccountKeeperError('INVALID_VALUE', message);
  }
  for (const name of mutators) Object.defineProperty(value, name, { value: refuseChange });
}

function mutatorsOf(value: object): readonly string[] {
  if (types.isDate(value)) return Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
  return (types.isMap(value) ? MAP_MUTATORS : SET_MUTATORS).filter((name) => name in value);
}

function refuseChange(): never {
  throw new AccountKeeperError(
    'INVALID_VALUE',
    'metadata belongs to the store once it was set: replace it, or use updateSymbolMetadata',
  );
}
