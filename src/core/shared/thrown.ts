/** The message of what was thrown, or what it is. Takes every value, also one that fails when it is looked at. */
export function describeThrown(thrown: unknown): string {
  return textOf(() =>
    thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : kindOf(thrown),
  );
}

/** Names the kind of a thrown value, where its message may contain a secret. Accepts every value. */
export function nameOfThrown(thrown: unknown): string {
  return textOf(() => (thrown instanceof Error ? thrown.name : kindOf(thrown)));
}

function kindOf(thrown: unknown): string {
  return thrown === null ? 'null' : `a thrown ${typeof thrown}`;
}

function textOf(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return 'a thrown value that cannot be read';
  }
}
