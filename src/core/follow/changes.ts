/** The keys of the records by which two states differ. */
export interface RecordChanges {
  /** New, or with another text. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Compares the texts of two states. */
export function changesBetween<Value>(
  before: ReadonlyMap<string, Value>,
  now: ReadonlyMap<string, Value>,
  textOf: (value: Value) => string,
): RecordChanges {
  const changed: string[] = [];
  for (const [recordKey, value] of now) {
    const former = before.get(recordKey);
    // Compared as objects first: most are the same.
    if (former !== value && (former === undefined || textOf(former) !== textOf(value))) changed.push(recordKey);
  }
  const removed = [...before.keys()].filter((recordKey) => !now.has(recordKey));
  return { changed, removed };
}
