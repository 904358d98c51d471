import fc from 'fast-check';

/** A place in a JSON value: how to get there, and the path that names it. */
interface Place {
  readonly path: string;
  readonly put: (bad: unknown) => void;
}

/** A copy of a JSON value, and all places in it that another value can be put. */
function placesOf(root: { value: unknown }): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, path: string, put: (bad: unknown) => void): void => {
    places.push({ path, put });
    if (Array.isArray(value)) {
      for (const index of value.keys()) {
        visit(value[index], `${path}[${index}]`, (bad) => {
          value[index] = bad;
        });
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const key of Object.keys(value)) {
        const step = /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
        visit((value as Record<string, unknown>)[key], path + step, (bad) => {
          Object.defineProperty(value, key, { value: bad, enumerable: true, configurable: true, writable: true });
        });
      }
    }
  };
  visit(root.value, '$', (bad) => {
    root.value = bad;
  });
  return places;
}

/** JSON values with own `__proto__` keys among them. */
export const jsonWithProtoKeys: fc.Arbitrary<unknown> = fc
  .jsonValue()
  .chain((value) =>
    fc.constantFrom(value, JSON.parse(`{"__proto__":${JSON.stringify(value)}}`) as unknown, [
      JSON.parse(`{"a":{"__proto__":${JSON.stringify(value)},"constructor":1}}`) as unknown,
    ]),
  );

/** A JSON value with one bad value put in somewhere, and the path to it. */
export function withBadValue(bads: readonly unknown[]): fc.Arbitrary<{ value: unknown; path: string }> {
  return fc.tuple(jsonWithProtoKeys, fc.nat(), fc.constantFrom(...bads)).map(([value, index, bad]) => {
    const root = { value: JSON.parse(JSON.stringify(value)) as unknown };
    const places = placesOf(root);
    const place = places[index % places.length];
    place?.put(bad);
    return { value: root.value, path: place?.path ?? '' };
  });
}
