import { types } from 'node:util';
import { MAX_NESTING } from '../../codec/value-check.js';
import { AccountKeeperError, isAccountKeeperError } from '../../errors.js';
import { isChangeableWhenFrozen, makeReadOnly } from './read-only-built-in.js';

/**
 * Freezes an object and everything in it, so that it can only be replaced. Functions are left as they are, and so are
 * handles of the runtime, such as timers, which it changes itself: one that is frozen would fail all of them.
 *
 * @throws `INVALID_VALUE` for what cannot be protected: buffers and views of them, a Map, Set or Date that was frozen
 * before, more than 1,000 levels. Parts of the object may be frozen then.
 */
export function deepFreeze(root: object): void {
  try {
    freezeTree(root, 0, undefined);
  } catch (thrown) {
    if (isAccountKeeperError(thrown)) throw thrown;
    throw new AccountKeeperError('INVALID_VALUE', 'the value cannot be frozen', { cause: thrown });
  }
}

/**
 * @param frozen the objects that were found frozen so far. They may be frozen at their surface only, so they are gone
 * through as well, once each. A value that is all new, the usual case, needs no such set: an object that is not frozen
 * was not visited yet.
 */
function freezeTree(object: object, depth: number, frozen: Set<object> | undefined): Set<object> | undefined {
  let found = frozen;
  if (Object.isFrozen(object)) {
    if (found === undefined) found = new Set();
    else if (found.has(object)) return found;
    found.add(object);
  }
  if (depth >= MAX_NESTING) {
    throw new AccountKeeperError('INVALID_VALUE', `the value is nested deeper than ${MAX_NESTING} levels`);
  }
  if (Array.isArray(object)) {
    Object.freeze(object);
    for (let index = 0; index < object.length; index += 1) {
      const element: unknown = object[index];
      if (typeof element === 'object' && element !== null) found = freezeTree(element, depth + 1, found);
    }
    return found;
  }
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    if (isHandle(object)) return found;
    found = prepareInstance(object, depth, found);
  }
  Object.freeze(object);
  for (const key in object) {
    const value: unknown = (object as Record<string, unknown>)[key];
    if (typeof value === 'object' && value !== null) found = freezeTree(value, depth + 1, found);
  }
  return found;
}

/** Whether the event loop waits for the object: a timer, a socket, a child process. */
function isHandle(object: object): boolean {
  return 'unref' in object && typeof object.unref === 'function' && 'ref' in object && typeof object.ref === 'function';
}

function prepareInstance(object: object, depth: number, frozen: Set<object> | undefined): Set<object> | undefined {
  if (types.isArrayBufferView(object) || types.isAnyArrayBuffer(object)) {
    throw new AccountKeeperError('INVALID_VALUE', 'the bytes of a buffer cannot be kept from being changed');
  }
  if (!isChangeableWhenFrozen(object)) return frozen;
  makeReadOnly(object);
  // Before the contents, which may hold the object itself.
  Object.freeze(object);
  if (types.isDate(object)) return frozen;
  let found = frozen;
  for (const [key, value] of object.entries()) {
    if (typeof key === 'object' && key !== null) found = freezeTree(key, depth + 1, found);
    if (value !== key && typeof value === 'object' && value !== null) found = freezeTree(value, depth + 1, found);
  }
  return found;
}
