/** A value that fails when it is looked at, made anew for each use. */
export interface HostileValue {
  readonly name: string;
  readonly make: () => unknown;
}

const refuse = (): never => {
  throw Object.create(null);
};

const TRAPS: ProxyHandler<() => void> = Object.fromEntries(
  ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set', 'apply', 'construct'].map((trap) => [
    trap,
    refuse,
  ]),
);

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** What cannot be read, or not be turned into a string. */
export const HOSTILE_VALUES: readonly HostileValue[] = [
  { name: 'an object without a prototype', make: () => Object.create(null) },
  { name: 'an object whose toString throws', make: () => ({ toString: refuse, [Symbol.toPrimitive]: refuse }) },
  { name: 'a revoked object', make: () => revoked({}) },
  { name: 'a revoked array', make: () => revoked([]) },
  { name: 'a revoked function', make: () => revoked(() => undefined) },
  { name: 'an object that refuses everything', make: () => new Proxy({}, TRAPS as ProxyHandler<object>) },
  { name: 'a function that refuses everything', make: () => new Proxy(() => undefined, TRAPS) },
  { name: 'an error whose message throws', make: () => Object.defineProperty(new Error(), 'message', { get: refuse }) },
  { name: 'an error with a symbol as its message', make: () => Object.assign(new Error(), { message: Symbol('m') }) },
  {
    name: 'an error without a string to name it',
    make: () => Object.assign(new Error(), { name: Object.create(null) }),
  },
  { name: 'a thenable whose then throws', make: () => Object.defineProperty({}, 'then', { get: refuse }) },
  { name: 'a symbol', make: () => Symbol('hostile') },
];
