/** The methods that the driver uses of a storage adapter for Keyv. A `Map` has them. */
export interface KeyvAdapter {
  get(key: string): unknown;
  set(key: string, value: unknown, ttl?: number): unknown;
  delete(key: string): unknown;
  clear(): unknown;
}

/** The members that the driver uses of a Keyv, version 5. */
export interface KeyvClient {
  readonly opts: object;
  readonly store: unknown;
  serializeData(data: { readonly value: string; readonly expires?: number | undefined }): unknown;
  deserializeData(data: string): unknown;
}

/** Whether the value is a Keyv of version 5, of this or another copy of the package. */
export function isKeyv(value: unknown): value is KeyvClient {
  return (
    hasMethods(value, ['get', 'set', 'delete', 'clear', 'serializeData', 'deserializeData']) &&
    isObject(value['opts']) &&
    isObject(value['store'])
  );
}

/** Whether the value is a storage adapter for Keyv, or a `Map`. A Keyv is none: it does not hand on every error. */
export function isKeyvAdapter(value: unknown): value is KeyvAdapter {
  if (!hasMethods(value, ['get', 'set', 'delete', 'clear'])) return false;
  const { opts } = value;
  return !isObject(value['store']) && !(isObject(opts) && isObject(opts['store']));
}

/** The value of a property; `undefined` where there is no object to have one. */
export function propertyOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** Whether all of these properties are functions. */
export function hasMethods(value: unknown, names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isObject(value) && names.every((name) => typeof value[name] === 'function');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
