/** Calls a listener after each call of those of an object's methods that it has; they do what they did. */
export function callAfter(target: object, methods: readonly string[], listener: () => void): void {
  for (const method of methods) {
    const own: unknown = Reflect.get(target, method);
    if (typeof own !== 'function') continue;
    Reflect.set(target, method, (...args: unknown[]): unknown => {
      const result: unknown = Reflect.apply(own, target, args);
      listener();
      return result;
    });
  }
}

/** Turns a switch off, `target[group][name]`, where it is there and on. */
export function turnOff(target: object | undefined, group: string, name: string): void {
  const switches: unknown = Reflect.get(Object(target), group);
  if (Reflect.get(Object(switches), name) === true) Reflect.set(Object(switches), name, false);
}
