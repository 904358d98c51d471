const toldTo = new WeakMap<object, WeakMap<object, string>>();

/**
 * Leaves out entries that have told this store the same before. A client that hands out its whole cache puts the entry
 * that changed last; others may be older than what the store knows.
 */
export function newsFor(store: object, list: readonly object[]): readonly object[] {
  if (!Array.isArray(list)) return list;
  const told = toldTo.get(store) ?? new WeakMap<object, string>();
  toldTo.set(store, told);
  return list.filter((entry, index) => {
    const values = Object.values(Object(entry)).map((value) => (typeof value === 'object' ? '' : String(value)));
    const isNews = index === list.length - 1 || told.get(entry) !== values.join();
    if (Object(entry) === entry) told.set(entry, values.join());
    return isNews;
  });
}
